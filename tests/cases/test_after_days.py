"""Asking again on the days calendars are made of: ends of months, leap days, closures, both ends of each span, two at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases import after
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.follow_ups import Answer, answer_follow_up, ask_no_more, months_after, record_follow_up
from renkei.cases.after import run_follow_ups
from renkei.cases.models import Case, FollowUp, Trouble
from renkei.cases.queries.follow_ups import STATES, FollowUpsWanted, follow_ups_wanted, read_wanted
from renkei.plan.models import PlanVersion
from renkei.post.models import Link, Mail, Nudge
from tests.cases.making import arrived, company, events, fresh, refuses, steps
from tests.cases.test_follow_ups import firm
from tests.world import BANK, CONTENT, DESK, LAB, World

GOOD = Answer("yes", satisfaction=4, words="量産を始めた。")
DAY = dt.timedelta(days=1)


def on(day: dt.date, days: int = 0, hour: int = 10) -> Any:
    return clock.moved_to(clock.at(day + days * DAY, hour))


def closed(world: World, day: dt.date, hour: int = 10, **more: Any) -> Case:
    with on(day, hour=hour):
        case = arrived(world, **more).case
        close_case(case, by=world.desk, reason="solved", words="終わった。", result="solved", answer_to_company="商工会へ。")
    return fresh(case)


def rule(world: World, number: int = 2, **said: Any) -> None:
    PlanVersion.objects.create(plan=world.plan, number=number, content=CONTENT | {"follow_up": said}, published_at=clock.now())


def states(case: Case) -> list[tuple[int, str, str]]:
    rows = FollowUp.objects.filter(case=case).order_by("due_on", "planned_at")
    return [(one.months, one.state, one.ended_because) for one in rows]


# -- the day ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "due"),
    [
        (dt.date(2026, 8, 31), [dt.date(2027, 2, 28), dt.date(2027, 8, 31), dt.date(2028, 8, 31)]),
        (dt.date(2027, 8, 31), [dt.date(2028, 2, 29), dt.date(2028, 8, 31), dt.date(2029, 8, 31)]),
        (dt.date(2028, 2, 29), [dt.date(2028, 8, 29), dt.date(2029, 2, 28), dt.date(2030, 2, 28)]),
        (dt.date(2026, 12, 31), [dt.date(2027, 6, 30), dt.date(2027, 12, 31), dt.date(2028, 12, 31)]),
        (dt.date(2026, 3, 31), [dt.date(2026, 9, 30), dt.date(2027, 3, 31), dt.date(2028, 3, 31)]),
    ],
)  # fmt: skip
def test_the_end_of_a_month_stays_the_end_of_a_month(world: World, end: dt.date, due: list[dt.date]) -> None:
    case = closed(world, end)
    assert list(FollowUp.objects.filter(case=case).order_by("months").values_list("due_on", flat=True)) == due


def test_every_day_of_a_leap_year_has_its_day_later() -> None:
    days = [dt.date(2028, 1, 1) + n * DAY for n in range(366)]
    for months in (1, 6, 12, 24, 60):
        later = [months_after(day, months) for day in days]
        assert later == sorted(later)
        for day, then in zip(days, later, strict=True):
            assert (then.year * 12 + then.month) - (day.year * 12 + day.month) == months
            assert then.day == day.day or (then + DAY).day == 1


@pytest.mark.parametrize(("hour", "utc_day"), [(0, 24), (8, 24), (9, 25), (23, 25)])
def test_the_end_counts_by_the_day_of_tokyo(world: World, hour: int, utc_day: int) -> None:
    case = closed(world, dt.date(2026, 5, 25), hour=hour)
    assert case.closed_at is not None
    assert case.closed_at.astimezone(dt.UTC).day == utc_day
    assert {one.due_on.day for one in FollowUp.objects.filter(case=case)} == {25}


@pytest.mark.parametrize(
    ("end", "quiet", "asked"),
    [
        (dt.date(2026, 8, 31), [dt.date(2027, 2, 26), dt.date(2027, 2, 27), dt.date(2027, 2, 28)], dt.date(2027, 3, 1)),  # a Sunday
        (dt.date(2026, 6, 29), [dt.date(2026, 12, 28), dt.date(2026, 12, 29), dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2027, 1, 3)],
         dt.date(2027, 1, 4)),  # the plan's closure
        (dt.date(2026, 5, 23), [dt.date(2026, 11, 20), dt.date(2026, 11, 22), dt.date(2026, 11, 23)], dt.date(2026, 11, 24)),  # a holiday
        (dt.date(2027, 8, 31), [dt.date(2028, 2, 28)], dt.date(2028, 2, 29)),  # the leap day itself, a Tuesday
    ],
)  # fmt: skip
def test_firms_are_written_to_on_the_first_business_day(world: World, end: dt.date, quiet: list[dt.date], asked: dt.date) -> None:
    case = closed(world, end)
    for day in quiet:
        with on(day):
            assert (run_follow_ups(), Link.objects.filter(purpose="follow").count()) == (0, 0)
    with on(asked):
        assert (run_follow_ups(), states(case)[0]) == (1, (6, "asked", ""))


@pytest.mark.parametrize(("days", "seconds", "acts"), [(14, 0, 0), (14, 1, 1), (14, -1, 0), (20, 0, 1)])
def test_reminded_after_fourteen_whole_days(world: World, days: int, seconds: int, acts: int) -> None:
    case = closed(world, dt.date(2026, 5, 25))
    day = dt.date(2026, 11, 25)
    with on(day):
        run_follow_ups()
    moment = clock.at(day, 10) + days * DAY + dt.timedelta(seconds=seconds)
    with clock.moved_to(moment):
        assert run_follow_ups() == acts
        assert FollowUp.objects.filter(case=case, reminded_at=moment).count() == acts


@pytest.mark.parametrize(("days", "seconds", "state"), [(60, 0, "asked"), (60, 1, "ended"), (61, 0, "ended")])
def test_waited_for_sixty_whole_days(world: World, days: int, seconds: int, state: str) -> None:
    case = closed(world, dt.date(2026, 5, 25))
    day = dt.date(2026, 11, 27)  # sixty days later is a Tuesday
    with on(day):
        run_follow_ups()
    FollowUp.objects.filter(asked_at__isnull=False).update(reminded_at=clock.at(day, 12))
    with clock.moved_to(clock.at(day, 10) + days * DAY + dt.timedelta(seconds=seconds)):
        run_follow_ups()
    assert states(case)[0][1] == state


def test_the_plan_says_how_long(world: World) -> None:
    with on(dt.date(2026, 5, 1)):
        rule(world, months=[1], remind_after_days=2, wait_days=5)
    case = closed(world, dt.date(2026, 5, 25))
    with on(dt.date(2026, 6, 25)):
        assert run_follow_ups() == 1
        assert {one.expires_at - clock.now() for one in Link.objects.filter(purpose="follow")} == {5 * DAY}
    with on(dt.date(2026, 6, 29)):
        assert run_follow_ups() == 1
    with on(dt.date(2026, 7, 1)):
        assert run_follow_ups() == 1
    assert states(case) == [(1, "ended", "silent")]
    assert [after for verb, _before, after in steps(case) if verb == "follow_up"] == ["asked_mail", "reminded", "silent"]


# -- twice, and two at once ---------------------------------------------------------------------------------------------


def test_five_runs_a_day_write_what_one_writes(world: World) -> None:
    cases = [closed(world, dt.date(2026, 5, 25), company=company(name=f"狐火{n}株式会社")) for n in range(3)]
    counts = []
    for days in (0, 15, 61):
        with on(dt.date(2026, 11, 25), days):
            counts.append([run_follow_ups() for _turn in range(5)])
    assert counts == [[3, 0, 0, 0, 0], [3, 0, 0, 0, 0], [3, 0, 0, 0, 0]]
    assert (events("follow_up.ask"), events("follow_up.remind"), events("follow_up.end")) == (3, 3, 3)
    assert Mail.objects.filter(subject__startswith="その後").count() == 6
    assert [states(one)[0] for one in cases] == [(6, "ended", "silent")] * 3


@pytest.mark.parametrize("meanwhile", ["asked", "answered", "reopened", "unwanted"])
def test_a_worker_that_comes_second_looks_again_under_the_lock(world: World, monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    """Both have read the same list; the other one, or somebody on screen, was first."""
    case = closed(world, dt.date(2026, 5, 25))
    with on(dt.date(2026, 11, 25)):
        late = list(FollowUp.objects.due().values_list("pk", flat=True))
        assert len(late) == 1
        row = FollowUp.objects.get(pk=late[0])
        if meanwhile in {"asked", "answered"}:
            assert run_follow_ups() == 1
        if meanwhile == "answered":
            answer_follow_up(row, GOOD, by=firm(row))
        if meanwhile == "reopened":
            reopen_case(case, by=world.desk, reason="また")
        if meanwhile == "unwanted":
            ask_no_more(row, by=world.desk)
        before = (Mail.objects.count(), Nudge.objects.count(), states(case), events("follow_up.ask"), events("follow_up.end"))
        assert after._each(late, after._ask) == 0
        assert before == (Mail.objects.count(), Nudge.objects.count(), states(case), events("follow_up.ask"), events("follow_up.end"))
    with on(dt.date(2026, 11, 25), 15):
        second = FollowUp.objects.get(pk=late[0])
        acts = [after._each(late, act) for act in (after._remind, after._remind)]
        assert acts == [int(meanwhile == "asked"), 0]
        assert (fresh(second).reminded_at is not None) == (meanwhile == "asked")


def test_one_case_that_fails_is_taken_back_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = closed(world, dt.date(2026, 5, 25))

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("the mail cannot be written")

    with on(dt.date(2026, 11, 25)):
        monkeypatch.setattr("renkei.cases.mails.follow_up", broken)
        with pytest.raises(RuntimeError), transaction.atomic():
            run_follow_ups()
        assert (states(case)[0], Link.objects.filter(purpose="follow").count(), events("follow_up.ask")) == ((6, "due", ""), 0, 0)
        monkeypatch.undo()
        assert (run_follow_ups(), states(case)[0]) == (1, (6, "asked", ""))


def test_under_the_real_worker_each_is_asked_once(committed_world: World, login: Any) -> None:
    cases = [closed(committed_world, dt.date(2026, 5, 25), company=company(name=f"狐火{n}株式会社")) for n in range(2)]
    for days, expected in ((0, [2, 0]), (15, [2, 0]), (61, [2, 0])):
        with on(dt.date(2026, 11, 25), days), login("worker"):
            assert [run_follow_ups(), run_follow_ups()] == expected
    assert [states(one)[0] for one in cases] == [(6, "ended", "silent")] * 2
    assert Mail.objects.filter(subject__startswith="その後").count() == 4


# -- after the answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "seconds", "code"), [(6, 0, ""), (7, -1, ""), (7, 0, "answered"), (30, 0, "answered")])
def test_the_firm_corrects_within_seven_days_and_not_a_second_longer(world: World, days: int, seconds: int, code: str) -> None:
    case = closed(world, dt.date(2026, 5, 25))
    day = dt.date(2026, 11, 25)
    with on(day):
        run_follow_ups()
        row = FollowUp.objects.get(case=case, months=6)
        by = firm(row)
        answer_follow_up(row, GOOD, by=by)
    with clock.moved_to(clock.at(day, 10) + days * DAY + dt.timedelta(seconds=seconds)):
        Link.objects.filter(subject=row.pk).update(expires_at=clock.now() + DAY)  # the rule itself, not the link, says no
        if code:
            with refuses(code):
                answer_follow_up(row, Answer("no", satisfaction=1), by=by)
            assert fresh(row).useful == "yes"
        else:
            answer_follow_up(row, Answer("no", satisfaction=1), by=by)
            assert (fresh(row).useful, fresh(row).corrected_at) == ("no", clock.now())


def test_what_was_heard_early_is_not_asked_any_more(world: World) -> None:
    case = closed(world, dt.date(2026, 5, 25))
    row = FollowUp.objects.get(case=case, months=6)
    with on(dt.date(2026, 10, 24)), refuses("too_early"):
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
    with on(dt.date(2026, 10, 25)):
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
    with on(dt.date(2026, 11, 25)):
        assert (run_follow_ups(), states(case)[0]) == (0, (6, "answered", ""))


# -- the list -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def listed(world: World) -> dict[str, Case]:
    """One case for every state its first row can be in, read on 25 November."""
    with on(dt.date(2026, 5, 1)):
        rule(world, months=[6])
    half, names = dt.date(2026, 5, 25), ("planned", "due", "asked", "phone", "answered", "trouble", "silent", "unwanted")
    made = {name: closed(world, half + DAY * 20 if name == "planned" else half, company=company(name=f"{name}工業株式会社"), company_given=f"{name}工業",
                         email="" if name == "phone" else "saito@kitsunebi.example") for name in names}  # fmt: skip
    with on(dt.date(2026, 11, 25)):
        FollowUp.objects.filter(case=made["due"]).update(due_on=clock.today() + DAY)
        run_follow_ups()
        FollowUp.objects.filter(case=made["due"]).update(due_on=clock.today())
        for name in ("answered", "trouble"):
            row = FollowUp.objects.get(case=made[name])
            answer_follow_up(row, Answer("yes", Trouble.SAME if name == "trouble" else Trouble.NO, satisfaction=4), by=firm(row))
        ask_no_more(FollowUp.objects.get(case=made["unwanted"]), by=world.desk)
        FollowUp.objects.filter(case=made["silent"]).update(ended_at=clock.now(), ended_because="silent")
    Case.objects.filter(pk=made["asked"].pk).update(holder=LAB)
    return made


EACH = {"": {"due", "asked", "phone", "answered", "trouble"}, "planned": {"planned"}, "due": {"due"}, "phone": {"phone"}, "asked": {"asked"},
        "answered": {"answered", "trouble"}, "trouble": {"trouble"}, "ended": {"silent", "unwanted"}}  # fmt: skip


def test_each_filter_of_the_list_alone_and_with_every_other(world: World, listed: dict[str, Case]) -> None:
    names = {one.pk: name for name, one in listed.items()}
    assert set(EACH) == {"", *STATES}

    def found(who: Any = None, **wanted: str) -> set[str]:
        rows = list(follow_ups_wanted(FollowUpsWanted(**wanted), who or world.desk))
        assert len(rows) == len({row.pk for row in rows})
        return {names[row.case_id] for row in rows}

    with on(dt.date(2026, 11, 25)):
        holders = {"": set(listed), DESK: set(listed) - {"asked"}, LAB: {"asked"}, BANK: set(), "odd": set()}
        words = {"": set(listed), "phone工業": {"phone"}, "p": set(listed), "nobody": set(), listed["due"].number: {"due"}}
        for state, inside in EACH.items():
            for months, times in (("", set(listed)), ("6", set(listed)), ("12", set())):
                for holder, held in holders.items():
                    for q, said in words.items():
                        given = {"state": state, "months": months, "by": holder, "q": q}
                        assert (given, found(**given)) == (given, inside & times & held & said)
        assert {state: found(world.lab, state=state) for state in EACH} == {state: {"asked"} & inside for state, inside in EACH.items()}
        assert {state: found(world.bank, state=state) for state in EACH} == {state: set() for state in EACH}


def test_what_is_in_trouble_leaves_the_list_when_it_is_taken_up(world: World, listed: dict[str, Case]) -> None:
    with on(dt.date(2026, 11, 25)):
        reopen_case(fresh(listed["trouble"]), by=world.desk, reason="また")
        assert not follow_ups_wanted(FollowUpsWanted("trouble"), world.desk).exists()
        assert {row.case_id for row in follow_ups_wanted(FollowUpsWanted("answered"), world.desk)} == {listed["answered"].pk, listed["trouble"].pk}
        assert follow_ups_wanted(FollowUpsWanted("trouble"), SYSTEM).count() == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", FollowUpsWanted()), ("state=asked&months=6&by=x&q=a", FollowUpsWanted("asked", "6", "x", "a")), ("state=nothing", FollowUpsWanted()),
        ("months=６", FollowUpsWanted()), ("months=-6", FollowUpsWanted()), ("months=600", FollowUpsWanted()), ("months=%C2%B2", FollowUpsWanted()),
        ("q=" + "a" * 300, FollowUpsWanted(q="a" * 100)), ("q=%00%00", FollowUpsWanted()), ("state=due&state=asked", FollowUpsWanted("asked")),
        ("page=2&odd=1", FollowUpsWanted()),
    ],
)  # fmt: skip
def test_what_stands_in_the_address_is_read_as_far_as_it_is_known(text: str, wanted: FollowUpsWanted) -> None:
    assert read_wanted(text) == wanted
    assert read_wanted(wanted.query) == wanted
