"""Two at the same moment: a line of the log, an attempt, a report, a gap, an answer to a call, a need that climbs."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions import candidates, gaps
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.candidates import Named, know_nobody, name_somebody, use_candidate
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.escalation import climb
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.actions.triage import settle_need
from renkei.cases.models import Asked, Candidate, CandidateUse, Circulation, Escalation, Gap, GapSource, Match, Need
from renkei.research.actions import bridging, logging, reporting
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import change_activity, log_activity, strike_activity
from renkei.research.actions.reporting import draft_report, save_report, table_report
from renkei.research.models import Activity, ActivityReport, ActivityVersion, Bridge, BridgeStep
from tests.cases.making import arrived, events, fresh, need_of, offered
from tests.research.making import NOON, line, with_queues
from tests.storm.racing import PATIENCE, at_once, codes, meet_in, without_row_locks
from tests.world import CENTER, LAB, World

pytestmark = pytest.mark.storm
OCTOBER = dt.date(2026, 10, 1)
TANK = Missing("equipment", "大きな恒温槽")


@pytest.fixture
def region(committed_world: World, login: Any) -> Iterator[World]:
    """Prepared as the owner; the races run as web."""
    with clock.moved_to(NOON):
        yield with_queues(committed_world)


def worked_on(region: World) -> Need:
    """A need that the lab took: the desk and the lab both take part."""
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    return fresh(support.need)


def a_call(region: World) -> Circulation:
    need = write_public(need_of(arrived(region).case, region), title="薄い板の反り", summary="細かく測りたい。", by=region.desk, seen=True)
    return circulate(need, by=region.desk, place="", sure=True, asks_around=True)


def at_noon(deed: Callable[[], Any]) -> Callable[[], Any]:
    """The deed at the region's noon: each thread has a clock of its own."""

    def run() -> Any:
        with clock.moved_to(NOON):
            return deed()

    return run


# The log


@pytest.mark.parametrize("locked", [True, False])
def test_two_windows_save_one_line_at_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    """The second is told; without the lock, on the day of writing, it writes over the first and nobody knows."""
    made = log_activity(line(), by=region.center)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, logging, "is_same_day")  # both have compared the version, and neither has written
    with login("web"):
        got = at_once(*((region.center, at_noon(lambda words=words: change_activity(made, line(words=words), by=region.center, version=1))) for words in ("先", "後")))
    assert codes(got) == (["changed_meanwhile", "ok"] if locked else ["ok", "ok"])
    assert (fresh(made).version, events("activity.change")) == (2, 1 if locked else 2)


def test_two_windows_on_a_later_day_keep_one_earlier_version(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = log_activity(line(), by=region.center)
    meet_in(monkeypatch, logging, "is_same_day")
    with login("web"):  # a thread's clock is today's, long after
        got = at_once(*((region.center, lambda words=words: change_activity(made, line(words=words), by=region.center, version=1)) for words in ("先", "後")))
    assert codes(got) == ["changed_meanwhile", "ok"]
    assert [(one.number, one.said["words"]) for one in ActivityVersion.objects.all()] == [(1, "測れる所を尋ねた")]


@pytest.mark.parametrize("locked", [True, False])
def test_a_line_struck_out_twice_at_once_is_audited_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    made = log_activity(line(), by=region.center)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, logging, "record")
    with login("web"):
        got = at_once(*((region.center, at_noon(lambda: strike_activity(made, by=region.center))) for _turn in range(2)))
    assert (codes(got), events("activity.strike")) == (["ok", "ok"], 1 if locked else 2)
    assert fresh(made).struck_at == NOON


