"""Sorting a consultation: words, questions, clues, proposal, who may see what, and sending."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.intake import Said, receive
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case, Consent, Message, Need, Passage, Support, Transition, Verb
from renkei.companies.actions import Profile, register_company
from renkei.desk.triage import page as triage_page
from renkei.matching.models import Entry, EntryKind
from renkei.matching.proposal import Contact as Outside
from renkei.matching.proposal import EntryHit, Evidence
from renkei.plan.models import Body
from tests.desk import proposed
from tests.desk.pages import HOSTILE, address, client, said
from tests.desk.scene import SUMMARY, WORDS, arrived, running
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, line, page, post, ready, url
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")


# ---- what is seen


def test_what_fits_of_any_kind_is_listed_in_its_order_with_its_reasons(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = ready(world)
    assert "種類を問わず" not in page(world, case)
    named = tuple(Evidence(*one) for one in (("word", "部品"), ("alike", "サビ → 腐食"), ("met", "提案の支援：融資")))
    away = (*named, Evidence("failed", "11月27日まで不在"))
    hits = [EntryHit("PE0", "person", 1.0, "不在の人", reasons=away, body=LAB), EntryHit("PE1", "person", 1.0, HOSTILE, reasons=named, body=LAB), EntryHit("EQ1", "equipment", 0.9, "何も言えないもの"),
            *(EntryHit(f"S{n}", "seed", 0.8, f"研究{n}", reasons=(Evidence("near", ""),)) for n in range(12))]  # fmt: skip
    given = triage_page.propose
    monkeypatch.setattr(triage_page, "propose", lambda *args, **more: replace(given(*args, **more), answers=hits))
    text = page(world, case)
    listed = text[text.index("種類を問わず、合いそうなもの 10件") :]
    listed = listed[: listed.index("</ol>")]
    assert re.findall(r'href="([^"]+)"', listed) == [address("desk-catalogue-entry", DESK, entry=key) for key in ("PE1", *(f"S{n}" for n in range(8)), "PE0")]
    assert re.findall(r"<b>(研究\d+)</b>", listed) == [f"研究{n}" for n in range(8)]  # what names no reason is not shown
    assert HOSTILE not in listed
    assert re.findall(r'<span class="tag">([^<]+)', listed) == [EntryKind.PERSON.label] + [EntryKind.SEED.label] * 8 + [EntryKind.PERSON.label]
    first = listed[: listed.index("</li>")]
    assert [one in first for one in ("同じ言葉：部品", "言い換え：サビ → 腐食", "提案の支援：融資", Body.objects.get(pk=LAB).short)] == [True] * 4
    until = '<span class="why-w late-t">11月27日まで不在</span>'
    assert (until in first, listed.count(until)) == (False, 1)  # who is away is shown after the others, and until when


@pytest.mark.covers("C92", "C30")
def test_words_carry_marks_that_tie_them_to_needs(world: World) -> None:
    text = page(world, ready(world))
    assert re.findall(r'<mark class="(s\w)">([^<]+)<sup><span class="vh">課題</span>(\d)', text) == [
        ("s3", proposed.DROP, "2"), ("s2", proposed.MONEY, "1")]
    assert re.findall(r'<li class="(s\w)"><b>(\d)</b>([^<]+)', text) == [("s2", "1", "仕入れの資金"), ("s3", "2", "落下試験")]


def test_clashes_stand_above_candidates_and_words_before_them(world: World) -> None:
    text = page(world, ready(world))
    places = [text.index(one) for one in ('class="words"', 'id="q"', 'id="k"', "先に注文すると", 'class="path"',
                                          'class="cand', 'id="to"', 'class="summary"')]  # fmt: skip
    assert places == sorted(places)


def test_candidates_show_date_entries_and_evidence_with_its_question(world: World) -> None:
    text = page(world, ready(world))
    found = text[text.index('<li class="cand">') : text.index('<li class="cand off">')]
    assert [one in found for one in ("受付 来年4月12日から", "新商品開発助成（一般枠）", "上限250万円")] == [True] * 3
    for kind, words in (("wd", "「お金」「部品」"), ("ok", "県内の中小企業"), ("un", "発注をまだしていないこと")):
        assert re.search(rf'<li class="{kind}"><span class="vh">[^<]+</span>{words}', text)
    assert '→ <a href="#q1">質問1</a>' in text


def test_blocked_candidate_has_no_box_but_a_reason(world: World) -> None:
    text = page(world, ready(world))
    boxes = re.findall(r'name="pick" value="([^"]+)"', text)
    assert boxes == [SUBSIDY, TESTS, ADVICE]
    assert "いまは依頼できません。つなぎ融資は交付決定のあとです。" in text
    assert re.findall(r"近いが合わないもの (\d)件", text) == ["1"]


def test_clues_show_the_firms_cases_suspects_and_examples(world: World) -> None:
    first, second = ready(world), arrived(world, "天狗鼻ばね株式会社").case
    Case.objects.filter(pk=second.pk).update(company=first.company)
    text = page(world, first)
    clues = text[text.index('id="k"') : text.index('id="pr"')]
    assert clues.count(url(second, name="desk-case")) == 3  # same firm, like it, and a suspected duplicate
    assert f'value="merge:{second.pk}"' in clues
    assert "落下で外れた例" in clues


@pytest.mark.parametrize(
    ("kind", "words"),
    [("clarify", "先に聞いてから決めてください"), ("outside_region", "県内では引き受けられないかもしれません"),
     ("out_of_scope", "この計画の担当の外かもしれません")],
)  # fmt: skip
def test_other_kinds_of_proposal(world: World, monkeypatch: pytest.MonkeyPatch, kind: str, words: str) -> None:
    contact = Outside("labour", "ひばり労働局", "雇用の助成", "000-000-0001")
    empty = {"kind": kind, "needs": [], "supports": [], "near_misses": [], "clashes": [], "path": [], "outside": [contact]}
    monkeypatch.setattr("renkei.desk.triage.page.propose", lambda text, **_: proposed.proposal(text, **empty))
    text = page(world, ready(world))
    assert [words in text, "ひばり労働局" in text, "課題がまだありません" in text] == [True] * 3


def test_hostile_words_are_escaped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    received = receive(Said(text=WORDS + HOSTILE, channel="phone", company_given=HOSTILE, person_given=HOSTILE), by=world.desk,
                       body=Body.objects.get(pk=DESK))
    text = page(world, received.case)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("many", [1, 3])
def test_query_count(world: World, many: int) -> None:
    case = ready(world)
    for name in ["天狗鼻ばね株式会社", "有限会社浦島製網", "玉手箱酒造株式会社"][:many]:
        Case.objects.filter(pk=arrived(world, name).case.pk).update(company=case.company)
    one = client(world)
    one.get(url(case))
    with CaptureQueriesContext(connection) as seen:
        one.get(url(case))
    assert len(seen) == 33


def test_refusals(world: World) -> None:
    case, scene = ready(world), running(world)
    for name in ("desk-triage", "desk-set-aside", "desk-keep"):
        assert Client().get(url(case, name=name)).status_code == 302
        assert client(world, LAB).get(url(case, name=name)).status_code == 404
        assert client(world, LAB).get(url(case, LAB, name)).status_code == 404
        assert client(world, BANK).post(url(case, BANK, name), {"do": "send"}).status_code == 404
        assert client(world, CENTER).get(url(scene.case, CENTER, name)).status_code == 403
        assert client(world).get(reverse(name, kwargs={"body": DESK, "case": uuid.uuid4()})).status_code == 404


# ---- choosing and sending


@pytest.mark.covers("C92")
def test_draft_keeps_ticks_and_sends_nothing(world: World) -> None:
    case = ready(world)
    assert post(world, case, "save", SUBSIDY, TESTS).status_code == 302
    rows = Support.objects.order_by("service").values_list("service", "body", "state", "classes", "entries", "need__title")
    assert list(rows) == [
        ("equipment-tests", LAB, "proposed", ["summary", "technical"], ["EQ001", "EX001"], "落下試験"),
        ("rd-subsidy", CENTER, "proposed", ["summary", "technical"], ["PG001"], "仕入れの資金"),
    ]
    assert list(Need.objects.values_list("title", "stage", "spans")) == [
        ("仕入れの資金", "2", [[WORDS.find(proposed.MONEY), WORDS.find(proposed.MONEY) + 9]]),
        ("落下試験", "3", [[WORDS.find(proposed.DROP), WORDS.find(proposed.DROP) + 10]]),
    ]
    assert Case.objects.get(pk=case.pk).state == "arrived"
    assert re.findall(r'value="([^"]+)" data-body="[^"]+" checked', page(world, case)) == [SUBSIDY, TESTS]


def test_unticking_drops_the_draft_and_saving_twice_adds_nothing(world: World) -> None:
    case = ready(world)
    for _ in range(2):
        post(world, case, "save", SUBSIDY, TESTS)
    assert (Support.objects.count(), Need.objects.count()) == (2, 2)
    post(world, case, "save", TESTS)
    assert dict(Support.objects.values_list("service", "state")) == {"rd-subsidy": "withdrawn", "equipment-tests": "proposed"}
    assert re.findall(r'value="([^"]+)" data-body="[^"]+" checked', page(world, case)) == [TESTS]
    post(world, case, "save", SUBSIDY, TESTS)
    assert Support.objects.filter(state="proposed").count() == 2


@pytest.mark.covers("C92")
def test_sending_asks_the_bodies_and_shows_the_recall_window(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "send", SUBSIDY, TESTS, takes=TESTS)
    assert answer.url == url(case)
    rows = Support.objects.order_by("body").values_list("body", "state", "takes_over", "asked_by_body")
    assert list(rows) == [(CENTER, "offered", False, DESK), (LAB, "offered", True, DESK)]
    assert list(Passage.objects.values_list("text", flat=True)) == ["よろしくお願いします"] * 2
    case.refresh_from_db()
    assert (case.state, case.next_kind) == ("active", "wait")
    assert Transition.objects.filter(case=case, verb=Verb.OFFERED).count() == 2
    support = Support.objects.get(body_id=LAB)
    text = page(world, case)
    leaves = support.leaves_at.astimezone(clock.JST)
    assert f"2件の依頼は、{leaves.hour}:{leaves.minute:02d}まで取り消せます" in text
    assert "あと5分" in text
    assert re.findall(r'name="pick" value="([^"]+)"', text) == [ADVICE]


def test_recall_inside_the_window_needs_no_scripts(world: World) -> None:
    case = ready(world)
    post(world, case, "send", SUBSIDY, TESTS)
    support = Support.objects.get(body_id=LAB)
    assert post(world, case, f"recall:{support.pk}").status_code == 302
    assert dict(Support.objects.values_list("body", "state")) == {LAB: "recalled", CENTER: "offered"}
    assert TESTS in re.findall(r'name="pick" value="([^"]+)"', page(world, case))


def test_sending_nothing_says_so(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "send")
    assert answer.status_code == 422
    assert "だれに頼むかを、1つ以上選んでください。" in said(answer)


def test_sending_without_summary_opens_the_summary(world: World) -> None:
    case = arrived(world).case
    answer = post(world, case, "send", TESTS)
    assert answer.status_code == 422
    assert "ほかの機関が読む要約を書いてください。" in said(answer)
    assert not Support.objects.exists()
    assert re.findall(r'value="([^"]+)" data-body="[^"]+" checked', said(answer)) == [TESTS]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"due_on": "11月1日"}, "due_on", "過ぎています。"), ({"due_on": "13月40日"}, "due_on", "ください。"),
        ({"ask": " "}, "ask", "お願いしたいことを、ひとことで書いてください。"),
        ({"ask": "あ" * 1001}, "ask", "1,000字までです（いま1,001字）。"),
        ({"classes": ["technical", "financial"]}, "classes", "資金の同意がありません。同意を聞くか、印を外してください。"),
        ({"classes": ["everything"]}, "classes", "everything"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("do", ["save", "send"])
def test_errors_stand_in_the_line_with_a_link_in_the_bar(
    world: World, do: str, typed: dict[str, Any], field: str, sentence: str
) -> None:
    case = ready(world)
    extra = line(TESTS, **typed) | line(SUBSIDY, ask="助成を" + HOSTILE) | {"fact-size": "30センチ", "title-p1": "新しい言い方"}
    answer = post(world, case, do, SUBSIDY, TESTS, **extra)
    text = said(answer)
    assert answer.status_code == 422
    found = re.search(rf'class="err[^"]*" id="id_{TESTS}-{field}_error">([^<]+)<', text)
    assert found
    assert sentence in found.group(1)
    assert f'href="#id_{TESTS}-{field}' in text
    assert not Support.objects.exists()
    assert not Need.objects.exists()
    assert "<script>alert" not in text
    for kept in ('value="30センチ"', 'value="新しい言い方"', "助成を&quot;&gt;&lt;script&gt;"):
        assert kept in text


def test_classes_never_wider_than_consent(world: World) -> None:
    case = ready(world)
    Case.objects.filter(pk=case.pk).update(standing_classes=[])
    text = page(world, case)
    row = text[text.index('<tr class="pickrow k1">') : text.index("</tr>", text.index('<tr class="pickrow k1">'))]
    assert row.count("同意なし") == 3
    answer = post(world, case, "send", TESTS, **line(TESTS, classes=[]))
    assert answer.status_code == 422
    assert "工業試験所に「要約」を見せる同意が、まだありません。" in said(answer)
    assert not Support.objects.exists()


def test_two_people_at_once_get_a_clear_message_and_lose_nothing(world: World) -> None:
    case = ready(world)
    before = case.version
    set_summary(case, title="別の人が直した件名", summary=SUMMARY, by=world.desk)
    answer = post(world, case, "send", TESTS, version=before, **{"fact-size": "30センチ"})
    text = said(answer)
    assert answer.status_code == 409
    assert "ほかの人が先に保存しました。" in text
    assert not Support.objects.exists()
    assert 'value="30センチ"' in text
    assert re.findall(r'value="([^"]+)" data-body="[^"]+" checked', text) == [TESTS]
    assert f'name="version" value="{Case.objects.get(pk=case.pk).version}"' in text
    assert "別の人が直した件名" in text


def test_drafts_of_two_people_do_not_overwrite_each_other(world: World) -> None:
    case = ready(world)
    seen = Case.objects.get(pk=case.pk).version
    post(world, case, "save", SUBSIDY)
    assert post(world, case, "save", TESTS, version=seen).status_code == 409
    assert list(Support.objects.values_list("service", "state")) == [("rd-subsidy", "proposed")]


def test_unknown_button_or_foreign_object_changes_nothing(world: World) -> None:
    case, other = ready(world), running(world)
    for do in ("explode", "recall:nonsense", f"recall:{other.supports[0].pk}", f"bind:{uuid.uuid4()}", f"merge:{uuid.uuid4()}",
               "entry:NONE"):  # fmt: skip
        answer = post(world, case, do)
        assert (do, answer.status_code) == (do, 422)
        assert 'id="errors"' in said(answer)
    assert not Support.objects.filter(case=case).exists()


def test_declined_body_is_not_proposed_again(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS, ADVICE)
    Support.objects.filter(service_id="equipment-tests").update(
        state="declined", decline_reason="busy", answered_at=clock.now(), answer_text="年内は手いっぱいです。")
    text = page(world, case)
    assert TESTS not in re.findall(r'name="pick" value="([^"]+)"', text)
    assert "年内は手いっぱいです。" in text


# ---- questions, needs, candidates, consent, summary


def test_answers_are_kept_once_and_the_proposal_is_made_again(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "answers", TESTS, **{"fact-ordered": "まだ", "fact-size": ""})
    assert answer.status_code == 302
    assert case.consultations.get().facts == {"ordered": "まだ"}
    text = page(world, case)
    assert "部品の発注は" not in text[text.index('id="q"') : text.index('id="k"')]
    assert re.findall(r'value="([^"]+)" data-body="[^"]+" checked', text) == [TESTS]  # the tick was kept beside it
    assert "答えを1つ以上書いてください。" in said(post(world, case, "answers"))


def test_open_questions_go_to_the_firm(world: World) -> None:
    case = ready(world)
    post(world, case, "ask", **{"fact-ordered": "まだ"})
    assert list(Message.objects.values_list("kind", "text")) == [("question", "試作品の大きさと電源は")]
    assert Case.objects.get(pk=case.pk).next_kind == "wait"


def test_call_goes_into_todays_calls(world: World) -> None:
    case = ready(world)
    post(world, case, "call")
    case.refresh_from_db()
    assert (case.next_kind, case.next_on, case.next_phone) == ("call", clock.today(), "0471-00-0001")
    assert case.next_step == "電話で聞く：部品の発注は、もうお済みです、試作品の大きさと電源は"


def test_needs_are_renamed_moved_and_added(world: World) -> None:
    case = ready(world)
    typed = {"title-p1": "つなぎの資金", "stage-p1": "4", "title-p2": "落下試験", "stage-p2": "3", "new_title": "催しに出たい",
             "new_stage": "1"}  # fmt: skip
    assert post(world, case, "needs", **typed).status_code == 302
    assert list(Need.objects.values_list("title", "stage")) == [("つなぎの資金", "4"), ("落下試験", "3"), ("催しに出たい", "1")]
    text = page(world, case)
    assert re.findall(r'<span class="no">課題(\d)</span>([^<]+)', text) == [("1", "つなぎの資金"), ("2", "落下試験"), ("3", "催しに出たい")]
    answer = post(world, case, "needs", new_title="あ" * 101, new_stage="9")
    assert (answer.status_code, Need.objects.count()) == (422, 3)


def test_add_a_service_by_hand(world: World) -> None:
    case = ready(world)
    assert post(world, case, "add", TESTS, add_need="p2", add_provision=f"events|{LAB}").status_code == 302
    assert set(Support.objects.values_list("service", "need__title")) == {("events", "落下試験"), ("equipment-tests", "落下試験")}
    assert "窓口が足した" in page(world, case)
    for typed in ({"add_need": "p9", "add_provision": f"events|{LAB}"}, {"add_need": "p1", "add_provision": f"loan|{LAB}"},
                  {"add_need": "p1", "add_provision": HOSTILE}):  # fmt: skip
        assert post(world, case, "add", **typed).status_code == 422


def test_find_an_entry_and_add_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Entry.objects.create(id="EQ777", kind="equipment", name="三次元測定機", body_id=LAB, service_id="equipment-tests",
                         kept_by="matching", text_hash="x")
    hit = EntryHit("EQ777", "equipment", 1.0, "三次元測定機", "測定")
    monkeypatch.setattr("renkei.desk.triage.views.search", lambda text, **_: [hit] if text == "測定" else [])
    case = ready(world)
    answer = post(world, case, "find", SUBSIDY, find="測定", **{"fact-size": "30センチ"})
    assert (answer.status_code, Support.objects.count()) == (200, 0)
    assert [one in said(answer) for one in ('value="entry:EQ777"', 'value="30センチ"')] == [True, True]
    assert post(world, case, "entry:EQ777", add_need="p2").status_code == 302
    assert list(Support.objects.values_list("service", "body", "entries")) == [("equipment-tests", LAB, ["EQ777"])]
    assert "見つかりません。別の言葉で探してください。" in said(post(world, case, "find", find="ない"))
    assert 'value="entry:EQ777"' in said(post(world, case, "enter", find="測定"))


def test_enter_keeps_the_draft(world: World) -> None:
    case = ready(world)
    assert post(world, case, "enter", TESTS).status_code == 302
    assert Support.objects.get().state == "proposed"


@pytest.mark.covers("C46")
def test_oral_consent_is_written_with_who_said_it(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "oral", consent=[f"{LAB}|financial"], oral_by="")
    assert (answer.status_code, Consent.objects.count()) == (422, 0)
    assert "同意を言った方のお名前を書いてください。" in said(answer)
    assert post(world, case, "oral", consent=[f"{LAB}|financial"], oral_by="髙梨 芽衣").status_code == 302
    assert list(Consent.objects.values_list("body", "klass", "how", "given_by", "heard_by")) == [
        (LAB, "financial", "oral", "髙梨 芽衣", world.desk.person)]
    assert post(world, case, "oral", consent=[f"{LAB}|financial", "nowhere|technical", "x"], oral_by="髙梨").status_code == 422
    answer = post(world, case, "send", TESTS, **line(TESTS, classes=["technical", "financial"]))
    assert answer.status_code == 302
    assert Support.objects.get().classes == ["summary", "technical", "financial"]


def test_the_firm_is_asked_for_consent(world: World) -> None:
    case = ready(world)
    assert post(world, case, "request", consent=[f"{LAB}|financial", f"{CENTER}|financial"]).status_code == 302
    assert not Consent.objects.exists()
    assert "どの機関に何を見せるかを、1つ以上選んでください。" in said(post(world, case, "request"))


def test_summary_is_mended_and_marked_as_seen(world: World) -> None:
    case = arrived(world).case
    typed = {"summary_title": "水質計を発売したい", "summary": "養殖場の水質計。", "summary_seen": "1"}
    assert post(world, case, "summary", TESTS, **typed).status_code == 302
    case.refresh_from_db()
    assert (case.title, case.summary, case.summary_seen_at is not None) == ("水質計を発売したい", "養殖場の水質計。", True)
    wrong = post(world, case, "summary", summary_title="件名", summary="あ" * 601)
    assert (wrong.status_code, "あ" * 601 in said(wrong)) == (422, True)


def test_bind_a_known_firm(world: World) -> None:
    company = register_company(Profile(name="まぼろし精機株式会社", phone="047-400-0000"), by=world.desk)
    case = receive(Said(text=WORDS, channel="phone", company_given="まぼろし精機"), by=world.desk,
                   body=Body.objects.get(pk=DESK)).case
    text = page(world, case)
    assert f'value="bind:{company.pk}"' in text
    assert reverse("desk-company-new", kwargs={"body": DESK}) + f"?case={case.pk}" in text
    assert post(world, case, f"bind:{company.pk}").status_code == 302
    assert Case.objects.get(pk=case.pk).company == company


def test_merge_into_the_older_case(world: World) -> None:
    first, second = ready(world), arrived(world, "天狗鼻ばね株式会社").case
    Case.objects.filter(pk=second.pk).update(company=first.company)
    answer = post(world, second, f"merge:{first.pk}")
    assert answer.url == url(first, name="desk-case")
    assert Case.objects.get(pk=second.pk).merged_into_id == first.pk


# ---- the two ways out


@pytest.mark.covers("C92")
def test_not_ours_closes_with_an_answer_that_names_who_is(world: World) -> None:
    case = ready(world)
    one = client(world)
    wrong = one.post(url(case, name="desk-set-aside"), {"reason": "not_ours", "words": "記録" + HOSTILE})
    assert (wrong.status_code, "会社に何と答えるかを書くか、案内する先を選んでください。" in said(wrong)) == (422, True)
    assert "記録&quot;&gt;&lt;script&gt;" in said(wrong)
    answer = one.post(url(case, name="desk-set-aside"), {"reason": "not_ours", "contact": "labour"})
    assert answer.url == reverse("desk-inbox", kwargs={"body": DESK})
    case.refresh_from_db()
    assert (case.state, case.close_reason) == ("closed", "not_ours")
    assert "ひばり労働局（雇用の助成と労務の相談）000-000-0001にご相談ください。" in "".join(
        Message.objects.filter(case=case).values_list("text", flat=True))


def test_spam_closes_without_an_answer_of_ours(world: World) -> None:
    case = ready(world)
    one = client(world)
    assert one.post(url(case, name="desk-set-aside"), {"reason": "gold"}).status_code == 422
    assert one.post(url(case, name="desk-set-aside"), {"reason": "spam"}).status_code == 302
    assert Case.objects.get(pk=case.pk).close_reason == "spam"
    assert list(Message.objects.filter(case=case).values_list("kind", flat=True)) == ["closing"]


@pytest.mark.covers("C92")
def test_serve_it_ourselves(world: World) -> None:
    case = ready(world)
    one = client(world)
    wrong = one.post(url(case, name="desk-keep"), {"what": "", "on": "昨日"})
    assert (wrong.status_code, "次にすることを、ひとことで書いてください。" in said(wrong)) == (422, True)
    assert one.post(url(case, name="desk-keep"), {"what": "資料を送る", "on": "明日"}).url == url(case, name="desk-case")
    case.refresh_from_db()
    day = clock.today() + dt.timedelta(days=1)
    assert (case.state, case.holder_id, case.next_step, case.next_on) == ("active", DESK, "資料を送る", day)


def test_beyond_the_third_candidates_fold_away_but_ticked_ones_stay_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [("events", LAB), ("events", CENTER), ("sales-adviser", CENTER)]

    def propose(text: str, **_: Any) -> Any:
        whole = proposed.proposal(text)
        whole.needs[1].candidates.extend(proposed.Candidate(service, body, "3", 0.1, 2) for service, body in more)
        return whole

    monkeypatch.setattr("renkei.desk.triage.page.propose", propose)
    case = ready(world)
    assert re.findall(r"ほかの候補 (\d)件", page(world, case)) == ["2"]
    post(world, case, "save", f"p2-sales-adviser-{CENTER}")
    assert re.findall(r"ほかの候補 (\d)件", page(world, case)) == ["1"]
