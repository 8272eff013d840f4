"""A colleague is invited on screen, arrives by mail, makes a passkey and comes back with it, in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Site

ADMIN = "inou@sanken.example"
NEW = f"new{os.getpid()}@sanken.example"


def _localhost(site: Site) -> str:
    """A passkey belongs to a host name; an address of digits is none."""
    return site.address.replace("127.0.0.1", "localhost")


def _authenticator(page: Any) -> tuple[Any, str]:
    """Give the browser a device with a fingerprint that always fits."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    return devtools, made["authenticatorId"]


def _invitation_link(site: Site, page: Any) -> str:
    for _turn in range(40):
        page.goto(f"{_localhost(site)}/mailbox/")
        for mail in page.locator("article.mail").all():
            text = mail.inner_text()
            found = re.search(r"http://\S+(/accounts/invitation/\S+/)", text)
            if found and NEW in text:
                return f"{_localhost(site)}{found[1]}"
        page.wait_for_timeout(1000)
    raise AssertionError("no invitation in the mailbox")


def test_an_invited_colleague_comes_in_by_passkey_and_comes_back(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]
) -> None:
    admin = new_page()
    sign_in(admin, ADMIN)
    admin.click(".nav a:has-text('機関')")
    no_axe_faults(admin)
    admin.click("main a:has-text('人を招く')")
    admin.fill("#id_email", NEW)
    admin.fill("#id_name", "新田 光")
    admin.check("input[name=role] >> nth=1")
    no_axe_faults(admin)
    admin.click("button:has-text('招待を送る')")
    assert f"新田 光さん（{NEW}）に招待を送りました。" in admin.inner_text("main")

    new = new_page(360, 780)
    devtools, device = _authenticator(new)
    new.goto(_invitation_link(site, new))
    no_axe_faults(new)
    assert new.input_value("#id_name") == "新田 光"
    new.click("main button[type=submit]")  # no password
    new.wait_for_url("**/passkeys/add/")
    no_axe_faults(new)
    new.click("main button:has-text('パスキーを作る')")
    new.wait_for_url("**/2fa/codes/")
    assert new.locator("main code").count() == 10
    assert len(devtools.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1
    new.goto(f"{_localhost(site)}/accounts/logout/")
    new.click("main button[type=submit]")

    new.goto(f"{_localhost(site)}/accounts/login/")
    no_axe_faults(new)
    new.click("button:has-text('パスキーで入る')")
    new.wait_for_url(re.compile(r"/(d/|my)"))
    assert "新田" in new.inner_text("body")

    # The one way in is the passkey: there is no password, and another device knows nothing.
    other = new_page()
    _authenticator(other)
    other.goto(f"{_localhost(site)}/accounts/login/")
    other.fill("input[name=login]", NEW)
    other.fill("input[name=password]", "renkei-example")
    other.click("main button[type=submit]:has-text('サインインする')")
    assert "メールアドレスかパスワードが違います" in other.inner_text("main")

    admin.reload()
    admin.click(".nav a:has-text('機関')")
    row = admin.locator("tr", has_text="新田 光").inner_text()
    assert "パスキー" in row
    assert "二段階の確認がまだ" not in row
