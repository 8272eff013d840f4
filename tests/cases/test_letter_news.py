"""A letter that waits is told to the named approver, once, and no longer than it waits."""

from __future__ import annotations

from typing import Any

from renkei.base.actor import Actor
from renkei.base.context import acting
from renkei.cases.actions.letter_steps import approve_step, ask_decision, pass_step, send_back
from renkei.cases.actions.letters import withdraw_letter
from renkei.cases.digest import sweep
from renkei.cases.models import Case, Letter
from renkei.post.models import Nudge
from tests.cases.lettering import colleague, letter, letters_plan, people
from tests.cases.making import fresh
from tests.cases.test_letter_steps import step_of
from tests.desk.scene import running
from tests.world import World


def told(*, kind: str = "decide") -> list[tuple[str, bool]]:
    """Who was told, and whether it still stands."""
    rows = Nudge.objects.filter(kind=kind).order_by("made_at", "name")
    return [(one.name.split(" ")[0], one.settled_at is None) for one in rows]


def test_each_when_the_turn_comes_and_the_writer_at_the_end(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    assert told() == [("一番", True)]
    approve_step(step_of(draft, first), by=first)
    assert told() == [("一番", False), ("二番", True)]
    approve_step(step_of(draft, second), by=second)
    assert told() == [("一番", False), ("二番", False)]
    done = Nudge.objects.get(title="文書が決裁されました")
    assert (done.person, done.about, done.kind) == (world.desk.person, draft.pk, "told")


def test_nothing_of_the_letter_stands_in_it(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    ask_decision(draft, by=world.desk, approvers=people(*two))
    one = Nudge.objects.get(kind="decide")
    kept = [value for value in fresh(draft).values.values() if len(value) > 5]
    assert [value for value in kept if value in one.title + one.words] == []
    assert one.case == draft.case_id


def test_sent_back_tells_the_writer_and_asks_nobody(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    letters_plan({"code": "reply", "steps": ["", ""], "order": "together"})
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    assert told() == [("一番", True), ("二番", True)]
    send_back(step_of(draft, first), by=first, reason="宛名が違います。")
    assert told() == [("一番", False), ("二番", False)]
    back = Nudge.objects.get(title="文書が差し戻されました")
    assert (back.person, "宛名" in back.words) == (world.desk.person, False)


def test_passed_on_and_taken_back(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    other = colleague("代理", role="manager")
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    pass_step(step_of(draft, first), by=first, to=other.person)  # type: ignore[arg-type]  # a person
    assert told() == [("一番", False), ("代理", True)]
    withdraw_letter(draft, by=world.desk)
    assert told() == [("一番", False), ("代理", False)]


def test_the_sweep_keeps_what_waits_and_settles_what_does_not(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    ask_decision(draft, by=world.desk, approvers=people(*two))
    Case.objects.filter(pk=draft.case_id).update(title="別の題")
    assert (sweep(), told()) == (0, [("一番", True)])
    draft.steps.filter(state="waiting").update(state="void")
    assert (sweep(), told()) == (1, [("一番", False)])


def test_another_deed_of_the_body_does_not_settle_it(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    from renkei.cases.actions.talk import log_contact

    ask_decision(draft, by=world.desk, approvers=people(*two))
    log_contact(draft.case, by=world.desk, channel="phone", text="電話した。")
    assert told() == [("一番", True)]


def test_under_the_web_login(committed_world: World, login: Any) -> None:
    world = committed_world
    letters_plan({"code": "reply", "steps": ["manager", ""]})
    draft = letter(world, running(world).case)
    first, second = colleague("一番", role="manager"), colleague("二番")
    with login("web"):
        with acting(world.desk):
            ask_decision(draft, by=world.desk, approvers=people(first, second))
        with acting(first):
            approve_step(step_of(draft, first), by=first)
    assert told() == [("一番", False), ("二番", True)]
