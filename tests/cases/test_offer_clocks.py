"""The clocks of an offer on a real calendar: year end, Golden Week, leap day; each rings once and says so in words."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import accept, answer_question, ask, decline, record_answer
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.talk import company_writes
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Support, Transition
from renkei.cases.queries.timeline import timeline
from renkei.plan.models import PlanVersion
from renkei.post.links import open_link
from renkei.post.models import Link, Mail, Nudge
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, fresh, leave, mails, need_of, offered, pick
from tests.cases.test_offers import token_of
from tests.world import CENTER, CONTENT, DESK, LAB, World

DAY = dt.timedelta(days=1)
# asked on, due, reminded, holder told, expired
CALENDARS = {
    "an ordinary week": ("2026-11-25", "2026-12-01", "2026-12-02", "2026-12-03", "2026-12-07"),
    "asked on a Saturday": ("2026-11-28", "2026-12-03", "2026-12-04", "2026-12-07", "2026-12-09"),
    "asked on New Year's Eve": ("2026-12-31", "2027-01-07", "2027-01-08", "2027-01-12", "2027-01-14"),
    "over the year end": ("2026-12-28", "2027-01-07", "2027-01-08", "2027-01-12", "2027-01-14"),
    "before Golden Week": ("2027-04-21", "2027-04-27", "2027-04-28", "2027-04-30", "2027-05-07"),
    "into Golden Week": ("2027-04-28", "2027-05-10", "2027-05-11", "2027-05-12", "2027-05-14"),
    "over a leap day": ("2028-02-25", "2028-03-02", "2028-03-03", "2028-03-06", "2028-03-08"),
    "over the fiscal year": ("2027-03-31", "2027-04-06", "2027-04-07", "2027-04-08", "2027-04-12"),
}


def days(name: str) -> list[dt.date]:
    return [dt.date.fromisoformat(one) for one in CALENDARS[name]]


def on(day: dt.date, hour: int = 9, minute: int = 0) -> Any:
    return clock.moved_to(clock.at(day, hour, minute))


def asked_on(day: dt.date, world: World, **more: Any) -> Support:
    with on(day, 10):
        return offered(world, **more)


def walk(first: dt.date, last: dt.date) -> dict[str, list[dt.date]]:
    """Run the clocks in the first and the last minute of each day; tell on which days each of an offer's clocks rang."""
    rang: dict[str, list[dt.date]] = {"reminded": [], "silent": [], "expired": []}
    for n in range((last - first).days + 1):
        for hour, minute in ((0, 0), (23, 59)):
            with on(first + n * DAY, hour, minute):
                report = run_clocks()
            for name, found in rang.items():
                found.extend([first + n * DAY] * getattr(report, name))
    return rang


@pytest.mark.parametrize("name", CALENDARS)
def test_each_clock_rings_once_on_its_business_day(world: World, name: str) -> None:
    start, due, reminded, told, expired = days(name)
    support = asked_on(start, world)
    assert (support.due_on, walk(start, start + DAY)["reminded"]) == (due, [])
    assert walk(due, expired + 2 * DAY) == {"reminded": [reminded], "silent": [told], "expired": [expired]}
    assert fresh(support).state == "expired"


@pytest.mark.parametrize("name", ["over the year end", "before Golden Week", "over a leap day"])
def test_the_link_opens_until_the_last_minute_of_the_last_day(world: World, name: str) -> None:
    start, _due, _reminded, _told, expired = days(name)
    asked_on(start, world)
    assert Link.objects.get(purpose="offer").expires_at == clock.at(expired + DAY, 0)


def test_midnight_is_tokyos(world: World) -> None:
    start, due, reminded, _told, _expired = days("an ordinary week")
    support = asked_on(start, world)
    with on(due, 23, 59):
        assert (fresh(support).is_late, run_clocks().reminded) == (False, 0)
    with on(reminded, 0):  # still the day before in London
        assert (fresh(support).is_late, run_clocks().reminded) == (True, 1)


def test_holidays_of_the_region_come_from_its_plan(world: World) -> None:
    content = copy.deepcopy(CONTENT)
    content["calendar"]["closed"].append({"from": "11-26", "to": "11-30"})
    PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
    assert asked_on(dt.date(2026, 11, 25), world).due_on == dt.date(2026, 12, 4)


def test_the_firm_hears_a_day_on_which_somebody_works(world: World) -> None:
    asked_on(dt.date(2026, 12, 16), world)
    walk(dt.date(2026, 12, 22), dt.date(2026, 12, 28))
    late = Mail.objects.get(purpose="company", subject__startswith="返事が遅れています")
    assert "1月5日までにお知らせします" in late.text
    assert Case.objects.get().next_on == dt.date(2027, 1, 5)


