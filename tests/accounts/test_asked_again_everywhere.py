"""Every step that opens, closes or takes out something asks a stale sign-in again, before it looks at anything."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from renkei.base.routes import Audience, all_routes
from renkei.cases.models import Consent, ConsentRequest
from tests.desk.test_company_accounts import PASSWORD, stale, text_of
from tests.portal.firms import account, client, registered
from tests.portal.scene import LAB, running
from tests.world import World

STAFF = {
    "desk-bulk", "desk-case-close", "desk-case-close-confirm", "desk-case-project", "desk-case-consent", "desk-case-consent-withdraw",
    "desk-case-need-circulate", "desk-case-nda", "desk-case-match-nda", "desk-case-file-secrecy",
    "desk-case-passage-secrecy", "desk-case-export", "desk-case-match-xlsx", "desk-export", "desk-register-export",
    "desk-companies-export", "desk-company-account-invite", "desk-company-account-resend", "desk-company-account-withdraw",
    "desk-company-account-end", "desk-company-merge", "desk-company-unmerge", "desk-openings", "desk-request-hand", "desk-people-invite", "desk-people-resend", "desk-people-withdraw",
    "desk-people-admin", "desk-people-review", "desk-move-new", "desk-letter-issue", "desk-letter-step",
}  # fmt: skip
FIRM = {
    *(f"portal-case-{act}" for act in ("share", "standing", "request", "confirm", "public", "file-secrecy", "opening")),
    "portal-people", "portal-people-resend", "portal-people-role", "portal-people-end",
}  # fmt: skip
FIXED = {"kind": "reply", "what": "requests", "whom": LAB, "klass": "technical", "topic": "call"}
ANY = str(uuid.uuid4())


@pytest.fixture(autouse=True)
def _urls_are_registered() -> None:
    assert get_resolver().url_patterns


def path(name: str, **known: object) -> str:
    pattern = next(route.pattern for route in all_routes() if route.name == name)
    parts = re.findall(r"<(?:\w+:)?(\w+)>", pattern)
    return reverse(name, kwargs={part: known.get(part, FIXED.get(part, ANY)) for part in parts})


def asked(one: Client, where: str) -> bool:
    answer = one.post(where, {"deed": "approve"})
    return [part.name for part in answer.templates][:1] == ["accounts/again.html"] if answer.status_code == 200 else (
        answer.status_code == 302 and answer["Location"].startswith(reverse("account_reauthenticate")))  # fmt: skip


def test_staff_are_asked(world: World) -> None:
    one = stale(world.people[LAB])
    changing = {route.name for route in all_routes() if route.changes and route.audience is Audience.STAFF}
    assert {name for name in STAFF & changing if not asked(one, path(name, body=LAB))} == set()
    reads = STAFF - changing
    got = {name: one.get(path(name, body=LAB)) for name in reads}
    assert {name for name, answer in got.items() if not answer.get("Location", "").startswith(reverse("account_reauthenticate"))} == set()


def test_having_seen_a_letter_is_no_decision(world: World) -> None:
    one = stale(world.people[LAB])
    assert one.post(path("desk-letter-step", body=LAB), {"deed": "read"}).status_code == 404  # looked for, not asked


def test_a_firm_is_asked_by_account_and_never_by_link(world: World) -> None:
    firm = running(world)
    access = account(registered(firm))
    one = stale(access.person)
    assert {name for name in FIRM if not asked(one, path(name, company=access.company_id, case=firm.case_id))} == set()
    share = path("portal-case-share", company=access.company_id, case=firm.case_id)
    assert one.get(share).status_code == 200  # looking at what is shown is no sensitive step
    before = Consent.objects.live().filter(case=firm.case_id, body_id=LAB).count()
    question = text_of(one.post(share, {"classes": ["summary"]}))
    assert ('name="classes" value="summary"' in question, Consent.objects.live().filter(case=firm.case_id, body_id=LAB).count()) == (True, before)
    done = one.post(share, {"classes": ["summary"], "again": "1", "again-password": PASSWORD})
    assert done.status_code == 302
    assert list(Consent.objects.live().filter(case=firm.case_id, body_id=LAB).values_list("klass", flat=True)) == ["summary"]
    by_link = Client().post(firm.url("share", whom=LAB), {"classes": ["summary", "technical"]})
    assert by_link.status_code == 302
    assert not ConsentRequest.objects.exists()


@pytest.mark.parametrize("name", ["portal-case-write", "portal-case-file", "portal-new"])
def test_an_ordinary_answer_is_not_asked(world: World, name: str) -> None:
    firm = running(world)
    access = account(registered(firm))
    assert not asked(stale(access.person), path(name, company=access.company_id, case=firm.case_id))
    assert client(access).get(path("portal-home", company=access.company_id)).status_code == 200
