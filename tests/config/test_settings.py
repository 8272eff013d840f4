"""What the environment makes of the settings, read in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).parents[2]
SCRIPT = """
import json, sys
from renkei.config.settings import base as s
print(json.dumps({name: str(getattr(s, name)) for name in dir(s) if name.isupper() and not name.startswith("_")}))
"""
KEY = {"RENKEI_SECRET_KEY": "k" * 50}


def _settings(**environment: str) -> dict[str, str]:
    ours = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=ours | environment, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise AssertionError(done.stderr.strip().splitlines()[-1])
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_production_is_what_stands_without_flags() -> None:
    made = _settings(**KEY)
    assert (made["DEBUG"], made["RENKEI_EXAMPLE"]) == ("False", "False")
    assert made["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert made["SESSION_COOKIE_SECURE"] == "False"  # 127.0.0.1 without TLS
    assert "Argon2" in made["PASSWORD_HASHERS"]
    assert "renkei_web" in made["RENKEI_ROLES"]


def test_example_writes_its_mails_on_the_screen() -> None:
    made = _settings(**KEY, RENKEI_EXAMPLE="1")
    assert (made["RENKEI_EXAMPLE"], made["EMAIL_BACKEND"]) == ("True", "renkei.post.screen.Mailbox")


def test_address_with_tls_hardens_the_cookies() -> None:
    made = _settings(**KEY, RENKEI_ADDRESS="https://renkei.example", RENKEI_PROXIES="1")
    assert (made["SESSION_COOKIE_NAME"], made["CSRF_COOKIE_NAME"]) == ("__Host-renkei", "__Host-renkei_csrf")
    assert (made["SESSION_COOKIE_SECURE"], made["CSRF_COOKIE_SECURE"], made["SECURE_HSTS_SECONDS"]) == ("True", "True", "31536000")
    assert made["CSRF_TRUSTED_ORIGINS"] == "['https://renkei.example']"
    assert "renkei.example" in made["ALLOWED_HOSTS"]
    assert made["SECURE_PROXY_SSL_HEADER"] == "('HTTP_X_FORWARDED_PROTO', 'https')"


def test_forwarded_headers_are_believed_only_behind_a_proxy_of_ours() -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in _settings(**KEY, RENKEI_ADDRESS="https://renkei.example")


@pytest.mark.parametrize(("environment", "said"), [
    ({}, "RENKEI_SECRET_KEY is not set"), ({**KEY, "RENKEI_LOGIN": "root"}, "RENKEI_LOGIN must be owner, web or worker"),
])  # fmt: skip
def test_half_an_environment_is_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        _settings(**environment)


@pytest.mark.parametrize(("login", "user"), [("owner", "o"), ("web", "w"), ("worker", "k")])
def test_a_process_uses_the_login_of_its_part(login: str, user: str) -> None:
    urls = {"DATABASE_URL": "postgresql://o:1@h:2/d", "DATABASE_URL_WEB": "postgresql://w:1@h:2/d", "DATABASE_URL_WORKER": "postgresql://k:1@h:2/d"}
    made = _settings(**KEY, **urls, RENKEI_LOGIN=login)
    assert f"'USER': '{user}'" in made["DATABASES"]
    assert made["RENKEI_ROLES"] == "{'owner': 'o', 'web': 'w', 'worker': 'k'}"


def test_django_has_nothing_to_complain_about(settings: Any) -> None:
    from django.core.management import call_command

    call_command("check", fail_level="WARNING")


def test_instances_side_by_side_have_their_own_cookies() -> None:
    names = {_settings(**KEY, RENKEI_COOKIE=f"renkei_{port}")["SESSION_COOKIE_NAME"] for port in (8000, 8001)}
    assert names == {"renkei_8000", "renkei_8001"}
