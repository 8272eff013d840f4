"""Signing in at its edges: digits used twice, hostile input, where it leads, and what a half sign-in opens."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.accounts.queries import has_second_factor
from tests.world import DESK, LAB, World

PASSWORD = "hibari-secret-1"
WRONG_DIGITS = "番号が違うか、期限が切れています。アプリに出ている新しい番号を入れてください。"
TODAY = reverse("desk-today", kwargs={"body": DESK})


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def secret(world: World) -> str:
    """The front desk's person has an app with this secret."""
    secret = generate_totp_secret()
    TOTP.activate(world.people[DESK], secret)
    return secret


def digits(secret: str, later: int = 0) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter + later):06d}"


def half(world: World) -> Client:
    """A client that has given address and password, and owes the digits."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": world.people[DESK].email, "password": PASSWORD})
    assert answer["Location"].split("?")[0] == reverse("mfa_authenticate")
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_half_sign_in_opens_nothing(world: World, secret: str) -> None:
    client = half(world)
    for url in (TODAY, reverse("my-bodies"), reverse("mfa_index"), reverse("account_change_password")):
        assert client.get(url)["Location"].startswith(reverse("account_login")), url
    assert not is_in(client)


def test_digits_open_once(world: World, secret: str) -> None:
    code = digits(secret)
    first, second = half(world), half(world)
    assert first.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    again = second.post(reverse("mfa_authenticate"), {"code": code})
    assert again.context["form"].errors == {"code": [WRONG_DIGITS]}
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize("later", [-20, -3, 3, 20])
def test_digits_of_another_time_open_nothing(world: World, secret: str, later: int) -> None:
    client = half(world)
    answer = client.post(reverse("mfa_authenticate"), {"code": digits(secret, later)})
    assert answer.context["form"].errors == {"code": [WRONG_DIGITS]}
    assert not is_in(client)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "\x00" * 6, "' OR 1=1", "９" * 6, "1" * 5000, "<b>"])
def test_hostile_digits_are_refused_in_words(world: World, secret: str, code: str) -> None:
    client = half(world)
    answer = client.post(reverse("mfa_authenticate"), {"code": code})
    assert answer.status_code == 200
    assert 'class="err"' in answer.content.decode()
    assert not is_in(client)


def test_digits_of_another_persons_app_open_nothing(world: World, secret: str) -> None:
    other = generate_totp_secret()
    TOTP.activate(world.people[LAB], other)
    client = half(world)
    client.post(reverse("mfa_authenticate"), {"code": digits(other)})
    assert not is_in(client)


def test_a_recovery_code_opens_once_and_the_others_stay(world: World, secret: str) -> None:
    codes = RecoveryCodes.activate(world.people[DESK]).get_unused_codes()
    first, second = half(world), half(world)
    assert first.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 302
    second.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert (is_in(first), is_in(second)) == (True, False)
    left = RecoveryCodes(Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)).get_unused_codes()
    assert left == codes[1:]


def test_guessing_digits_is_stopped(world: World, secret: str) -> None:
    client = half(world)
    answers = [client.post(reverse("mfa_authenticate"), {"code": "000000"}) for _ in range(12)]
    told = {error for answer in answers if answer.context for error in answer.context["form"].errors.get("code", [])}
    assert WRONG_DIGITS in told
    late = client.post(reverse("mfa_authenticate"), {"code": digits(secret)})
    assert not is_in(client)
    assert late.status_code in {200, 429}


@pytest.mark.parametrize(
    ("following", "leads_to"),
    [
        ("", reverse("my-bodies")),
        (TODAY, TODAY),
        ("https://evil.example/", reverse("my-bodies")),
        ("//evil.example/", reverse("my-bodies")),
        ("javascript:alert(1)", reverse("my-bodies")),
        ("http:evil.example", reverse("my-bodies")),
    ],
)
def test_signing_in_leads_to_our_own_pages_only(world: World, following: str, leads_to: str) -> None:
    answer = Client().post(
        reverse("account_login"), {"login": world.people[DESK].email, "password": PASSWORD, "next": following}
    )
    assert (answer.status_code, answer["Location"]) == (302, leads_to)


@pytest.mark.parametrize(
    "address", ["", "x", "a@" + "b" * 5000, "' OR 1=1 --", "<script>@people.example", "髙橋@people.example", "a@people.example\x00"]
)
def test_hostile_addresses_are_refused_without_a_crash(world: World, address: str) -> None:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": address, "password": PASSWORD})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<script>@" not in page
    assert 'class="err"' in page
    assert not is_in(client)


@pytest.mark.parametrize("password", ["\x00", "x" * 100_000, "ひばりのひみつ", f" {PASSWORD}", PASSWORD.upper()])
def test_another_password_never_opens(world: World, password: str) -> None:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": world.people[DESK].email, "password": password})
    assert answer.status_code == 200
    assert password[:20] not in answer.content.decode()
    assert not is_in(client)


def test_a_session_gets_a_new_key_on_signing_in_and_loses_it_on_signing_out(world: World) -> None:
    client = Client()
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "x"
    session.save()
    client.cookies["sessionid"] = planted = str(session.session_key)
    client.post(reverse("account_login"), {"login": world.people[DESK].email, "password": PASSWORD})
    assert is_in(client)
    assert client.session.session_key != planted
    client.get(reverse("account_logout"))
    assert is_in(client)  # looking at the page signs nobody out
    client.post(reverse("account_logout"))
    assert client.get(TODAY)["Location"].startswith(reverse("account_login"))


def test_a_new_password_ends_the_sessions_elsewhere(world: World) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post(reverse("account_login"), {"login": world.people[DESK].email, "password": PASSWORD})
        assert client.get(TODAY).status_code == 200
    new = {"oldpassword": PASSWORD, "password1": "new-long-word-9", "password2": "new-long-word-9"}
    here.post(reverse("account_change_password"), new)
    assert [client.get(TODAY).status_code for client in (here, there)] == [200, 302]


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("new-long-word-9", "new-long-word-8", "password2"),
        ("short", "short", "password1"),
        ("", "", "password1"),
    ],
)
def test_a_weak_or_mistyped_new_password_changes_nothing(world: World, first: str, second: str, field: str) -> None:
    client = Client()
    client.force_login(world.people[DESK])
    sent = {"oldpassword": PASSWORD, "password1": first, "password2": second}
    answer = client.post(reverse("account_change_password"), sent)
    assert field in answer.context["form"].errors
    assert Person.objects.get(pk=world.people[DESK].pk).check_password(PASSWORD)


def test_without_an_app_staff_pages_lead_to_setting_it_up_outside_the_example(world: World, settings: Any, secret: str) -> None:
    settings.RENKEI_EXAMPLE = False
    answers = {}
    for body in (DESK, LAB):
        client = Client()
        client.force_login(world.people[body])
        answers[body] = client.get(reverse("desk-today", kwargs={"body": body}))
    assert answers[DESK].status_code == 200
    assert answers[LAB]["Location"] == reverse("mfa_index")
    assert [has_second_factor(world.people[body]) for body in (DESK, LAB)] == [True, False]


def test_recovery_codes_alone_are_no_second_factor(world: World, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    RecoveryCodes.activate(world.people[DESK])
    client = Client()
    client.force_login(world.people[DESK])
    assert has_second_factor(world.people[DESK]) is False
    assert client.get(TODAY)["Location"] == reverse("mfa_index")
