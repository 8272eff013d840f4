"""The firm's words with marks: which words belong to which need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


class Marked(Protocol):
    """A span of the text and the number of the need it speaks of."""

    @property
    def start(self) -> int:
        """First character."""

    @property
    def end(self) -> int:
        """One past the last character."""

    @property
    def need(self) -> int:
        """Number of the need; 0 when it speaks of none."""


def marked_words(text: str, marks: Sequence[Marked], stages: Mapping[int, str]) -> SafeString:
    """Return the text as paragraphs with ``<mark>``; everything typed is escaped, marks that overlap an earlier one go.

    ``stages`` gives the stage (its code) of each need's number: number, word and colour together tie words to needs.
    """
    paragraphs: list[tuple[SafeString]] = []
    place = 0
    for line in text.split("\n"):
        if line.strip():
            inside = [mark for mark in marks if place <= mark.start < mark.end <= place + len(line)]
            paragraphs.append((_paragraph(line, place, sorted(inside, key=lambda mark: mark.start), stages),))
        place += len(line) + 1
    return format_html_join("\n", "<p>{}</p>", paragraphs)


def _paragraph(line: str, place: int, marks: list[Marked], stages: Mapping[int, str]) -> SafeString:
    parts: list[tuple[SafeString | str]] = []
    done = 0
    for mark in marks:
        start, end = mark.start - place, mark.end - place
        if start < done:
            continue
        parts.append((line[done:start],))
        parts.append((_mark(line[start:end], mark.need, stages.get(mark.need, "x")),))
        done = end
    parts.append((line[done:],))
    return format_html_join("", "{}", parts)


def _mark(words: str, need: int, stage: str) -> SafeString:
    if not need:
        return format_html('<mark class="sx">{}</mark>', words)
    label = _("課題")
    return format_html('<mark class="s{}">{}<sup><span class="vh">{}</span>{}</sup></mark>', stage, words, label, need)
