"""An invitation in every state: each act is done once, or refused with one code and nothing changed; its time ends to the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.invitations import Arriving, accept_invitation, find_invitation, invite, resend, withdraw
from renkei.accounts.actions.members import LONGEST_SPECIALITY, Place, change_member, end_membership, make_admin
from renkei.accounts.actions.reviews import sign_review
from renkei.accounts.models import Invitation, MemberReview, Membership, Person
from renkei.accounts.queries import half_year, people_of, review_is_due
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder, staff
from renkei.base.refusal import Refused
from renkei.plan.models import Body
from tests.accounts.test_invitations import NEW, asked, lab, token
from tests.accounts.test_members import join, own
from tests.cases.trying import tried
from tests.world import BANK, DESK, LAB, World

ROWS = (Invitation, Membership, Person, MemberReview)
DAY = dt.timedelta(days=1)


def closed() -> None:
    Body.objects.filter(pk=LAB).update(closed_on=clock.today())


def _put(world: World, state: str) -> Invitation:
    made = invite(lab(), asked=asked(), by=world.lab)
    if state == "withdrawn":
        withdraw(made, by=world.lab)
    if state == "accepted":
        accept_invitation(made, arriving=Arriving(name="新田 光"), by=link_holder(made.pk))
    if state == "expired":
        Invitation.objects.filter(pk=made.pk).update(expires_at=clock.now())
    if state == "known":
        Person.objects.create_user(NEW, "hibari-secret-1", name="新田 光")
    if state == "member":
        Membership.objects.create(person=Person.objects.create_user(NEW, name="新田 光"), body_id=LAB, role="staff", since=clock.today())
    if state == "came back":  # a member until yesterday
        person = Person.objects.create_user(NEW, name="新田 光")
        Membership.objects.create(person=person, body_id=LAB, role="staff", since=clock.today() - 9 * DAY, until=clock.today() - DAY)
    made.refresh_from_db()
    return made


# invite once more, resend, withdraw (the administrator); accept as somebody new, as the person (the link)
TABLE = {
    "waiting": ("already_invited", "ok", "ok", "ok", "other_address"),
    "expired": ("already_invited", "ok", "ok", "expired", "expired"),
    "withdrawn": ("ok", "not_waiting", "not_waiting", "not_waiting", "not_waiting"),
    "accepted": ("already_member", "not_waiting", "not_waiting", "not_waiting", "not_waiting"),
    "known": ("already_invited", "ok", "ok", "known", "ok"),
    "member": ("already_member", "ok", "ok", "known", "already_member"),
    "came back": ("already_invited", "ok", "ok", "known", "ok"),
}


@pytest.mark.parametrize("state", TABLE)
def test_every_act_in_every_state_and_when_the_body_has_closed(world: World, state: str) -> None:
    made = _put(world, state)
    person = Person.objects.filter(email=NEW).first() or world.people[BANK]
    link = link_holder(made.pk)
    acts: list[Callable[[], object]] = [
        lambda: invite(lab(), asked=asked(), by=world.lab), lambda: resend(made, by=world.lab), lambda: withdraw(made, by=world.lab),
        lambda: accept_invitation(made, arriving=Arriving(name="新田 光"), by=link),
        lambda: accept_invitation(made, arriving=Arriving(person=person), by=link),
    ]  # fmt: skip
    assert tuple(tried(act, *ROWS) for act in acts) == TABLE[state]
    closed()
    after = tuple(tried(act, *ROWS) for act in acts)
    assert after == tuple("body_closed" if number != 2 and (number == 0 or was in {"ok", "other_address", "known", "already_member"}) else was
                          for number, was in enumerate(TABLE[state]))  # fmt: skip


@pytest.mark.parametrize("who", ["plain", "leaving yesterday", "desk", "bank", "guest", "own link", "another link"])
def test_nobody_but_an_administrator_of_today_acts_on_it(world: World, who: str) -> None:
    made = _put(world, "waiting")
    plain, gone = join(LAB, "ひら"), join(LAB, "きのうまで", is_admin=True, until=clock.today() - DAY)
    by: Actor = {"plain": staff(plain.person_id, LAB), "leaving yesterday": staff(gone.person_id, LAB), "desk": world.desk, "bank": world.bank,
                 "guest": GUEST, "own link": link_holder(made.pk), "another link": link_holder(plain.pk)}[who]  # fmt: skip
    for act in (lambda: invite(lab(), asked=asked("b@lab.example"), by=by), lambda: resend(made, by=by), lambda: withdraw(made, by=by),
                lambda: change_member(plain, place=Place("staff"), by=by), lambda: make_admin(plain, by=by),
                lambda: end_membership(plain, until=clock.today(), by=by), lambda: sign_review(lab(), verdicts={}, by=by)):  # fmt: skip
        assert tried(act, *ROWS) == "not_admin"
    if who != "own link":
        assert tried(lambda: accept_invitation(made, arriving=Arriving(name="x"), by=by), *ROWS) == "not_invited"


@pytest.mark.parametrize(("left", "opens"), [(dt.timedelta(minutes=5), True), (-DAY, False)])
def test_it_opens_to_its_last_moment(world: World, left: dt.timedelta, opens: bool) -> None:
    made = _put(world, "waiting")
    secret = token(made)
    Invitation.objects.filter(pk=made.pk).update(expires_at=clock.now() + left)  # the database looks at its own clock
    made.refresh_from_db()
    assert (find_invitation(secret) is not None, made.is_expired) == (opens, not opens)
    page = Client().get(reverse("invitation", kwargs={"secret": secret}))
    assert page.status_code == (200 if opens else 404)


def test_a_link_of_a_closed_body_says_so_and_makes_nobody(world: World) -> None:
    made = _put(world, "waiting")
    closed()
    url = reverse("invitation", kwargs={"secret": token(made)})
    answer = Client().post(url, {"name": "新田 光", "kana": "", "password1": "", "password2": ""})
    assert answer.context["form"].errors == {"__all__": ["この機関は計画から外れています。"]}
    assert not Person.objects.filter(email=NEW).exists()


@pytest.mark.parametrize("password", [" kaze-no-oto-7", "kaze-no-oto-7　", "風の音 を聞いた夜七つ"])
def test_the_password_of_an_arrival_signs_in_as_it_was_typed(world: World, password: str) -> None:
    url = reverse("invitation", kwargs={"secret": token(_put(world, "waiting"))})
    assert Client().post(url, {"name": "新田 光", "kana": "ニッタ", "password1": password, "password2": password}).status_code == 302
    again = Client()
    again.post(reverse("account_login"), {"login": NEW, "password": password})
    assert again.session["_auth_user_id"] == str(Person.objects.get(email=NEW).pk)


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "𠮷野 葛\U000e0100子", "あ" * 100])
def test_a_hostile_name_arrives_as_a_name(world: World, name: str) -> None:
    made = invite(lab(), asked=asked(name=name), by=world.lab)
    page = Client().get(reverse("invitation", kwargs={"secret": token(made)})).content.decode()
    assert "<script>alert" not in page
    accept_invitation(made, arriving=Arriving(name=name, kana="\u202eニ\u200bッタ"), by=link_holder(made.pk))
    person = Person.objects.get(email=NEW)
    assert (person.name, person.kana) == (name, "ニッタ")
    admin = Client()
    admin.force_login(world.people[LAB])
    assert "<script>alert" not in admin.get(reverse("desk-people", kwargs={"body": LAB})).content.decode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [(("金属", "金属", " 金属 "), ["金属"]), (("", "\u200b", "　"), []), (("あ" * LONGEST_SPECIALITY,), ["あ" * LONGEST_SPECIALITY])],
)
def test_specialities_are_kept_once_and_short(world: World, given: tuple[str, ...], kept: list[str]) -> None:
    assert change_member(own(world, LAB), place=Place("staff", "", given), by=world.lab).specialities == kept


def test_a_speciality_that_is_a_sentence_is_refused_beside_its_field(world: World) -> None:
    long = "あ" * (LONGEST_SPECIALITY + 1)
    with pytest.raises(Refused) as refused:
        change_member(own(world, LAB), place=Place("staff", "", ("金属", long)), by=world.lab)
    assert (refused.value.code, refused.value.field) == ("too_long", "specialities")
    admin = Client()
    admin.force_login(world.people[LAB])
    url = reverse("desk-people-member", kwargs={"body": LAB, "member": own(world, LAB).pk})
    page = admin.post(url, {"role": "staff", "title": "主任", "specialities": f"金属、{long}"})
    assert page.context["form"].errors == {"specialities": [f"得意分野は、1つ{LONGEST_SPECIALITY}字までです。「、」で区切ってください。"]}
    assert (page.context["form"]["title"].value(), own(world, LAB).specialities) == ("主任", [])


# the half-yearly review


@pytest.mark.parametrize(
    ("moment", "half"),
    [(clock.at(dt.date(2027, 3, 31), 23, 59), dt.date(2026, 10, 1)), (clock.at(dt.date(2027, 4, 1), 0), dt.date(2027, 4, 1)),
     (clock.at(dt.date(2027, 9, 30), 23, 59), dt.date(2027, 4, 1)), (clock.at(dt.date(2027, 10, 1), 0), dt.date(2027, 10, 1))],
)  # fmt: skip
def test_a_half_turns_at_midnight_in_tokyo(world: World, moment: dt.datetime, half: dt.date) -> None:
    with clock.moved_to(moment):
        assert half_year(clock.today()) == half
        made = sign_review(lab(), verdicts={own(world, LAB).pk: "stays"}, by=world.lab)
        assert (made.half, review_is_due(LAB), review_is_due(DESK)) == (half, False, True)


def test_who_is_asked_about_is_who_is_there_or_comes(world: World) -> None:
    plain, coming = join(LAB, "ひら"), join(LAB, "来る人", since=clock.today() + 30 * DAY)
    left, asleep = join(LAB, "去った人", until=clock.today() - DAY), join(LAB, "眠る人")
    last = join(LAB, "今日まで", until=clock.today())
    Person.objects.filter(pk=asleep.person_id).update(is_active=False)
    verdicts = {one.pk: "stays" for one in (own(world, LAB), plain, coming, last)}
    for missing in verdicts:
        some = {pk: said for pk, said in verdicts.items() if pk != missing}
        assert tried(lambda some=some: sign_review(lab(), verdicts=some, by=world.lab), *ROWS) == "not_all"
    made = sign_review(lab(), verdicts=verdicts | {left.pk: "stays", own(world, DESK).pk: "leaves"}, by=world.lab)
    assert {row["member"] for row in made.verdicts} == {str(pk) for pk in verdicts}
    assert tried(lambda: sign_review(lab(), verdicts=verdicts, by=world.lab), *ROWS) == "signed"
    assert tried(lambda: sign_review(lab(), verdicts=verdicts, by=SYSTEM), *ROWS) == "not_admin"
    assert Event.objects.filter(verb="review.sign").count() == 1


def test_the_page_of_the_review_for_each_kind_of_reader(world: World) -> None:
    plain = join(LAB, "ひら")
    url = reverse("desk-people-review", kwargs={"body": LAB})
    admin, member, bank = Client(), Client(), Client()
    admin.force_login(world.people[LAB])
    member.force_login(plain.person)
    bank.force_login(world.people[BANK])
    assert (admin.get(url).context["form"] is not None, member.get(url).context["form"]) == (True, None)
    assert "この半年の見直しはまだです。機関の管理者が署名します。" in member.get(url).content.decode()
    given: dict[str, Any] = {str(own(world, LAB).pk): "stays", str(plain.pk): "leaves"}
    assert (member.post(url, given).status_code, bank.get(url).status_code, bank.post(url, given).status_code) == (403, 404, 404)
    half_done = admin.post(url, {str(plain.pk): "leaves"})
    assert half_done.context["form"].errors == {str(own(world, LAB).pk): ["1つ選んでください。"]}
    assert half_done.context["form"][str(plain.pk)].value() == "leaves"
    wrong = admin.post(url, given | {str(plain.pk): "flies"})
    assert wrong.context["form"].errors == {str(plain.pk): ["一覧にないものです。選び直してください。"]}
    new = join(LAB, "あとから来た人")  # between looking and pressing
    assert set(admin.post(url, given).context["form"].errors) == {str(new.pk)}
    assert MemberReview.objects.count() == 0
    assert admin.post(url, given | {str(new.pk): "changes"})["Location"] == url
    assert admin.post(url, given | {str(new.pk): "changes"}).status_code == 409
    assert MemberReview.objects.count() == 1
    shown = member.get(url)
    assert shown.context["signed"][0][1] == [("続ける", 1), ("離れる", 1), ("変わる", 1)]
    desk = Client()
    desk.force_login(world.people[DESK])
    bodies = desk.get(reverse("desk-people-review", kwargs={"body": DESK})).context["bodies"]
    assert {body.pk: review is not None for body, review in bodies} == {DESK: False, LAB: True, "hibari-center": False, BANK: False}
    assert shown.context["bodies"] == []


def test_the_people_page_costs_the_same_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    admin = Client()
    admin.force_login(world.people[LAB])
    invite(lab(), asked=asked(), by=world.lab)
    for name in ("desk-people", "desk-people-review"):
        url = reverse(name, kwargs={"body": LAB})
        admin.get(url)
        with CaptureQueriesContext(connection) as one:
            admin.get(url)
        for number in range(2):
            join(LAB, f"{name}{number}")
            invite(lab(), asked=asked(f"{name}{number}@lab.example"), by=world.lab)
        with django_assert_num_queries(len(one)):
            admin.get(url)
    assert len(people_of(LAB)) == 5
