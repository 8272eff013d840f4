"""What holds for every deed of the case page, over one table of them all (``deeds.py``)."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.models import Case, Transition
from renkei.desk.cases.urls import ACTS
from tests.desk.deeds import DEEDS, NEXT_STEP, NOW, Deed, words_of
from tests.desk.scene import Scene
from tests.world import BANK, World

ALL = [*DEEDS, NEXT_STEP]
HOSTILE = '"><script>alert(1)</script>&amp;\u202e'


@pytest.fixture(autouse=True)
def _morning() -> Any:
    with clock.moved_to(NOW):
        yield


def where(deed: Deed, scene: Scene, body: str = "") -> str:
    subject = deed.subject(scene)
    more = {"subject": subject.pk} if subject else {}
    return reverse(f"desk-case-{deed.slug}", kwargs={"body": body or deed.body, "case": scene.case.pk} | more)


def traces() -> tuple[int, int]:
    """How much is on record: steps and events. A look at secret words is on record whoever looks; no deed was done by it."""
    return Transition.objects.count(), Event.objects.exclude(verb="read").count()


def held(case: Case) -> bool:
    """P1: a holder, and a dated next step as long as the case is open."""
    return bool(case.holder_id) and (not case.is_open or bool(case.next_step and case.next_on))


def test_the_table_names_every_deed_there_is() -> None:
    assert {deed.slug for deed in ALL} == {form.slug for form in ACTS} - {"file"}  # files have tests of their own


@pytest.mark.parametrize("deed", ALL, ids=str)
def test_a_deed_is_for_its_people_refuses_bad_words_and_is_done_once(world: World, deed: Deed) -> None:
    scene = deed.start(world)
    its_page_is_for_those_who_may_do_it(scene, deed)
    bad_words_are_refused_and_kept_and_nothing_is_written(scene, deed)  # so the same scene serves the deed itself
    it_is_done_on_record_and_a_second_press_harms_nothing(scene, deed)


def its_page_is_for_those_who_may_do_it(scene: Scene, deed: Deed) -> None:
    own, given, before = where(deed, scene), words_of(deed, scene), traces()
    page = scene.client(deed.body).get(own).content.decode()
    form = next(one for one in ACTS if one.slug == deed.slug)
    assert page.count(f"<h1>{form.heading}</h1>") == 1
    assert scene.case.number in page
    assert re.search(rf"<button[^>]*>{re.escape(str(form.button))}</button>", page)
    stranger, path = scene.client(BANK), where(deed, scene, BANK)
    assert (stranger.get(path).status_code, stranger.post(path, given).status_code) == (404, 404)
    assert stranger.post(own, given).status_code == 404  # somebody else's desk
    visitor = Client()
    assert (visitor.get(own).status_code, visitor.post(own, given).status_code) == (302, 302)
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(scene.world.people[deed.body])
    assert forged.post(own, given).status_code == 403
    assert traces() == before


def bad_words_are_refused_and_kept_and_nothing_is_written(scene: Scene, deed: Deed) -> None:
    given, path, client = words_of(deed, scene), where(deed, scene), scene.client(deed.body)
    before, state = traces(), scene.case.state
    for name in deed.needed:
        missing = client.post(path, {key: value for key, value in given.items() if key != name})
        assert (missing.status_code, 'role="alert"' in missing.content.decode()) == (200, True), name
    for nothing in ("\x00\x07", "　 \n\t"):
        silent = [name for name in deed.words if name in deed.needed]
        page = client.post(path, given | dict.fromkeys(silent, nothing)).content.decode() if silent else ""
        assert all(f'id="id_{name}_error"' in page for name in silent)
    if deed.words:
        page = client.post(path, given | dict.fromkeys(deed.words, HOSTILE + "長" * 9000)).content.decode()
        assert "<script>alert(1)" not in page
        assert html.unescape(page).count("長" * 9000) >= len(deed.words)
        assert len(re.findall(r"字までです（いま[\d,]+字）", page)) >= len(deed.words)
    assert (traces(), scene.case.state) == (before, state)


def it_is_done_on_record_and_a_second_press_harms_nothing(scene: Scene, deed: Deed) -> None:
    steps, events = traces()
    path, given, client = where(deed, scene), words_of(deed, scene), scene.client(deed.body)
    answer = client.post(path, given)
    assert answer.status_code == 302, re.findall(r"<li>(.*?)</li>", answer.content.decode())
    assert traces()[1] > events
    last = Event.objects.order_by("pk").last()
    assert last is not None
    assert (last.person, last.body) == (scene.world.people[deed.body].pk, deed.body)
    assert all(held(case) for case in Case.objects.all())
    assert client.get(answer["Location"]).status_code == 200
    before = traces()
    again = client.post(path, given)
    assert again.status_code in ({200, 403, 404, 409} if deed.once else {200, 302})
    assert traces() == before or not deed.once
    assert before[0] >= steps
    assert all(held(case) for case in Case.objects.all())