def test_each_offer_has_its_own_clock(world: World) -> None:
    start = dt.date(2026, 11, 25)
    with on(start, 10):
        case = arrived(world).case
        need = need_of(case, world)
        leave(*send_offers(case, [
            pick(need, due_on=dt.date(2026, 11, 26)), pick(need, CENTER, "tech-consultation", due_on=dt.date(2026, 12, 1)),
        ], by=world.desk))  # fmt: skip
    rang = walk(start, dt.date(2026, 12, 10))
    assert rang == {"reminded": [dt.date(2026, 11, 27), dt.date(2026, 12, 2)],
                    "silent": [dt.date(2026, 11, 30), dt.date(2026, 12, 3)],
                    "expired": [dt.date(2026, 12, 2), dt.date(2026, 12, 7)]}
    assert {(one.body_id, one.state) for one in Support.objects.all()} == {(LAB, "expired"), (CENTER, "expired")}


@pytest.mark.parametrize("day", range(1, 7))
def test_an_answer_on_any_day_stops_the_clocks(world: World, day: int) -> None:
    start, *_rest, expired = days("an ordinary week")
    support = asked_on(start, world)
    walk(start + (day - 1) * DAY, start + day * DAY)
    with on(start + day * DAY, 18):
        accept(fresh(support), by=world.lab)
    before = {purpose: len(mails(purpose)) for purpose in ("reminder", "silence", "expired")}
    assert walk(start + (day + 1) * DAY, expired + 3 * DAY) == {"reminded": [], "silent": [], "expired": []}
    assert {purpose: len(mails(purpose)) for purpose in before} == before


def test_a_reminder_that_waits_is_called_back_by_the_answer(world: World) -> None:
    start, _due, reminded, *_rest = days("an ordinary week")
    support = asked_on(start, world)
    walk(start, reminded)
    assert mails("reminder") == [("hibari-lab@hibari.example", "waiting")]
    with on(reminded, 10):
        decline(fresh(support), by=world.lab, reason="busy")
    assert mails("reminder") == [("hibari-lab@hibari.example", "settled")]


class TestQuestion:
    """A body that asks back waits for us: its clocks rest and the holder's begins."""

    @pytest.fixture
    def support(self, world: World) -> Support:
        return asked_on(dt.date(2026, 11, 25), world)

    def test_while_it_is_open_only_the_holder_is_late(self, world: World, support: Support) -> None:
        with on(dt.date(2026, 11, 26)):
            ask(support, by=world.lab, question="大きさは。")
        assert walk(dt.date(2026, 11, 26), dt.date(2026, 12, 9)) == {"reminded": [], "silent": [], "expired": []}
        late = Nudge.objects.get(kind="late")
        assert (late.address, late.title) == ("hibari-desk@people.example", "質問への答えが遅れています")
        assert "会社" not in late.words
        assert "大きさ" not in late.title + late.words

    def test_the_answer_starts_every_clock_anew(self, world: World, support: Support) -> None:
        walk(dt.date(2026, 12, 2), dt.date(2026, 12, 3))  # reminded and told already
        with on(dt.date(2026, 12, 4), 10):
            ask(fresh(support), by=world.lab, question="大きさは。")
        with on(dt.date(2026, 12, 4), 15):
            answer_question(fresh(support), by=world.desk, text="30センチ角です")
        assert fresh(support).due_on == dt.date(2026, 12, 10)
        assert walk(dt.date(2026, 12, 7), dt.date(2026, 12, 18)) == {
            "reminded": [dt.date(2026, 12, 11)], "silent": [dt.date(2026, 12, 14)], "expired": [dt.date(2026, 12, 16)]}
        assert len(mails("reminder")) == 2
        assert Transition.objects.filter(verb="reminded").count() == 2

    def test_a_later_due_day_is_not_brought_forward(self, world: World) -> None:
        support = asked_on(dt.date(2026, 11, 25), world, due_on=dt.date(2027, 1, 29))
        with on(dt.date(2026, 11, 27)):
            ask(support, by=world.lab, question="大きさは。")
            answer_question(support, by=world.desk, text="30センチ")
        assert fresh(support).due_on == dt.date(2027, 1, 29)

    def test_the_fresh_link_lives_as_long_as_the_new_deadline(self, world: World, support: Support) -> None:
        with on(dt.date(2026, 12, 1), 10):
            ask(support, by=world.lab, question="大きさは。")
            answer_question(support, by=world.desk, text="30センチ")
            assert open_link(token_of(support)) is not None
        newest = Link.objects.filter(purpose="offer", closed_at__isnull=True).latest("made_at")
        assert newest.expires_at == clock.at(dt.date(2026, 12, 12), 0)


