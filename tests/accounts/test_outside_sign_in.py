"""Sign-in through an outside provider, played against a real one on this machine: known people only, none configured, none shown."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.config.settings.oidc import as_app, origins, read_providers
from tests.accounts.test_members import join
from tests.world import BANK, LAB, World

with warnings.catch_warnings(record=True):  # as it is imported it says that its own parts are old, whatever the filters are
    from oidc_provider_mock import run_server_in_thread

# The provider played against is a library of its own, with its own old habits.
pytestmark = [pytest.mark.filterwarnings("ignore:get_jwt_config"), pytest.mark.filterwarnings("ignore:authlib.jose")]
LOGIN = reverse("account_login")
ENTER = reverse("openid_connect_login", kwargs={"provider_id": "outside"})


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A provider on this machine, over plain http as only a test may."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        entry = {"id": "outside", "name": "そとの窓口", "issuer": issuer, "client_id": "renkei", "secret": "s3cret"}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [as_app(entry)]}}
        yield issuer


def claims(provider: str, sub: str, **more: Any) -> None:
    requests.put(f"{provider}/users/{sub}", json=more, timeout=5).raise_for_status()


def travel(client: Client, sub: str, url: str = ENTER) -> Any:
    """Go to the provider, sign in there as ``sub``, and come back; returns the answer here."""
    sent = client.post(url)
    assert sent.status_code == 302, sent.content.decode()[:500]
    back = requests.post(sent["Location"], data={"sub": sub}, allow_redirects=False, timeout=5)
    assert back.status_code in {302, 303}, back.text[:500]
    return client.get(re.sub(r"^https?://testserver", "", back.headers["Location"]))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_known_person_with_a_verified_address_comes_in(world: World, client: Client, provider: str) -> None:
    person = world.people[LAB]
    claims(provider, "sub-1", email=person.email.upper(), email_verified=True)
    answer = travel(client, "sub-1")
    assert (answer.status_code, answer["Location"]) == (302, reverse("my-bodies"))
    assert client.session["_auth_user_id"] == str(person.pk)
    assert [(one.user, one.uid) for one in SocialAccount.objects.all()] == [(person, "sub-1")]
    claims(provider, "sub-1", email="moved@elsewhere.example", email_verified=False)
    again = Client()
    travel(again, "sub-1")
    assert again.session["_auth_user_id"] == str(person.pk)  # tied by its id from now on
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize(
    "told",
    [
        {"email": f"{LAB}@people.example", "email_verified": False},
        {"email": f"{LAB}@people.example"},
        {"email": f"{LAB}@people.example", "email_verified": "yes"},
        {"email": "stranger@elsewhere.example", "email_verified": True},
        {},
    ],
)
def test_strangers_and_unverified_addresses_stay_out(world: World, client: Client, provider: str, told: dict[str, Any]) -> None:
    before = Person.objects.count()
    claims(provider, "sub-2", **told)
    answer = travel(client, "sub-2")
    assert answer["Location"] == LOGIN
    assert "登録のあるアドレスが確かめられませんでした" in client.get(LOGIN).content.decode()
    assert not is_in(client)
    assert (Person.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_who_left_stays_out(world: World, client: Client, provider: str) -> None:
    left = join(LAB, "去った人")
    Membership.objects.filter(pk=left.pk).update(until=left.since)
    claims(provider, "sub-3", email=left.person.email, email_verified=True)
    travel(client, "sub-3")
    assert not is_in(client)


def test_the_second_factor_is_asked_all_the_same(world: World, client: Client, provider: str) -> None:
    person = world.people[LAB]
    TOTP.activate(person, generate_totp_secret())
    claims(provider, "sub-4", email=person.email, email_verified=True)
    assert travel(client, "sub-4")["Location"].split("?")[0] == reverse("mfa_authenticate")
    assert not is_in(client)


def test_a_person_connects_on_purpose_and_cuts_it_again(world: World, client: Client, provider: str) -> None:
    person = world.people[BANK]
    client.post(LOGIN, {"login": person.email, "password": "hibari-secret-1"})
    client.post(reverse("account_reauthenticate"), {"password": "hibari-secret-1"})
    claims(provider, "sub-5", email="private@elsewhere.example", email_verified=False)
    assert travel(client, "sub-5", f"{ENTER}?process=connect").status_code == 302
    made = SocialAccount.objects.get()
    assert (made.user, made.uid) == (person, "sub-5")
    page = client.get(reverse("socialaccount_connections")).content.decode()
    assert "そとの窓口" in page
    assert "つないでいません" not in page
    assert "外のサインイン" in client.get(reverse("my-settings")).content.decode()
    client.post(reverse("socialaccount_connections"), {"account": made.pk})
    assert list(SocialAccount.objects.all()) == []


def test_another_persons_provider_account_is_not_taken_over(world: World, client: Client, provider: str) -> None:
    SocialAccount.objects.create(user=world.people[LAB], provider="outside", uid="sub-6")
    client.post(LOGIN, {"login": world.people[BANK].email, "password": "hibari-secret-1"})
    claims(provider, "sub-6", email="x@elsewhere.example")
    travel(client, "sub-6", f"{ENTER}?process=connect")
    assert SocialAccount.objects.get().user == world.people[LAB]


def test_the_sign_in_page_offers_it(world: World, client: Client, provider: str) -> None:
    page = client.get(LOGIN).content.decode()
    assert "そとの窓口で入る" in page
    assert f'action="{ENTER}"' in page


def test_an_answer_out_of_the_blue_opens_nothing(world: World, client: Client, provider: str) -> None:
    answer = client.get(reverse("openid_connect_callback", kwargs={"provider_id": "outside"}), {"code": "x", "state": "y"})
    assert "入れませんでした" in answer.content.decode()
    assert not is_in(client)


def test_without_a_provider_nothing_is_offered_or_asked(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "request", lambda *_a, **_k: pytest.fail("nothing may be fetched"))
    assert "/accounts/outside/" not in client.get(LOGIN).content.decode()
    assert client.post(ENTER).status_code == 404
    assert client.get(reverse("openid_connect_callback", kwargs={"provider_id": "outside"})).status_code == 404
    client.force_login(world.people[LAB])
    assert "外のサインイン" not in client.get(reverse("my-settings")).content.decode()


# The file.


def entry(**more: Any) -> dict[str, Any]:
    return {"id": "a", "name": "A", "issuer": "https://a.example/realm", "client_id": "c", "secret": "s"} | more


def test_no_file_means_no_provider() -> None:
    assert read_providers("") == []
    assert origins([]) == []


def test_several_providers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "oidc.json"
    path.write_text(json.dumps([entry(), entry(id="b", issuer="https://b.example", scope=["openid"], origins=["https://login.b.example"])]))
    found = read_providers(str(path))
    assert [as_app(one)["provider_id"] for one in found] == ["a", "b"]
    assert as_app(found[1])["settings"] == {"server_url": "https://b.example", "oauth_pkce_enabled": True, "scope": ["openid"]}
    assert origins(found) == ["https://a.example", "https://b.example", "https://login.b.example"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not a readable JSON"), ("{}", "a list of providers"), ("[1]", "a list of providers"), ('[{"id": "a"}]', "lacks client_id, issuer, name, secret"),
     (json.dumps([entry(colour="red")]), "unknown key colour")],
)  # fmt: skip
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "oidc.json"
    path.write_text(text)
    with pytest.raises(ImproperlyConfigured, match=said):
        read_providers(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"gone\.json"):
        read_providers(str(tmp_path / "gone.json"))


def test_an_address_that_only_looks_alike_is_a_stranger(world: World, client: Client, provider: str) -> None:
    """The database folds the dotless ı to I: whoever owns that other mailbox must not come in as the person."""
    assert Person.objects.filter(email__iexact="hıbari-lab@people.example").exists()
    for number, email in enumerate(["h\u0131bari-lab@people.example", "HIBARI-LAB@PEOPLE.EXAMPLE".replace("I", "\u0130"),
                                    "hibari-\uff4cab@people.example"]):  # fmt: skip
        claims(provider, f"sub-9{number}", email=email, email_verified=True)
        assert travel(client, f"sub-9{number}")["Location"] == LOGIN
        assert not is_in(client)
    assert SocialAccount.objects.count() == 0
