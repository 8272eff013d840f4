"""Saved views: kept, renamed, ordered, removed; and what they call about."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, staff
from renkei.base.context import acting
from renkei.cases import jobs
from renkei.cases.actions import saved
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.saved import ViewWords, change_view, check_view, end_view, move_view, save_view, see_hits
from renkei.cases.models import Case, SavedView, ViewHit
from renkei.cases.steps import NextStep
from renkei.post.models import Nudge
from tests.cases.making import arrived, events, fresh, refuses
from tests.world import DESK, LAB, World


def colleague(body: str = DESK) -> Actor:
    person = Person.objects.create_user(f"second@{body}.example", "hibari-secret-1", name="二番 花子", kana="ニ")
    Membership.objects.create(person=person, body_id=body, role="staff", since=clock.today())
    return staff(person.pk, body, person.name)


def view(world: World, name: str = "試験", query: str = f"by={DESK}", by: Actor | None = None, **more: bool) -> SavedView:
    return save_view(query, ViewWords(name, **more), by=by or world.desk)


def names(by: Actor) -> list[str]:
    return [one.name for one in SavedView.objects.owned_by(by)]


def test_a_view_keeps_the_filters_and_nothing_else(world: World) -> None:
    made = view(world, query=f"page=2&by={DESK}&odd=1&late=on")
    assert (made.query, made.name, made.place, made.person_id, made.body_id) == (f"by={DESK}&late=on", "試験", 1, world.desk.person, DESK)
    assert events("view.save") == 1


@pytest.mark.parametrize(("name", "code", "field"), [("", "name_empty", "name"), (" \n ", "name_empty", "name"), ("試験", "name_taken", "name"), ("あ" * 41, "too_long", "name"), ("あ" * 100, "too_long", "name"), ("あ" * 101, "too_long", "name")])
def test_names(world: World, name: str, code: str, field: str) -> None:
    view(world)
    with refuses(code, field):
        view(world, name)
    assert names(world.desk) == ["試験"]


def test_a_name_of_forty_is_kept_whole_in_one_line_and_a_longer_one_changes_nothing(world: World) -> None:
    made = view(world, "あ" * 40)
    assert names(world.desk) == ["あ" * 40]
    with refuses("too_long", "name"):
        change_view(made, ViewWords("い" * 41), by=world.desk)
    assert names(world.desk) == ["あ" * 40]
    change_view(made, ViewWords(" 返事待ち\nの試験 "), by=world.desk)
    assert (names(world.desk), events("view.change")) == (["返事待ち の試験"], 1)


def test_two_people_may_use_one_name_and_one_person_two_in_two_bodies(world: World) -> None:
    view(world)
    view(world, by=colleague())
    assert SavedView.objects.filter(name="試験").count() == 2
    with transaction.atomic(), pytest.raises(IntegrityError, match="saved_view_name_once"):
        SavedView.objects.create(body_id=DESK, person_id=world.desk.person, name="試験", query="", made_at=clock.now())


def test_there_is_an_end_to_saving(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST_VIEWS", 2)
    view(world, "一")
    second = view(world, "二")
    with refuses("too_many"):
        view(world, "三")
    end_view(second, by=world.desk)
    assert view(world, "三").place == 2


def test_only_staff_save(world: World) -> None:
    with refuses("not_allowed"):
        view(world, by=GUEST)


def test_change_renames_and_takes_other_filters(world: World) -> None:
    made = view(world)
    changed = change_view(made, ViewWords("遅れ", shared=True), by=world.desk, query="late=on&page=4")
    assert (changed.name, changed.query, changed.shared) == ("遅れ", "late=on", True)
    assert change_view(made, ViewWords("遅れ", shared=True), by=world.desk).query == "late=on"
    assert events("view.change") == 2


def test_one_default_a_person_and_body(world: World) -> None:
    first, second = view(world, "一", is_default=True), view(world, "二", is_default=True)
    assert [fresh(one).is_default for one in (first, second)] == [False, True]
    change_view(first, ViewWords("一", is_default=True), by=world.desk)
    assert [fresh(one).is_default for one in (first, second)] == [True, False]


def test_views_change_places(world: World) -> None:
    one, two, three = (view(world, name) for name in "一二三")
    move_view(three, by=world.desk, up=True)
    assert names(world.desk) == ["一", "三", "二"]
    move_view(one, by=world.desk, up=False)
    assert names(world.desk) == ["三", "一", "二"]
    before = events("view.move")
    move_view(two, by=world.desk, up=False)
    move_view(three, by=world.desk, up=True)
    assert (names(world.desk), events("view.move")) == (["三", "一", "二"], before)


def test_a_removed_view_is_gone_and_its_name_free(world: World) -> None:
    made = view(world, is_default=True)
    end_view(made, by=world.desk)
    end_view(made, by=world.desk)
    assert (names(world.desk), events("view.end")) == ([], 1)
    assert (fresh(made).is_default, fresh(made).alert) == (False, False)
    assert view(world).name == "試験"


def test_nobody_changes_anothers_view(world: World) -> None:
    made, other = view(world, shared=True), colleague()
    for deed in (lambda: change_view(made, ViewWords("x"), by=other), lambda: end_view(made, by=other),
                 lambda: move_view(made, by=other, up=True), lambda: see_hits(made, by=other)):  # fmt: skip
        with refuses("not_own"):
            deed()
    assert fresh(made).name == "試験"


# alerts


def test_what_stands_in_a_view_already_calls_nobody(world: World) -> None:
    arrived(world)
    made = view(world, alert=True)
    assert check_view(made, by=world.desk) == []
    assert [(hit.view_id, hit.seen_at is None) for hit in ViewHit.objects.all()] == [(made.pk, False)]


def test_a_case_that_comes_in_calls_once(world: World) -> None:
    made = view(world, alert=True)
    other = colleague()
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(version=1)
    moved_by(case, other)
    assert check_view(fresh(made), by=world.desk) == [case]
    assert check_view(fresh(made), by=world.desk) == []
    assert ViewHit.objects.visible_to(world.desk).fresh().count() == 1
    assert (see_hits(made, by=world.desk), see_hits(made, by=world.desk), events("view.seen")) == (1, 0, 1)


def moved_by(case: Case, by: Actor) -> None:
    set_next_step(Case.objects.get(pk=case.pk), NextStep("次を決める", clock.today(), kind="work", body=DESK), by=by)


def test_ones_own_act_is_no_news(world: World) -> None:
    made = view(world, alert=True)
    arrived(world)
    assert check_view(fresh(made), by=world.desk) == []
    assert ViewHit.objects.filter(view=made, seen_at__isnull=False).count() == 1


def test_a_case_that_left_and_came_back_calls_again(world: World) -> None:
    made, other = view(world, alert=True), colleague()
    case = arrived(world).case
    moved_by(case, other)
    assert check_view(fresh(made), by=world.desk) == [case]
    Case.objects.filter(pk=case.pk).update(holder=LAB)
    assert check_view(fresh(made), by=world.desk) == []
    assert ViewHit.objects.get(view=made).left_at is not None
    Case.objects.filter(pk=case.pk).update(holder=DESK)
    assert check_view(fresh(made), by=world.desk) == [case]
    assert ViewHit.objects.filter(view=made).count() == 2


def test_a_view_that_catches_too_much_does_not_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST_WATCHED", 1)
    made = view(world, alert=True)
    arrived(world)
    arrived(world, company_given="有限会社浦島製網")
    assert check_view(fresh(made), by=world.desk) == []
    assert (fresh(made).alert, fresh(made).problem, events("view.too_wide")) == (False, "too_wide", 1)
    with refuses("too_wide", "alert"):
        change_view(fresh(made), ViewWords("試験", alert=True), by=world.desk)
    assert change_view(fresh(made), ViewWords("試験", alert=True), by=world.desk, query=f"by={LAB}").problem == ""


def test_other_filters_start_the_watch_anew(world: World) -> None:
    made = view(world, query=f"by={LAB}", alert=True)
    case = arrived(world).case
    change_view(made, ViewWords("試験", alert=True), by=world.desk, query=f"by={DESK}")
    assert check_view(fresh(made), by=world.desk) == []
    assert list(ViewHit.objects.values_list("case", flat=True)) == [case.pk]


def test_a_view_calls_its_own_person_only(world: World) -> None:
    made = view(world, alert=True, shared=True)
    assert check_view(made, by=colleague()) == []
    end_view(made, by=world.desk)
    assert check_view(made, by=world.desk) == []


# under the real logins


def test_the_worker_looks_with_each_persons_own_eyes(committed_world: World, login: Any) -> None:
    world = committed_world
    for actor, name in ((world.desk, "窓口"), (world.lab, "試験所")):
        with acting(actor):
            save_view("state=all", ViewWords(name, alert=True), by=actor)
    other = colleague()
    with acting(other):
        case = arrived(world).case
        moved_by(case, other)
    with login("worker"):
        assert (jobs.run_alerts(), jobs.run_alerts()) == (1, 0)
        with acting(SYSTEM):
            assert list(ViewHit.objects.values_list("view__name", "case")) == [("窓口", case.pk)]
    told = Nudge.objects.filter(kind="view")
    assert list(told.values_list("person", "body", "case", "title")) == [
        (world.desk.person, DESK, case.pk, "「窓口」に新しく入りました")]


def test_the_worker_passes_over_people_who_left(committed_world: World, login: Any) -> None:
    world = committed_world
    with acting(world.desk):
        made = save_view("state=all", ViewWords("窓口", alert=True), by=world.desk)
    arrived(world)
    stays = Person.objects.create_user("stays@people.example", name="残る 人")
    Membership.objects.create(person=stays, body_id=DESK, role="staff", is_admin=True, since=clock.today())
    Membership.objects.filter(body=DESK).exclude(person=stays).update(until=clock.today().replace(year=2025), since="2024-04-01")
    with login("worker"):
        assert jobs.run_alerts() == 0
    assert ViewHit.objects.filter(view=made).count() == 0


def test_the_database_shows_views_as_visible_to_does(committed_world: World, login: Any) -> None:
    world, other = committed_world, colleague()
    for actor, name, shared in ((world.desk, "自", False), (other, "他", False), (other, "共", True), (world.lab, "試", True)):
        save_view(f"by={actor.body}", ViewWords(name, shared=shared), by=actor)
    gone = save_view("", ViewWords("済", shared=True), by=other)
    end_view(gone, by=other)
    case = arrived(world).case
    for one in SavedView.objects.all():
        ViewHit.objects.create(view=one, case=case, came_at=clock.now())
    wanted = {world.desk: ({"自", "共"}, {"自"}), other: ({"他", "共", "済"}, {"他", "共", "済"}), world.lab: ({"試"}, {"試"}), GUEST: (set(), set())}
    with login("web"):
        for actor, (views, hits) in wanted.items():
            with acting(actor):
                assert set(SavedView.objects.values_list("name", flat=True)) == views
                assert set(SavedView.objects.visible_to(actor).values_list("name", flat=True)) == views
                assert set(ViewHit.objects.values_list("view__name", flat=True)) == hits
                assert set(ViewHit.objects.visible_to(actor).values_list("view__name", flat=True)) == hits


def test_the_database_refuses_a_view_in_anothers_name(committed_world: World, login: Any) -> None:
    world, other = committed_world, colleague()
    shared = save_view("", ViewWords("共", shared=True), by=other)
    with login("web"):
        with acting(world.desk):
            with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                SavedView.objects.create(body_id=DESK, person_id=other.person, name="偽", query="", made_at=clock.now())
            assert SavedView.objects.filter(pk=shared.pk).update(name="盗") == 0
