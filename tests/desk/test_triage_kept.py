"""Whichever button is pressed on the triage page, what was typed is kept: written down, or shown again with the fault."""

from __future__ import annotations

import re
from typing import Any

import pytest

from renkei.cases.actions.closing import close_case
from renkei.cases.actions.triage import answer_facts, set_summary
from renkei.cases.models import Case, Need, Support, Transition
from tests.desk import proposed
from tests.desk.pages import HOSTILE, part, said
from tests.desk.scene import SUMMARY
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, line, page, post, ready, ticks, url
from tests.world import CENTER, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")
TYPED = {"fact-size": "30センチ", "title-p2": "高温の試験", "stage-p2": "3", "new_title": "催しに出たい", "new_stage": "1",
         "summary_title": "水質計を発売したい", "summary": "養殖場の水質計。\r\n落下に強い。"}  # fmt: skip
BUTTONS: list[tuple[str, dict[str, Any]]] = [
    ("save", {}), ("answers", {}), ("ask", {}), ("call", {}), ("summary", {}), ("needs", {}),
    ("add", {"add_need": "p1", "add_provision": f"events|{LAB}"}), ("request", {"consent": [f"{LAB}|financial"]}),
    ("oral", {"consent": [f"{LAB}|financial"], "oral_by": "髙梨 芽衣"}),
]  # fmt: skip


def needs() -> list[tuple[str, str]]:
    return list(Need.objects.order_by("order").values_list("title", "stage"))


@pytest.mark.parametrize(("do", "more"), BUTTONS)
def test_every_button_writes_down_what_was_typed_once(world: World, do: str, more: dict[str, Any]) -> None:
    case = ready(world)
    assert post(world, case, do, TESTS, **TYPED | more).status_code == 302
    case.refresh_from_db()
    assert (case.summary, case.summary_seen_at) == ("養殖場の水質計。\n落下に強い。", None)
    assert case.consultations.get().facts == {"size": "30センチ"}
    assert ("高温の試験", "3") in needs()
    assert TESTS in ticks(page(world, case))
    verbs = list(Transition.objects.filter(case=case).values_list("verb", flat=True))
    assert verbs.count("summary_changed") == 2  # when it was made ready, and now
    assert verbs.count("contact") == 1
    assert sorted(one for one in needs() if one[0] == "催しに出たい") == [("催しに出たい", "1")]


def test_a_page_sent_back_as_it_was_changes_nothing(world: World) -> None:
    case = ready(world)
    before = Transition.objects.filter(case=case).count()
    as_shown = {"title-p1": "仕入れの資金", "stage-p1": "2", "title-p2": "落下試験", "stage-p2": "3", "new_title": "", "fact-size": "",
                "summary_title": case.title, "summary": case.summary}  # fmt: skip
    assert post(world, case, "save", **as_shown).status_code == 302
    assert Transition.objects.filter(case=case).count() == before
    assert needs() == []
    assert Case.objects.get(pk=case.pk).summary_seen_at is not None


def test_the_same_new_need_twice_is_one(world: World) -> None:
    case = ready(world)
    for _ in range(2):
        post(world, case, "needs", new_title="催しに出たい", new_stage="1")
    assert [title for title, _stage in needs()].count("催しに出たい") == 1


def test_an_emptied_title_is_refused_only_where_it_is_needed(world: World) -> None:
    case = ready(world)
    assert post(world, case, "save", **{"title-p1": " "}).status_code == 302
    assert needs() == []
    answer = post(world, case, "save", SUBSIDY, **{"title-p1": " "})
    assert (answer.status_code, "課題を、ひとことで書いてください。" in said(answer)) == (422, True)
    assert not Support.objects.exists()


@pytest.mark.parametrize("stage", ["9", "\x00", HOSTILE])
def test_a_stage_the_plan_does_not_have_moves_no_need(world: World, stage: str) -> None:
    case = ready(world)
    assert post(world, case, "save", TESTS, **{"stage-p2": stage}).status_code == 302
    assert needs() == [("落下試験", "3")]
    answer = post(world, case, "needs", new_title="催しに出たい", new_stage=stage)
    assert (answer.status_code, "段階を一覧から選んでください。" in said(answer)) == (422, True)
    assert 'name="new_title" value="催しに出たい"' in said(answer)


# ---- the summary goes out as it was typed, or not at all


