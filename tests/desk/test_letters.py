"""The pages of letters: written from the case, decided by named people, sent, printed; and a body's templates."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Membership
from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.letter_steps import ask_decision
from renkei.cases.actions.letter_templates import add_template
from renkei.cases.actions.letters import issue_letter
from renkei.cases.models import Attachment, Letter, LetterStep
from renkei.cases.queries.letter_fields import FIELDS
from renkei.documents.letters import check_template, letter_text
from renkei.documents.models import LetterTemplate
from renkei.documents.papers import PAPERS, paper_template
from tests.cases.lettering import colleague, letter, letters_plan, people
from tests.cases.making import fresh
from tests.cases.test_letter_templates import own
from tests.cases.test_letters import words_of
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.desk.scene import Scene, asked, running
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture
def scene(world: World) -> Scene:
    return running(world)


def at(name: str, one: Letter, body: str = DESK, **more: Any) -> str:
    return address(name, body, case=one.case_id, letter=one.pk, **more)


def of(actor: Any) -> Client:
    from renkei.accounts.models import Person

    one = Client()
    one.force_login(Person.objects.get(pk=actor.person))
    return one


def test_a_case_without_letters_says_how_to_begin(world: World, scene: Scene) -> None:
    text = seen(world, "desk-letters", case=scene.case.pk)
    assert "文書はまだありません" in text
    for kind, name in (("sheet", "相談票"), ("request", "依頼文"), ("reply", "回答文"), ("handover", "引継書")):
        assert (address("desk-letter-new", case=scene.case.pk, kind=kind) in text, f"{name}を作る" in text) == (True, True)
    assert address("desk-letters", case=scene.case.pk) in seen(world, "desk-case", case=scene.case.pk)


def test_a_letter_is_written_from_what_is_on_record(world: World, scene: Scene) -> None:
    where = address("desk-letter-new", case=scene.case.pk, kind="reply")
    text = said(client(world).get(where))
    assert ("株式会社まぼろし計測　様" in text, "水質計を発売したいについて（回答）" in text) == (True, True)
    answer = client(world).post(where, {"件名": "回答します", "本文": f"{HOSTILE}\n二行目", "klass": "summary", "宛先": "まぼろし計測　御中"})
    made = Letter.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, at("desk-letter", made))
    page = said(client(world).get(answer["Location"]))
    assert ("<script>alert" in page, "&lt;script&gt;" in page, "まぼろし計測　御中" in page, "draft-mark" in page) == (False, True, True, True)
    assert Event.objects.filter(verb="read").exists()


@pytest.mark.parametrize(("given", "field", "sentence"), [({"件名": ""}, "件名", "ここを書いてください。"), ({"件名": "x", "klass": "odd"}, "klass", "一覧にないものです。選び直してください。"),
                                                         ({"件名": "あ" * 101}, "件名", "100字までです")])  # fmt: skip
def test_mistakes_stand_beside_their_field(world: World, scene: Scene, given: dict[str, str], field: str, sentence: str) -> None:
    where = address("desk-letter-new", case=scene.case.pk, kind="reply")
    answer = client(world).post(where, {"klass": "summary", "本文": "残る言葉", **given})
    assert (answer.status_code, Letter.objects.count()) == (200, 0)
    assert fault(answer, field).startswith(sentence)
    assert "残る言葉" in said(answer)


def test_a_request_letter_from_the_offer(world: World) -> None:
    made = asked(world)
    support = made.supports[0]
    assert f"{address('desk-letter-new', case=made.case.pk, kind='request')}?support={support.pk}" in seen(world, "desk-case", case=made.case.pk)
    where = f"{address('desk-letter-new', case=made.case.pk, kind='request')}?support={support.pk}"
    text = said(client(world).get(where))
    assert ("ひばり県工業試験所　御中" in text, "落下と振動の試験をしてほしい" in text) == (True, True)
    client(world).post(where, {"件名": "試験のお願い", "klass": "summary"})
    one = Letter.objects.get()
    assert (one.support_id, one.values["会社名"]) == (support.pk, "（お引き受けのときにお知らせします）")
    page = address("desk-request", LAB, support=support.pk)
    assert "試験のお願い" not in said(client(world, LAB).get(page))
    issue_letter(one, by=world.desk)
    assert ("試験のお願い" in said(client(world, LAB).get(page)), "回答文を作る" in said(client(world, LAB).get(page))) == (True, True)
    assert client(world, LAB).get(at("desk-letter", one, LAB)).status_code == 200


@pytest.mark.parametrize("given", ["?support=nonsense", ""])
def test_a_support_that_is_none_is_left_out(world: World, scene: Scene, given: str) -> None:
    assert client(world).get(address("desk-letter-new", case=scene.case.pk, kind="request") + given).status_code == 200


def test_a_support_of_another_case_is_not_there(world: World, scene: Scene) -> None:
    other = asked(world).supports[0]
    assert client(world).get(address("desk-letter-new", case=scene.case.pk, kind="request") + f"?support={other.pk}").status_code == 404


def test_unknown_kinds_and_strangers(world: World, scene: Scene) -> None:
    assert client(world).get(address("desk-letter-new", case=scene.case.pk, kind="poem")).status_code == 404
    assert client(world, BANK).get(address("desk-letter-new", BANK, case=scene.case.pk, kind="reply")).status_code == 404


def test_changing_keeps_what_was_typed_when_somebody_saved_before(world: World, scene: Scene) -> None:
    one = letter(world, scene.case, 本文="はじめ")
    where = at("desk-letter-edit", one)
    assert "はじめ" in said(client(world).get(where))
    assert client(world).post(where, {"件名": "一", "klass": "summary", "saves": "0", "本文": "先"}).status_code == 302
    answer = client(world).post(where, {"件名": "二", "klass": "summary", "saves": "0", "本文": "後の言葉"})
    assert ("ほかの人が先に保存しました" in said(answer), "後の言葉" in said(answer)) == (True, True)
    again = re.search(r'name="saves" value="(\d+)"', said(answer))
    assert again
    assert client(world).post(where, {"件名": "二", "klass": "summary", "saves": again[1], "本文": "後の言葉"}).status_code == 302
    assert fresh(one).values["本文"] == "後の言葉"


def test_deciding_alone_sending_and_correcting(world: World) -> None:
    case = asked(world).case
    one, desk = letter(world, case, klass="summary"), client(world)
    assert "番号を付けて確定する" in said(desk.get(at("desk-letter", one)))
    assert desk.post(at("desk-letter-issue", one)).status_code == 302
    text = said(desk.get(at("desk-letter", one)))
    assert ("県回第1号" in text, "会社に送る" in text, "draft-mark" in text) == (True, True, False)
    assert desk.get(at("desk-letter-edit", one)).status_code == 403
    assert fault(desk.post(at("desk-letter-send", one), {"words": ""}), "words") == "ここを書いてください。"
    assert desk.post(at("desk-letter-send", one), {"words": "ご覧ください。"}).status_code == 302
    assert Attachment.objects.get(case=case).name == "回答文_県回第1号.docx"
    assert "もう出しています" in said(desk.post(at("desk-letter-send", one), {"words": "もう一度"}))
    assert "もう出しています" in said(desk.post(at("desk-letter-posted", one), follow=True))
    answer = desk.post(at("desk-letter-correct", one))
    new = Letter.objects.get(corrects=one)
    assert answer["Location"] == at("desk-letter", new)
    assert "訂正版があります" in said(desk.get(at("desk-letter", one)))
    assert "前の版を開く" in said(desk.get(at("desk-letter", new)))
    assert desk.post(at("desk-letter-withdraw", new)).status_code == 302
    assert "この案はやめました。" in said(desk.get(at("desk-letter", new)))


def test_paper_is_noted(world: World, scene: Scene) -> None:
    one = issue_letter(letter(world, scene.case), by=world.desk)
    client(world).post(at("desk-letter-posted", one))
    assert "紙で出した" in seen(world, "desk-letters", case=scene.case.pk)


def test_the_file_and_the_paper(world: World, scene: Scene) -> None:
    one = letter(world, scene.case, 本文="お答えします。")
    draft = client(world).get(at("desk-letter-file", one))
    assert "（案）" in words_of(draft.content)
    assert "attachment" in draft["Content-Disposition"]
    issue_letter(one, by=world.desk)
    answer = client(world).get(at("desk-letter-file", one))
    assert ("県回第1号" in words_of(answer.content), answer["Content-Type"].endswith("wordprocessingml.document")) == (True, True)
    paper = said(client(world).get(at("desk-letter-print", one)))
    assert ("県回第1号" in paper, "お答えします。" in paper, "data-print" in paper, '<nav class="nav"' in paper) == (True, True, True, False)


@pytest.mark.parametrize("kind", ["sheet", "request", "handover"])
def test_every_kind_has_its_paper(world: World, scene: Scene, kind: str) -> None:
    one = letter(world, scene.case, kind)
    text = said(client(world).get(at("desk-letter-print", one)))
    assert (scene.case.number in text, "{{" in text) == (True, False)


def test_anothers_letter_is_read_but_not_handled(world: World, scene: Scene) -> None:
    draft = letter(world, scene.case, klass="summary")
    done = issue_letter(letter(world, scene.case, klass="summary", 件名="済んだもの"), by=world.desk)
    lab = client(world, LAB)
    assert lab.get(at("desk-letter", draft, LAB)).status_code == 404
    text = said(lab.get(at("desk-letter", done, LAB)))
    assert ("済んだもの" in text, "次にできること" in text) == (True, False)
    for name in ("issue", "withdraw", "correct", "posted", "send", "ask", "show", "edit"):
        assert lab.post(at(f"desk-letter-{name}", done, LAB)).status_code == 403, name
    assert client(world, CENTER).get(at("desk-letter", done, CENTER)).status_code == 200
    secret = issue_letter(letter(world, scene.case, klass="financial"), by=world.desk)
    assert client(world, CENTER).get(at("desk-letter-file", secret, CENTER)).status_code == 404


# the way


def test_the_way_of_a_letter_from_today_to_its_number(world: World, scene: Scene) -> None:
    letters_plan({"code": "reply", "steps": ["manager", ""]})
    first, second, reader = colleague("一番", role="manager"), colleague("二番"), colleague("三番")
    one, desk = letter(world, scene.case, 件名="試験の回答"), client(world)
    text = said(desk.get(at("desk-letter-ask", one)))
    assert ("1人目に決裁する人（manager）" in text, "相川 志保" in re.sub(r'<p class="who">.*?</p>', "", text)) == (True, False)
    given = {"approver0": str(first.person), "approver1": str(second.person), "readers": [str(reader.person)]}
    assert fault(desk.post(at("desk-letter-ask", one), given | {"approver1": ""}), "approver1") == "1つ選んでください。"
    assert desk.post(at("desk-letter-ask", one), given).status_code == 302
    assert "試験の回答" in said(of(first).get(address("desk-today")))
    assert "試験の回答" not in said(of(second).get(address("desk-today")))
    for actor in (first, second):
        step = LetterStep.objects.get(letter=one, person=actor.person)
        assert "あなたの決裁を待っています" in said(of(actor).get(at("desk-letter", one)))
        assert of(actor).post(at("desk-letter-step", one, turn=step.pk), {"deed": "approve"}).status_code == 302
    assert fresh(one).number == "県回第1号"
    step = LetterStep.objects.get(letter=one, person=reader.person)
    assert "供覧" in said(of(reader).get(address("desk-today")))
    assert of(reader).post(at("desk-letter-step", one, turn=step.pk), {"deed": "read"}).status_code == 302
    assert "試験の回答" not in said(of(reader).get(address("desk-today")))
    assert desk.post(at("desk-letter-show", one), {"readers": [str(second.person)]}).status_code == 302
    assert fault(desk.post(at("desk-letter-show", one), {}), "readers") == "見てもらう人を選んでください。"


def test_back_with_a_reason_or_on_to_a_substitute(world: World, scene: Scene) -> None:
    first, second = colleague("一番"), colleague("二番")
    one = letter(world, scene.case)
    ask_decision(one, by=world.desk, approvers=people(first))
    where = at("desk-letter-step", one, turn=LetterStep.objects.get(letter=one).pk)
    answer = of(first).post(where, {"deed": "back", "reason": ""})
    assert (answer.status_code, "差し戻す理由を書いてください。" in said(answer)) == (200, True)
    assert "代わりに決裁する人を選んでください。" in said(of(first).post(where, {"deed": "pass", "to": ""}))
    assert "一覧にないものです。" in said(of(first).post(where, {"deed": "pass", "to": str(world.lab.person)}))
    assert "1つ選んでください。" in said(of(first).post(where, {}))
    assert of(first).post(where, {"deed": "pass", "to": str(second.person)}).status_code == 302
    step = LetterStep.objects.get(letter=one, person=second.person)
    assert of(second).post(at("desk-letter-step", one, turn=step.pk), {"deed": "back", "reason": "宛先が違います。"}).status_code == 302
    text = said(client(world).get(at("desk-letter", one)))
    assert ("宛先が違います。" in text, "差戻し" in text) == (True, True)
    assert client(world).post(at("desk-letter-step", one, turn=step.pk), {"deed": "approve"}).status_code == 404


def test_the_sentence_for_too_few_stands_at_the_first(world: World, scene: Scene) -> None:
    first = colleague("一番")
    one = letter(world, scene.case)
    answer = client(world).post(at("desk-letter-ask", one), {"approver0": str(first.person), "approver1": str(first.person)})
    assert fault(answer, "approver0") == "同じ人が2回入っています。"


# templates


def upload(name: str, data: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data)}


def test_templates_are_put_in_place_and_taken_back(world: World) -> None:
    desk = client(world)
    where = address("desk-template-upload", kind="reply")
    assert desk.get(where).status_code == 200
    assert desk.post(where, upload("様式.docx", own())).status_code == 302
    assert desk.post(where, upload("様式2.docx", own("二 {{ 本文 }}"))).status_code == 302
    text = seen(world, "desk-templates")
    assert ("第1版" in text, "第2版" in text, "様式2.docx" in text) == (True, True, True)
    first = LetterTemplate.objects.get(version=1)
    assert desk.post(address("desk-template-use", template=first.pk)).status_code == 302
    assert LetterTemplate.objects.in_use().get() == first
    assert "わが機関の様式 ひばり工業株式会社 産第12号" in words_of(desk.get(address("desk-template-file", template=first.pk) + "?filled").content)
    assert "{{ 会社名 }}" in words_of(desk.get(address("desk-template-file", template=first.pk)).content)
    assert desk.post(address("desk-template-shipped", kind="reply")).status_code == 302
    assert LetterTemplate.objects.in_use().count() == 0


def test_faults_of_a_template_are_listed_one_by_one(world: World) -> None:
    where = address("desk-template-upload", kind="reply")
    answer = client(world).post(where, upload("様式.docx", own("{{ 会社 }} {{ 本分 }}")))
    text = said(answer)
    assert (answer.status_code, text.count("という項目はありません") >= 2, "「本文」のことですか" in text) == (200, True, True)
    assert "読めません" in said(client(world).post(where, upload("様式.docx", b"x")))
    assert fault(client(world).post(where, {}), "file") == "ファイルを選んでください。"
    assert LetterTemplate.objects.count() == 0


def test_only_administrators_change(world: World) -> None:
    made = add_template("reply", by=world.desk, name="様式.docx", data=own())
    plain = of(colleague("二番"))
    assert plain.get(address("desk-template-upload", kind="reply")).status_code == 403
    assert plain.post(address("desk-template-shipped", kind="reply")).status_code == 403
    assert plain.post(address("desk-template-use", template=made.pk)).status_code == 403
    text = said(plain.get(address("desk-templates")))
    assert ("自分の様式に替える" in text, "替えられるのは機関の管理者です。" in text) == (False, True)
    assert client(world, LAB).get(address("desk-template-file", LAB, template=made.pk)).status_code == 404


def test_the_shipped_ones_can_be_opened_and_tried(world: World) -> None:
    for kind in ("sheet", "request", "reply", "handover"):
        where = address("desk-template-shipped", kind=kind)
        assert "{{" in words_of(client(world).get(where).content)
        assert "{{" not in words_of(client(world).get(where + "?filled").content)
    assert client(world).get(address("desk-template-shipped", kind="poem")).status_code == 404


def test_every_field_is_explained(world: World) -> None:
    text = seen(world, "desk-template-fields")
    assert [one.name for one in FIELDS if f'<th scope="row" lang="ja">{one.name}</th>' not in text] == []


def test_the_list_takes_the_same_queries_for_one_and_three(world: World, scene: Scene) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            seen(world, "desk-letters", case=scene.case.pk)
        return len(taken)

    letter(world, scene.case)
    queries()
    before = queries()
    letter(world, scene.case)
    letter(world, scene.case)
    assert queries() == before


def test_a_deputy_decides_on_screen_for_who_is_away(world: World, scene: Scene) -> None:
    letters_plan({"code": "reply", "steps": [""]})
    boss, deputy = colleague("課長"), colleague("次長")
    one = letter(world, scene.case)
    ask_decision(one, by=world.desk, approvers=people(boss))
    where = at("desk-letter", one)
    turn = LetterStep.objects.get(person_id=boss.person)
    press = at("desk-letter-step", one, turn=turn.pk)
    assert "決裁を待っています" not in said(of(deputy).get(where))
    assert of(deputy).post(press, {"deed": "approve"}).status_code == 404
    today = clock.today()
    enter_absence(Membership.objects.get(person_id=boss.person), since=today, until=today, substitute=deputy.person, by=boss)
    page = said(of(deputy).get(where))
    assert "課長 一郎さんが不在のため、あなたが代わりに決裁できます。" in page
    assert "課長さんの代わり" in said(of(deputy).get(address("desk-today")))
    assert of(deputy).post(press, {"deed": "approve"}).status_code == 302
    assert of(deputy).post(press, {"deed": "approve"}).status_code == 302  # a double click
    assert (fresh(one).state, Event.objects.filter(verb="letter.approve").count()) == ("decided", 1)


def test_who_is_asked_shows_who_is_away(world: World, scene: Scene) -> None:
    boss, deputy = colleague("課長"), colleague("次長")
    one = letter(world, scene.case)
    today = clock.today()
    enter_absence(Membership.objects.get(person_id=boss.person), since=today, until=today, substitute=deputy.person, by=boss)
    page = said(client(world).get(at("desk-letter-ask", one)))
    assert re.search(r">課長 一郎　不在（.{3,20}まで、代わり 次長）<", page)


@pytest.mark.parametrize("kind", sorted(PAPERS))
def test_papers_of_meetings_and_reports_have_templates_too(world: World, kind: str) -> None:
    where, desk, name = address("desk-template-shipped", kind=kind), client(world), str(PAPERS[kind].name)
    plain, filled = desk.get(where), desk.get(where + "?filled")
    said = ["".join(one.text for one in letter_text(answer.content) if one.level == 1) for answer in (plain, filled)]
    assert (plain.status_code, filled.status_code, "{{" in said[1]) == (200, 200, False)
    where_to, file = address("desk-template-upload", kind=kind), paper_template(kind)
    assert desk.post(where_to, upload("様式.docx", file)).status_code == 302
    made = LetterTemplate.objects.get(kind=kind)
    assert (made.version, made.is_used, sorted(made.fields)) == (1, True, sorted(check_template(file, known=PAPERS[kind].fields, lists=PAPERS[kind].lists).fields))
    assert name in seen(world, "desk-templates")
    assert desk.get(address("desk-template-file", template=made.pk) + "?filled").status_code == 200
    assert desk.post(where).status_code == 302
    assert LetterTemplate.objects.filter(kind=kind, is_used=True).count() == 0


def test_a_paper_with_a_row_that_is_none_of_its_own_is_refused_beside_the_field(world: World) -> None:
    answer = client(world).post(address("desk-template-upload", kind="agenda"), upload("様式.docx", own("{% for 行 in 議題 %}{{ 行.会社名 }}{% endfor %}")))
    assert (answer.status_code, "行の項目は {{ 行.項目名 }} と書いてください。" in unescape(answer.content.decode()), LetterTemplate.objects.count()) == (200, True, 0)


def test_the_list_of_fields_names_those_of_papers(world: World) -> None:
    text = seen(world, "desk-template-fields")
    assert [name for paper in PAPERS.values() for name in [*paper.fields, *(f"行.{column}" for table in paper.tables.values() for column in table.columns)] if name not in text] == []
