"""How accounts are looked after is data of the plan: how long an invitation opens, who is dormant, when reviews begin (P6)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.actions.invitations import Asked, invite
from renkei.accounts.actions.members import Place
from renkei.accounts.models import Membership
from renkei.accounts.queries import half_year, people_of
from renkei.base import clock
from renkei.companies.actions.access import write_invitation
from renkei.companies.actions.profile import Profile, register_company
from renkei.plan.checks import check_shape
from renkei.plan.content import AccountRules, PlanContent
from renkei.plan.files import Source
from renkei.plan.models import Body, PlanVersion
from renkei.post.models import Mail
from tests.plan.region import region
from tests.world import CONTENT, LAB, World

DAY = dt.timedelta(days=1)


def say(world: World, **rules: Any) -> None:
    """Publish a version that says these rules."""
    PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"accounts": rules}, published_at=clock.now())


def test_what_comes_with_the_program() -> None:
    assert PlanContent({}).accounts == AccountRules(14, 90, (4, 10))


def test_what_the_plan_says_counts_and_its_note_is_no_rule() -> None:
    said = {"invitation_days": 3, "review_months": [12, 6], "note": "覚え"}
    assert PlanContent({"accounts": said}).accounts == AccountRules(3, 90, (6, 12))


@pytest.mark.parametrize(("day", "begun"), [
    (dt.date(2026, 5, 31), dt.date(2025, 12, 1)), (dt.date(2026, 6, 1), dt.date(2026, 6, 1)), (dt.date(2026, 11, 30), dt.date(2026, 6, 1)),
    (dt.date(2026, 12, 1), dt.date(2026, 12, 1)), (dt.date(2027, 1, 1), dt.date(2026, 12, 1)),
])  # fmt: skip
def test_halves_begin_when_the_plan_says(world: World, day: dt.date, begun: dt.date) -> None:
    say(world, review_months=[12, 6])
    assert half_year(day) == begun


@pytest.mark.parametrize(("most", "dormant"), [(29, True), (30, True), (31, False)])
def test_dormant_after_the_days_of_the_plan(world: World, most: int, dormant: bool) -> None:
    say(world, dormant_days=most)
    member = Membership.objects.select_related("person").first()
    assert member is not None
    member.person.last_login = clock.now() - 30 * DAY
    member.person.save(update_fields=["last_login"])
    assert [row.is_dormant for row in people_of(member.body_id) if row.member.pk == member.pk] == [dormant]


def test_an_invitation_opens_for_the_days_of_the_plan(world: World) -> None:
    say(world, invitation_days=3)
    place = Asked("shin@lab.example", "新井 光", Place("staff"), clock.today())
    made = invite(Body.objects.get(pk=LAB), by=world.lab, asked=place)
    assert made.expires_at - made.made_at == 3 * DAY


def test_a_firms_invitation_too_and_its_mail_says_so(world: World) -> None:
    say(world, invitation_days=3)
    firm = register_company(Profile(name="株式会社きつねび", phone="000-000-1111"), by=world.lab)
    made = write_invitation(firm, by=world.lab, email="wataru@kitsunebi.example", name="", role="admin")
    assert made.expires_at - made.invited_at == 3 * DAY
    assert "\n3日のあいだ使えます。" in Mail.objects.get(about=made.pk).text


@pytest.mark.parametrize(("wrong", "rule"), [
    ({"invitation_days": 0}, "minimum"), ({"invitation_days": 91}, "maximum"), ({"dormant_days": "90"}, "type"), ({"review_months": []}, "minItems"),
    ({"review_months": [4, 4]}, "uniqueItems"), ({"review_months": [13]}, "maximum"), ({"unknown": 1}, "unknown-key"),
])  # fmt: skip
def test_the_check_refuses(wrong: dict[str, Any], rule: str) -> None:
    document = region() | {"accounts": wrong}
    assert [fault.rule for fault in check_shape(Source(document))] == [rule]
