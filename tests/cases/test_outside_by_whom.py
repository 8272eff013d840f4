"""The ladder and what lies outside the region, by everybody and twice; and the whole way under the real logins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import GUEST, Actor
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.actions.openings import answer_opening
from renkei.cases.actions.outside import answer_outside, end_outside, give_up_outside
from renkei.cases.models import Case, Escalation, Opening, OutsideRequest, RungEnd
from tests.cases.linking import firm
from tests.cases.making import events, fresh, refuses, steps
from tests.cases.test_outside import asked, opened, outside
from tests.meetings.making import NOON, hard_need, with_meetings
from tests.world import World

Act = Callable[[Actor], object]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def answers(region: World, act: Act) -> dict[str, str]:
    """What each is told: the code of the refusal, or that it is done; each try is undone."""
    told = {}
    for name, actor in {"desk": region.desk, "lab": region.lab, "center": region.center, "bank": region.bank, "guest": GUEST}.items():
        try:
            with transaction.atomic():
                act(actor)
                transaction.set_rollback(True)
        except Refused as refusal:
            told[name] = refusal.code
        else:
            told[name] = "done"
    return told


def may(told: dict[str, str]) -> set[str]:
    return {name for name, code in told.items() if code == "done"}


def test_who_runs_the_case_climbs_and_nobody_else(region: World) -> None:
    need = hard_need(region)
    told = answers(region, lambda by: climb(need, by=by, reason="県内で測れない。"))
    assert may(told) == {"desk"}
    assert set(told.values()) == {"done", "not_allowed"}
    assert (Escalation.objects.count(), events("need.climb")) == (0, 0)


def test_the_lead_that_holds_the_case_does_all_outside_and_nobody_else(region: World) -> None:
    request = opened(region)
    need = request.escalation.need
    answering = answers(region, lambda by: answer_outside(request, by=by, accepts=True, words="測れる。"))
    answer_outside(request, by=region.lab, accepts=True, words="測れる。")
    ending = answers(region, lambda by: end_outside(request, by=by, result="測れた。", helped=True))
    end_outside(request, by=region.lab, result="測れなかった。", helped=False)
    given_up = answers(region, lambda by: give_up_outside(need, by=by, words="見つからない。"))
    assert [may(told) for told in (answering, ending)] == [{"lab"}, {"lab"}]
    assert {code for told in (answering, ending, given_up) for name, code in told.items() if name != "lab"} <= {"not_allowed", "not_lead"}


def test_twice_is_told_and_changes_nothing(region: World) -> None:
    request = opened(region)
    case = request.case
    answer_outside(request, by=region.lab, accepts=True, words="測れる。")
    with refuses("answered"):
        answer_outside(request, by=region.lab, accepts=False, words="やはり。")
    end_outside(request, by=region.lab, result="測れた。", helped=True)
    before = steps(case)
    with refuses("ended"):
        end_outside(request, by=region.lab, result="もう一度", helped=True)
    rung = Escalation.objects.get(pk=request.escalation_id)
    assert end_rung(rung, by=region.lab, end=RungEnd.DROPPED, words="あとから").end == RungEnd.HELPED
    assert (steps(case), fresh(request).result, events("outside.answer"), events("outside.end")) == (before, "測れた。", 1, 1)


@pytest.mark.parametrize(("words", "code"), [("", "words_empty"), (" \u3000\n", "words_empty"), ("\u200b", "words_empty"), ("長" * 1001, "too_long")])
def test_words_that_are_none_or_too_many(region: World, words: str, code: str) -> None:
    request = opened(region)
    with refuses(code, "words"):
        answer_outside(request, by=region.lab, accepts=False, words=words)
    with refuses(code, "words"):
        end_rung(request.escalation, by=region.lab, end=RungEnd.DROPPED, words=words)
    answer_outside(request, by=region.lab, accepts=True, words="測れる。")
    with refuses({"words_empty": "result_empty"}.get(code, code), "result"):
        end_outside(request, by=region.lab, result=words, helped=True)
    assert (fresh(request).ended_on, fresh(request.escalation).is_open) == (None, True)


def test_a_closed_case_is_asked_for_nowhere(region: World) -> None:
    request = asked(region)
    case, need = Case.objects.get(pk=request.case_id), request.escalation.need
    answer_outside(request, by=region.lab, accepts=False, words="測れない。")
    close_case(case, by=region.lab, reason="not_possible", words="できる所がなかった。", needs="settled")
    assert not Escalation.objects.open().exists()
    for act in (lambda: climb(need, by=region.lab, reason="もう一度"), lambda: asked(region, need), lambda: give_up_outside(need, by=region.lab, words="x")):
        with pytest.raises(Refused) as told, transaction.atomic():
            act()
        assert told.value.message.endswith("。")
    assert fresh(case).state == "closed"


def test_the_whole_way_under_the_real_logins(committed_world: World, login: Callable[[str], AbstractContextManager[None]]) -> None:
    region = with_meetings(committed_world)
    need = outside(region)
    with login("web"):
        with acting(region.lab), transaction.atomic():
            request = asked(region, need)
        for actor in (region.bank, region.center, region.desk):
            # Told so, or (who does not see the case) there is nothing to answer.
            with acting(actor), pytest.raises((Refused, Case.DoesNotExist)), transaction.atomic():
                answer_outside(request, by=actor, accepts=False, words="勝手に。")
    answer_opening(Opening.objects.get(pk=request.opening_id), given=True, by=firm(Case.objects.get(pk=request.case_id)))
    with login("web"), acting(region.lab), transaction.atomic():
        answer_outside(request, by=region.lab, accepts=True, words="測れる。")
        end_outside(request, by=region.lab, result="測れた。", helped=True)
    with login("web"), acting(GUEST):
        assert (OutsideRequest.objects.count(), Escalation.objects.count()) == (0, 0)
    assert (Escalation.objects.open().count(), fresh(request).result) == (0, "測れた。")
