"""A file of synonyms that somebody brings: what would happen to each group, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.matching.sitewords import SiteGroup, all_groups
from renkei.matching.wordfile import COLUMNS, Group, Line, Listed, groups, lines
from renkei.matching.wordrules import clean_word, codes_by_word, faults_of, shared_with

MOST_GROUPS, MOST_BYTES = 2_000, 3 * 1024 * 1024
NEW, CHANGE, SAME = "new", "change", "same"
REPLACE, MERGE, APART = "replace", "merge", "apart"  # what a group of a known number does


@dataclass(frozen=True, slots=True)
class WordRow:
    """One group of the file: what it does, its words as they would stand, and what differs from now."""

    code: str
    line: int
    deed: str
    words: tuple[Listed, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordPreview:
    """All groups of a file, in its order."""

    rows: tuple[WordRow, ...]

    def count(self, deed: str) -> int:
        """Return how many groups without problems do this."""
        return sum(row.deed == deed for row in self.rows if not row.problems)

    @property
    def bad(self) -> int:
        """Return how many groups have problems."""
        return sum(bool(row.problems) for row in self.rows)


def read_words(data: bytes, *, mode: str = REPLACE) -> WordPreview:
    """Read a file. ``mode`` says what a group of a known number does: replace it, add its words, or stand as another.

    Refused: ``not_text``, ``too_long``, ``no_groups``, ``too_many``.
    """
    found = lines(_text(data))
    listed = groups(found)
    if not listed:
        raise Refused(
            _("同義語の行がひとつも読めません。Sudachiの同義語辞書の形（11の列をコンマで区切る）のファイルを選んでください。"), "no_groups"
        )
    if len(listed) > MOST_GROUPS:
        raise Refused(_("組は%(most)s個までです（いま%(now)s個）。ファイルを分けてください。") % {"most": MOST_GROUPS, "now": len(listed)}, "too_many")
    now = _Now.read()
    bad = {line.code: line for line in reversed(found) if line.word is None}
    first = {line.code: line.number for line in reversed(found)}
    rows = [_row(group, first[group.code], bad.get(group.code), now, mode) for group in listed]
    seen = {group.code for group in listed}
    rows += [WordRow(code, line.number, SAME, (), problems=(_shape(line),)) for code, line in bad.items() if code not in seen]
    return WordPreview(tuple(rows))


@dataclass(frozen=True, slots=True)
class _Now:
    """The list as it stands, ready to be held against a file."""

    groups: dict[str, SiteGroup]
    alive: frozenset[frozenset[Listed]]
    by_word: dict[str, list[str]]

    @classmethod
    def read(cls) -> _Now:
        found = {one.code: one for one in all_groups()}
        alive = [one.group for one in found.values() if one.state != "ended"]
        return cls(found, frozenset(frozenset(group.words) for group in alive), codes_by_word(alive))


def _row(group: Group, line: int, bad: Line | None, now: _Now, mode: str) -> WordRow:
    known = now.groups.get(group.code)
    words = tuple(Listed(clean_word(one.word), one.kind) for one in group.words)
    if known is not None and mode == APART:
        known = None if set(known.group.words) != set(words) else known
    before = known.group.words if known else ()
    if known is not None and mode == MERGE:
        words = before + tuple(one for one in words if one.word not in {kept.word for kept in before})
    problems = faults_of(words) + ([_shape(bad)] if bad else [])
    if len(group.code) > 20:
        problems.append(_("組の番号は20字までです。"))
    twin = known is None and frozenset(words) in now.alive
    is_same = twin or (known is not None and known.state != "ended" and words == before)
    elsewhere = shared_with(known.code if known else "", words, now.by_word) if not is_same and not problems else {}
    return WordRow(
        group.code, line, SAME if is_same else CHANGE if known else NEW, words,
        added=tuple(one.word for one in words if one not in before), removed=tuple(one.word for one in before if one not in words),
        problems=tuple(problems), elsewhere=tuple(f"{word}（{'、'.join(codes)}）" for word, codes in elsewhere.items()),
    )  # fmt: skip


def _shape(line: Line) -> str:
    if line.columns != COLUMNS:
        return _("%(line)s行目：列が%(now)sあります。Sudachiの同義語辞書の形では%(want)sです。") % {"line": line.number, "now": line.columns, "want": COLUMNS}
    return _("%(line)s行目：組の番号（1列目）か言葉（9列目）がありません。") % {"line": line.number}


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise Refused(_("3メガバイトまでです。ファイルを分けてください。"), "too_long")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refused(_("文字のファイルとして読めません。UTF-8の文字のファイル（.txt か .csv）を選んでください。"), "not_text")
