"""What would reach somebody who is away reaches the substitute, is on record once, and comes back afterwards."""

from __future__ import annotations

import datetime as dt

import pytest

from renkei.accounts.actions.absences import enter_absence
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases import mails
from renkei.cases.actions.passing import pass_on
from renkei.cases.digest import run_digests
from renkei.cases.models import Transition
from renkei.cases.queries.colleagues import colleagues
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, fresh, offered
from tests.cases.moving import acts, held, join
from tests.world import DESK, LAB, World

TODAY = NOON.date()
TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def told() -> list[str]:
    return list(Nudge.objects.order_by("made_at", "pk").values_list("address", flat=True))


def test_mail_goes_to_the_substitute_and_back_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    case = held(world, sato)[0]
    enter_absence(sato, since=TODAY, until=TOMORROW, substitute=ito.person_id, by=acts(sato))
    mails.tell_holder(case, by=SYSTEM, subject="質問が届きました", words="答えてください。")
    mails.tell_holder(case, by=SYSTEM, subject="もう一度", words="答えてください。")
    assert told() == ["ito@people.example", "ito@people.example"]
    assert "sato 一さんが不在のため" in Nudge.objects.filter(address="ito@people.example").first().words  # type: ignore[union-attr]
    steps = Transition.objects.filter(case=case, verb="substituted")
    assert [(one.from_state, one.to_state, one.about_body) for one in steps] == [(str(sato.person_id), str(ito.person_id), DESK)]
    assert (fresh(case).holder_person_id, fresh(case).version) == (sato.person_id, case.version)
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=2))
    mails.tell_holder(case, by=SYSTEM, subject="戻った", words="答えてください。")
    assert told()[-1] == "sato@people.example"


def test_without_a_substitute_the_body_is_told_and_so_it_is_of_who_left(world: World) -> None:
    sato = join(DESK, "sato")
    case = held(world, sato)[0]
    enter_absence(sato, since=TODAY, until=TOMORROW, by=acts(sato))
    mails.tell_holder(case, by=SYSTEM, subject="質問", words="答えてください。")
    gone = join(DESK, "ito", until=TODAY - dt.timedelta(days=1))
    mails.tell_holder(held(world, gone)[0], by=SYSTEM, subject="質問", words="答えてください。")
    assert told() == ["hibari-desk@hibari.example", "hibari-desk@hibari.example"]
    assert not Transition.objects.filter(verb="substituted").exists()


def test_news_that_wait_when_an_absence_begins_go_to_the_substitute_in_the_days_mail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told in the morning would lie in an empty room until the absence ends."""
    sato, ito, kara = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "kara")
    one, other = held(world, sato, kara)
    for case in (one, other):
        mails.tell_holder(case, by=SYSTEM, subject="質問が届きました", words="答えてください。")
    enter_absence(sato, since=TODAY, until=TOMORROW, substitute=ito.person_id, by=acts(sato))
    enter_absence(kara, since=TODAY, until=TOMORROW, by=acts(kara))  # nobody stands in: the body's mailbox
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(hours=6))
    run_digests()
    run_digests()
    sent = {one.to for one in Mail.objects.filter(purpose="digest")}
    assert sent == {"ito@people.example", "hibari-desk@hibari.example"}
    words = dict(Nudge.objects.values_list("person", "words"))
    assert set(words) == {ito.person_id, None}
    assert {text.count("さんが不在のため") for text in words.values()} == {1}  # said once, however often the worker looks
    assert fresh(one).holder_person_id == sato.person_id


def test_an_offer_for_somebody_away_goes_to_the_substitute(world: World) -> None:
    kono, ito = join(LAB, "kono"), join(LAB, "ito")
    enter_absence(kono, since=TODAY, until=TOMORROW, substitute=ito.person_id, by=acts(kono))
    support = offered(world)
    pass_on(support, by=world.lab, person=kono.person_id)
    assert fresh(support).person_id == kono.person_id
    assert [one.to for one in Mail.objects.filter(purpose="offer", state="waiting")] == ["ito@people.example"]
    assert Transition.objects.filter(case=support.case, verb="substituted").count() == 1


def test_who_is_away_is_proposed_last(world: World) -> None:
    sato, ito = join(DESK, "sato", specialities=("電源装置",)), join(DESK, "ito")
    held(world, ito, each=3)
    case = held(world, ito)[0]
    order = [one.person for one in colleagues(DESK, world.desk, case=case)]
    assert order[0] == sato.person_id
    enter_absence(sato, since=TODAY, until=TOMORROW, by=acts(sato))
    again = colleagues(DESK, world.desk, case=case)
    assert (again[-1].person, again[-1].fits) == (sato.person_id, ("電源装置",))
    assert [one.away is None for one in again] == [True, True, False]
