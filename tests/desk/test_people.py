"""The page of a body's people: what members and administrators see, and the deeds of administrators."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.invitations import invite
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.queries import people_of
from renkei.base import clock
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.accounts.test_invitations import asked
from tests.accounts.test_members import join
from tests.world import BANK, LAB, World

DAY = dt.timedelta(days=1)
PEOPLE = reverse("desk-people", kwargs={"body": LAB})
INVITE = reverse("desk-people-invite", kwargs={"body": LAB})
GOOD = {"email": "new@lab.example", "name": "新田 光", "role": "coordinator", "title": "主任", "since": "2026年12月1日"}


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def admin(world: World) -> Client:
    return signed_in(world.people[LAB])


@pytest.fixture
def plain(world: World) -> Membership:
    member = join(LAB, "平野 守")
    member.specialities = ["金属", "めっき"]
    member.title = "主任研究員"
    member.save()
    return member


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_administrators_see_everything(world: World, admin: Client, plain: Membership) -> None:
    Authenticator.objects.create(user=plain.person, type=Authenticator.Type.WEBAUTHN, data={})
    invite(Body.objects.get(pk=LAB), asked=asked(), by=world.lab)
    page = admin.get(PEOPLE)
    said = words(page)
    assert [row.member.person.name for row in page.context["rows"]] == ["小出 渉", "平野 守"]
    for part in ("平野 守", plain.person.email, "主任研究員", "金属、めっき", "パスキー", "二段階の確認がまだ", "招待中", "new@lab.example", "人を招く"):
        assert part in said, part
    assert [one.email for one in page.context["invitations"]] == ["new@lab.example"]


def test_members_see_their_colleagues_and_no_deeds(world: World, plain: Membership) -> None:
    invite(Body.objects.get(pk=LAB), asked=asked(), by=world.lab)
    page = signed_in(plain.person).get(PEOPLE)
    said = words(page)
    assert "小出 渉" in said
    for part in (world.people[LAB].email, "new@lab.example", "人を招く", "パスキー", "確認がまだ", "管理者にする"):
        assert part not in said, part
    assert page.context["invitations"] == []


def test_a_person_of_another_body_finds_nothing(world: World) -> None:
    assert signed_in(world.people[BANK]).get(PEOPLE).status_code == 404


def test_who_left_stands_apart_for_a_year(world: World, admin: Client) -> None:
    today = clock.today()
    join(LAB, "去年の人", since=today - 900 * DAY, until=today - 30 * DAY)
    join(LAB, "昔の人", since=today - 900 * DAY, until=today - 400 * DAY)
    join(LAB, "来る人", since=today + 30 * DAY)
    page = admin.get(PEOPLE)
    assert {row.member.person.name for row in page.context["rows"]} == {"小出 渉", "来る人"}
    assert [row.member.person.name for row in page.context["left"]] == ["去年の人"]
    assert "昔の人" not in words(page)


@pytest.mark.parametrize(("days", "dormant"), [(None, True), (89, False), (90, True), (1, False)])
def test_dormant_is_who_has_not_signed_in_for_ninety_days(world: World, admin: Client, plain: Membership, days: int | None, dormant: bool) -> None:
    last = None if days is None else clock.now() - days * DAY
    Person.objects.filter(pk=plain.person_id).update(last_login=last)
    row = next(row for row in people_of(LAB) if row.member.pk == plain.pk)
    assert row.is_dormant is dormant
    assert ("長く使っていません" in words(admin.get(PEOPLE)).split("平野")[1]) is dormant


def test_who_just_started_is_not_dormant(world: World) -> None:
    fresh = join(LAB, "新人", since=clock.today() - 5 * DAY)
    assert [row.is_dormant for row in people_of(LAB) if row.member.pk == fresh.pk] == [False]


def test_one_query_more_or_less_however_many_people(world: World, admin: Client, django_assert_num_queries: Any) -> None:
    join(LAB, "一人目")
    people_of(LAB)  # what the plan says is read once
    with django_assert_num_queries(4):
        people_of(LAB)
    for number in range(5):
        join(LAB, f"つぎ{number}")
    with django_assert_num_queries(4):
        people_of(LAB)


def test_an_invitation_leaves_from_the_page(world: World, admin: Client) -> None:
    assert admin.post(INVITE, GOOD | {"is_admin": "on"})["Location"] == PEOPLE
    made = Invitation.objects.get()
    assert (made.email, made.name, made.role, made.title, made.since, made.is_admin, made.made_by) == (
        "new@lab.example", "新田 光", "coordinator", "主任", dt.date(2026, 12, 1), True, world.people[LAB]
    )  # fmt: skip
    assert [mail.to for mail in Mail.objects.filter(purpose="invitation")] == ["new@lab.example"]
    assert "新田 光さん（new@lab.example）に招待を送りました。" in words(admin.get(PEOPLE))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": ""}, "email"), ({"email": "x"}, "email"), ({"email": f"{LAB}@people.example"}, "email"), ({"name": ""}, "name"),
        ({"name": "あ" * 101}, "name"), ({"role": "king"}, "role"), ({"role": ""}, "role"), ({"since": "きのうの昔"}, "since"),
        ({"since": ""}, "since"), ({"title": "あ" * 101}, "title"),
    ],
)  # fmt: skip
def test_bad_input_is_kept_with_the_sentence_beside_it(world: World, admin: Client, wrong: dict[str, str], field: str) -> None:
    answer = admin.post(INVITE, GOOD | wrong)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    kept = {name: answer.context["form"][name].value() for name in GOOD if name != field}
    assert kept == {name: value for name, value in (GOOD | wrong).items() if name != field}
    assert list(Invitation.objects.all()) == []


def test_two_clicks_make_one_invitation(world: World, admin: Client) -> None:
    admin.post(INVITE, GOOD)
    again = admin.post(INVITE, GOOD)
    assert again.context["form"].errors == {"email": ["このアドレスには、もう招待を送ってあります。一覧から送り直せます。"]}
    assert Invitation.objects.count() == 1


def test_an_invitation_is_sent_again_and_taken_back(world: World, admin: Client) -> None:
    made = invite(Body.objects.get(pk=LAB), asked=asked(), by=world.lab)
    deed = {"body": LAB, "invitation": made.pk}
    admin.post(reverse("desk-people-resend", kwargs=deed))
    assert Mail.objects.filter(about=made.pk).count() == 2
    admin.post(reverse("desk-people-withdraw", kwargs=deed))
    assert "取り消しました" in words(admin.get(PEOPLE))
    made.refresh_from_db()
    assert made.withdrawn_at is not None
    assert admin.post(reverse("desk-people-resend", kwargs=deed)).status_code == 409


def test_a_member_is_changed_and_the_form_begins_with_what_stands(world: World, admin: Client, plain: Membership) -> None:
    url = reverse("desk-people-member", kwargs={"body": LAB, "member": plain.pk})
    form = admin.get(url).context["form"]
    assert {name: form[name].value() for name in form.fields} == {"role": "staff", "title": "主任研究員", "specialities": "金属、めっき", "team": ""}
    assert admin.post(url, {"role": "desk", "title": "", "specialities": "電子, 電池"})["Location"] == PEOPLE
    plain.refresh_from_db()
    assert (plain.role, plain.title, plain.specialities) == ("desk", "", ["電子", "電池"])
    many = admin.post(url, {"role": "desk", "specialities": "、".join("あいうえおかきくけこさしすせそたちつてとな")})
    assert many.context["form"].errors == {"specialities": ["得意分野は20までです。"]}


def test_a_role_of_an_older_plan_stays_choosable(world: World, admin: Client, plain: Membership) -> None:
    Membership.objects.filter(pk=plain.pk).update(role="elder")
    url = reverse("desk-people-member", kwargs={"body": LAB, "member": plain.pk})
    assert ("elder", "elder") in admin.get(url).context["form"].fields["role"].choices
    assert admin.post(url, {"role": "elder"}).context["form"].errors == {"role": ["役割を選んでください。"]}


def test_administrators_are_made_and_the_last_one_stays(world: World, admin: Client, plain: Membership) -> None:
    own = Membership.objects.get(person=world.people[LAB])
    url = lambda one: reverse("desk-people-admin", kwargs={"body": LAB, "member": one.pk})  # noqa: E731  short for three lines
    admin.post(url(own))
    assert "この機関に管理者がいなくなります。" in words(admin.get(PEOPLE))
    admin.post(url(plain), {"admin": "1"})
    assert "平野 守さんを管理者にしました。" in words(admin.get(PEOPLE))
    admin.post(url(own))
    assert set(Membership.objects.filter(body_id=LAB, is_admin=True)) == {plain}
    assert admin.get(INVITE).status_code == 403


def test_deeds_are_for_administrators_of_that_body_only(world: World, plain: Membership) -> None:
    made = invite(Body.objects.get(pk=LAB), asked=asked(), by=world.lab)
    own = Membership.objects.get(person=world.people[LAB])
    member = signed_in(plain.person)
    assert member.get(INVITE).status_code == member.post(INVITE, GOOD).status_code == 403
    for name, status in (("desk-people-resend", 404), ("desk-people-withdraw", 404)):
        assert member.post(reverse(name, kwargs={"body": LAB, "invitation": made.pk})).status_code == status
    for name in ("desk-people-member", "desk-people-admin"):
        assert member.post(reverse(name, kwargs={"body": LAB, "member": own.pk}), {"role": "desk"}).status_code == 403
    bank = signed_in(world.people[BANK])
    for name, kwargs in (("desk-people-member", {"member": own.pk}), ("desk-people-admin", {"member": own.pk}),
                         ("desk-people-resend", {"invitation": made.pk}), ("desk-people-withdraw", {"invitation": uuid.uuid4()})):  # fmt: skip
        assert bank.post(reverse(name, kwargs={"body": BANK} | kwargs)).status_code == 404
    made.refresh_from_db()
    assert made.withdrawn_at is None


def test_the_navigation_leads_here(world: World, admin: Client) -> None:
    page = admin.get(PEOPLE).content.decode()
    assert f'<a href="{PEOPLE}" aria-current="page">機関</a>' in page
