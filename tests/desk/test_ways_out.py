"""The two ways out of triage: closing what is not ours with a word to the firm, and serving it oneself."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.models import Case, Message, Transition
from renkei.plan.models import PlanVersion
from tests.desk.pages import HOSTILE, client, fault, said
from tests.desk.scene import NOW
from tests.desk.sorting import TESTS, post, ready, url
from tests.world import CENTER, CONTENT, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")
TOLD = "ひばり労働局（雇用の助成と労務の相談）000-000-0001にご相談ください。"


def aside(world: World, case: Case, **typed: str) -> Any:
    with clock.moved_to(NOW):
        return client(world).post(url(case, name="desk-set-aside"), typed)


def keep(world: World, case: Case, **typed: str) -> Any:
    with clock.moved_to(NOW):
        return client(world).post(url(case, name="desk-keep"), typed)


def answer_to(case: Case) -> str:
    return str(Message.objects.filter(case=case).order_by("-sent_at").first().text)  # type: ignore[union-attr]


# ---- not ours


@pytest.mark.parametrize(
    ("typed", "answer", "words"),
    [
        ({"reason": "not_ours", "answer": "県の外です。"}, "県の外です。", "県の外です。"),
        ({"reason": "not_ours", "contact": "labour"}, TOLD, TOLD),
        ({"reason": "other_way", "answer": "よかったです。", "contact": "labour"}, f"よかったです。\n{TOLD}", f"よかったです。\n{TOLD}"),
        ({"reason": "no_reply", "answer": "またどうぞ。", "words": "三回かけた"}, "またどうぞ。", "三回かけた"),
        ({"reason": "not_ours", "answer": "答" * 2000}, "答" * 2000, "答" * 1000),
    ],
)
def test_the_firm_gets_the_answer_and_the_record_keeps_the_reason(
    world: World, typed: dict[str, str], answer: str, words: str
) -> None:
    case = ready(world)
    assert aside(world, case, **typed).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.close_reason, case.close_words) == ("closed", typed["reason"], words)
    assert answer in answer_to(case)
    assert Transition.objects.filter(case=case, verb="closed").count() == 1


def test_spam_gets_no_word_of_ours_unless_one_is_written(world: World) -> None:
    case = ready(world)
    assert aside(world, case, reason="spam").status_code == 302
    case.refresh_from_db()
    assert (case.close_words, case.close_answer) == ("振り分けの対象外", "")
    other = ready(world)
    aside(world, other, reason="spam", answer="お断りします。")
    assert Case.objects.get(pk=other.pk).close_answer == "お断りします。"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"words": "記録"}, "reason", "理由を選んでください。"),
        ({"reason": "solved", "answer": "済み"}, "reason", "選択"),
        ({"reason": "merged", "answer": "済み"}, "reason", "選択"),
        ({"reason": "not_ours"}, "answer", "会社に何と答えるかを書くか、案内する先を選んでください。"),
        ({"reason": "not_ours", "answer": " \x00"}, "answer", "会社に何と答えるかを書くか、案内する先を選んでください。"),
        ({"reason": "not_ours", "answer": "答" * 2001}, "answer", "2,000字までです（いま2,001字）。"),
        ({"reason": "not_ours", "contact": "nobody", "answer": "県の外です。"}, "contact", "選択"),
        ({"reason": "not_ours", "answer": "県の外です。", "words": "記" * 1001}, "words", "1,000字までです（いま1,001字）。"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_ends(
    world: World, typed: dict[str, str], field: str, sentence: str
) -> None:
    case = ready(world)
    answer = aside(world, case, **typed)
    assert (answer.status_code, sentence in fault(answer, field)) == (422, True), fault(answer, field)
    for words in typed.values():
        assert words.strip(" \x00") in said(answer)
    case.refresh_from_db()
    assert (case.is_open, Message.objects.filter(case=case).exists()) == (True, False)


def test_only_reasons_of_triage_are_offered(world: World) -> None:
    text = said(client(world).get(url(ready(world), name="desk-set-aside")))
    assert re.findall(r'name="reason" value="(\w+)"', text) == ["other_way", "not_ours", "spam", "no_reply"]
    assert "ひばり労働局（雇用の助成と労務の相談）" in text
    assert "手のひらに乗る水質計を発売したい。" in text


def test_a_second_click_is_told_that_it_is_done(world: World) -> None:
    case = ready(world)
    aside(world, case, reason="spam")
    answer = aside(world, case, reason="not_ours", answer="県の外です。")
    assert (answer.status_code, "この案件は終わっています。" in said(answer)) == (422, True)
    assert "県の外です。" in said(answer)
    assert Transition.objects.filter(case=case, verb="closed").count() == 1


def test_what_is_being_asked_is_not_set_aside(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS)
    answer = aside(world, case, reason="not_ours", answer="県の外です。")
    assert answer.status_code == 422
    assert Case.objects.get(pk=case.pk).is_open
    assert 'role="alert"' in said(answer)


def test_hostile_words_reach_the_firm_as_words(world: World) -> None:
    case = ready(world)
    aside(world, case, reason="not_ours", answer=HOSTILE, words=HOSTILE)
    assert HOSTILE in answer_to(case)
    assert "<script>alert" not in said(client(world).get(url(case, name="desk-case")))


# ---- ours


@pytest.mark.parametrize(
    ("typed", "day"),
    [("今日", dt.date(2026, 11, 25)), ("明日", dt.date(2026, 11, 26)), ("令和8年12月28日", dt.date(2026, 12, 28)), ("1月4日", dt.date(2027, 1, 4))],
)
def test_the_body_says_what_it_does_next_and_by_when(world: World, typed: str, day: dt.date) -> None:
    case = ready(world)
    assert keep(world, case, what="資料を送る", on=typed).url == url(case, name="desk-case")
    case.refresh_from_db()
    assert (case.state, case.next_step, case.next_on, case.next_kind) == ("active", "資料を送る", day, "work")
    assert (case.holder_person_id, case.next_person_id) == (world.desk.person, world.desk.person)
    assert Transition.objects.filter(case=case, verb="triaged").count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"what": " ", "on": "明日"}, "what", "次にすることを、ひとことで書いてください。"),
        ({"what": "次" * 201, "on": "明日"}, "what", "200字までです（いま201字）。"),
        ({"what": "資料を送る", "on": ""}, "on", "日を入れてください。"),
        ({"what": "資料を送る", "on": "昨日"}, "on", "令和8年11月24日は過ぎています。"),
        ({"what": "資料を送る", "on": "そのうち"}, "on", "日付は「11月27日」「令和8年11月27日」のように入れてください。"),
    ],
)
def test_without_a_step_and_a_day_nothing_is_kept(world: World, typed: dict[str, str], field: str, sentence: str) -> None:
    case = ready(world)
    answer = keep(world, case, **typed)
    assert (answer.status_code, fault(answer, field).startswith(sentence)) == (422, True), fault(answer, field)
    assert (f'value="{typed["on"]}"' in said(answer)) == bool(typed["on"])
    assert Case.objects.get(pk=case.pk).state == "arrived"


def test_the_plans_clock_is_suggested_as_the_day(world: World) -> None:
    case = ready(world)
    with clock.moved_to(clock.at(dt.date(2026, 12, 28), 10)):
        assert 'value="令和9年1月5日"' in said(client(world).get(url(case, name="desk-keep")))


@pytest.mark.parametrize("name", ["desk-set-aside", "desk-keep"])
def test_looking_changes_nothing_and_helpers_may_not(world: World, name: str) -> None:
    case = ready(world)
    before = Transition.objects.count()
    assert client(world).get(url(case, name=name)).status_code == 200
    assert (Transition.objects.count(), Case.objects.get(pk=case.pk).state) == (before, "arrived")
    post(world, case, "send", TESTS)
    assert client(world, LAB).get(url(case, LAB, name)).status_code in {403, 404}
    assert client(world, CENTER).post(url(case, CENTER, name), {"reason": "spam", "what": "x", "on": "明日"}).status_code == 404
    assert Case.objects.get(pk=case.pk).is_open


def test_nobody_is_sent_to_what_has_ended_or_not_begun_and_what_was_said_of_it_stays(world: World) -> None:
    """Dated contacts: chosen only on the days they hold; the answer a firm got keeps the name."""
    told = ready(world)
    assert aside(world, told, reason="not_ours", contact="labour").status_code == 302
    plain = {"code": "labour", "name": "ひばり労働局", "about": "雇用の助成と労務の相談", "phone": "000-000-0001"}
    for number, (dates, is_open) in enumerate([({"to": "2026-11-24"}, False), ({"to": "2026-11-25"}, True), ({"from": "2026-11-26"}, False),
                                               ({"from": "2026-11-25", "to": None}, True)], 2):  # fmt: skip
        content = {**CONTENT, "outside_contacts": [plain | dates]}
        PlanVersion.objects.create(plan=world.plan, number=number, content=content, published_at=NOW)
        case = ready(world)
        with clock.moved_to(NOW):
            page = said(client(world).get(url(case, name="desk-set-aside")))
        assert ('value="labour"' in page) is is_open
        answer = aside(world, case, reason="not_ours", contact="labour")
        assert (answer.status_code, fault(answer, "contact") == "") == ((302, True) if is_open else (422, False))
    assert answer_to(told) == TOLD
