"""A need in the search: what its holder, the front desk and a body that finds it are shown, and the way to firms."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.listing import list_need, unlist_need
from renkei.cases.models import Need
from tests.cases.making import company
from tests.desk.deeds import NOW, listed, worded
from tests.desk.scene import Scene
from tests.world import BANK, CENTER, DESK, LAB, World

TITLE, TEXT = "揺れに耐えるかを試したい", "小さな計器の揺れの試験をしたい。"


@pytest.fixture(autouse=True)
def _morning() -> Any:
    with clock.moved_to(NOW):
        yield


def need_of(scene: Scene) -> Need:
    return Need.objects.select_related("case").get(pk=scene.needs[0].pk)


def entry_page(scene: Scene, body: str, entry: str) -> str:
    return scene.client(body).get(reverse("desk-catalogue-entry", kwargs={"body": body, "entry": entry})).content.decode()


def sheet(scene: Scene, kind: str = "desk-case-match", body: str = LAB, **more: Any) -> str:
    path = reverse(kind, kwargs={"body": body, "case": scene.case.pk, "need": scene.needs[0].pk})
    return scene.client(body).get(path, **more).content.decode()


def case_page(scene: Scene, body: str) -> str:
    return scene.client(body).get(reverse("desk-case", kwargs={"body": body, "case": scene.case.pk})).content.decode()


def test_the_holder_sees_that_it_is_listed_and_takes_it_off(world: World) -> None:
    scene = listed(world)
    entry = str(need_of(scene).entry_id)
    where = reverse("desk-catalogue-entry", kwargs={"body": LAB, "entry": entry})
    assert (where in sheet(scene), where in case_page(scene, LAB)) == (True, True)
    assert where.replace(LAB, CENTER) not in case_page(scene, CENTER)  # a body that was asked sees the need, not where it stands
    off = reverse("desk-case-need-unlist", kwargs={"body": LAB, "case": scene.case.pk, "subject": scene.needs[0].pk})
    assert off in sheet(scene)
    scene.client(LAB).post(off, {})
    assert (need_of(scene).listed_at, off in sheet(scene), where in case_page(scene, LAB)) == (None, False, False)


def test_the_tick_of_who_heard_it_lists_and_needs_the_words_to_be_read(world: World) -> None:
    scene = worded(world)
    path = reverse("desk-case-need-public", kwargs={"body": LAB, "case": scene.case.pk, "subject": scene.needs[0].pk})
    given = {"title": "別の題", "summary": TEXT, "listed": "on"}
    refused = scene.client(LAB).post(path, given)
    assert (refused.status_code, 'id="id_seen_error"' in refused.content.decode(), need_of(scene).public_title) == (200, True, TITLE)
    assert scene.client(LAB).post(path, given | {"seen": "on"}).status_code == 302
    assert (need_of(scene).public_title, need_of(scene).entry.name) == ("別の題", "別の題")  # type: ignore[union-attr]  # it is there


def test_who_finds_it_learns_whom_to_ask_and_not_whose_it_is(world: World) -> None:
    scene = listed(world)
    need = need_of(scene)
    own = reverse("desk-case-match", kwargs={"body": LAB, "case": scene.case.pk, "need": need.pk})
    shown = {body: entry_page(scene, body, str(need.entry_id)) for body in (LAB, DESK, BANK)}
    assert all(TITLE in page and TEXT in page and "相談した会社" in page for page in shown.values())
    assert own in shown[LAB]
    assert own.replace(f"/{LAB}/", f"/{DESK}/") in shown[DESK]  # whom the others ask finds the case
    stranger = shown[BANK].split('id="main"')[-1]
    for secret in (scene.case.number, scene.case.title, "まぼろし", str(scene.case.pk), str(need.pk), "小出", need.title):
        assert secret not in stranger
    assert (world.plan.front_desk.name in stranger, str(need.entry_id) in stranger) == (True, True)


def test_of_what_was_taken_out_nothing_is_left(world: World) -> None:
    scene = listed(world)
    entry = str(need_of(scene).entry_id)
    unlist_need(need_of(scene), by=world.lab)
    page = entry_page(scene, BANK, entry)
    assert "内容は残していません" in page
    assert (TITLE in page, TEXT in page, "話を聞くには" in page) == (False, False, False)
    list_need(need_of(scene), by=world.lab)
    assert need_of(scene).entry_id != entry


def test_from_a_need_to_firms_one_may_know(world: World) -> None:
    scene = worded(world)
    Need.objects.filter(pk=scene.needs[0].pk).update(title="計器の揺れの試験")
    near, other = company(LAB, "揺れ測器", products="計器の揺れの試験機"), company(CENTER, "よその測器", products="計器の揺れの試験機")
    page = sheet(scene, "desk-case-need-firms")
    assert (near.name in page, other.name in page, scene.case.company_name in page.split("<h1>")[-1]) == (True, False, False)
    part = sheet(scene, "desk-case-need-firms", headers={"HX-Request": "true"})
    assert part.strip() in page  # what htmx takes is that part of the page
    assert "<h1>" not in part
    assert Event.objects.filter(verb="read", body=LAB).count() == 2  # each look at the summary is on record
    path = reverse("desk-case-need-firms", kwargs={"body": CENTER, "case": scene.case.pk, "need": scene.needs[0].pk})
    assert scene.client(CENTER).get(path).status_code == 404  # a body that was only asked
    assert path.replace(CENTER, LAB) in sheet(scene)
    assert path.replace(CENTER, LAB) in case_page(scene, LAB)
