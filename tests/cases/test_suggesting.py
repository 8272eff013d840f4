"""New entries and cases under way: who could use them now hears of it once, and nobody else hears anything."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases import digest
from renkei.cases.actions import suggesting
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.suggesting import answer_suggestion, new_entries, open_needs, suggest
from renkei.cases.entry_news import run_entry_news, run_entry_news_again
from renkei.cases.models import Case, Need, Suggestion, Support
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.models import Judgment
from renkei.post.models import Nudge
from tests.cases.making import NOON, arrived, events, need_of, offered, summarise
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.usefixtures("index_at_noon")
HOUR = dt.timedelta(hours=1)
LATER = NOON + dt.timedelta(days=2)
MACHINE = EntryRow(id="EQ1", kind="equipment", name="雷サージ試験機", body=CENTER, summary="電源装置に雷サージを加える試験をする。")


@pytest.fixture
def need(world: World) -> Need:
    return waiting(world)


def waiting(world: World) -> Need:
    """A need under way at the desk: the test of a power supply against surges."""
    case = arrived(world).case
    summarise(case, world)
    return need_of(case, world)


def put(*rows: EntryRow) -> None:
    put_entries(rows, kept_by="test", by=SYSTEM)


def run(since: dt.timedelta = HOUR) -> int:
    return suggest(clock.now() - since)


def told() -> set[str]:
    return set(Suggestion.objects.values_list("entry_id", flat=True))


def test_a_new_machine_is_told_to_the_holder_once(need: Need) -> None:
    with clock.moved_to(LATER):
        put(MACHINE)
        assert run() == 1
        assert run() == 0
        put(EntryRow(**{**vars_of(MACHINE), "summary": "電源装置に雷サージを加える試験。新しくなりました。"}))
        assert run() == 0
    made = Suggestion.objects.get()
    assert (made.case_id, made.need_id, made.entry_id, made.answer) == (need.case_id, need.pk, "EQ1", "")
    assert set(made.words.split("、")) >= {"試験", "サージ"}
    nudge = Nudge.objects.get(kind="entry")
    assert (nudge.case, nudge.body, nudge.about) == (need.case_id, DESK, made.pk)
    assert "雷" not in nudge.words + nudge.title
    assert events("case.suggest") == 1


def vars_of(row: EntryRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def test_what_was_there_before_is_no_news(world: World) -> None:
    put(MACHINE)
    with clock.moved_to(NOON + HOUR):
        waiting(world)
        assert suggest(NOON - HOUR) == 0


def test_a_call_that_opens_is_news_though_long_known(world: World) -> None:
    opens = LATER.date()
    call = WindowRow("call", opens, opens + dt.timedelta(days=30))
    put(EntryRow(id="PG1", kind="programme", name="電源装置の雷サージ試験の補助金", body=CENTER, windows=(call,)))
    with clock.moved_to(NOON + HOUR):
        waiting(world)
        assert run(HOUR / 60) == 0
    with clock.moved_to(LATER):
        assert [one.pk for one in new_entries(LATER, opens)] == ["PG1"]
        assert run() == 1
    assert told() == {"PG1"}


@pytest.mark.parametrize(
    "row",
    [
        EntryRow(id="X", kind="equipment", name="漁網の編み機", body=CENTER, summary="網を編む。"),
        EntryRow(id="X", kind="person", name="雷サージ試験の人", body=CENTER, summary="電源装置の試験。"),
        EntryRow(id="X", kind="example", name="雷サージ試験の事例", summary="電源装置の試験。"),
        EntryRow(id="X", kind="programme", name="雷サージ試験の補助金", summary="電源装置", windows=(WindowRow("call", None, NOON.date()),)),
    ],
)
def test_what_shares_too_little_or_is_over_or_of_another_kind_is_not_told(need: Need, row: EntryRow) -> None:
    with clock.moved_to(LATER):
        put(row)
        assert run() == 0


def test_only_the_first_three_of_a_kind_and_three_a_case(need: Need) -> None:
    with clock.moved_to(LATER):
        put(*(EntryRow(id=f"EQ{n}", kind=kind, name=f"雷サージ試験機{n}", body=CENTER, summary="電源装置の試験。")
              for n, kind in enumerate(["equipment"] * 5 + ["seed"] * 5)))  # fmt: skip
        assert run() == suggesting.MOST_A_CASE
        assert run() == 3
        assert len({one.entry.kind for one in Suggestion.objects.all()}) == 2
        assert run() == 0


def test_few_against_needs_and_many_the_other_way_find_the_same(need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.moved_to(LATER):
        put(MACHINE, EntryRow(id="EQ2", kind="equipment", name="旋盤", body=CENTER))
        found = [(one.need.pk, hit.entry.pk) for one, hit in suggesting.fitting(new_entries(NOON, LATER.date()), open_needs(), suggesting.knowledge())]
        monkeypatch.setattr(suggesting, "FEW", 0)
        again = [(one.need.pk, hit.entry.pk) for one, hit in suggesting.fitting(new_entries(NOON, LATER.date()), open_needs(), suggesting.knowledge())]
    assert found == again == [(need.pk, "EQ1")]


def test_what_comes_far_behind_the_best_of_all_kinds_is_not_told(need: Need) -> None:
    """A machine that shares two common words stays quiet beside a seed that fits; alone it would be the best there is."""
    with clock.moved_to(LATER):
        put(EntryRow(id="SD1", kind="seed", name="電源装置の雷サージ試験", body=CENTER, summary="雷サージの試験で電源装置を試作。" * 3),
            EntryRow(id="EQ9", kind="equipment", name="大きな網の編み機", body=CENTER, summary="漁網を編む。装置の試験もする。" + "網と船と港と海。" * 20))  # fmt: skip
        run()
    assert told() == {"SD1"}


def test_a_closed_case_hears_nothing(world: World) -> None:
    need = waiting(world)
    other = waiting(world)
    Case.objects.filter(pk=other.case_id).update(state="closed", closed_at=NOON, close_reason="other_way")
    with clock.moved_to(LATER):
        put(MACHINE)
        assert run() == 1
    assert set(Suggestion.objects.values_list("case_id", flat=True)) == {need.case_id}


@pytest.mark.parametrize(("answer", "count"), [("", 0), ("accept", 0), ("decline", 1), ("expired", 1)])
def test_a_body_at_work_for_the_case_is_no_news_and_one_that_said_no_may_have_it_now(world: World, answer: str, count: int) -> None:
    need = waiting(world)
    support = offered(world, case=need.case)
    if answer == "accept":
        accept(support, by=world.lab)
    elif answer == "decline":
        decline(support, by=world.lab, reason="busy")
    elif answer:
        Support.objects.filter(pk=support.pk).update(state=answer)
    with clock.moved_to(LATER):
        put(EntryRow(**{**vars_of(MACHINE), "body": LAB}))
        assert run() == count


def test_the_firms_words_count_only_where_the_holder_took_them(world: World) -> None:
    need = waiting(world)
    one = next(one for one in open_needs() if one.need == need)
    words = Case.objects.get(pk=need.case_id).consultations.get().text
    assert words in one.text
    assert words not in one.shown
    Case.objects.filter(pk=need.case_id).update(holder_id=LAB)
    assert next(one for one in open_needs() if one.need == need).text == one.shown


def test_the_answer_is_a_judgment_and_ends_the_news(world: World) -> None:
    waiting(world)
    with clock.moved_to(LATER):
        put(EntryRow(**{**vars_of(MACHINE), "service": "equipment-tests"}))
        run()
        made = Suggestion.objects.get()
        with pytest.raises(Refused) as caught, transaction.atomic():
            answer_suggestion(made, by=world.desk, answer="maybe")
        assert caught.value.code == "unknown_answer"
        for actor in (world.lab, world.bank):
            with pytest.raises(Refused) as caught, transaction.atomic():
                answer_suggestion(made, by=actor, answer="used")
            assert caught.value.code == "not_holder"
        answer_suggestion(made, by=world.desk, answer="unfit")
        answer_suggestion(made, by=world.desk, answer="unfit")
        digest.sweep()
    kept = Suggestion.objects.get()
    assert (kept.answer, kept.answered_by_id) == ("unfit", world.desk.person)
    assert list(Judgment.objects.values_list("entry_id", "fits", "body_id")) == [("EQ1", False, CENTER)]
    assert events("case.suggestion") == 1
    assert Nudge.objects.get(kind="entry").settled_at is not None
    assert not Suggestion.objects.open().exists()


def test_the_run_under_the_workers_login_and_who_sees_what(committed_world: World, login: Any) -> None:
    world = committed_world
    need = waiting(world)
    with clock.moved_to(LATER):
        put(MACHINE)
        with login("worker"):
            assert run_entry_news() == 1
            assert run_entry_news() == 0
            assert run_entry_news_again() == 0
        with login("web"):
            for actor, wanted in {world.desk: {"EQ1"}, world.lab: set(), world.bank: set()}.items():
                with acting(actor):
                    assert set(Suggestion.objects.values_list("entry_id", flat=True)) == wanted
                    assert set(Suggestion.objects.visible_to(actor).values_list("entry_id", flat=True)) == wanted
            with acting(world.desk):
                answer_suggestion(Suggestion.objects.get(), by=world.desk, answer="used")
                with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                    Suggestion.objects.create(case_id=need.case_id, need=need, entry_id="EQ1", score=1, found_at=clock.now())
    assert Suggestion.objects.get().answer == "used"


@pytest.mark.parametrize(
    ("change", "name"),
    [({"answer": "used"}, "suggestion_answer_has_time"), ({"answer": "so", "answered_at": NOON}, "suggestion_answer")],
)
def test_the_database_holds_answers(need: Need, change: dict[str, Any], name: str) -> None:
    put(MACHINE)
    given = {"case_id": need.case_id, "need": need, "entry_id": "EQ1", "score": 1.0, "found_at": NOON}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Suggestion.objects.create(**given | change)
    Suggestion.objects.create(**given)
    with pytest.raises(IntegrityError, match="suggestion_once"), transaction.atomic():
        Suggestion.objects.create(**given)


