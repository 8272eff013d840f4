"""Text as the matcher reads it: sentences, and words in Sudachi's shortest units and normal forms, with their places.

``お借りでき`` and ``借りる`` meet in the normal form; every word keeps where it stands in the text, so that evidence can be
shown in the firm's own words.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sudachipy import Dictionary, SplitMode

from renkei.base.text import to_katakana

MAX_LENGTH = 20_000
_CONTENT = {"名詞", "動詞", "形容詞", "形状詞", "接尾辞", "接頭辞"}
_SILENT = {"助詞", "助動詞", "補助記号", "空白", "記号"}
_STOP_TEXT = """
為る 居る おる 有る 成る 出来る 言う 思う 知る 教える 欲しい 御 方 事 物 所 時 場合 様 為 中 上 下 私 弊社 当社 家 自社 会社 其れ 此れ 何 何れ 何処
頂く 下さる 願う 願い 貰う 呉れる 来る 行く 見る 遣る 掛かる 致す 御座る 申す 存ずる 宜しい 良い 無い さん 達 的 性 等 今 今日
相談 電話 メモ 世話 連絡 先 社 名 者 件 点 分 人 年 月 日 市 町 村 県 年間 前 後 内 間 程 位 近く 一 二 三 四 五 六 七 八 九 十
"""
_STOP = frozenset(_STOP_TEXT.split())
# Adverbs that paint a sound or a touch tell a symptom (ザラザラ, べたべた, バリ); these double ones tell nothing.
_SOUND = re.compile(r"^(?:[ァ-ヺー]{2,}|([ぁ-ん]{2,3})\1)$")
_SHORT_SOUND = re.compile(r"^[ァ-ヺー]{2,3}$")
_NO_SOUND_TEXT = """
ソロソロ イロイロ ドンドン ダンダン タマタマ ナカナカ ワザワザ マダマダ モトモト マスマス イヨイヨ シバシバ タビタビ トキドキ ヨクヨク イチイチ
ボチボチ マアマア タダタダ スグ マタ モウ チョット ズット ヤハリ モット マズ タダ トテモ
"""
_NO_SOUND = frozenset(_NO_SOUND_TEXT.split())
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?\n]*[』」）)]*")
_SIGN = re.compile(r"^[\W_]+$")
_NUMBER = re.compile(r"^[\d,.]+$")
_BLOCK, _SMALL, _MOST_BYTES = 8_000, 1_900, 49_149  # what Sudachi takes at once, signs such as ㍿ written out
_MOST_TOLD = 200_000
_SHORT = 4_000
_READ = {"surface", "normalized_form", "pos_id"}  # of what the dictionary says of a word: reading all of it costs a third more
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Word:
    """One shortest unit: as written, in normal form, its part of speech, and where it stands."""

    surface: str
    form: str
    pos: str
    start: int
    end: int

    @property
    def is_content(self) -> bool:
        """Tell whether the word says what the text is about."""
        return (
            (self.pos in _CONTENT or self.is_sound)
            and self.form not in _STOP
            and not _SIGN.match(self.form)
            and not _NUMBER.match(self.form)
        )

    @property
    def is_sound(self) -> bool:
        """Tell whether the word is an adverb that paints what is seen, heard or felt."""
        return self.pos == "副詞" and bool(_SOUND.match(self.surface)) and to_katakana(self.surface) not in _NO_SOUND


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its words; ``start`` and ``end`` are offsets in the whole text."""

    text: str
    start: int
    end: int
    words: tuple[Word, ...]


def _tokenizer() -> Any:
    """Return this thread's tokenizer: Sudachi's must not be shared between threads."""
    if not hasattr(_local, "tokenizer"):
        _local.tokenizer = _dictionary().tokenizer(SplitMode.A, fields=_READ)
    return _local.tokenizer


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    return Dictionary(dict="core")


def words(text: str, offset: int = 0) -> list[Word]:
    """Return the words of ``text``; offsets count from ``offset``. What one page asks several times is told once."""
    return list(_kept(text) if not offset and len(text) <= _SHORT else _words(text, offset))