def test_sending_with_a_changed_summary_waits_for_the_firms_eyes(world: World) -> None:
    case = ready(world)
    changed = {"summary_title": case.title, "summary": "新しい要約。"}
    answer = post(world, case, "send", TESTS, **changed)
    assert answer.status_code == 422
    assert "会社が、いまの要約をまだ確かめていません。" in said(answer)
    assert "新しい要約。</textarea>" in said(answer)
    assert not Support.objects.exists()
    assert Case.objects.get(pk=case.pk).summary == SUMMARY  # all of it or nothing
    assert post(world, case, "send", TESTS, summary_seen="1", **changed).status_code == 302
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.summary, fresh.summary_seen_at is not None) == ("新しい要約。", True)
    assert Support.objects.get().state == "offered"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({"summary_title": "", "summary": "要約"}, "件名を書いてください。"), ({"summary_title": "件" * 101, "summary": ""}, "100字までです（いま101字）。"),
     ({"summary_title": "件名", "summary": "要" * 601}, "600字までです（いま601字）。")],
)  # fmt: skip
@pytest.mark.parametrize("do", ["send", "ask"])
def test_a_wrong_summary_stops_every_button_and_stands_open(world: World, do: str, typed: dict[str, str], sentence: str) -> None:
    case = ready(world)
    answer = post(world, case, do, TESTS, **typed)
    assert (answer.status_code, sentence in said(answer)) == (422, True)
    assert "<details open>" in part(said(answer), 'id="sum"', "</section>")
    assert typed["summary"] in said(answer)
    assert ticks(said(answer)) == [TESTS]
    assert not Support.objects.exists()
    assert Case.objects.get(pk=case.pk).summary == SUMMARY


def test_the_summary_says_whether_the_firm_has_read_it(world: World) -> None:
    case = ready(world)
    assert "会社が確かめた要約（宛先に届く文）" in page(world, case)
    set_summary(case, title=case.title, summary="書き直した。", by=world.desk)
    text = page(world, case)
    assert "会社はまだ確かめていません" in text
    assert "会社は11月" not in text
    Case.objects.filter(pk=case.pk).update(summary="", summary_seen_at=None)
    assert "要約がまだありません。書いてから送ってください。" in page(world, case)
    assert "<details open>" in part(page(world, case), 'id="sum"', "</section>")


# ---- answers


def test_an_answer_that_is_known_is_asked_no_more(world: World) -> None:
    case = ready(world)
    answer_facts(case, {"ordered": "まだ"}, by=world.desk)
    questions = part(page(world, case), 'id="q"', 'id="k"')
    assert re.findall(r'id="q(\d)"', questions) == ["1"]
    assert "試作品の大きさと電源は" in questions
    answer_facts(case, {"size": "30センチ"}, by=world.desk)
    assert "先に聞くことはありません。" in page(world, case)


def test_a_chosen_answer_stays_chosen_when_something_else_is_wrong(world: World) -> None:
    case = ready(world)
    text = said(post(world, case, "send", TESTS, **line(TESTS, ask=""), **{"fact-ordered": "済み"}))
    assert re.findall(r'name="fact-ordered" value="([^"]+)" checked', text) == ["済み"]


def test_asking_the_firm_with_every_answer_given_has_nothing_to_ask(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "ask", **{"fact-ordered": "まだ", "fact-size": "30センチ"})
    assert (answer.status_code, "会社に聞くことを、1つ以上書いてください。" in said(answer)) == (422, True)
    assert case.consultations.get().facts == {}


def test_a_call_without_any_number_is_refused_in_a_sentence(world: World) -> None:
    case = ready(world)
    case.consultations.update(phone="")
    Case.objects.filter(pk=case.pk).update(company=None)
    answer = post(world, case, "call", TESTS)
    assert (answer.status_code, "電話をかけるときは、電話番号を入れてください。" in said(answer)) == (422, True)
    assert ticks(said(answer)) == [TESTS]


def test_a_call_for_another_bodys_case_is_its_own_peoples(world: World) -> None:
    case = ready(world)
    Case.objects.filter(pk=case.pk).update(holder=LAB, state="active", holder_person=world.people[LAB])
    assert post(world, case, "call").status_code == 302
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.next_body_id, fresh.next_person_id) == (LAB, world.lab.person)


# ---- faults that name no line


@pytest.mark.parametrize(
    "do",
    ["explode", "recall:\x00", "bind:", "merge:nonsense", "entry:\x00", "entry:' OR 1=1 --", "\x00"],
)
def test_a_button_nobody_drew_changes_nothing_and_keeps_the_ticks(world: World, do: str) -> None:
    case = ready(world)
    answer = post(world, case, do, TESTS, **{"fact-size": "30センチ"})
    assert (answer.status_code, ticks(said(answer))) == (422, [TESTS])
    assert 'value="30センチ"' in said(answer)
    assert not Support.objects.exists()
    assert case.consultations.get().facts == {}


