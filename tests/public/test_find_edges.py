"""The search pages at their edges: odd words, pages that must not differ by what is hidden, links that undo one thing only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from difflib import unified_diff
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person
from renkei.base.context import acting
from renkei.matching import index, shelf
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.finding import LONGEST, Wish, look, read_wish
from renkei.matching.showing import marked, shown
from tests.cases.making import NOON
from tests.portal.firms import account, client, registered
from tests.portal.scene import came
from tests.world import BANK, CENTER, LAB, World

PAST, AHEAD = dt.date(2026, 4, 1), dt.date(2026, 12, 18)
ROWS = [
    EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, summary="めっきの厚さを測る。", is_public=True, facts={"hourly_yen": 900}),
    EntryRow(id="EQ2", kind="equipment", name="顕微鏡", body=CENTER, summary="めっきのひびを見る。", is_public=True, facts={"hourly_yen": 0}),
    EntryRow(id="PG1", kind="programme", name="めっき補助金", body=CENTER, is_public=True, windows=[WindowRow("call", opens=PAST, closes=AHEAD)]),
    EntryRow(id="PG2", kind="programme", name="めっき助成金", body=CENTER, is_public=True, windows=[WindowRow("call", opens=PAST, closes=PAST)]),
]  # fmt: skip
HIDDEN = [
    EntryRow(id="A-S1", kind="seed", name="めっきの秘密のシーズ", body=BANK, summary="膜厚、補助金、顕微鏡、ひび。", facts={"fee_yen": 0}),
    EntryRow(id="A-S2", kind="person", name="膜厚 太郎", body=BANK, summary="めっきに詳しい。めっきめっきめっき。"),
    EntryRow(id="A-S3", kind="programme", name="めっき補助金（内輪）", body=LAB, windows=[WindowRow("call", opens=PAST, closes=PAST)]),
    EntryRow(id="A-S4", kind="equipment", name="膜厚計（非公開）", body=LAB, windows=[WindowRow("call", opens=PAST, closes=AHEAD)]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _an_own_index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.RENKEI_HOME = tmp_path
    index.forget()
    shelf.forget()
    with clock.moved_to(NOON):
        yield
    index.forget()
    shelf.forget()


@pytest.fixture
def stocked(world: World) -> World:
    put_entries(ROWS, kept_by="test", by=SYSTEM)
    return world


def page(one: Client | None = None, name: str = "public-find", at: dict[str, Any] | None = None, **given: Any) -> str:
    answer = (one or Client()).get(reverse(name, kwargs=at or {}), given)
    assert answer.status_code == 200
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", str(answer.content.decode()))


def test_odd_words_are_answered_and_come_back_unharmed(stocked: World) -> None:
    """One world, a table of words: a clear answer each, and what was typed stands in the box as far as it is kept."""
    for words in (
        "め", "1", "🙂", "🙂🙂👨‍👩‍👧", "め1🙂ｱA", "' OR 1=1; --", '"; DROP TABLE matching_entry; --', "%", "_", "%%_", "\\", "\\'", "(", "*:*",
        "name:膜厚", "+-!(){}[]^~?", "<script>alert(1)</script>", "{{ 7*7 }}", "${7*7}", "AND", "NOT 膜厚", "　", " \t ", "が", "ー", "㈱", "𠮷野家",
        "مرحبا", "Ω≈ç√∫", "e\u0301", "ﾒｯｷ", "ＭＥＫＫＩ", "a" * 4000, "めっき" * 2000, "\u202eめっき", "\u200bめっき", "0" * 300, "..", "/../",
    ):  # fmt: skip
        text = page(q=words)
        typed = re.search(r'id="find-q" name="q" value="([^"]*)"', text)
        assert typed is not None
        kept = unescape(typed.group(1))
        assert kept == read_wish({"q": words}).q
        assert len(kept) <= LONGEST
        assert "<script>alert(1)" not in text
        assert re.search(r'role="status">[\d,]+件', text), words
    assert len(page(q="め" * 3_400_000)) < 200_000  # ten megabytes: cut, answered


def test_words_that_are_no_text_at_all(stocked: World) -> None:
    for query in ("q=%00", "q=%ff%fe", "q=a%00b&kind=%00", "without=%00", "q[]=1", "q=a&q=b", "page=-1", "page=999999999999", "page=1e9", "without=" + "x" * 9999,
                  "&".join(f"without=w{n}" for n in range(500)), "kind=equipment&kind=seed", "over=x&first=y&dates=z"):  # fmt: skip
        for name in ("public-find",):
            assert Client().get(f"{reverse(name)}?{query}").status_code == 200, query


QUERIES = [{}, {"q": "めっき"}, {"q": "膜厚"}, {"q": "補助金"}, {"q": "太郎"}, {"q": "秘密"}, {"q": "A-S"}, {"kind": "person"}, {"kind": "equipment"},
           {"body": BANK}, {"body": LAB}, {"fee": "free"}, {"dates": "on"}, {"area": "anywhere"}, {"q": "めっき", "kind": "seed"}]  # fmt: skip
MORE: list[dict[str, str]] = [{"over": "on"}, {"first": "on"}]


def same(before: list[str], after: list[str]) -> None:
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        assert list(unified_diff(was.splitlines(), now.splitlines(), n=0)) == [], number


def test_no_page_differs_by_what_is_hidden(stocked: World) -> None:
    """Results, counts, facets, order, synonyms, pages: the same to the letter, for the public and for a firm, before and after."""
    mei = account(registered(came(stocked)))
    firm, at = client(mei), {"company": mei.company_id}

    def pages() -> list[str]:
        every = [*QUERIES, *(one | more for one, more in product(QUERIES[:2], MORE))]
        return [page(**one) for one in every] + [page(firm, "portal-find", at, **one) for one in QUERIES[:4]]

    before = pages()
    same(before, pages())
    put_entries([*ROWS, *HIDDEN], kept_by="test", by=SYSTEM)
    assert {one.id for one in look(Wish(q="めっき"), actor=stocked.lab).lines} & {"A-S1", "A-S2"}  # there is something that could leak
    same(before, pages())
    withdraw_entries([one.id for one in HIDDEN], kept_by="test", on=clock.today(), by=SYSTEM)
    same(before, pages())
    for one in HIDDEN:
        unknown, hidden = (Client().get(reverse("public-entry", kwargs={"entry": id_})) for id_ in ("NONE-1", one.id))
        assert unknown.status_code == hidden.status_code == 404
        assert one.name not in hidden.content.decode()


def test_each_link_undoes_one_thing_and_keeps_the_rest(stocked: World) -> None:
    def found(**given: str) -> tuple[str, list[str]]:
        text = page(**given)
        return text, [unescape(one) for one in re.findall(r'href="\?([^"]*)"', text)]

    text, links = found(q="めっき", body=CENTER, over="on", first="on")
    assert "終わったものを除く" in text
    kept = "q=%E3%82%81%E3%81%A3%E3%81%8D"
    assert f"{kept}&body={CENTER}&first=on" in links  # without what is over: words, body and order stay
    assert f"{kept}&first=on&over=on" in links  # without narrowings: what is over stays
    text, links = found(q="めっき", kind="equipment", without="鍍金")
    assert f"{kept}&without=%E9%8D%8D%E9%87%91" in links
    assert f"{kept}&kind=equipment" in links  # the word comes back
    text, links = found(q="ぬぬぬ", kind="equipment", first="on")
    assert "絞り込みをやめると見つかるかもしれません" in text
    assert "q=%E3%81%AC%E3%81%AC%E3%81%AC&first=on" in links


def test_what_is_over_is_counted_apart_and_never_mixed_in(stocked: World) -> None:
    plain, whole = look(Wish(kind="programme"), actor=GUEST), look(Wish(kind="programme", over="on"), actor=GUEST)
    assert ([one.id for one in plain.lines], plain.over) == (["PG1"], 1)
    assert ([one.id for one in whole.lines], whole.over) == (["PG1", "PG2"], 0)
    with clock.moved_to(clock.at(AHEAD + dt.timedelta(days=1), 0)):
        assert look(Wish(kind="programme"), actor=GUEST).over == 2
    with clock.moved_to(clock.at(AHEAD, 23)):  # the last day is a day
        assert [one.id for one in look(Wish(kind="programme"), actor=GUEST).lines] == ["PG1"]


def test_marks_hold_whatever_stands_in_the_text() -> None:
    """Cut and put together again a text is the same, also where small letters are longer than capitals."""
    for text, forms, typed in (
        ("膜厚計", {"膜厚"}, "膜厚"), ("İİİ膜厚", set(), "膜厚"), ("ABC abc", set(), "abc"), ("", {"x"}, "x"), ("膜厚", set(), ""), ("ẞ膜", set(), "膜"),
        ("ひびひび", {"罅"}, "ひび"), ("🙂膜厚🙂", set(), "🙂"), ("メッキ", set(), "めっき"), ("a" * 300, set(), "a" * 200),
    ):  # fmt: skip
        parts = marked(text, frozenset(forms), typed)
        assert "".join(one.text for one in parts) == text
        assert all(one.text for one in parts) or not text
        if typed and typed in text:
            told = [one.text.lower() for one in parts if one.marked]
            assert any(typed.lower() in one or one in typed.lower() for one in told), (text, typed)


def test_the_index_may_vanish_under_a_search(stocked: World, settings: Any) -> None:
    """Files deleted, emptied, turned to rubbish while the process holds them: an answer each time, and the right one at last."""
    assert [one.id for one in look(Wish(q="膜厚"), actor=GUEST).lines][:1] == ["EQ1"]
    for harm in (lambda one: one.unlink(), lambda one: one.write_bytes(b""), lambda one: one.write_bytes(b"\x00rubbish" * 9)):
        for one in [path for path in Path(settings.RENKEI_HOME).rglob("*") if path.is_file() and not path.name.endswith(".lock")]:
            harm(one)
        assert "/find/EQ1/" in page(q="膜厚")
        index.forget()
        assert "/find/EQ1/" in page(q="膜厚")


def test_the_firms_login_finds_what_the_public_finds(committed_world: World, login: Any) -> None:
    mei = account(registered(came(committed_world)))
    put_entries([*ROWS, *HIDDEN], kept_by="test", by=SYSTEM)
    with login("web"):
        for wish in (Wish(), Wish(q="めっき"), Wish(q="膜厚"), Wish(body=BANK), Wish(over="on")):
            seen = {}
            for actor in (GUEST, company_person(mei.person_id)):
                with acting(actor):
                    found = look(wish, actor=actor)
                    seen[actor] = ([one.id for one in found.lines], {one.name: dict(one.counts) for one in found.facets}, found.over, found.is_more)
                    assert not {one.entry.pk for one in shown(found, str).rows} & {one.id for one in HIDDEN}
            assert len({str(one) for one in seen.values()}) == 1
            assert not any(one.startswith("A-S") for one in seen[GUEST][0])