def _words(text: str, offset: int) -> Iterator[Word]:
    for begin, block in _blocks(text):
        yield from (_word(unit, offset + begin) for unit in _tokenizer().tokenize(block))


@lru_cache(maxsize=128)
def _kept(text: str) -> tuple[Word, ...]:
    return tuple(_words(text, 0))


def _word(unit: Any, place: int) -> Word:
    form, pos = _named.get(unit.word_id()) or _name(unit)
    return Word(unit.surface(), form, pos, place + unit.begin(), place + unit.end())


_named: dict[int, tuple[str, str]] = {}


def _name(unit: Any) -> tuple[str, str]:
    """Return normal form and part of speech; of a word of the dictionary it is kept by its number there, as in ``_spoken``."""
    form = unicodedata.normalize("NFKC", unit.normalized_form()).lower()
    pos = str(unit.part_of_speech()[0])
    if pos == "副詞":  # バリ alone is taken for an adverb, before a particle for a noun
        return (unit.surface() if _SHORT_SOUND.match(unit.surface()) else form), pos
    if not unit.is_oov():
        if len(_named) > _MOST_TOLD:
            _named.clear()
        _named[unit.word_id()] = form, pos
    return form, pos


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Return the pieces of a text that the analyser takes, with their places; written out, one sign may be 18."""
    at = 0
    while at < len(text):
        block = text[at : at + _BLOCK]
        if len(unicodedata.normalize("NFKC", block).encode()) > _MOST_BYTES:
            block = block[:_SMALL]
        yield at, block
        at += len(block)


def placed_forms(text: str) -> list[tuple[int, int, str]]:
    """Return where each word of ``text`` begins and ends and its normal form, as ``words`` does at twice the price."""
    return [
        (begin + unit.begin(), begin + unit.end(), (_named.get(unit.word_id()) or _name(unit))[0])
        for begin, block in _blocks(text) for unit in _tokenizer().tokenize(block)
    ]  # fmt: skip


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of ``text`` in order; only the first 20,000 characters are read."""
    found = []
    for match in _SENTENCE.finditer(text[:MAX_LENGTH]):
        start, end = match.span()
        found.append(Sentence(match.group(), start, end, tuple(words(match.group(), start))))
    return found


def content_forms(text: str) -> list[str]:
    """Return the normal forms of the words that carry meaning, in order, repeats kept."""
    return [form for form, is_content in spoken_forms(text) if is_content]


def spoken_forms(text: str) -> list[tuple[str, bool]]:
    """Return the normal forms of all words but particles, endings and signs, and whether each carries meaning."""
    found: list[tuple[str, bool]] = []
    for _begin, block in _blocks(text):
        for unit in _tokenizer().tokenize(block):  # some hundred thousand times a second when an index is built
            told = _told.get(unit.word_id()) or _spoken(unit)
            if told[0]:
                found.append(told)
    return found


_told: dict[int | tuple[str, str, int], tuple[str, bool]] = {}


def _spoken(unit: Any) -> tuple[str, bool]:
    """Return what ``spoken_forms`` says of a unit, an empty form for a silent one. The same ones come again and again.

    A word of the dictionary is known by its number there; what is not in it, and adverbs, by how they are written.
    """
    key = (unit.surface(), unit.normalized_form(), unit.part_of_speech_id())
    found = _told.get(key)
    if found is None:
        word = _word(unit, 0)
        found = ("" if word.pos in _SILENT else word.form, word.is_content)
        if len(_told) > _MOST_TOLD:
            _told.clear()
        _told[key if unit.is_oov() or word.pos == "副詞" else unit.word_id()] = found
    return found


def spoken(units: Iterable[Word]) -> list[tuple[str, bool]]:
    """Return what ``spoken_forms`` says of a text whose words are at hand."""
    return [(unit.form, unit.is_content) for unit in units if unit.form and unit.pos not in _SILENT]


def pairs(text: str) -> list[str]:
    """Return pairs of neighbouring characters of the runs without hiragana: they find what the dictionary cuts apart."""
    plain = unicodedata.normalize("NFKC", text).lower()
    runs = re.findall(r"[^\W_ぁ-ん]{2,}", plain)
    return [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
