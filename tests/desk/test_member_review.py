"""The half-yearly review: who signs, what is refused, who reads it, and that it changes nothing by itself."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.reviews import sign_review
from renkei.accounts.models import MemberReview, Membership
from renkei.accounts.queries import half_year, review_is_due
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, staff
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.plan.models import Body
from tests.accounts.test_members import join
from tests.desk.test_people import signed_in
from tests.world import BANK, DESK, LAB, World

REVIEW = reverse("desk-people-review", kwargs={"body": LAB})


def lab() -> Body:
    return Body.objects.get(pk=LAB)


def all_stay(body: str = LAB) -> dict[uuid.UUID, str]:
    return {one.pk: "stays" for one in Membership.objects.filter(body_id=body)}


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


@pytest.mark.parametrize(
    ("day", "half"),
    [
        (dt.date(2026, 4, 1), dt.date(2026, 4, 1)), (dt.date(2026, 9, 30), dt.date(2026, 4, 1)), (dt.date(2026, 10, 1), dt.date(2026, 10, 1)),
        (dt.date(2027, 1, 1), dt.date(2026, 10, 1)), (dt.date(2027, 3, 31), dt.date(2026, 10, 1)), (dt.date(2024, 2, 29), dt.date(2023, 10, 1)),
    ],
)  # fmt: skip
def test_halves_begin_in_april_and_october(world: World, day: dt.date, half: dt.date) -> None:
    assert half_year(day) == half


def test_a_review_is_signed_once_a_half_year(world: World) -> None:
    plain = join(LAB, "ひら")
    verdicts = all_stay() | {plain.pk: "leaves"}
    made = sign_review(lab(), verdicts=verdicts, by=world.lab)
    assert (made.body_id, made.half, made.signed_by) == (LAB, half_year(clock.today()), world.people[LAB])
    assert {row["member"]: row["verdict"] for row in made.verdicts} == {str(pk): verdict for pk, verdict in verdicts.items()}
    assert [event.verb for event in Event.objects.all()] == ["review.sign"]
    with pytest.raises(Refused) as refused:
        sign_review(lab(), verdicts=verdicts, by=world.lab)
    assert refused.value.code == "signed"
    assert not review_is_due(LAB)
    assert review_is_due(BANK)
    assert Membership.objects.get(pk=plain.pk).until is None  # a verdict ends nothing
    with clock.moved_to(clock.now() + dt.timedelta(days=190)):
        assert review_is_due(LAB)
        sign_review(lab(), verdicts=verdicts, by=world.lab)


@pytest.mark.parametrize("verdict", ["", "dies", None])
def test_everybody_needs_a_verdict(world: World, verdict: Any) -> None:
    plain = join(LAB, "ひら")
    with pytest.raises(Refused) as refused:
        sign_review(lab(), verdicts=all_stay() | {plain.pk: verdict}, by=world.lab)
    assert refused.value.code == "not_all"
    assert list(MemberReview.objects.all()) == []


def test_only_the_bodys_administrators_sign(world: World) -> None:
    plain = join(LAB, "ひら")
    for by in (staff(plain.person_id, LAB), world.desk, GUEST, SYSTEM):
        with pytest.raises(Refused) as refused:
            sign_review(lab(), verdicts=all_stay(), by=by)
        assert refused.value.code == "not_admin"


def test_the_database_keeps_one_a_half_year_and_changes_none(world: World) -> None:
    made = sign_review(lab(), verdicts=all_stay(), by=world.lab)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MemberReview.objects.filter(pk=made.pk).update(half=dt.date(2020, 4, 1))
    made.pk, made._state.adding = uuid.uuid4(), True
    with pytest.raises(IntegrityError, match="member_review_once_a_half_year"), transaction.atomic():
        made.save(force_insert=True)


def test_sight_is_what_the_database_shows(committed_world: World, login: Any) -> None:
    world = committed_world
    made = {body: sign_review(Body.objects.get(pk=body), verdicts=all_stay(body), by=world.actor(body)).pk for body in (LAB, BANK)}
    plain = join(LAB, "ひら")
    expected = [(world.lab, {made[LAB]}), (staff(plain.person_id, LAB), {made[LAB]}), (world.bank, {made[BANK]}), (world.center, set()),
                (world.desk, set(made.values())), (GUEST, set())]  # fmt: skip
    with login("web"):
        for actor, wanted in expected:
            with acting(actor):
                assert (actor, set(MemberReview.objects.values_list("pk", flat=True))) == (actor, wanted)
                asked = MemberReview.objects.visible_to(actor, is_desk=actor.body == DESK)
                assert set(asked.values_list("pk", flat=True)) == wanted
        for actor in (staff(plain.person_id, LAB), world.bank):
            with pytest.raises(ProgrammingError, match="row-level security"), acting(actor):
                MemberReview.objects.create(body_id=LAB, half=dt.date(2020, 4, 1), signed_by_id=plain.person_id,
                                            signed_at=clock.now(), verdicts=[])  # fmt: skip
    with login("worker"), acting(SYSTEM):
        assert set(MemberReview.objects.values_list("pk", flat=True)) == set(made.values())


# The page.


def test_the_administrator_signs_on_screen(world: World) -> None:
    plain, client = join(LAB, "平野 守"), signed_in(world.people[LAB])
    people = reverse("desk-people", kwargs={"body": LAB})
    assert "この半年の見直しがまだです。" in words(client.get(people))
    form = client.get(REVIEW).context["form"]
    assert set(form.fields) == {str(pk) for pk in all_stay()}
    assert {field.initial for field in form.fields.values()} == {None}
    sent = {str(pk): "stays" for pk in all_stay()} | {str(plain.pk): "changes"}
    assert client.post(REVIEW, sent)["Location"] == REVIEW
    page = client.get(REVIEW)
    assert page.context["form"] is None
    assert [counts for _one, counts in page.context["signed"]] == [[("続ける", 1), ("変わる", 1)]]
    assert "この半年の見直しがまだです。" not in words(client.get(people))
    assert client.post(REVIEW, sent).status_code == 409
    assert MemberReview.objects.count() == 1


def test_what_was_chosen_is_kept_when_somebody_is_forgotten(world: World) -> None:
    plain, client = join(LAB, "平野 守"), signed_in(world.people[LAB])
    own = Membership.objects.get(person=world.people[LAB])
    answer = client.post(REVIEW, {str(own.pk): "stays", str(plain.pk): ""})
    assert answer.context["form"].errors == {str(plain.pk): ["1つ選んでください。"]}
    assert answer.context["form"][str(own.pk)].value() == "stays"
    assert list(MemberReview.objects.all()) == []


def test_members_read_and_do_not_sign(world: World) -> None:
    client = signed_in(join(LAB, "平野 守").person)
    assert "機関の管理者が署名します" in words(client.get(REVIEW))
    assert client.post(REVIEW, {str(pk): "stays" for pk in all_stay()}).status_code == 403
    assert signed_in(world.people[BANK]).get(REVIEW).status_code == 404


def test_the_front_desk_sees_which_bodies_have_signed(world: World) -> None:
    sign_review(lab(), verdicts=all_stay(), by=world.lab)
    page = signed_in(world.people[DESK]).get(reverse("desk-people-review", kwargs={"body": DESK}))
    assert {body.pk: review is not None for body, review in page.context["bodies"]} == {
        body: body == LAB for body in Body.objects.values_list("pk", flat=True)
    }
    assert Client().get(REVIEW).status_code == 302
    assert signed_in(world.people[LAB]).get(REVIEW).context["bodies"] == []