class TestLateAnswers:
    """After the deadline an answer still counts, and undoes nothing that was decided since."""

    @pytest.fixture
    def expired(self, world: World) -> Support:
        start, _due, reminded, _told, last = days("an ordinary week")
        support = asked_on(start, world, service="tech-consultation")
        walk(reminded, last)
        return fresh(support)

    @pytest.fixture(autouse=True)
    def _then(self, expired: Support) -> Any:
        with on(dt.date(2026, 12, 8)):
            yield

    def told(self) -> list[str]:
        return sorted(Mail.objects.filter(purpose="company").values_list("subject", flat=True))

    def test_a_late_no_is_on_record_and_the_choice_stands(self, world: World, expired: Support) -> None:
        before, told = fresh(expired.case), self.told()
        decline(expired, by=world.lab, reason="busy")
        after = fresh(expired.case)
        assert (fresh(expired).state, fresh(expired).decline_reason) == ("declined", "busy")
        assert (after.next_step, after.next_on, after.next_kind) == (before.next_step, before.next_on, "choose")
        assert self.told() == told  # the firm heard of the delay when the deadline passed
        assert Nudge.objects.filter(title__startswith="辞退の返事", address="hibari-desk@people.example").count() == 1

    def test_a_late_no_does_not_stop_the_body_that_took_over_meanwhile(self, world: World, expired: Support) -> None:
        taken = send_offers(fresh(expired.case), [pick(expired.need, CENTER, "tech-consultation", takes_over=True)],
                            by=world.desk)[0]  # fmt: skip
        accept(taken, by=world.center)
        before, told = fresh(expired.case), self.told()
        decline(expired, by=world.lab, reason="busy")
        after = fresh(expired.case)
        assert (after.holder_id, after.next_body_id, after.next_step) == (CENTER, CENTER, before.next_step)
        assert self.told() == told

    def test_a_late_no_by_telephone_is_told_to_the_body(self, world: World, expired: Support) -> None:
        record_answer(expired, by=world.desk, answer="decline", reason="busy", answered_by="江澤")
        assert (fresh(expired).state, mails("recorded")) == ("declined", [("hibari-lab@hibari.example", "waiting")])

    def test_a_late_yes_is_taken_and_the_firm_hears_it(self, world: World, expired: Support) -> None:
        accept(expired, by=world.lab)
        assert fresh(expired).state == "accepted"
        assert self.told()[0] == "支援する機関が決まりました（県 8-0001）"
        assert fresh(expired.case).next_kind == "choose"  # the holder has not yet said that nobody else is needed


class TestFirstAnswer:
    @pytest.mark.parametrize(
        ("came", "due"),
        [("2026-12-28", "2027-01-05"), ("2027-04-28", "2027-05-06"), ("2028-02-28", "2028-03-01"), ("2026-11-28", "2026-12-01")],
    )
    def test_it_is_late_from_the_day_after(self, world: World, came: str, due: str) -> None:
        with on(dt.date.fromisoformat(came)):
            case = arrived(world).case
        last = dt.date.fromisoformat(due)
        assert case.next_on == last
        with on(last, 23, 59):
            assert run_clocks().late == 0
        with on(last + DAY, 0):
            assert (run_clocks().late, run_clocks().late) == (1, 0)

    def test_a_new_word_of_the_firm_sets_the_alarm_again(self, world: World) -> None:
        with on(dt.date(2026, 11, 25)):
            case = arrived(world).case
        with on(dt.date(2026, 11, 30)):
            assert run_clocks().late == 1
            Case.objects.update(next_on=dt.date(2027, 1, 29), next_kind="work")
            company_writes(fresh(case), by=firm(case), text="どうなりましたか。")
        with on(dt.date(2026, 12, 3)):
            assert run_clocks().late == 1
        assert len(mails("late")) == 2


def test_silence_is_told_to_the_firm_in_plain_words(world: World) -> None:
    start, *_rest, last = days("an ordinary week")
    support = asked_on(start, world)
    walk(start, last)
    with on(last):
        titles = [item.title for item in timeline(support.case, actor=firm(support.case))]
    assert "ひばり県工業試験所（設備・試験）の返事が予定より遅れています" in titles
    assert not [title for title in titles if "うながし" in title]


def test_nothing_rings_on_the_day_of_asking(world: World) -> None:
    with clock.moved_to(NOON):
        offered(world, due_on=NOON.date())
        assert run_clocks().total == 0
    assert (mails("reminder"), Case.objects.get().holder_id) == ([], DESK)