def test_a_line_changed_while_it_is_struck_out_never_stands_again(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever comes first, the line is struck out at the end: saving writes back no old moment."""
    made = log_activity(line(), by=region.center)
    meet_in(monkeypatch, logging, "record")
    with login("web"):
        got = at_once((region.center, at_noon(lambda: change_activity(made, line(words="直した"), by=region.center, version=1))),
                      (region.center, at_noon(lambda: strike_activity(made, by=region.center))))  # fmt: skip
    assert codes(got) in (["ok", "ok"], ["ok", "struck"])
    assert (list(Activity.objects.standing()), fresh(made).struck_at) == ([], NOON)


# Bridges


@pytest.mark.parametrize("locked", [True, False])
def test_a_need_does_not_end_while_an_attempt_is_written(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    """Who settles the need waits for the attempt that was let in; without the locks the attempt would come after the end."""
    need = need_of(arrived(region).case, region)
    if not locked:
        without_row_locks(monkeypatch)
    real, let_in, settled = bridging._day, threading.Event(), threading.Event()

    def slowly(on: dt.date | None) -> dt.date:
        let_in.set()
        settled.wait(PATIENCE)
        return real(on)

    def settle() -> int:
        let_in.wait(10)
        settle_need(need, state="settled", by=region.desk)
        settled.set()
        return Bridge.objects.count()

    monkeypatch.setattr(bridging, "_day", slowly)
    with login("web"):
        got = at_once((region.desk, at_noon(lambda: start_bridge(need, Other("空木 教授"), by=region.desk))), (region.desk, at_noon(settle)))
    assert (codes(got), got[1]) == (["ok", "ok"], 1 if locked else 0)


def test_the_desk_and_the_lab_ask_the_same_person_at_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database keeps one open attempt; the second is refused in words, and nothing of it is half written."""
    need = worked_on(region)
    meet_in(monkeypatch, bridging, "_day")  # both have looked, and neither has written
    with login("web"):
        got = at_once(*((by, lambda by=by: start_bridge(need, Other("空木 教授", "架空大学"), by=by)) for by in (region.desk, region.lab)))
    assert codes(got) == ["bridge_open", "ok"]
    refused = next(one for one in got if isinstance(one, Refused))
    assert (refused.field, refused.message) == ("who", "この相手には、もう打診しています。その続きに書いてください。")
    assert (Bridge.objects.count(), BridgeStep.objects.count(), events("bridge.start")) == (1, 1, 1)


def test_two_people_asked_at_once_are_two_attempts(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    need = worked_on(region)
    meet_in(monkeypatch, bridging, "_day")
    with login("web"):
        got = at_once(*((by, lambda by=by: start_bridge(need, Other("空木 教授", str(by.body)), by=by)) for by in (region.desk, region.lab)))
    assert (codes(got), sorted(Bridge.objects.values_list("organisation", flat=True))) == (["ok", "ok"], ["hibari-desk", "hibari-lab"])


@pytest.mark.parametrize("locked", [True, False])
def test_an_attempt_ends_once_whoever_presses(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    """An end stays. Without the lock it would have come to something and to nothing."""
    need = worked_on(region)
    made = start_bridge(need, Other("空木 教授"), by=region.desk)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, bridging, "_day")
    with login("web"):
        got = at_once((region.desk, lambda: move_bridge(made, by=region.desk, state="came", words="共同研究になった")),
                      (region.lab, lambda: move_bridge(made, by=region.lab, state="failed", words="装置が古い")))  # fmt: skip
    ends = sorted(BridgeStep.objects.exclude(state="tried").values_list("state", flat=True))
    assert codes(got) == (["bridge_over", "ok"] if locked else ["ok", "ok"])
    assert (ends == [fresh(made).state]) is locked
    assert events("bridge.move") == (1 if locked else 2)


# Reports


def test_two_drafts_of_one_month_are_one(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_in(monkeypatch, reporting, "drafted")  # both have read the records, and neither has written
    with login("web"):
        got = at_once(*((region.center, lambda: draft_report(OCTOBER, by=region.center)) for _turn in range(2)))
    assert (codes(got), len({one.pk for one in got})) == (["ok", "ok"], 1)
    assert (ActivityReport.objects.count(), events("report.draft")) == (1, 1)


@pytest.mark.parametrize("locked", [True, False])
def test_a_report_saved_in_two_windows_at_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    made = draft_report(OCTOBER, by=region.center)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, reporting, "fit")  # both have compared the version
    with login("web"):
        got = at_once(*((region.center, lambda words=words: save_report(made, by=region.center, text=words, version=1)) for words in ("先", "後")))
    assert (codes(got), fresh(made).version) == (["changed_meanwhile", "ok"] if locked else ["ok", "ok"], 2)
    assert events("report.save") == (1 if locked else 2)


def test_a_report_tabled_twice_at_once_is_tabled_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = draft_report(OCTOBER, by=region.center)
    meet_in(monkeypatch, reporting, "month_of")
    with login("web"):
        got = at_once(*((region.center, lambda: table_report(made, by=region.center)) for _turn in range(2)))
    assert (codes(got), fresh(made).state, events("report.table")) == (["ok", "tabled"], "tabled", 1)


def test_what_is_tabled_is_what_was_saved_last(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved first, the new words are tabled; tabled first, saving is refused: no words come in behind the table."""
    made = draft_report(OCTOBER, by=region.center)
    meet_in(monkeypatch, reporting, "record")
    with login("web"):
        got = at_once((region.center, lambda: save_report(made, by=region.center, text="新しい文", version=1)),
                      (region.center, lambda: table_report(made, by=region.center)))  # fmt: skip
    saved = not isinstance(got[0], Exception)
    assert codes(got) == (["ok", "ok"] if saved else ["ok", "tabled"])
    assert (fresh(made).state, fresh(made).text == "新しい文", events("report.save")) == ("tabled", saved, int(saved))


# Gaps


@pytest.mark.parametrize("locked", [True, False])
def test_the_same_gap_said_twice_at_once_counts_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    """The case's lock orders them; without it the need would count twice in the request for investment."""
    need = need_of(arrived(region).case, region)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, gaps, "record")
    with login("web"):
        got = at_once(*((region.desk, lambda: record_gap(need, TANK, by=region.desk)) for _turn in range(2)))
    wanted = 1 if locked else 2
    assert (codes(got), Gap.objects.count(), GapSource.objects.count(), events("gap.record")) == (["ok", "ok"], wanted, wanted, wanted)
    assert len({one.pk for one in got}) == wanted


# Who knows someone


def test_a_body_answers_a_call_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at one body: somebody or nobody, not both: no name stands beside "nobody"."""
    sent = a_call(region)
    asked = Asked.objects.get(inquiry=sent.inquiry_id, body_id=LAB)
    meet_in(monkeypatch, candidates, "save_answer")
    with login("web"):
        got = at_once((region.lab, lambda: name_somebody(asked, [Named("架空大学", "空木 教授")], by=region.lab)),
                      (region.lab, lambda: know_nobody(asked, by=region.lab)))  # fmt: skip
    assert codes(got) == ["answered", "ok"]
    assert (fresh(asked).answer == "knows") == Candidate.objects.exists() == (events("inquiry.name") == 1)
    assert events("inquiry.answer") == 1


def test_one_candidate_is_used_for_one_thing(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = a_call(region)
    name_somebody(Asked.objects.get(inquiry=sent.inquiry_id, body_id=LAB), [Named("センター", "露崎さん")], by=region.lab)
    one = Candidate.objects.get()
    meet_in(monkeypatch, candidates, "record")
    with login("web"):
        got = at_once(*((region.desk, lambda use=use: use_candidate(one, by=region.desk, use=use)) for use in (CandidateUse.SUPPORT, CandidateUse.OUTSIDE)))
    assert (codes(got), events("candidate.use")) == (["ok", "used"], 1)
    assert Match.objects.filter(body_id=CENTER, why__contains="露崎").exists() == (fresh(one).use == "support")


# Climbing


def test_two_press_climb_at_once_and_the_need_climbs_one_rung(region: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    support = offered(region)
    decline(support, by=region.lab, reason="no_equipment")
    need = fresh(support.need)
    with login("web"):
        got = at_once(*((region.desk, lambda: climb(need, by=region.desk, reason="断られた", proposed=True)) for _turn in range(2)))
    assert codes(got) == ["ok", "on_rung"]
    assert [(one.rung, one.end) for one in Escalation.objects.order_by("rung")] == [(1, "higher"), (2, "")]
    assert events("need.climb") == 1
