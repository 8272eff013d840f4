"""Lines of the choice without a database: who may see what, what stands open, what can be asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.cases.models import Support
from renkei.cases.states import SupportState
from renkei.desk.triage.rows import CLASSES, GENERAL, LIVE, MOST_OPEN, NONE, Block, Cell, Row, RowForm, Sight
from renkei.desk.triage.words import marked_words
from renkei.matching.proposal import Candidate, Mark
from renkei.plan.models import Body, Service, Stage

STAGE = Stage(code="3", name="開発・試験", short="開発・試験", order=3)
LAB, BANK = Body(code="lab", kind="lab"), Body(code="bank", kind="bank")
CHOICES = st.sets(st.sampled_from(CLASSES))
BLOCKED = Candidate("loan", "bank", "2", 0.5, 1, blocked_by="交付決定のあとです。")


def row(rank: int = 1, state: str = "", candidate: Candidate | None = BLOCKED, **more: Any) -> Row:
    block = Block("p1", 1, "試験", STAGE)
    support = Support(state=state) if state else None
    return Row("p1-x-y", 1, block, Service(code="x"), LAB, RowForm(prefix="p1-x-y"), [], candidate=candidate, support=support,
               rank=rank, **more)  # fmt: skip


# ---- what a body may see


@pytest.mark.parametrize(
    ("live", "once", "standing", "closed", "expected"),
    [
        (set(), set(), set(), set(), NONE),
        ({"technical"}, set(), set(), set(), LIVE),
        (set(), set(), {"technical"}, set(), GENERAL),
        ({"technical"}, set(), {"technical"}, set(), LIVE),
        (set(), {"technical"}, {"technical"}, set(), NONE),
        ({"technical"}, {"technical"}, set(), set(), LIVE),
        (set(), set(), {"technical"}, {"technical"}, NONE),
        ({"technical"}, set(), {"technical"}, {"technical"}, LIVE),
        (set(), {"financial"}, {"technical"}, {"financial"}, GENERAL),
    ],
)
def test_how_a_class_is_open_to_a_body(
    live: set[str], once: set[str], standing: set[str], closed: set[str], expected: str
) -> None:
    sight = Sight({"lab": live}, {"lab": once}, standing, {"lab": closed})
    assert sight.of(LAB, "technical") == expected


@settings(max_examples=50)
@given(live=CHOICES, once=CHOICES, standing=CHOICES, closed=CHOICES, klass=st.sampled_from(CLASSES))
def test_nothing_is_open_that_the_firm_did_not_open(
    live: set[str], once: set[str], standing: set[str], closed: set[str], klass: str
) -> None:
    found = Sight({"lab": live}, {"lab": once}, standing, {"lab": closed}).of(LAB, klass)
    assert (found == LIVE) == (klass in live)
    assert found == NONE or klass in live | standing
    assert found != GENERAL or klass not in once | closed


@settings(max_examples=30)
@given(live=CHOICES, once=CHOICES, klass=st.sampled_from(CLASSES))
def test_what_one_body_was_given_opens_nothing_to_another(live: set[str], once: set[str], klass: str) -> None:
    assert Sight({"lab": live}, {"lab": once}, set(), {}).of(BANK, klass) == NONE


@pytest.mark.parametrize(("open_by", "is_open"), [(LIVE, True), (GENERAL, True), (NONE, False)])
def test_a_row_misses_the_classes_that_are_not_open(open_by: str, is_open: bool) -> None:
    one = row()
    one.cells = [Cell("summary", "要約", LIVE, ticked=True), Cell("technical", "技術", open_by, ticked=False)]
    assert one.cells[1].is_open == is_open
    assert [cell.klass for cell in one.missing] == ([] if is_open else ["technical"])


# ---- what can be asked, and what stands open


@pytest.mark.parametrize("state", [one.value for one in SupportState])
def test_whoever_was_asked_is_not_asked_again_on_the_same_line(state: str) -> None:
    one = row(state=state, candidate=None)
    assert one.is_asked == (state != "proposed")
    assert one.can_be_asked == (state == "proposed")


def test_a_blocked_candidate_cannot_be_asked_and_a_free_one_can() -> None:
    assert not row().can_be_asked
    assert row(candidate=Candidate("loan", "bank", "2", 0.5, 1)).can_be_asked
    assert row(candidate=None).can_be_asked


@pytest.mark.parametrize(
    ("made", "stands_open"),
    [
        ({"rank": MOST_OPEN}, True), ({"rank": MOST_OPEN + 1}, False), ({"rank": MOST_OPEN + 1, "ticked": True}, True),
        ({"rank": MOST_OPEN + 1, "state": "offered"}, True), ({"rank": MOST_OPEN + 1, "state": "proposed"}, False),
        ({"rank": 99, "candidate": None}, True),
    ],
)  # fmt: skip
def test_the_best_lines_and_those_people_touched_stand_open(made: dict[str, Any], stands_open: bool) -> None:
    block = Block("p1", 1, "試験", STAGE, rows=[row(**made)])
    assert (len(block.first), len(block.rest)) == ((1, 0) if stands_open else (0, 1))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), max_size=8))
def test_every_line_stands_in_one_place_in_its_order(made: list[tuple[int, bool, bool]]) -> None:
    rows = [row(rank=rank, ticked=ticked, candidate=BLOCKED if known else None) for rank, ticked, known in made]
    block = Block("p1", 1, "試験", STAGE, rows=rows)
    assert sorted(map(id, block.first + block.rest)) == sorted(map(id, rows))
    for part in (block.first, block.rest):
        assert [rows.index(one) for one in part] == sorted(rows.index(one) for one in part)


# ---- what is typed in a line


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"due_on": "昨日"}, "due_on"), ({"due_on": "2月30日"}, "due_on"), ({"classes": ["secret"]}, "classes"), ({"ask": "あ" * 1001}, "ask")],
)
def test_a_line_names_the_field_that_is_wrong(typed: dict[str, Any], field: str) -> None:
    form = RowForm({"ask": "測ってほしい", "classes": ["summary"], "due_on": ""} | typed)
    assert list(form.errors) == [field]


def test_a_line_drops_what_cannot_be_seen_and_takes_a_day_in_words() -> None:
    form = RowForm({"ask": "測って\x00ほしい\u202e", "classes": ["summary", "technical"], "due_on": "今日"})
    assert form.is_valid()
    assert (form.cleaned_data["ask"], form.cleaned_data["classes"]) == ("測ってほしい", ["summary", "technical"])
    assert not RowForm({"ask": "x"}).fields["ask"].required


# ---- the firm's words with marks

SPANS = st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45), st.integers(0, 3)), max_size=6)


@settings(max_examples=50)
@given(st.text("電源装置<>&\"'\n ", max_size=40), SPANS)
def test_marks_never_change_the_words(text: str, spans: list[tuple[int, int, int]]) -> None:
    marked = marked_words(text, [Mark(*one) for one in spans], {1: "2"})
    bare = _without_tags(marked)
    assert bare == "\n".join(line for line in text.split("\n") if line.strip())


@settings(max_examples=50)
@given(st.text("電源<\n", max_size=40), SPANS)
def test_marks_never_open_a_tag_the_caller_typed(text: str, spans: list[tuple[int, int, int]]) -> None:
    marked = str(marked_words(text, [Mark(*one) for one in spans], {1: "2"}))
    assert marked.count("<mark") == marked.count("</mark>") <= len(spans)
    assert marked.count("<p>") == marked.count("</p>")


def _without_tags(marked: str) -> str:
    """The words alone, as a reader sees them: need numbers and the tags around them go."""
    import html
    import re

    plain = re.sub(r"<sup>.*?</sup>", "", marked)
    return html.unescape(re.sub(r"</?(?:p|mark)[^>]*>", "", plain))


def test_marks_may_be_anything_that_has_start_end_and_need() -> None:
    one = SimpleNamespace(start=0, end=2, need=1)
    assert marked_words("電源", [one], {1: "4"}) == '<p><mark class="s4">電源<sup><span class="vh">課題</span>1</sup></mark></p>'
    assert marked_words("", [one], {}) == ""
