"""Who stands in answers packs and decides letters for who is away; what is theirs stays theirs, and ends with the absence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.models import Absence, Membership
from renkei.accounts.queries import answering_for, standing_in
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.actions.letter_steps import approve_step, ask_decision, pass_step, read_step, send_back
from renkei.cases.actions.moves import Successor, accept_packs, choose_successor, decline_pack, open_move, send_packs
from renkei.cases.actions.passing import pass_on
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Letter, LetterStep, Move, MovePack
from renkei.cases.queries.calendar import calendar_of
from renkei.cases.queries.letters import waiting_letters
from renkei.cases.queries.moves import waiting_packs
from renkei.post.models import Nudge
from tests.cases.lettering import colleague, letter, letters_plan, people
from tests.cases.making import NOON, arrived, events, fresh, offered, refuses
from tests.cases.moving import acts, held, join
from tests.world import DESK, LAB, World

TODAY = NOON.date()
TOMORROW = TODAY + dt.timedelta(days=1)
LAST = dt.date(2027, 3, 31)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def away(who: Membership, instead: Membership | None = None, since: dt.date = TODAY, until: dt.date = TOMORROW) -> Absence:
    return enter_absence(who, since=since, until=until, substitute=instead.person_id if instead else None, by=acts(who))


def test_for_whom_one_answers_is_the_other_end_of_standing_in(world: World) -> None:
    sato, ito, kono, mori = (join(DESK, name) for name in ("sato", "ito", "kono", "mori"))
    away(sato, ito)
    away(ito, kono)  # ito is away as well: kono answers for both
    away(mori)
    assert answering_for(kono.person_id, DESK) == {sato.person_id, ito.person_id}
    for nobody in ((ito.person_id, DESK), (sato.person_id, DESK), (mori.person_id, DESK), (kono.person_id, LAB), (None, DESK)):
        assert answering_for(*nobody) == set()
    for who in (sato, ito, kono):
        assert standing_in(who.person, DESK) == kono.person
    end_absence(Absence.objects.get(person=ito.person), by=acts(ito))  # back early: ito answers for sato
    assert (answering_for(ito.person_id, DESK), answering_for(kono.person_id, DESK)) == ({sato.person_id}, set())


class Moving:
    """sato gives a case to ito, who is away; kono stands in."""

    def __init__(self, world: World) -> None:
        self.sato, self.ito, self.kono = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "kono")
        self.cases = held(world, self.sato, each=2)
        self.move: Move = open_move(self.sato, on=LAST, by=acts(self.sato))
        choose_successor(self.packs, Successor(DESK, self.ito.person_id), by=acts(self.sato))
        send_packs(self.packs, by=acts(self.sato))

    @property
    def packs(self) -> list[MovePack]:
        return list(self.move.packs.order_by("case__number"))


@pytest.mark.covers("C32", "C42")
def test_a_substitute_accepts_packs_and_the_cases_are_the_absent_persons(world: World) -> None:
    scene = Moving(world)
    with refuses("not_allowed"):
        accept_packs(scene.packs, by=acts(scene.kono))
    absence = away(scene.ito, scene.kono)
    assert {one.pk for one in waiting_packs(acts(scene.kono))} == {one.pk for one in scene.packs}
    assert accept_packs(scene.packs[:1], by=acts(scene.kono)) == 1
    pack, case = fresh(scene.packs[0]), fresh(scene.packs[0].case)
    assert (pack.to_person_id, pack.answered_by_id) == (scene.ito.person_id, scene.kono.person_id)
    assert (case.holder_person_id, case.next_person_id) == (scene.ito.person_id, scene.ito.person_id)
    end_absence(absence, by=acts(scene.ito))
    assert list(waiting_packs(acts(scene.kono))) == []
    with refuses("not_allowed"):
        decline_pack(scene.packs[1], by=acts(scene.kono), reason="戻りました")
    assert accept_packs(scene.packs[1:], by=acts(scene.ito)) == 1
    assert events("pack.accept") == 2


def test_the_giver_answers_no_pack_of_the_own_even_as_a_substitute(world: World) -> None:
    scene = Moving(world)
    away(scene.ito, scene.sato)
    with refuses("not_allowed"):
        accept_packs(scene.packs, by=acts(scene.sato))
    assert list(waiting_packs(acts(scene.sato))) == []


def test_a_substitute_says_no_in_the_same_words(world: World) -> None:
    scene = Moving(world)
    away(scene.ito, scene.kono)
    decline_pack(scene.packs[0], by=acts(scene.kono), reason="手がいっぱいです")
    assert (fresh(scene.packs[0]).state, fresh(scene.packs[0]).answered_by_id) == ("declined", scene.kono.person_id)


class Round:
    """A letter that the manager decides, who is away; the deputy stands in."""

    def __init__(self, world: World) -> None:
        letters_plan({"code": "reply", "steps": ["manager"]})
        self.writer = world.desk
        self.letter: Letter = letter(world, arrived(world).case)
        self.manager, self.deputy = colleague("課長", role="manager"), colleague("次長")
        ask_decision(self.letter, by=world.desk, approvers=people(self.manager), readers=people(colleague("書記")))

    def away(self, instead: Actor | None = None) -> Absence:
        return away(of(self.manager), of(instead or self.deputy))

    def step(self, who: Actor) -> LetterStep:
        return LetterStep.objects.select_related("letter").get(letter=self.letter, person_id=who.person, kind="approve")

    @property
    def way(self) -> list[tuple[str, str]]:
        return list(self.letter.steps.filter(kind="approve").order_by("asked_at", "state").values_list("person__name", "state"))


def of(actor: Actor) -> Membership:
    return Membership.objects.get(person_id=actor.person, body_id=actor.body)


def test_a_deputy_decides_in_the_place_and_under_the_own_name(world: World) -> None:
    scene = Round(world)
    with refuses("not_yours"):
        approve_step(scene.step(scene.manager), by=scene.deputy)
    assert waiting_letters(scene.deputy) == []
    scene.away()
    assert [one.person_id for one in waiting_letters(scene.deputy)] == [scene.manager.person]
    done = approve_step(scene.step(scene.manager), by=scene.deputy)
    assert (done.state, done.number != "") == ("decided", True)
    assert sorted(scene.way) == [("次長 一郎", "done"), ("課長 一郎", "passed")]
    told = Event.objects.get(verb="letter.stand_in")
    assert (told.person, events("letter.approve")) == (scene.deputy.person, 1)
    again = approve_step(scene.step(scene.manager), by=scene.deputy)  # a second press
    assert (again.number, len(scene.way), events("letter.stand_in")) == (done.number, 2, 1)


def test_a_deputy_sends_back_or_on(world: World) -> None:
    scene = Round(world)
    scene.away()
    other = colleague("参事")
    pass_step(scene.step(scene.manager), by=scene.deputy, to=other.person)  # type: ignore[arg-type]
    assert sorted(scene.way) == [("参事 一郎", "waiting"), ("次長 一郎", "passed"), ("課長 一郎", "passed")]
    send_back(scene.step(other), by=other, reason="宛名が違います")
    assert fresh(scene.letter).state == "returned"


@pytest.mark.parametrize(("who", "code", "field"), [("writer", "own_draft", "to"), ("twice", "twice", "to")])
def test_a_deputy_who_may_not_decide_is_told_so(world: World, who: str, code: str, field: str) -> None:
    letters_plan({"code": "reply", "steps": ["manager"]})
    made = letter(world, arrived(world).case)
    manager, other = colleague("課長", role="manager"), colleague("次長")
    ask_decision(made, by=world.desk, approvers=people(manager, other))
    deputy = world.desk if who == "writer" else other
    away(of(manager), of(deputy))
    with refuses(code, field):
        approve_step(LetterStep.objects.select_related("letter").get(letter=made, person_id=manager.person), by=deputy)
    assert (fresh(made).state, events("letter.stand_in")) == ("asked", 0)


def test_taking_note_is_never_done_for_somebody_else(world: World) -> None:
    scene = Round(world)
    reader = LetterStep.objects.select_related("letter", "person").get(letter=scene.letter, kind="read")
    away(Membership.objects.get(person=reader.person), of(scene.deputy))
    with refuses("not_yours"):
        read_step(reader, by=scene.deputy)
    assert waiting_letters(scene.deputy) == []


def entries(who: Membership) -> list[tuple[str, str, dt.date, dt.date | None]]:
    return [(one.title, one.words, one.on, one.until) for one in calendar_of(acts(who))]


def test_the_calendar_holds_ones_own_absences_and_whom_one_stands_in_for(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    made = enter_absence(sato, since=TOMORROW, until=LAST, substitute=ito.person_id, by=acts(sato), note="通院")
    assert entries(sato) == [("不在", "通院", TOMORROW, LAST)]
    assert entries(ito) == [("sato 一さんの代わり", "", TOMORROW, LAST)]
    assert entries(Membership.objects.get(person=world.people[LAB])) == []
    end_absence(made, by=acts(sato))
    assert (entries(sato), entries(ito)) == ([], [])


def test_under_the_real_login(committed_world: World, login: Any) -> None:
    world = committed_world
    from renkei.base.context import acting

    scene = Moving(world)
    away(scene.ito, scene.kono)
    with login("web"), acting(acts(scene.kono)):
        assert accept_packs(list(waiting_packs(acts(scene.kono))), by=acts(scene.kono)) == 2
    assert {fresh(one).holder_person_id for one in scene.cases} == {scene.ito.person_id}


def test_the_clocks_reach_the_substitute_and_the_mailbox_when_nobody_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reminder of a request and the word about standing still, with a substitute and without."""
    kono, mori, ueda = join(LAB, "kono"), join(LAB, "mori"), join(LAB, "ueda")
    first, second = offered(world), offered(world)
    pass_on(first, by=world.lab, person=kono.person_id)
    pass_on(second, by=world.lab, person=ueda.person_id)
    late = clock.at(dt.date(2026, 12, 3), 9)
    away(kono, mori, until=late.date())
    away(ueda, until=late.date())
    monkeypatch.setattr(clock, "now", lambda: late)
    assert run_clocks().reminded == 2
    told = dict(Nudge.objects.filter(kind="reminder").values_list("about", "address"))
    assert told == {first.pk: "mori@people.example", second.pk: "hibari-lab@hibari.example"}
    end_absence(Absence.objects.get(person=kono.person), by=acts(kono))  # back early: the next word is the person's own again
    for day in (7, 14):  # the silence is told first
        monkeypatch.setattr(clock, "now", lambda day=day: clock.at(dt.date(2026, 12, day), 9))
        run_clocks()
    again = Nudge.objects.filter(kind="expired", about=first.pk, body=LAB).get()
    assert again.address == "kono@people.example"
