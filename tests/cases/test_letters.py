"""Letters: filled once from what is on record, changed, decided, numbered, corrected, sent."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.context import acting
from renkei.base.era import wareki
from renkei.cases.actions import letters
from renkei.cases.actions.answers import accept
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.letters import (
    Text,
    change_letter,
    correct_letter,
    draft_letter,
    issue_letter,
    letter_docx,
    note_posted,
    send_letter,
    withdraw_letter,
)
from renkei.cases.letter_values import first_values, only_class
from renkei.cases.models import Attachment, Case, Letter, LetterState, Message, Support
from renkei.cases.queries.letter_fields import BY_NAME, EXAMPLES, written_fields
from renkei.cases.queries.timeline import timeline
from renkei.documents.letters import check_template
from renkei.documents.shipped import KINDS, shipped_rows, shipped_template
from renkei.documents.store import path_of
from renkei.plan.models import Body
from tests.cases.lettering import colleague, letter, letters_plan
from tests.cases.making import events, fresh, refuses, steps
from tests.desk.scene import WORDS, asked, running
from tests.reporting.test_reports import publish_more
from tests.world import BANK, CENTER, DESK, LAB, World


def words_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


# what a letter is filled with


def test_said_once_is_written_into_every_letter(world: World) -> None:
    case = running(world).case
    values = first_values(case, "sheet", by=world.desk)
    assert {name: values[name] for name in ("受付番号", "会社名", "会社所在地", "会社担当者", "会社電話", "要約", "相談内容", "差出人機関", "担当者")} == {
        "受付番号": case.number, "会社名": "株式会社まぼろし計測", "会社所在地": "ひばり市", "会社担当者": "髙梨 芽衣", "会社電話": "0471-00-0001",
        "要約": case.summary, "相談内容": WORDS, "差出人機関": "ひばり県産業課", "担当者": "相川 志保",
    }  # fmt: skip
    assert values["受付日"] == wareki(clock.today())
    assert values["課題"] == "落下・振動・高温でも狂わないか（開発・試験）\n春の見本市に出す（販路）"
    assert "工業試験所　設備・試験　引受け" in values["支援一覧"]


def test_every_field_is_there_for_every_kind(world: World) -> None:
    case = running(world).case
    for kind in KINDS:
        assert set(first_values(case, kind, by=world.desk)) == set(BY_NAME)


def test_only_what_the_writer_may_see(world: World) -> None:
    """The lab holds the case but reads the firm's words only with technical consent; the centre was asked for its part."""
    scene = running(world)
    assert first_values(scene.case, "sheet", by=world.lab)["相談内容"] == WORDS
    support = Support.objects.get(pk=scene.supports[1].pk)
    values = first_values(scene.case, "reply", by=world.center, support=support)
    assert (values["相談内容"], values["依頼事項"]) == ("", "見本市への出し方を助言してほしい")
    assert values["支援一覧"].count("\n") == 0
    assert (values["宛先"], values["回答"]) == ("ひばり県産業課　御中", "水質計の販路は担当外です。")


@pytest.mark.parametrize(("klass", "words"), [("technical", True), ("summary", False), ("financial", False)])
def test_a_class_carries_no_more_than_it_may(world: World, klass: str, words: bool) -> None:
    made = letter(world, running(world).case, "sheet", klass=klass)
    assert (made.values["相談内容"] == WORDS, made.values["課題"] != "") == (words, words)
    assert made.values == only_class(made.values, klass)


def test_a_request_hides_the_firms_name_until_the_body_says_yes(world: World) -> None:
    scene = asked(world)
    support = scene.supports[0]
    hidden = first_values(scene.case, "request", by=world.desk, support=support)
    assert (hidden["会社名"], hidden["会社担当者"], hidden["会社電話"], hidden["会社所在地"]) == ("（お引き受けのときにお知らせします）", "", "", "")
    assert (hidden["宛先"], hidden["依頼事項"]) == ("ひばり県工業試験所　御中", "落下と振動の試験をしてほしい")
    assert hidden["回答期限"] == wareki(support.due_on)
    accept(support, by=world.lab)
    assert first_values(scene.case, "request", by=world.desk, support=fresh(support))["会社名"] == "株式会社まぼろし計測"


