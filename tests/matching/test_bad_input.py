"""Text nobody would write on purpose: a clear answer or a clear error, in bounded time, and nothing is harmed.

``timeout`` is the bound: far above what each takes (tenths of a second), far below what an unbounded way through ten
megabytes would take.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base.actor import GUEST, SYSTEM
from renkei.matching import commands
from renkei.matching.entries import matches
from renkei.matching.finding import LONGEST, look, read_wish
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.propose import propose
from renkei.matching.search import search
from tests.world import World

Region = Callable[..., World]
ODD = {
    "one character": "膜", "one letter": "a", "a sign": "。", "a mark alone": "\u0301", "a number": "5",
    "emoji": "👩‍👩‍👧‍👦🔧🏭 めっきが剥がれる 😭😭", "emoji alone": "👩‍👩‍👧‍👦🏳️‍🌈",
    "mixed scripts": "めっきの мembрана 두께 厚さ μέτρο قياس 膜厚", "half width": "ﾒｯｷの厚さをﾊｶﾘﾀｲ。ﾏｸｱﾂｹｲ",
    "sql": "'; DROP TABLE matching_entry; -- めっき' OR '1'='1", "query language": '+めっき -厚さ name:"膜厚" AND NOT (a OR *) ^9 [a TO z] ~2',
    "control characters": "め\x00っ\x07き\x1bの\x7f厚\x85さ", "right to left": "\u202eさ厚のきっめ\u202c めっきの\u200f厚さ\u2067",
    "markup": "<script>alert(1)</script> めっき & {{ 7*7 }} {% load x %} %s %(a)s {0}", "path": "../../../../etc/passwd めっき",
    "variation and joiners": "め\ufe0fっ\u200dき\u2060の厚\U000e0100さ", "old characters": "鍍金 の 厚 ㎛ ㍉ ㈱ ① Ⅳ", "one sign written out": "ﷺ" * 40,
    "lines": "\r\n\r\r\n\n\u2028\u2029めっき\u0085厚さ\n", "tilde": "～〜−－ー‐—…‥・、", "surrogate pairs": "𠮷野家の𩸽と𪚲 めっき",
}  # fmt: skip
HUGE = {
    "sentences": "めっきの厚さを測りたい。" * 850_000, "no sentence ends": "めっき" * 3_400_000, "signs written out": "ﷺ" * 3_400_000,
    "one line of spaces": " " * 10_000_000 + "めっき", "control": "\x00\u202e" * 5_000_000,
}  # fmt: skip


def is_an_answer(text: str) -> None:
    """A proposal of a known kind whose every evidence and every entry is told of entries that are there."""
    proposal = propose(text)
    assert proposal.kind in {"route", "clarify", "outside_region", "out_of_scope"}
    told = {hit.id for one in proposal.supports for hit in one.entries}
    assert told <= set(Entry.objects.values_list("id", flat=True))
    json.dumps(commands._proposal(proposal), ensure_ascii=False).encode()


@pytest.fixture
def here(region: Region) -> World:
    return region()


def test_odd_text_gets_an_answer_in_every_way_of_asking(here: World) -> None:
    before = list(Entry.objects.values_list("id", "name"))
    for text in ODD.values():
        is_an_answer(text)
        for match in matches(text, knowledge()):
            assert 0 <= match.score <= 1
            assert all(0 <= start < end <= len(text) for start, end in match.spans)
        for actor in (SYSTEM, GUEST):
            hits = search(text, actor=actor)
            assert all(Entry.objects.visible_to(actor).filter(pk=hit.id).exists() for hit in hits)
            seen = look(read_wish({"q": text}), actor=actor)
            assert all(Entry.objects.visible_to(actor).filter(pk=line.id).exists() for line in seen.lines)
    assert list(Entry.objects.values_list("id", "name")) == before


@pytest.mark.parametrize(
    "name", ["emoji", "mixed scripts", "half width", "sql", "query language", "control characters", "right to left", "markup", "lines"]
)
def test_what_can_be_read_in_odd_text_is_still_found(here: World, name: str) -> None:
    """The film gauge, or another entry about plating, is found through whatever stands around the words."""
    assert {hit.id for hit in search(ODD[name], actor=SYSTEM)} & {"EQ1", "PE1", "PC1"}


@pytest.mark.parametrize("name", ["a sign", "a mark alone", "emoji alone", "tilde", "one sign written out"])
def test_what_holds_no_word_finds_nothing_and_asks_back(here: World, name: str) -> None:
    assert search(ODD[name], actor=SYSTEM) == []
    assert propose(ODD[name]).kind == "clarify"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["sentences", "no sentence ends", "control"])
def test_ten_megabytes_get_an_answer_in_bounded_time(here: World, name: str) -> None:
    """What is read is bounded, not what is sent: the first twenty thousand characters tell the trouble."""
    text = HUGE[name]
    assert len(text.encode()) >= 10_000_000
    is_an_answer(text)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HUGE)
def test_ten_megabytes_in_a_field_of_the_search_are_cut(here: World, name: str) -> None:
    text = HUGE[name]
    assert len(search(text, actor=GUEST)) <= 20
    assert len(read_wish(dict.fromkeys(("q", "kind", "body", "topic", "area", "fee", "dates", "first", "over"), text)).q) <= LONGEST


@pytest.mark.timeout(120)
def test_ten_megabytes_on_the_command_line_are_answered_or_refused_by_length(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert "課題1" in commands.route_text(HUGE["sentences"])
    lines = [{"id": "big", "text": HUGE["sentences"]}, {"id": "small", "text": "めっきの厚さを測りたい。"}]
    given = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    for answer, key in ((commands.route_lines, "supports"), (commands.match_lines, "entries")):
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            answer(io.StringIO(given), out)
        assert ended.value.code == 1
        [row] = [json.loads(line) for line in out.getvalue().splitlines()]
        assert (row["id"], bool(row[key])) == ("small", True)
        said = capsys.readouterr().err
        assert said == f'1行目: "text" が長すぎます（{len(HUGE["sentences"]):,}字）。20,000字までにしてください。\n'


def test_odd_lines_are_answered_or_refused_one_by_one(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    given = "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in ODD.items())
    out = io.StringIO()
    with pytest.raises(SystemExit):
        commands.route_lines(io.StringIO(given), out)
    answered = [json.loads(line)["id"] for line in out.getvalue().splitlines()]
    assert answered == [name for name in ODD if name != "control characters"]
    place = list(ODD).index("control characters") + 1
    assert capsys.readouterr().err == f'{place}行目: "text" に文字でないものが入っています。\n'


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "null", '"text"', "7", '{"id": "1"}', '{"text": null}', '{"text": 7}', '{"text": ["a"]}', '{"text": ""}',
        '{"text": " \\n"}', '{"text": "\\ud800"}', "[" * 5_000, '{"text": "a"' + " " * 200 + "," * 3, "\x00", "{" + '"a":' * 3_000,
    ],
    ids=lambda line: line[:16],
)
def test_a_line_that_is_no_question_is_told_of_in_one_sentence(here: World, capsys: pytest.CaptureFixture[str], line: str) -> None:
    out = io.StringIO()
    if not line.strip():
        commands.route_lines(io.StringIO(line + "\n"), out)
        assert out.getvalue() == ""
        return
    with pytest.raises(SystemExit):
        commands.route_lines(io.StringIO(line + "\n"), out)
    said = capsys.readouterr().err
    assert (out.getvalue(), said.count("\n"), said[:4]) == ("", 1, "1行目:")


def test_an_entry_of_odd_text_is_kept_and_found_as_it_is(here: World) -> None:
    """What comes from other institutes' lists is odd too: it must not break the index for all others."""
    from renkei.matching.actions import EntryRow, put_entries

    rows: list[Any] = [
        EntryRow(id=f"ODD{n}", kind="equipment", name=f"器{n}", text=text.replace("\x00", ""), is_public=True)
        for n, text in enumerate([*ODD.values(), "膜" * 300_000, "word " * 60_000, "長" * 18_000 + " 渦電流"])
    ]
    assert put_entries(rows, kept_by="list", by=SYSTEM) == len(rows)
    assert search("めっきの厚さ", actor=GUEST)
    assert {"EQ1"} <= {hit.id for hit in search("膜厚計", actor=GUEST)}
    assert f"ODD{len(rows) - 1}" in {hit.id for hit in search("渦電流", actor=GUEST)}
