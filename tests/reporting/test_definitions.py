"""A published definition is never changed: another way of counting is another version."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from renkei.reporting.counting import parts
from renkei.reporting.figures import BY_CODE, EARLIER, FIGURES, VERSIONS, Figure, Kind, Split

# The digests of what has been published. A line is added for a new version and never changed.
PUBLISHED = {
    ("projects", 1): "b28ef67d0ee3920e",
    ("projects", 2): "df523c80ed5be31b",
    ("consultations", 1): "f4ad6cbae7f7f7a6",
    ("closed", 1): "ed73669f9f6c315e",
    ("results", 1): "ffaba8bde71d4d34",
    ("first_answer", 1): "d317df340620a4f9",
    ("body_answer", 1): "ffe5a69658b1792c",
    ("supports", 1): "1c34cdf40f1a38f9",
    ("declines", 1): "f9222c4d6e155f89",
    ("silent", 1): "5c15df6277ea7cc7",
    ("open", 1): "4752ecb16eb3d57b",
    ("dwell", 1): "348372d3b2fad286",
    ("areas", 1): "c62b24a754cff6be",
    ("pressures", 1): "f31798793ac34d90",
    ("purposes", 1): "6fb601ce9ac621c5",
    ("services", 1): "832e5e1bdbf1f736",
    ("climbs", 1): "ac83467326668dc2",
    ("outside", 1): "56360fdb2d039dc8",
    ("gaps", 1): "c544dffb9fd652fd",
    ("meetings", 1): "de9250bb610da927",
    ("trends", 1): "e28ca4aeeb5f03b5",
    ("trends", 2): "050c45d302de3b57",
}


def digest(figure: Figure) -> str:
    return hashlib.sha256(" ".join(figure.sql.split()).encode()).hexdigest()[:16]


def test_what_was_published_is_counted_as_it_was_published() -> None:
    assert {(one.code, one.version): digest(one) for one in VERSIONS.values()} == PUBLISHED


def test_the_database_counts_by_the_text_of_the_definition(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'figure\\_%%'")
        found = {name: " ".join(source.split()) for name, source in cursor.fetchall()}
    assert found == {one.function: " ".join(one.sql.split()) for one in VERSIONS.values()}


def test_each_figure_is_defined_once_and_says_what_it_is() -> None:
    assert len(BY_CODE) == len(FIGURES) == len({str(one.name) for one in FIGURES})
    for one in FIGURES:
        assert all(str(words).strip() for words in (one.name, one.unit, one.what, one.when, one.once)), one.code
        assert VERSIONS[one.code, one.version] is one
        assert one.overlaps is (one.split in {Split.AREA, Split.PRESSURE, Split.PURPOSE})


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.code)
def test_no_definition_sees_past_the_moment_of_knowledge(figure: Figure) -> None:
    """Every look at the steps says what it knows; the texts hold no content of a firm."""
    assert "as_of" in figure.sql
    assert not {"company_given", "title", "summary", "text", "close_words"} & set(figure.sql.replace("::text", "").replace(",", " ").split())


def test_masking_stands_around_every_definition() -> None:
    for one in VERSIONS.values():
        whole = parts.shared("SELECT 1") if one.kind is Kind.SHARED else parts.counted("SELECT 1")
        begin, end = whole.split("SELECT 1")
        assert (one.sql.startswith(begin), one.sql.endswith(end)) == (True, True), one.function


def test_what_was_counted_before_stays_beside_what_counts_now() -> None:
    assert [(one.code, one.version, BY_CODE[one.code].version) for one in EARLIER] == [("projects", 1, 2), ("trends", 1, 2)]
