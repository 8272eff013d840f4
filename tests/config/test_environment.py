"""Settings by environment, read in processes of their own: what is missing or wrong stops the start, in plain words."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from django.test import Client

from tests.config.test_settings import KEY, _settings

SECURE = {"RENKEI_ADDRESS": "https://renkei.example"}


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    """What stands with a key and nothing else."""
    return _settings(**KEY)


@pytest.fixture(scope="module")
def secure() -> dict[str, str]:
    """What stands behind TLS and one proxy of ours."""
    return _settings(**KEY, **SECURE, RENKEI_PROXIES="1", RENKEI_HOSTS=" a.example, b.example ,,")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "False"), ("X_FRAME_OPTIONS", "DENY"), ("SECURE_CONTENT_TYPE_NOSNIFF", "True"), ("SECURE_REFERRER_POLICY", "same-origin"),
        ("SECURE_CROSS_ORIGIN_OPENER_POLICY", "same-origin"), ("CSRF_COOKIE_HTTPONLY", "True"), ("SESSION_COOKIE_SAMESITE", "Lax"),
        ("SESSION_COOKIE_AGE", "36000"), ("ACCOUNT_SESSION_REMEMBER", "False"), ("LANGUAGE_CODE", "ja"), ("TIME_ZONE", "Asia/Tokyo"),
        ("USE_TZ", "True"), ("RENKEI_LOGIN", "web"), ("RENKEI_PROXIES", "0"), ("ALLAUTH_TRUSTED_PROXY_COUNT", "0"),
        ("SESSION_COOKIE_NAME", "renkei"), ("CSRF_COOKIE_NAME", "renkei_csrf"), ("SECURE_HSTS_SECONDS", "0"),
    ],
)  # fmt: skip
def test_production_needs_no_flag(plain: dict[str, str], name: str, value: str) -> None:
    assert plain[name] == value


def test_only_this_machine_is_served_unless_said_otherwise(plain: dict[str, str], secure: dict[str, str]) -> None:
    assert ast.literal_eval(plain["ALLOWED_HOSTS"]) == ["127.0.0.1", "localhost"]
    assert ast.literal_eval(secure["ALLOWED_HOSTS"]) == ["127.0.0.1", "a.example", "b.example", "localhost", "renkei.example"]


def test_the_middleware_stands_in_the_order_its_promises_need(plain: dict[str, str]) -> None:
    """The actor comes last, so that the person is known; the policy comes before anything that may answer."""
    order = [name.rsplit(".", 1)[1] for name in ast.literal_eval(plain["MIDDLEWARE"])]
    assert order[0] == "SecurityMiddleware"
    assert order[-1] == "ActorMiddleware"
    assert order.index("CSPMiddleware") < order.index("SessionMiddleware") < order.index("CsrfViewMiddleware")
    assert order.index("CsrfViewMiddleware") < order.index("AuthenticationMiddleware")


def test_statements_and_locks_end_by_themselves(plain: dict[str, str]) -> None:
    options = ast.literal_eval(plain["DATABASES"])["default"]["OPTIONS"]["options"]
    assert set(options.split("-c ")) - {""} == {"statement_timeout=20000 ", "lock_timeout=5000 ", "timezone=UTC"}


def test_a_password_is_hashed_slowly_and_checked(plain: dict[str, str]) -> None:
    assert ast.literal_eval(plain["PASSWORD_HASHERS"]) == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    checks = ast.literal_eval(plain["AUTH_PASSWORD_VALIDATORS"])
    assert {check["NAME"].rsplit(".", 1)[1] for check in checks} == {
        "UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator",
    }  # fmt: skip
    assert [check["OPTIONS"] for check in checks if "OPTIONS" in check] == [{"user_attributes": ("email", "name", "kana")}, {"min_length": 10}]


def test_tls_makes_every_cookie_safe(secure: dict[str, str]) -> None:
    assert {secure[name] for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")} == {"True"}
    assert all(secure[name].startswith("__Host-") for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"))
    assert (secure["ALLAUTH_TRUSTED_PROXY_COUNT"], int(secure["SECURE_HSTS_SECONDS"]) >= 31_536_000) == ("1", True)


@pytest.mark.parametrize(("flag", "is_example"), [("1", True), ("true", True), ("yes", True), ("", False), ("0", False), ("no", False), ("TRUE ", False)])
def test_the_example_is_on_only_where_it_is_said_plainly(flag: str, is_example: bool) -> None:
    """It leaves the second factor out: a slip of the hand must not switch it on."""
    made = _settings(**KEY, RENKEI_EXAMPLE=flag)
    assert (made["RENKEI_EXAMPLE"] == "True") is is_example
    assert ("screen.Mailbox" in made["EMAIL_BACKEND"]) is is_example


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "RENKEI_SECRET_KEY is not set"),
        ({"RENKEI_SECRET_KEY": ""}, "RENKEI_SECRET_KEY is not set"),
        ({**KEY, "RENKEI_LOGIN": ""}, "RENKEI_LOGIN must be owner, web or worker"),
        ({**KEY, "RENKEI_LOGIN": "Owner"}, "RENKEI_LOGIN must be owner, web or worker"),
        ({**KEY, "RENKEI_PROXIES": "one"}, "invalid literal"),
        ({**KEY, "RENKEI_SMTP_PORT": "mail"}, "invalid literal"),
        ({**KEY, "DATABASE_URL_WEB": "mysql://h/d"}, 'missing "=" after'),
        ({**KEY, "RENKEI_ADDRESS": "http://[::1"}, "Invalid IPv6 URL"),
    ],
)
def test_what_is_wrong_stops_the_start(environment: dict[str, str], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        _settings(**environment)


def test_an_error_of_the_start_does_not_print_the_key() -> None:
    with pytest.raises(AssertionError) as failed:
        _settings(RENKEI_SECRET_KEY="do-not-print-me-" * 4, RENKEI_LOGIN="root")
    assert "do-not-print-me" not in str(failed.value)


@pytest.mark.parametrize(("example", "is_asked"), [(True, False), (False, True)])
def test_the_second_factor_is_left_out_in_the_example_only(world: Any, settings: Any, example: bool, is_asked: bool) -> None:
    settings.RENKEI_EXAMPLE = example
    client = Client()
    client.force_login(world.people["hibari-desk"])
    answer = client.get("/d/hibari-desk/")
    assert (answer.status_code == 302 and answer["Location"] == "/accounts/2fa/") is is_asked


@pytest.mark.parametrize("example", [True, False])
def test_the_shared_password_is_shown_in_the_example_only(world: Any, settings: Any, example: bool) -> None:
    settings.RENKEI_EXAMPLE = example
    html = Client().get("/accounts/login/").content.decode()
    assert ("renkei-example" in html) is example
    assert ("例示用の画面です" in html) is example
    assert ("相川 志保" in html) is example
