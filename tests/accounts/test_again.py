"""Sensitive steps ask again: when, by what, and that nothing typed is lost."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.accounts.queries import ways_to_confirm
from renkei.cases.models import Case
from tests.accounts.test_second_factor_edges import digits
from tests.desk.deeds import finished
from tests.desk.scene import Scene
from tests.world import LAB, World

PASSWORD = "hibari-secret-1"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def scene(world: World) -> Scene:
    return finished(world)


def stale(person: Person) -> Client:
    """Somebody who signed in eleven minutes ago."""
    client = Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 11 * 60}]
    session.save()
    return client


def close(scene: Scene) -> str:
    return reverse("desk-case-close", kwargs={"body": LAB, "case": scene.case.pk})


TYPED = {"reason": "solved", "words": "終わった。\r\n二行目", "result": "solved", "needs": "settled"}


def test_a_fresh_sign_in_is_not_asked(world: World, scene: Scene) -> None:
    client = Client()
    client.post(reverse("account_login"), {"login": world.people[LAB].email, "password": PASSWORD})
    assert client.get(close(scene)).status_code == 200
    assert client.post(close(scene), TYPED).status_code == 302


def test_the_question_stands_before_the_form(world: World, scene: Scene) -> None:
    client = stale(world.people[LAB])
    asked = client.get(close(scene))
    assert asked["Location"] == f"{reverse('account_reauthenticate')}?next={close(scene).replace('/', '%2F')}"
    wrong = client.post(asked["Location"], {"password": "x"})
    assert wrong.context["form"].errors == {"password": ["パスワードが違います。もう一度入れてください。"]}
    back = client.post(asked["Location"], {"password": PASSWORD, "next": close(scene)})
    assert back["Location"] == close(scene)
    assert client.get(close(scene)).status_code == 200


def _kept(page: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page):
        found.setdefault(name, []).append(value)
    return found


def test_what_was_typed_goes_on_with_the_answer(world: World, scene: Scene) -> None:
    client = stale(world.people[LAB])
    asked = client.post(close(scene), TYPED | {"words": "<b>終わった。</b>"}, HTTP_REFERER=f"http://testserver{close(scene)}")
    assert asked.status_code == 200
    kept = _kept(asked.content.decode())
    assert {name: values for name, values in kept.items() if not name.startswith(("again", "csrf"))} == {
        "reason": ["solved"], "words": ["&lt;b&gt;終わった。&lt;/b&gt;"], "result": ["solved"], "needs": ["settled"]
    }  # fmt: skip
    assert kept["again-back"] == [f"http://testserver{close(scene)}"]
    assert Case.objects.get(pk=scene.case.pk).is_open
    done = client.post(close(scene), TYPED | {"again": "1", "again-password": PASSWORD})
    assert done.status_code == 302
    assert not Case.objects.get(pk=scene.case.pk).is_open


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"again-password": "wrong"}, {"password": ["パスワードが違います。もう一度入れてください。"]}),
        ({"again-password": ""}, {"__all__": ["もう一度、本人であることを確かめてください。"]}),
        ({}, {"__all__": ["もう一度、本人であることを確かめてください。"]}),
        ({"again-code": "000000"}, {"__all__": ["もう一度、本人であることを確かめてください。"]}),
        ({"again-credential": "{}"}, {"__all__": ["もう一度、本人であることを確かめてください。"]}),
    ],
)
def test_a_wrong_answer_keeps_everything_and_does_nothing(world: World, scene: Scene, given: dict[str, str], errors: Any) -> None:
    client = stale(world.people[LAB])
    asked = client.post(close(scene), TYPED | {"again": "1"} | given)
    assert asked.context["form"].errors == errors
    assert _kept(asked.content.decode())["reason"] == ["solved"]
    assert Case.objects.get(pk=scene.case.pk).is_open
    assert client.get(close(scene)).status_code == 302


def test_one_answer_is_good_for_ten_minutes(world: World, scene: Scene) -> None:
    client = stale(world.people[LAB])
    client.post(close(scene), {"again": "1", "again-password": PASSWORD})
    assert client.get(close(scene)).status_code == 200
    session = client.session
    for one in session["account_authentication_methods"]:
        one["at"] -= 10 * 60 + 1
    session.save()
    assert client.get(close(scene)).status_code == 302


def test_the_apps_digits_answer_too_once(world: World, scene: Scene) -> None:
    person = world.people[LAB]
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client = stale(person)
    wrong = client.post(close(scene), TYPED | {"again": "1", "again-code": "000000"})
    assert set(wrong.context["form"].errors) == {"code"}
    code = digits(secret)
    assert client.post(close(scene), TYPED | {"again": "1", "again-code": code}).status_code == 302
    assert not Case.objects.get(pk=scene.case.pk).is_open
    again = stale(person).post(close(scene), TYPED | {"again": "1", "again-code": code})
    assert set(again.context["form"].errors) == {"code"}


def test_a_recovery_code_answers(world: World, scene: Scene) -> None:
    person = world.people[LAB]
    TOTP.activate(person, generate_totp_secret())
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    assert stale(person).post(close(scene), TYPED | {"again": "1", "again-code": code}).status_code == 302


def test_guessing_is_stopped(world: World, scene: Scene) -> None:
    client = stale(world.people[LAB])
    answers = [client.post(close(scene), {"again": "1", "again-password": f"wrong-{n}"}) for n in range(12)]
    said = [error for answer in answers for errors in answer.context["form"].errors.values() for error in errors]
    assert "続けて試したため、しばらく使えません。少し待ってから、もう一度試してください。" in said
    late = client.post(close(scene), {"again": "1", "again-password": PASSWORD})
    assert late.context["form"].errors
    assert client.get(close(scene)).status_code == 302


def test_who_has_nothing_to_answer_with_sets_it_up_first(world: World, scene: Scene) -> None:
    person = world.people[LAB]
    client = stale(person)
    person.set_unusable_password()
    Person.objects.filter(pk=person.pk).update(password=person.password)
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    assert ways_to_confirm(person) == set()
    assert client.get(close(scene))["Location"] == reverse("mfa_index")
    assert client.post(close(scene), TYPED)["Location"] == reverse("mfa_index")


@pytest.mark.parametrize("back", ["https://evil.example/", "javascript:alert(1)", ""])
def test_the_way_back_stays_in_the_house(world: World, scene: Scene, back: str) -> None:
    asked = stale(world.people[LAB]).post(close(scene), TYPED, HTTP_REFERER=back)
    assert _kept(asked.content.decode())["again-back"] == [reverse("my-bodies")]


@pytest.mark.parametrize("slug", ["close", "consent", "project"])
def test_the_steps_that_ask(world: World, scene: Scene, slug: str) -> None:
    client = stale(world.people[LAB])
    answer = client.get(reverse(f"desk-case-{slug}", kwargs={"body": LAB, "case": scene.case.pk}))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))


def test_exports_ask_and_then_come(world: World, scene: Scene) -> None:
    export = reverse("desk-register-export", kwargs={"body": LAB})
    client = stale(world.people[LAB])
    asked = client.get(export)
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    back = client.post(asked["Location"], {"password": PASSWORD})
    assert back["Location"] == export
    assert client.get(export).status_code == 200


def test_steps_of_every_day_do_not_ask(world: World, scene: Scene) -> None:
    client = stale(world.people[LAB])
    for name in ("desk-case", "desk-case-contact"):
        assert client.get(reverse(name, kwargs={"body": LAB, "case": scene.case.pk})).status_code == 200
