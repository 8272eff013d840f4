"""Marks in the firm's words."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.desk.triage.words import marked_words


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    need: int


def test_number_word_and_colour_tie_words_to_needs() -> None:
    text = "電源を開発する。雷を測る。"
    marks = [Span(8, 12, 2), Span(0, 7, 1)]
    assert marked_words(text, marks, {1: "2", 2: "3"}) == (
        '<p><mark class="s2">電源を開発する<sup><span class="vh">課題</span>1</sup></mark>。'
        '<mark class="s3">雷を測る<sup><span class="vh">課題</span>2</sup></mark>。</p>'
    )


def test_everything_typed_is_escaped_inside_and_outside_marks() -> None:
    text = "<b>電源</b> & <script>"
    assert marked_words(text, [Span(0, 5, 1)], {1: "2"}) == (
        '<p><mark class="s2">&lt;b&gt;電源<sup><span class="vh">課題</span>1</sup></mark>'
        "&lt;/b&gt; &amp; &lt;script&gt;</p>"
    )


def test_paragraphs_and_offsets_across_lines() -> None:
    text = "一行目。\n\n二行目の電源。"
    assert marked_words(text, [Span(10, 12, 0)], {}) == '<p>一行目。</p>\n<p>二行目の<mark class="sx">電源</mark>。</p>'


def test_overlapping_and_impossible_marks_are_left_out() -> None:
    text = "電源装置"
    marks = [Span(0, 3, 1), Span(2, 4, 2), Span(3, 99, 3), Span(4, 4, 1)]
    assert marked_words(text, marks, {1: "2", 2: "3"}) == (
        '<p><mark class="s2">電源装<sup><span class="vh">課題</span>1</sup></mark>置</p>'
    )


def test_need_without_stage_stands_across() -> None:
    assert '<mark class="sx">' in marked_words("電源", [Span(0, 2, 7)], {})
