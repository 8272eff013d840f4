"""Each page that shows a firm's own words or notes about it says so in the audit before it renders, once a request (P2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.talk import log_contact
from tests.desk.deeds import NOW, filed
from tests.desk.scene import Scene, arrived
from tests.world import BANK, DESK, LAB, World


@pytest.fixture(autouse=True)
def _morning() -> Any:
    with clock.moved_to(NOW):
        yield


def ready(world: World) -> Scene:
    scene = filed(world)
    arrived(world, name="株式会社あらた", company=None)
    log_contact(scene.case, by=world.lab, channel="phone", text="ひみつの話。")
    return scene


def paths(scene: Scene, body: str) -> dict[str, str]:
    case, file = scene.case, scene.case.attachments.get()
    contact, passage = scene.case.contacts.get(), scene.case.passages.get(klass="financial")
    own = {"body": body, "case": case.pk}
    return {
        "case": reverse("desk-case", kwargs=own), "sheet": reverse("desk-case-sheet", kwargs=own),
        "file": reverse("desk-case-file-open", kwargs=own | {"file": file.pk}),
        "match": reverse("desk-case-match", kwargs=own | {"need": scene.needs[0].pk}),
        "xlsx": reverse("desk-case-match-xlsx", kwargs=own | {"need": scene.needs[0].pk}),
        "contact": reverse("desk-case-contact-correct", kwargs=own | {"subject": contact.pk}),
        "passage": reverse("desk-case-passage-secrecy", kwargs=own | {"subject": passage.pk}),
        "request": reverse("desk-request", kwargs={"body": body, "support": scene.supports[0].pk}),
        "company": reverse("desk-company", kwargs={"body": body, "company": case.company_id}),
        "export": reverse("desk-register-export", kwargs={"body": body}),
    }  # fmt: skip


def reads(scene: Scene, body: str, path: str) -> list[set[str]]:
    """What one request put on record as read: the ids of each event."""
    before = set(Event.objects.values_list("pk", flat=True))
    client = scene.client(body)
    answer = client.post(path) if path.endswith("/export/") else client.get(path)
    assert answer.status_code == 200, path
    if answer.streaming:
        b"".join(answer)  # type: ignore[arg-type]  # a stream
    made = Event.objects.exclude(pk__in=before).filter(verb="read")
    assert {event.person for event in made} <= {scene.world.people[body].pk}
    return [set(event.objects_touched) for event in made]


@pytest.mark.parametrize("page", ["case", "sheet", "file", "match", "xlsx", "contact", "passage", "request", "company", "export"])
def test_each_page_is_logged_once_with_its_case(world: World, settings: Any, tmp_path: Any, page: str) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = ready(world)
    found = reads(scene, LAB, paths(scene, LAB)[page])
    assert len(found) == 1
    assert f"cases.case:{scene.case.pk}" in found[0]


@pytest.mark.parametrize("name", ["desk-inbox", "desk-today"])
def test_lists_that_show_the_first_words_are_logged(world: World, settings: Any, tmp_path: Any, name: str) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = ready(world)
    new = scene.case.__class__.objects.get(state="arrived")
    assert reads(scene, DESK, reverse(name, kwargs={"body": DESK})) == [{f"cases.case:{new.pk}", "class:technical"}]
    assert reads(scene, BANK, reverse(name, kwargs={"body": BANK})) == []


def test_pages_without_secret_words_leave_no_trace(world: World, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = ready(world)
    for name in ("desk-cases", "desk-board", "desk-search", "desk-requests"):
        assert reads(scene, LAB, reverse(name, kwargs={"body": LAB})) == []
