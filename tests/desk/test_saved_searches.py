"""Pages of saved searches, the news of them, and the holder's answer to a suggestion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.searching import save_search
from renkei.cases.models import Case, SavedSearch, SearchHit, Suggestion
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import CREDIT, Judgment
from renkei.post.models import Nudge
from tests.cases.making import NOON, arrived, need_of
from tests.world import CENTER, DESK, LAB, World

MACHINE = EntryRow(id="EQ1", kind="equipment", name="膜厚計<i>", body=CENTER, service="equipment-tests")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def client(world: World, body: str = LAB) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def to(name: str, body: str = LAB, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def test_from_the_search_page_to_the_list_and_off_it(world: World) -> None:
    one = client(world)
    assert "保存した検索" in one.get(to("desk-search-saved")).content.decode()
    found = one.get(to("desk-entries"), {"kind": "equipment"}).content.decode()
    assert f'{to("desk-search-new")}?kind=equipment' in found
    asked = one.get(to("desk-search-new") + "?kind=equipment").content.decode()
    assert "種類：機器" in asked
    answer = one.post(to("desk-search-new") + "?kind=equipment", {"name": "機器ぜんぶ", "alert": "on"})
    assert answer.status_code == 302
    kept = SavedSearch.objects.get()
    assert (kept.name, kept.query, kept.alert, kept.body_id) == ("機器ぜんぶ", "kind=equipment", True, LAB)
    edited = one.post(to("desk-search-saved-one", search=kept.pk), {"name": "機器"})
    assert edited.status_code == 302
    kept.refresh_from_db()
    assert (kept.name, kept.alert) == ("機器", False)
    one.post(to("desk-search-end", search=kept.pk))
    assert "機器" not in one.get(to("desk-search-saved")).content.decode().split('<div class="empty">')[1].split("</div>")[0]


def test_bad_input_is_kept_beside_its_sentence(world: World) -> None:
    one = client(world)
    save_search("kind=seed", "ある名前", by=world.lab)
    for name, words in (("", "この項目"), ("ある名前", "同じ名前の条件があります"), ("あ" * 41, "")):
        answer = one.post(to("desk-search-new") + "?q=x", {"name": name})
        assert answer.status_code == 422
        assert words in answer.content.decode() or not name
    empty = one.post(to("desk-search-new"), {"name": "空"})
    assert "探す言葉か条件を入れてから保存してください。" in empty.content.decode()
    assert 'value="空"' in empty.content.decode()
    assert SavedSearch.objects.count() == 1


def test_nobody_elses_search(world: World) -> None:
    search = save_search("kind=seed", "試験所の", by=world.lab)
    other = client(world, DESK)
    assert "試験所の" not in other.get(to("desk-search-saved", DESK)).content.decode()
    assert other.get(to("desk-search-saved-one", DESK, search=search.pk)).status_code == 404
    for name in ("desk-search-end", "desk-search-seen"):
        assert other.post(to(name, DESK, search=search.pk)).status_code == 404


def test_what_is_new_stands_there_until_it_was_seen(world: World) -> None:
    put_entries([MACHINE], kept_by="test", by=SYSTEM)
    search = save_search("kind=seed", "シーズ", by=world.lab)
    SearchHit.objects.create(search=search, entry_id="EQ1", came_at=clock.now())
    one = client(world)
    text = one.get(to("desk-search-saved")).content.decode()
    assert "新しく1件" in text
    assert "膜厚計&lt;i&gt;" in text
    one.post(to("desk-search-seen", search=search.pk))
    assert "新しく1件" not in one.get(to("desk-search-saved")).content.decode()


def test_news_of_a_search_leads_to_the_searches(world: World) -> None:
    search = save_search("kind=seed", "シーズ", by=world.lab)
    Nudge.objects.create(person=world.lab.person, body=LAB, kind="search", about=search.pk, case=search.pk, number="シーズ", title="入りました",
                         words="膜厚計", made_at=clock.now())  # fmt: skip
    one = client(world)
    assert "保存した検索を開く" in one.get(to("desk-nudges")).content.decode()
    answer = one.post(to("desk-nudges-read"), {"case": str(search.pk), "open": "1"})
    assert answer.headers["Location"] == to("desk-search-saved")
    assert Nudge.objects.get().read_at is not None


@pytest.fixture
def suggestion(world: World) -> Suggestion:
    put_entries([MACHINE], kept_by="test", by=SYSTEM)
    case = arrived(world).case
    return Suggestion.objects.create(case=case, need=need_of(case, world), entry_id="EQ1", score=1, words="膜厚", found_at=clock.now())


@pytest.mark.parametrize(("answer", "place", "fits"), [("used", "desk-triage", True), ("unfit", "desk-case", False)])
def test_the_holder_answers_on_the_case_page(world: World, suggestion: Suggestion, answer: str, place: str, fits: bool) -> None:
    one = client(world, DESK)
    case = to("desk-case", DESK, case=suggestion.case_id)
    text = one.get(case).content.decode()
    assert "いまなら使えるもの" in text
    assert "合う言葉：膜厚" in text
    done = one.post(to("desk-suggestion", DESK, suggestion=suggestion.pk), {"answer": answer})
    assert done.headers["Location"] == to(place, DESK, case=suggestion.case_id)
    assert "いまなら使えるもの" not in one.get(case).content.decode()
    assert list(Judgment.objects.values_list("entry_id", "fits")) == [("EQ1", fits)]


def test_a_suggestion_carries_the_credit_its_source_asks_for(world: World, suggestion: Suggestion) -> None:
    where = to("desk-case", DESK, case=suggestion.case_id)
    assert CREDIT not in client(world, DESK).get(where).content.decode()
    put_entries([replace(MACHINE, source=CREDIT)], kept_by="test", by=SYSTEM)
    assert client(world, DESK).get(where).content.decode().count(CREDIT) == 1


def test_others_have_no_suggestion_to_answer(world: World, suggestion: Suggestion) -> None:
    assert client(world).post(to("desk-suggestion", suggestion=suggestion.pk), {"answer": "used"}).status_code == 404
    strange = client(world, DESK).post(to("desk-suggestion", DESK, suggestion=suggestion.pk), {"answer": "x"}, follow=True)
    assert "使うか、合わないかを選んでください。" in strange.content.decode()
    Case.objects.filter(pk=suggestion.case_id).update(holder_id=LAB)
    assert "いまなら使えるもの" not in client(world, DESK).get(to("desk-case", DESK, case=suggestion.case_id)).content.decode()
