"""A person's own settings: what stands on the cards, and the devices one is signed in on."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.sessions import end_other_sessions, end_session
from renkei.accounts.models import Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.desk.myself.settings import device_words
from tests.world import BANK, DESK, LAB, World

SETTINGS, SESSIONS = reverse("my-settings"), reverse("my-sessions")
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1"


def enter(world: World, body: str = LAB, agent: str = WINDOWS) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post(reverse("account_login"), {"login": world.people[body].email, "password": "hibari-secret-1"})
    return client


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (WINDOWS, "Chrome、Windows"), (PHONE, "Safari、iPhone"), (WINDOWS + " Edg/130.0", "Edge、Windows"), ("", "分からない端末"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox、Linux"), ("curl/8", "分からない端末"),
        ("<script>", "分からない端末"),
    ],
)  # fmt: skip
def test_devices_are_named_as_people_call_them(agent: str, said: str) -> None:
    assert device_words(agent) == said


def test_cards_say_what_stands_and_lead_on(world: World) -> None:
    client = enter(world)
    said = [(card.title, card.now, card.url_name) for card in client.get(SETTINGS).context["cards"]]
    assert said == [
        ("パスキー", "まだありません", "mfa_list_webauthn"),
        ("認証アプリ・二段階の確認", "設定していません", "mfa_index"),
        ("控えの番号", "パスキーか認証アプリを設定すると作れます", "mfa_index"),
        ("パスワード", "決めてあります", "account_change_password"),
        ("サインインしている端末", "心当たりのないものを終えられます", "my-sessions"),
    ]
    person = world.people[LAB]
    for kind in Authenticator.Type.values:
        Authenticator.objects.create(user=person, type=kind, data={})
    person.set_unusable_password()
    Person.objects.filter(pk=person.pk).update(password=person.password)
    client.force_login(Person.objects.get(pk=person.pk))
    said = [(card.now, card.url_name) for card in client.get(SETTINGS).context["cards"]]
    assert said[:4] == [("1つ", "mfa_list_webauthn"), ("設定してあります", "mfa_index"), ("作ってあります", "mfa_view_recovery_codes"),
                        ("決めていません（パスキーで入ります）", "account_set_password")]  # fmt: skip


def test_nobody_sees_settings_without_a_sign_in(world: World) -> None:
    for url in (SETTINGS, SESSIONS):
        assert Client().get(url)["Location"].startswith(reverse("account_login"))


def test_devices_are_listed_with_place_and_time(world: World) -> None:
    here, _phone = enter(world), enter(world, agent=PHONE)
    enter(world, BANK)
    page = here.get(SESSIONS)
    assert {(said, mine) for _one, said, mine in page.context["rows"]} == {("Chrome、Windows", True), ("Safari、iPhone", False)}
    assert "場所 127.0.0.1" in words(page)


def test_one_device_is_ended_from_another(world: World) -> None:
    here, phone, tablet = enter(world), enter(world, agent=PHONE), enter(world, agent=WINDOWS + " Edg/1")
    lost = UserSession.objects.get(user_agent=PHONE)
    assert here.post(SESSIONS, {"end": lost.pk})["Location"] == SESSIONS
    assert [client.get(SETTINGS).status_code for client in (here, phone, tablet)] == [200, 302, 200]
    assert [event.verb for event in Event.objects.all()] == ["session.end"]
    assert here.post(SESSIONS, {"end": lost.pk}).status_code == 404


def test_all_others_are_ended_at_once(world: World) -> None:
    here, phone, stranger = enter(world), enter(world, agent=PHONE), enter(world, DESK)
    here.post(SESSIONS)
    assert "（1件）" in words(here.get(SESSIONS))
    assert [client.get(SETTINGS).status_code for client in (here, phone, stranger)] == [200, 302, 200]
    assert here.get(SESSIONS).context["has_others"] is False


@pytest.mark.parametrize("end", ["x", "-1", "9" * 40, "0"])
def test_a_made_up_device_is_not_there(world: World, end: str) -> None:
    here = enter(world)
    assert here.post(SESSIONS, {"end": end}).status_code == 404
    assert here.get(SETTINGS).status_code == 200


def test_nobody_ends_the_sessions_of_others(world: World) -> None:
    here, other = enter(world), enter(world, BANK)
    theirs = UserSession.objects.get(user=world.people[BANK])
    own = UserSession.objects.get(user=world.people[LAB])
    assert here.post(SESSIONS, {"end": theirs.pk}).status_code == 404
    assert here.post(SESSIONS, {"end": own.pk}).status_code == 404  # the own one ends by signing out
    assert other.get(SETTINGS).status_code == 200
    for act in (lambda: end_session(theirs, by=world.lab), lambda: end_other_sessions(world.people[BANK], keep=None, by=world.lab)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_own"


def test_a_dead_session_is_not_shown(world: World) -> None:
    here, phone = enter(world), enter(world, agent=PHONE)
    phone.session.flush()
    assert [said for _one, said, _mine in here.get(SESSIONS).context["rows"]] == ["Chrome、Windows"]


def test_the_last_use_is_noted_by_what_changes_something_not_by_looking(world: World) -> None:
    here = enter(world)
    old = clock.now() - dt.timedelta(hours=3)
    UserSession.objects.update(last_seen_at=old)
    here.get(SETTINGS)
    assert UserSession.objects.get().last_seen_at == old
    here.post(SESSIONS)
    assert clock.now() - UserSession.objects.get().last_seen_at < dt.timedelta(minutes=1)