def test_a_handover_takes_its_pack(world: World) -> None:
    values = first_values(running(world).case, "handover", by=world.lab)
    assert "養殖場で使う小さな水質計" in values["引継状態"]
    assert "落下・振動・高温でも狂わないか" in values["未了事項"]


def test_a_long_title_still_makes_a_title(world: World) -> None:
    case = running(world).case
    Case.objects.filter(pk=case.pk).update(title="あ" * 100)
    assert len(letter(world, case).title) == 100


# drafting and changing


def test_a_draft_is_on_record(world: World) -> None:
    case = running(world).case
    made = letter(world, case, "reply", 本文="一行目\n二行目", 件名="回答します")
    assert (made.state, made.title, made.values["本文"], made.number, made.klass) == ("draft", "回答します", "一行目\n二行目", "", "technical")
    assert ("letter", "", "reply") in steps(case)
    assert events("letter.draft") == 1
    assert letter(world, case, "request").klass == "summary"


def test_only_fields_of_the_kind_are_written_over(world: World) -> None:
    made = letter(world, running(world).case, "reply", 会社名="よその会社", 文書番号="偽第1号", 引継状態="x")
    assert (made.values["会社名"], made.values["文書番号"], made.values["引継状態"]) == ("株式会社まぼろし計測", "", "")


@pytest.mark.parametrize(
    ("kind", "values", "klass", "code", "field"),
    [
        ("poem", {}, "", "unknown_kind", None), ("reply", {}, "secret", "unknown_class", "klass"), ("reply", {"件名": " "}, "", "title_empty", "件名"),
        ("reply", {"件名": "あ" * 101}, "", "too_long", "件名"), ("reply", {"本文": "あ" * 4001}, "", "too_long", "本文"),
    ],
)  # fmt: skip
def test_drafts_are_refused(world: World, kind: str, values: dict[str, str], klass: str, code: str, field: str | None) -> None:
    case = running(world).case
    with refuses(code, field):
        draft_letter(case, kind, Text(values, klass), by=world.desk)
    assert Letter.objects.count() == 0


def test_who_takes_no_part_writes_no_letter(world: World) -> None:
    case = running(world).case
    for actor in (world.bank, GUEST):
        with refuses("not_allowed"):
            draft_letter(case, "reply", Text({}), by=actor)
    assert letter(world, case, "reply", by=world.center).author_body_id == CENTER


def test_a_support_of_another_case_is_refused(world: World) -> None:
    case, other = running(world).case, asked(world)
    with refuses("not_allowed"):
        draft_letter(case, "request", Text({}), by=world.desk, support=other.supports[0])


def test_there_is_an_end_to_letters(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "MOST_LETTERS", 1)
    case = running(world).case
    letter(world, case)
    with refuses("too_many"):
        letter(world, case)


def test_changing_keeps_the_rest(world: World) -> None:
    made = letter(world, running(world).case, 本文="一")
    changed = change_letter(made, Text({"本文": "二"}, "summary"), by=colleague("二番"), saves=0)
    assert (changed.values["本文"], changed.klass, changed.values["相談内容"], changed.saves) == ("二", "summary", "", 1)
    assert events("letter.change") == 1


def test_two_who_save_at_once(world: World) -> None:
    made = letter(world, running(world).case)
    change_letter(made, Text({"本文": "先"}), by=world.desk, saves=0)
    with refuses("changed_meanwhile"):
        change_letter(made, Text({"本文": "後"}), by=world.desk, saves=0)
    assert fresh(made).values["本文"] == "先"