def test_a_closed_case_is_sorted_no_more(world: World) -> None:
    case = ready(world)
    close_case(case, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
    for do, more in BUTTONS:
        answer = post(world, case, do, TESTS, **TYPED | more)
        assert (do, answer.status_code, "この案件は終わっています。" in said(answer)) == (do, 422, True)
        assert ticks(said(answer)) == [TESTS]
    assert not Support.objects.exists()


def test_only_lines_that_can_be_asked_are_checked(world: World) -> None:
    case = ready(world)
    blocked = "p1-loan-hibari-bank"
    assert post(world, case, "save", TESTS, blocked, **line(blocked, ask="", due_on="13月40日")).status_code == 302
    assert list(Support.objects.values_list("service", flat=True)) == ["equipment-tests"]


@pytest.mark.parametrize("strange", ["p9-events-hibari-lab", "p1-loan-hibari-bank", "\x00", HOSTILE])
def test_a_tick_that_went_stale_stops_the_sending_of_all(world: World, strange: str) -> None:
    case = ready(world)
    answer = post(world, case, "send", TESTS, strange)
    assert (answer.status_code, "いまは頼めないものがあります。" in said(answer)) == (422, True)
    assert ticks(said(answer)) == [TESTS]
    assert not Support.objects.exists()
    assert post(world, case, "send", TESTS).status_code == 302


def test_a_wrong_line_holds_up_neither_search_nor_recall_nor_questions(world: World) -> None:
    case = ready(world)
    post(world, case, "send", SUBSIDY)
    support = Support.objects.get()
    wrong = line(TESTS, due_on="13月40日")
    assert post(world, case, "find", TESTS, find="測定", **wrong).status_code == 200
    answer = post(world, case, "answers", TESTS, **wrong, **{"fact-size": "30センチ"})
    assert (answer.status_code, case.consultations.get().facts) == (422, {"size": "30センチ"})
    assert ticks(said(answer)) == [TESTS]
    assert "13月40日" in said(answer)
    assert post(world, case, f"recall:{support.pk}", TESTS, **wrong).status_code == 302
    assert Support.objects.get().state == "recalled"


def test_two_lines_with_two_faults_each_have_their_own_link(world: World) -> None:
    case = ready(world)
    text = said(post(world, case, "send", SUBSIDY, TESTS, **line(SUBSIDY, ask=""), **line(TESTS, due_on="13月40日")))
    bar = part(text, '<section class="bar"', "</section>")
    assert re.findall(r'href="#id_([^"]+)"', bar) == [f"{SUBSIDY}-ask", f"{TESTS}-due_on"]
    assert "センターの「お願いすること」に、直すところがあります" in bar
    assert "工業試験所の「回答の期限」に、直すところがあります" in bar


def test_a_draft_that_was_saved_comes_back_as_it_was(world: World) -> None:
    case = ready(world)
    more = line(TESTS, ask="二回落としてほしい", due_on="12月10日", classes=["technical"]) | line(ADVICE, ask="電話で", classes=[])
    post(world, case, "save", TESTS, ADVICE, takes=ADVICE, **more)
    text = page(world, case)
    assert ticks(text) == [TESTS, ADVICE]
    assert "二回落としてほしい</textarea>" in text
    assert 'value="令和8年12月10日"' in text
    assert re.findall(r'name="takes" value="([^"]+)" checked', text) == [ADVICE]
    assert re.findall(rf'name="{TESTS}-classes" value="(\w+)" checked', text) == ["technical"]
    assert re.findall(rf'name="{ADVICE}-classes" value="(\w+)" checked', text) == []
    assert Support.objects.get(service_id="equipment-tests").classes == ["summary", "technical"]


def test_hostile_words_stay_words_in_every_field(world: World) -> None:
    case = ready(world)
    typed = dict.fromkeys((*TYPED, "oral_by", "find", "add_need", "add_provision"), HOSTILE) | {"stage-p2": "3", "new_stage": "1"}
    answer = post(world, case, "send", TESTS, SUBSIDY, **line(TESTS, ask=HOSTILE, due_on=HOSTILE), **typed)
    assert answer.status_code == 422
    assert "<script>alert" not in said(answer)
    assert "<script>alert" not in page(world, case)


def test_the_bar_says_what_sending_will_do(world: World) -> None:
    case = ready(world)
    assert "宛先に印を付けてください。</b>送って5分は取り消せます。" in page(world, case)
    post(world, case, "save", TESTS)
    assert "印を付けた機関に依頼します。" in page(world, case)


def test_a_need_renamed_after_sending_takes_its_requests_along(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS)
    post(world, case, "needs", **{"title-p2": "高温の試験", "stage-p2": "4"})
    support = Support.objects.get()
    assert (support.need.title, support.need.stage_id) == ("高温の試験", "4")
    assert proposed.DROP in page(world, case)
    assert Need.objects.filter(title="高温の試験").count() == 1


def test_after_sending_one_body_another_can_be_asked_from_the_same_page(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS)
    assert post(world, case, "send", SUBSIDY).url == url(case)
    assert dict(Support.objects.values_list("body", "state")) == {LAB: "offered", CENTER: "offered"}
