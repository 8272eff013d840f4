"""Signing in: one sentence for every mistake, a limit on guessing, and a second factor for staff."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from tests.accounts.test_members import join
from tests.world import DESK, World

PASSWORD = "hibari-secret-1"
WRONG = "メールアドレスかパスワードが違います。確かめて、もう一度入れてください。"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def _sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


def _digits(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter):06d}"


def test_sign_in_leads_to_the_bodies(world: World, client: Client) -> None:
    answer = _sign_in(client, world.people[DESK].email)
    assert (answer.status_code, answer["Location"]) == (302, reverse("my-bodies"))
    assert client.session.get_expire_at_browser_close() is True


def test_address_in_capitals_signs_in(world: World, client: Client) -> None:
    answer = _sign_in(client, world.people[DESK].email.upper())
    assert answer["Location"] == reverse("my-bodies")


@pytest.mark.parametrize(
    ("email", "password"), [(f"{DESK}@people.example", "wrong"), ("nobody@people.example", PASSWORD)]
)
def test_wrong_password_and_unknown_address_look_the_same(
    world: World, client: Client, email: str, password: str
) -> None:
    answer = _sign_in(client, email, password)
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors() == [WRONG]
    assert f'value="{email}"' in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_empty_form_says_what_to_fill(world: World, client: Client) -> None:
    answer = client.post(reverse("account_login"), {})
    assert answer.context["form"].errors == {"login": ["ここを書いてください。"], "password": ["ここを書いてください。"]}


def test_guessing_is_stopped_and_the_right_password_waits_too(world: World, client: Client) -> None:
    email = world.people[DESK].email
    for _ in range(5):
        assert _sign_in(client, email, "wrong").context["form"].non_field_errors() == [WRONG]
    stopped = _sign_in(client, email)
    assert stopped.status_code == 200
    assert stopped.context["form"].non_field_errors() == [
        "続けて間違えたため、しばらく入れません。5分ほど待ってから、もう一度試してください。"
    ]
    assert _sign_in(Client(), world.people["hibari-lab"].email).status_code == 302  # nobody else is kept out


def test_who_has_left_cannot_sign_in(world: World, client: Client) -> None:
    join(DESK, "のこる人", is_admin=True)  # the front desk is never without anybody
    Person.objects.filter(pk=world.people[DESK].pk).update(is_active=False)
    answer = _sign_in(client, world.people[DESK].email)
    assert "_auth_user_id" not in client.session
    assert answer.status_code in {200, 302}


def test_nobody_signs_up_alone() -> None:
    from django.urls import NoReverseMatch

    with pytest.raises(NoReverseMatch):
        reverse("account_signup")


def test_example_people_are_one_click_away(world: World, client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()
    assert re.findall(r'name="login" value="([^"]+)"', page) == [one.email for one in world.people.values()]
    assert "placeholder" not in page
    assert "二段階の確認を省いています" in page


def test_production_shows_no_example_people(world: World, client: Client, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    page = client.get(reverse("account_login")).content.decode()
    assert re.findall(r'name="login" value="([^"]+)"', page) == []
    assert "renkei-example" not in page


def test_production_asks_staff_for_a_second_factor_first(world: World, client: Client, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    client.force_login(world.people[DESK])
    answer = client.get(reverse("desk-today", kwargs={"body": DESK}))
    assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index"))


def test_second_factor_is_set_up_and_then_asked_for(world: World, client: Client, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    email = world.people[DESK].email
    _sign_in(client, email)
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked["Location"].split("?")[0] == reverse("account_reauthenticate")
    assert client.post(asked["Location"], {"password": PASSWORD})["Location"] == reverse("mfa_activate_totp")
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert wrong.context["form"].errors == {
        "code": ["番号が違うか、期限が切れています。アプリに出ている新しい番号を入れてください。"]
    }
    assert client.post(reverse("mfa_activate_totp"), {"code": _digits(secret)}).status_code == 302
    assert client.get(reverse("desk-today", kwargs={"body": DESK})).status_code == 200
    again = Client()
    assert _sign_in(again, email)["Location"].split("?")[0] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in again.session


def test_right_digits_finish_the_sign_in(world: World, client: Client) -> None:
    person = world.people[DESK]
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    _sign_in(client, person.email)
    assert "認証アプリに出ている6けたの数字" in client.get(reverse("mfa_authenticate")).content.decode()
    answer = client.post(reverse("mfa_authenticate"), {"code": _digits(secret)})
    assert (answer.status_code, answer["Location"]) == (302, reverse("my-bodies"))
    assert client.session["_auth_user_id"] == str(person.pk)


def test_deactivation_asks_for_the_digits_again_and_removes_the_app(world: World, client: Client) -> None:
    person = world.people[DESK]
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client.force_login(person)
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 302
    assert list(Authenticator.objects.filter(user=person)) != []
    wrong = client.post(reverse("account_reauthenticate"), {"password": "wrong"})
    assert wrong.context["form"].errors == {"password": ["パスワードが違います。もう一度入れてください。"]}
    assert client.post(reverse("mfa_reauthenticate"), {"code": _digits(secret)}).status_code == 302
    assert "もう一度設定するまで" in client.get(reverse("mfa_deactivate_totp")).content.decode()
    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert list(Authenticator.objects.filter(user=person)) == []


def test_recovery_codes_can_be_made_seen_and_taken_along(world: World, client: Client) -> None:
    person = world.people[DESK]
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    _sign_in(client, person.email)
    client.post(reverse("mfa_authenticate"), {"code": _digits(secret)})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.post(reverse("mfa_generate_recovery_codes"))["Location"] == reverse("mfa_view_recovery_codes")
    page = client.get(reverse("mfa_view_recovery_codes"))
    codes = page.context["unused_codes"]
    assert len(codes) == 10
    assert re.findall(r'<code class="nw">([^<]+)</code>', page.content.decode()) == codes
    assert client.get(reverse("mfa_download_recovery_codes")).content.decode().split() == codes


def test_forgotten_password_by_mail(world: World, client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    person = world.people[DESK]
    known = client.post(reverse("account_reset_password"), {"email": person.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@people.example"})
    assert known["Location"] == unknown["Location"] == reverse("account_reset_password_done")
    letter = mail.outbox[0]
    assert (letter.to, letter.subject) == ([person.email], "パスワードを決め直すためのリンク")
    link = re.search(r"http://[^/\s]+(/accounts/password/reset/\S+)", letter.body)
    assert link is not None
    form = client.get(link[1], follow=True)
    assert "placeholder" not in form.content.decode()
    weak = client.post(form.redirect_chain[-1][0], {"password1": "short", "password2": "short"})
    assert set(weak.context["form"].errors) == {"password1"}
    done = client.post(form.redirect_chain[-1][0], {"password1": "new-long-word-9", "password2": "new-long-word-9"})
    assert done["Location"] == reverse("account_reset_password_from_key_done")
    assert _sign_in(Client(), person.email, "new-long-word-9")["Location"] == reverse("my-bodies")
    assert "このリンクは使えません" in client.get(link[1], follow=True).content.decode()


def test_dead_mail_server_does_not_tell_who_is_known(world: World, client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    answer = client.post(reverse("account_reset_password"), {"email": world.people[DESK].email})
    assert answer["Location"] == reverse("account_reset_password_done")


def test_password_change_wants_the_old_one(world: World, client: Client) -> None:
    client.force_login(world.people[DESK])
    url = reverse("account_change_password")
    wrong = client.post(url, {"oldpassword": "x", "password1": "new-long-word-9", "password2": "new-long-word-9"})
    assert wrong.context["form"].errors == {"oldpassword": ["いまのパスワードが違います。もう一度入れてください。"]}
    client.post(url, {"oldpassword": PASSWORD, "password1": "new-long-word-9", "password2": "new-long-word-9"})
    assert Person.objects.get(pk=world.people[DESK].pk).check_password("new-long-word-9")


def test_signing_out_ends_the_session(world: World, client: Client) -> None:
    client.force_login(world.people[DESK])
    assert "サインアウトする" in client.get(reverse("account_logout")).content.decode()
    assert client.post(reverse("account_logout"))["Location"] == "/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("name", [
    "account_login", "account_reset_password", "account_reset_password_done", "account_inactive",
    "account_reset_password_from_key_done",
])  # fmt: skip
def test_every_open_page_is_in_our_design(world: World, client: Client, name: str) -> None:
    page = client.get(reverse(name)).content.decode()
    assert '<main id="main">' in page
    assert not re.search(r"style=|<script>|[A-Z][a-z]+ (In|Out|Password)", page)
