"""What people are told: their own and their queue's, read once, never their own acts; and their wishes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.audit.models import Event
from renkei.base.actor import GUEST, SYSTEM, staff
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.post.models import Nudge, Wishes
from renkei.post.nudges import News, Reader, group_of, put_nudge, read_nudges, save_wishes
from tests.world import DESK, LAB, World

CASE = uuid.UUID(int=7)


def told(world: World, *, body: str = LAB, mine: bool = True, kind: str = "told", **more: Any) -> Nudge:
    person = world.people[body]
    reader = Reader(body, person.pk, person.email, person.name) if mine else Reader(body, None, f"{body}@hibari.example")
    news = News(kind, more.pop("title", "題"), more.pop("words", "すること"), CASE, "県 8-0001", **more)
    made = put_nudge(news, reader, by=SYSTEM)
    assert made is not None
    return made


def test_it_is_kept_in_one_line_and_asks_about_the_case_unless_told_otherwise(world: World) -> None:
    one = told(world, title="一\n二", kind="k" * 30)
    assert (one.title, one.about, one.kind) == ("一 二", CASE, "k" * 20)
    assert (one.person, one.address, one.name) == (world.lab.person, "hibari-lab@people.example", "小出 渉")
    assert told(world, about=uuid.UUID(int=9)).about == uuid.UUID(int=9)


@pytest.mark.parametrize(("mine", "kind", "tells"), [(True, "told", False), (False, "told", False), (False, "close_asked", True)])
def test_nobody_is_told_of_their_own_acts(world: World, *, mine: bool, kind: str, tells: bool) -> None:
    reader = Reader(LAB, world.lab.person if mine else None, "x@hibari.example")
    made = put_nudge(News(kind, "題", "語", CASE, "1"), reader, by=world.lab)
    assert (made is not None) is tells


def test_a_colleague_is_told_what_another_did(world: World) -> None:
    reader = Reader(LAB, uuid.UUID(int=3), "other@people.example")
    assert put_nudge(News("told", "題", "語", CASE, "1"), reader, by=world.lab) is not None


def test_one_sees_ones_own_and_the_queue_of_the_body_one_acts_for(world: World) -> None:
    mine, queue = told(world), told(world, mine=False)
    told(world, body=DESK)
    colleague = staff(uuid.UUID(int=3), LAB)
    assert set(Nudge.objects.visible_to(world.lab)) == {mine, queue}
    assert set(Nudge.objects.visible_to(colleague)) == {queue}
    assert set(Nudge.objects.visible_to(staff(world.lab.person, DESK))) == set(Nudge.objects.filter(body=DESK, person=None))  # type: ignore[arg-type]
    assert not Nudge.objects.visible_to(GUEST).exists()
    assert Nudge.objects.visible_to(SYSTEM).count() == 3


def test_reading_is_written_once_with_its_reader(world: World) -> None:
    mine, queue, other = told(world), told(world, mine=False), told(world, body=DESK)
    assert read_nudges([mine, queue, other], by=world.lab) == 2
    assert read_nudges([mine, queue], by=world.lab) == 0
    assert {one.read_by for one in Nudge.objects.filter(body=LAB)} == {world.lab.person}
    assert set(Nudge.objects.open()) == {other}
    assert Event.objects.filter(verb="nudge.read").count() == 1


def test_only_staff_read(world: World) -> None:
    with pytest.raises(Refused) as caught:
        read_nudges([told(world)], by=GUEST)
    assert caught.value.code == "not_staff"


def test_wishes_are_kept_and_changed(world: World) -> None:
    save_wishes(by=world.lab, by_mail=True, minute=600, days=[4, 0, 4], without=["idle"])
    one = save_wishes(by=world.lab, by_mail=False, minute=None, days=[], without=[])
    assert (one.by_mail, one.minute, one.days, one.without) == (False, None, [], [])
    assert Wishes.objects.count() == 1
    assert Event.objects.filter(verb="wishes.save").count() == 2


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [({"minute": 1440}, "wrong_time", "minute"), ({"minute": -1}, "wrong_time", "minute"), ({"days": [7]}, "wrong_day", "days"),
     ({"without": ["gossip"]}, "unknown_kind", "kinds")],
)  # fmt: skip
def test_wrong_wishes_are_refused(world: World, change: dict[str, Any], code: str, field: str) -> None:
    given: dict[str, Any] = {"by_mail": True, "minute": 600, "days": [], "without": []}
    with pytest.raises(Refused) as caught:
        save_wishes(by=world.lab, **{**given, **change})
    assert (caught.value.code, caught.value.field) == (code, field)
    assert not Wishes.objects.exists()


def test_nobody_has_wishes_without_signing_in(world: World) -> None:
    with pytest.raises(Refused) as caught:
        save_wishes(by=GUEST, by_mail=True, minute=None, days=[], without=[])
    assert caught.value.code == "not_person"
    assert not Wishes.objects.visible_to(GUEST).exists()


def test_kinds_are_grouped_for_the_settings() -> None:
    assert [group_of(kind) for kind in ("accepted", "expired", "idle", "gossip")] == ["answer", "silence", "idle", "told"]


class TestUnderTheRealLogin:
    """Row-level security says what ``visible_to`` says."""

    def test_of_nudges(self, committed_world: World, login: Any) -> None:
        world = committed_world
        mine, queue = told(world), told(world, mine=False)
        desk = told(world, body=DESK)
        with login("web"):
            for actor, sees in ((world.lab, {mine, queue}), (world.desk, {desk}), (GUEST, set()), (SYSTEM, set())):
                with acting(actor):
                    assert set(Nudge.objects.all()) == sees, actor
            with acting(world.lab), pytest.raises(DatabaseError), transaction.atomic():
                Nudge.objects.filter(pk=mine.pk).update(body=DESK)
            with acting(world.lab):
                assert Nudge.objects.filter(pk=desk.pk).update(title="x") == 0
        with login("worker"), acting(SYSTEM):
            assert set(Nudge.objects.all()) == {mine, queue, desk}

    def test_of_wishes(self, committed_world: World, login: Any) -> None:
        world = committed_world
        with login("web"):
            with acting(world.lab):
                save_wishes(by=world.lab, by_mail=True, minute=600, days=[], without=[])
            with acting(world.desk):
                assert not Wishes.objects.exists()
            with acting(world.desk), pytest.raises(DatabaseError), transaction.atomic():
                Wishes.objects.create(person=world.lab.person, changed_at="2026-11-26T00:00Z")
        with login("worker"), acting(SYSTEM):
            assert Wishes.objects.get().person == world.lab.person