@pytest.mark.parametrize("deed", [lambda one, by: change_letter(one, Text({}), by=by), lambda one, by: issue_letter(one, by=by),
                                  lambda one, by: withdraw_letter(one, by=by), lambda one, by: correct_letter(one, by=by),
                                  lambda one, by: send_letter(one, by=by, words="x"), lambda one, by: note_posted(one, by=by)])  # fmt: skip
def test_only_its_own_body_handles_a_letter(world: World, deed: Any) -> None:
    made = letter(world, running(world).case)
    for actor in (world.lab, GUEST):
        with refuses("not_allowed"):
            deed(made, actor)
    assert fresh(made).state == "draft"


# deciding and numbering


def test_deciding_numbers_dates_and_keeps_the_file(world: World) -> None:
    case = running(world).case
    made = issue_letter(letter(world, case, 本文="お答えします。"), by=world.desk)
    assert (made.state, made.number, made.dated_on, made.version) == ("decided", "県回第1号", clock.today(), 1)
    said = words_of(path_of(made.sha256).read_bytes())
    assert ("県回第1号" in said, wareki(clock.today()) in said, "お答えします。" in said, "（案）" in said) == (True, True, True, False)
    assert (made.file_name, made.size) == ("回答文_県回第1号.docx", path_of(made.sha256).stat().st_size)
    assert ("letter_decided", "", "reply") in steps(case)
    assert events("letter.decide") == 1


def test_deciding_twice_draws_one_number(world: World) -> None:
    made = letter(world, running(world).case)
    first, again = issue_letter(made, by=world.desk), issue_letter(made, by=world.desk)
    assert (first.number, again.number, events("letter.decide")) == ("県回第1号", "県回第1号", 1)


def test_numbers_run_by_body_and_kind(world: World) -> None:
    case = running(world).case
    drawn = [issue_letter(letter(world, case, kind, by=by), by=by).number
             for kind, by in (("reply", world.desk), ("reply", world.desk), ("request", world.desk), ("reply", world.lab), ("sheet", world.desk))]
    assert drawn == ["県回第1号", "県回第2号", "県依第1号", "試回第1号", ""]


def test_the_plan_writes_the_pattern_and_one_pattern_is_one_register(world: World) -> None:
    letters_plan({"code": "reply", "number": "{prefix}第{n}号", "prefixes": {DESK: "産振"}}, {"code": "request", "number": "{prefix}第{n}号", "prefixes": {DESK: "産振"}})
    case = running(world).case
    assert [issue_letter(letter(world, case, kind), by=world.desk).number for kind in ("reply", "request")] == ["産振第1号", "産振第2号"]
    assert issue_letter(letter(world, case, by=world.lab), by=world.lab).number == "試第1号"


