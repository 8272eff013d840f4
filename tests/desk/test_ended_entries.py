"""What can be had no more shows as such wherever it stands, and nothing there offers it: search, finding, reach, suggestions, the public."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.forms import Checks
from renkei.cases.actions.searching import save_search
from renkei.cases.models import SearchHit, Suggestion, Support
from renkei.cases.queries.route_choices import choosable
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.courses import next_course
from renkei.matching.entries import matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.propose import propose
from renkei.matching.search import search
from tests.cases.making import NOON, arrived, need_of
from tests.cases.test_similar import case as told
from tests.world import DESK, LAB, World

DAY = NOON.date()
PAST, LAST = DAY - dt.timedelta(days=1), DAY
NAME = "絶縁膜の膜厚計"
Make = Callable[..., Entry]
DEAD = [
    pytest.param({"ends_on": PAST}, "終わりました", id="ended"),
    pytest.param({"kind": "event", "windows": (WindowRow("course", PAST - dt.timedelta(9), PAST, PAST),)}, "受付は", id="over"),
]


def put(**more: object) -> Entry:
    given = {"kind": "equipment", "body": LAB, "service": "equipment-tests", "summary": "電源装置の絶縁膜のサージを測る。", "is_public": True, **more}
    put_entries([EntryRow(id="EQ1", name=NAME, **given)], kept_by="test", by=SYSTEM)  # type: ignore[arg-type]
    return Entry.objects.get(pk="EQ1")


@pytest.fixture(autouse=True)
def _noon() -> object:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def desk(world: World) -> Client:
    one = Client()
    one.force_login(world.people[DESK])
    return one


def to(name: str, **more: object) -> str:
    return reverse(name, kwargs={"body": DESK, **more})


@pytest.mark.parametrize(("more", "words"), DEAD)
def test_search_shows_it_last_with_how_it_stands(world: World, desk: Client, more: dict[str, object], words: str) -> None:
    put(**more)
    put_entries([EntryRow(id="EQ2", kind="equipment", name="膜厚計", body=LAB, is_public=True)], kept_by="test", by=SYSTEM)
    for actor in (world.desk, GUEST):
        found = search("膜厚計", actor=actor)
        assert [(one.id, words in one.over) for one in found] == [("EQ2", False), ("EQ1", True)]
    text = desk.get(to("desk-search"), {"q": "膜厚計"}).content.decode()
    [line] = [part for part in text.split("<li")[1:] if NAME in part]
    assert ("is-over" in line, words in line, ">終了<" in line) == (True, True, True)
    [line] = [part for part in text.split("<li")[1:] if ">膜厚計<" in part]
    assert ("is-over" in line, ">終了<" in line) == (False, False)


@pytest.mark.parametrize(("more", "words"), DEAD)
def test_it_is_never_proposed_nor_added_by_hand(world: World, desk: Client, more: dict[str, object], words: str) -> None:
    put(**more)
    text = "絶縁膜の膜厚を測ってほしい。電源装置のサージ。"
    assert "EQ1" not in {one.entry.id for one in matches(text, knowledge())}
    assert "EQ1" not in {hit.id for one in propose(text).supports for hit in one.entries}
    case = arrived(world).case
    need_of(case, world)
    url = to("desk-triage", case=case.pk)
    found = desk.post(url, {"do": "find", "find": "膜厚計"}).content.decode()
    assert (NAME in found, words in found, "entry:EQ1" in found) == (True, True, False)
    answer = desk.post(url, {"do": "entry:EQ1", "find": "膜厚計"})
    assert (answer.status_code, "いまは使えません" in answer.content.decode(), Support.objects.count()) == (422, True, 0)
    Entry.objects.all().delete()
    put()
    assert 'value="entry:EQ1"' in desk.post(url, {"do": "find", "find": "膜厚計"}).content.decode()


@pytest.mark.parametrize(("more", "words"), DEAD)
def test_nobody_is_looked_for_whom_it_could_serve(world: World, desk: Client, more: dict[str, object], words: str) -> None:
    put(**more)
    near = told(world, "電源の絶縁", "雷サージに弱い電源装置の絶縁膜")
    for headers in ({}, {"HX-Request": "true"}):
        text = desk.get(to("desk-entry-reach", entry="EQ1"), headers=headers).content.decode()
        assert (words in text, "合う案件や会社は探しません" in text, str(near.pk) in text) == (True, True, False)
    Entry.objects.all().delete()
    put()
    assert str(near.pk) in desk.get(to("desk-entry-reach", entry="EQ1")).content.decode()


@pytest.mark.parametrize(("more", "words"), DEAD)
def test_a_suggestion_and_the_news_of_a_search_go_with_it(world: World, desk: Client, more: dict[str, object], words: str) -> None:
    put()
    case = arrived(world).case
    Suggestion.objects.create(case=case, need=need_of(case, world), entry_id="EQ1", score=1, words="膜厚", found_at=clock.now())
    kept = save_search("kind=seed", "シーズ", by=world.desk)
    SearchHit.objects.create(search=kept, entry_id="EQ1", came_at=clock.now())
    pages = [to("desk-case", case=case.pk), to("desk-search-saved")]
    assert [NAME in desk.get(url).content.decode() for url in pages] == [True, True]
    put(**more)
    assert [NAME in desk.get(url).content.decode() for url in pages] == [False, False]
    assert words in desk.get(to("desk-catalogue-entry", entry="EQ1")).content.decode()


@pytest.mark.parametrize(("more", "words"), DEAD)
def test_the_public_reads_that_it_is_over(world: World, more: dict[str, object], words: str) -> None:
    put(**more)
    guest = Client()
    page = guest.get(reverse("public-entry", kwargs={"entry": "EQ1"})).content.decode()
    assert ("いまは受け付けていません" in page, ">終了<" in page, words in page) == (True, True, True)
    link = f'href="{reverse("public-entry", kwargs={"entry": "EQ1"})}'
    assert link not in guest.get(reverse("public-find"), {"q": "絶縁膜"}).content.decode()
    whole = guest.get(reverse("public-find"), {"q": "絶縁膜", "over": "on"}).content.decode()
    assert (link in whole, "is-over" in whole, words in whole) == (True, True, True)


def test_a_route_takes_no_course_that_has_ended(world: World) -> None:
    ahead = WindowRow("course", DAY, DAY + dt.timedelta(9), DAY + dt.timedelta(10))
    put(kind="event", ends_on=LAST, windows=(ahead,), facts={"qualifies_for": ["EQ9"]})
    machine = Entry(id="EQ9", name="膜厚計")
    assert (next_course(machine, "equipment-tests", [LAB]), choosable("equipment-tests")) == (Entry(id="EQ1"), [Entry(id="EQ1")])
    put(kind="event", ends_on=PAST, windows=(ahead,), facts={"qualifies_for": ["EQ9"]})
    assert (next_course(machine, "equipment-tests", [LAB]), choosable("equipment-tests")) == (None, [])


def test_on_its_last_day_it_still_stands(world: World) -> None:
    put(ends_on=LAST)
    assert [(one.id, one.over) for one in search("膜厚計", actor=world.desk)] == [("EQ1", "")]


def test_long_choices_stand_in_columns_and_short_ones_do_not(desk: Client, world: World) -> None:
    many, few = (forms.Form() for _turn in range(2))
    for form, count in ((many, 9), (few, 8)):
        form.fields["topic"] = forms.MultipleChoiceField(choices=[(str(n), f"分野{n}") for n in range(count)], widget=Checks)
    shown = ["opts-cols" in form["topic"].as_widget() for form in (many, few)]
    assert (shown, many["topic"].as_widget().count('type="checkbox"')) == ([True, False], 9)


def test_learning_stands_beside_the_words(desk: Client, world: World) -> None:
    for name in ("desk-words", "desk-learning"):
        beside = desk.get(to(name)).content.decode().split('class="beside', 1)[1].split("</nav>", 1)[0]
        assert (to("desk-words") in beside, to("desk-learning") in beside) == (True, True)