def test_a_letter_that_cannot_be_filled_takes_no_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = running(world).case
    made = letter(world, case)
    with monkeypatch.context() as patch:
        patch.setattr(letters, "fill_template", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            issue_letter(made, by=world.desk)
    assert (fresh(made).state, issue_letter(made, by=world.desk).number) == ("draft", "県回第1号")


def test_where_the_plan_asks_for_approval_nobody_decides_alone(world: World) -> None:
    letters_plan({"code": "reply", "steps": ["staff"]})
    with refuses("needs_approval"):
        issue_letter(letter(world, running(world).case), by=world.desk)


def test_what_is_decided_stands(world: World) -> None:
    made = issue_letter(letter(world, running(world).case), by=world.desk)
    for deed in (lambda: change_letter(made, Text({"本文": "x"}), by=world.desk), lambda: withdraw_letter(made, by=world.desk)):
        with refuses("locked"):
            deed()
    for change in ({"title": "別"}, {"values": {}}, {"state": "draft"}, {"number": "県回第9号"}, {"klass": "summary"}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Letter.objects.filter(pk=made.pk).update(**change)


def test_a_correction_is_a_new_version(world: World) -> None:
    made = issue_letter(letter(world, running(world).case, 本文="誤り"), by=world.desk)
    new = correct_letter(made, by=world.desk)
    assert (new.version, new.corrects_id, new.state, new.values["本文"], new.values["文書番号"], new.number) == (2, made.pk, "draft", "誤り", "", "")
    with refuses("corrected"):
        correct_letter(made, by=world.desk)
    change_letter(new, Text({"本文": "正しい"}), by=world.desk)
    done = issue_letter(fresh(new), by=world.desk)
    assert (done.number, done.file_name, fresh(made).values["本文"]) == ("県回第2号", "回答文_県回第2号_v2.docx", "誤り")
    assert events("letter.correct") == 1


def test_only_what_is_decided_is_corrected_or_sent(world: World) -> None:
    made = letter(world, running(world).case)
    for deed in (correct_letter, note_posted, lambda one, by: send_letter(one, by=by, words="x")):
        with refuses("not_decided"):
            deed(made, by=world.desk)


def test_a_draft_is_given_up_once(world: World) -> None:
    made = letter(world, running(world).case)
    withdraw_letter(made, by=world.desk)
    assert (withdraw_letter(made, by=world.desk).state, events("letter.withdraw")) == ("withdrawn", 1)
    with refuses("locked"):
        issue_letter(made, by=world.desk)


# sending


def test_sending_puts_file_and_words_before_the_firm(world: World) -> None:
    case = asked(world).case
    made = issue_letter(letter(world, case, klass="summary"), by=world.desk)
    assert Attachment.objects.filter(case=case).count() == 0
    sent = send_letter(made, by=world.desk, words="ご覧ください。")
    kept = Attachment.objects.get(case=case)
    assert (kept.name, kept.sha256, kept.klass, kept.from_company) == (made.file_name, made.sha256, "summary", False)
    assert Message.objects.get(case=case, text="ご覧ください。").klass == "summary"
    assert (sent.sent_how, sent.sent_at is not None, events("letter.send")) == ("message", True, 1)
    with refuses("already_sent"):
        send_letter(made, by=world.desk, words="もう一度")
    with refuses("text_empty", "text"):
        send_letter(issue_letter(letter(world, case), by=world.desk), by=world.desk, words=" ")


def test_paper_is_noted_once(world: World) -> None:
    made = issue_letter(letter(world, running(world).case), by=world.desk)
    assert note_posted(made, by=world.desk).sent_how == "paper"
    with refuses("already_sent"):
        note_posted(made, by=world.desk)


def test_who_does_not_run_the_case_does_not_write_to_the_firm(world: World) -> None:
    case = running(world).case
    made = issue_letter(letter(world, case, by=world.center), by=world.center)
    with refuses("not_allowed"):
        send_letter(made, by=world.center, words="x")
    assert note_posted(made, by=world.center).sent_how == "paper"


# the templates that are shipped know only fields there are


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_templates_hold_known_fields(world: World, kind: str) -> None:
    assert check_template(shipped_template(kind), known=EXAMPLES).faults == []
    assert shipped_rows(kind)
    made = letter(world, running(world).case, kind)
    assert "（案）" in words_of(letter_docx(made))
    assert {one.name for one in written_fields(kind)} <= set(made.values)


# sight


def test_the_timeline_tells_of_letters_to_who_may_read_them(world: World) -> None:
    case = running(world).case
    issue_letter(letter(world, case, 件名="回答の件"), by=world.desk)
    told = [(item.kind, item.text) for item in timeline(case, actor=world.desk) if item.kind.startswith("letter")]
    assert sorted(told) == [("letter", "県回第1号　回答の件"), ("letter_decided", "県回第1号　回答の件")]
    assert [item for item in timeline(case, actor=world.center) if item.kind.startswith("letter")] == []


def test_the_database_shows_letters_as_visible_to_does(committed_world: World, login: Any) -> None:
    """Class, consent, author and state, for every body and kind of actor."""
    world = committed_world
    case = running(world).case
    give_consent(case, body=Body.objects.get(pk=CENTER), klass="technical", by=world.desk, how="oral", given_by="髙梨")
    for by in (world.desk, world.lab, world.center):
        for klass in ("summary", "technical", "financial"):
            letter(world, case, klass=klass, by=by, 件名=f"{by.body} {klass} 案")
            issue_letter(letter(world, case, klass=klass, by=by, 件名=f"{by.body} {klass} 済"), by=by)
    actors = [world.desk, world.lab, world.center, world.bank, GUEST, SYSTEM, link_holder(case.pk)]
    shown = {}
    with login("web"):
        for actor in actors:
            with acting(actor):
                mine = set(Letter.objects.values_list("title", flat=True))
                said = set(Letter.objects.visible_to(actor).values_list("title", flat=True))
                shown[actor.body] = mine
                assert said == mine or actor is SYSTEM, actor
    assert len(shown[DESK]) == 12
    assert shown[LAB] == {f"{LAB} {k} {s}" for k in ("summary", "technical", "financial") for s in "案済"} | {
        f"{body} {klass} 済" for body in (DESK, CENTER) for klass in ("summary", "technical")}  # fmt: skip
    assert shown[CENTER] >= {f"{DESK} technical 済", f"{CENTER} financial 案"}
    assert f"{DESK} technical 案" not in shown[CENTER] | shown[LAB]
    assert shown[BANK] == shown[None] == set()


def test_the_database_refuses_a_letter_in_anothers_name(committed_world: World, login: Any) -> None:
    world = committed_world
    case = running(world).case
    made = letter(world, case)
    row = {"case_id": case.pk, "kind": "reply", "title": "偽", "author_id": world.desk.person, "made_at": clock.now()}
    with login("web"):
        for actor, body in ((world.lab, DESK), (world.bank, BANK)):
            with acting(actor), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Letter.objects.create(author_body_id=body, **row)
        with acting(world.lab):
            assert Letter.objects.filter(pk=made.pk).update(title="盗") == 0


def test_the_real_login_writes_decides_and_sends(committed_world: World, login: Any) -> None:
    world = committed_world
    case = running(world).case
    with login("web"):
        for actor in (world.desk, world.lab, world.center):
            with acting(actor):
                found = Case.objects.visible_to(actor).get(pk=case.pk)
                made = issue_letter(draft_letter(found, "reply", Text({}), by=actor), by=actor)
                assert made.state == LetterState.DECIDED
                note_posted(made, by=actor)


def test_a_number_is_given_once(world: World) -> None:
    made = issue_letter(letter(world, running(world).case), by=world.desk)
    copy = Letter.objects.get(pk=made.pk)
    copy.pk, copy._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.bulk_create([Letter(**{name: getattr(made, name) for name in (
            "case_id", "kind", "klass", "title", "values", "author_body_id", "author_id", "state", "number", "fiscal_year", "dated_on", "sha256", "made_at", "decided_at")})])  # fmt: skip


# seals


@pytest.mark.covers("C97")
def test_the_place_of_a_seal_stands_by_the_sender_where_the_rule_of_its_kind_and_day_wants_it(world: World) -> None:
    publish_more(world, form_rules=[
        {"code": "seal", "name": "印", "written": "押す", "accepts": ["seal", "signature"], "from": None, "forms": ["reply"]},
        {"code": "seal", "name": "印", "written": "名だけ", "accepts": ["none"], "from": None},
    ])  # fmt: skip
    case = running(world).case
    reply, other = letter(world, case, 差出人="課長　相川 志保"), letter(world, case, kind="handover", 差出人="課長　相川 志保")
    assert [words_of(letter_docx(one)).count("課長　相川 志保　㊞") for one in (reply, other)] == [1, 0]
    kept = path_of(issue_letter(reply, by=world.desk).sha256).read_bytes()
    assert ("課長　相川 志保　㊞" in words_of(kept), fresh(reply).values["差出人"]) == (True, "課長　相川 志保")
    publish_more(world, form_rules=[])  # what went out stays
    assert "課長　相川 志保　㊞" in words_of(path_of(fresh(reply).sha256).read_bytes())
