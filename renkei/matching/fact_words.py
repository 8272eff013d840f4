"""Facts of entries as people write them: read from a cell or a field, and shown."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.era import parse_date
from renkei.base.language import written
from renkei.base.text import clean_text, search_key
from renkei.base.yen import parse_yen
from renkei.matching.fields import Fact, Shape
from renkei.plan.models import Municipality, Stage
from renkei.plan.queries import content_now

MOST_LETTERS = 4_000
_BETWEEN = re.compile(r"[、，,;；\n]+")
_LINES, _TO = re.compile(r"[；;\n]+"), re.compile(r"[〜~～]")
_TRADE = re.compile(r"[A-T]|[0-9]{2,4}")
_YES = {"はい", "○", "〇", "◯", "1", "true", "yes", "可", "あり", "公開", "該当"}
_NO = {"いいえ", "×", "✕", "0", "false", "no", "不可", "なし", "非公開", "-", "－"}


def read_fact(fact: Fact, text: str) -> Any:
    """Return the value a person wrote; None when nothing was. Raises ValueError with a sentence that says what to do."""
    plain = clean_text(text).strip()
    if not plain:
        return None
    if len(plain) > MOST_LETTERS:
        raise ValueError(_("%(most)s字までにしてください。") % {"most": f"{MOST_LETTERS:,}"})
    return _READERS[fact.shape](fact, plain)


def show_fact(fact: Fact, value: Any) -> str:
    """Return a value as a person would write it, without its unit; empty when there is none."""
    if value is None or value in ("", []):
        return ""
    return str(_WRITERS.get(fact.shape, _joined)(fact, value))


def read_yes(text: str) -> bool:
    """Return yes or no. Raises ValueError for anything else."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in {unicodedata.normalize("NFKC", word).lower() for word in _YES}:
        return True
    if plain in {unicodedata.normalize("NFKC", word).lower() for word in _NO}:
        return False
    raise ValueError(_("「はい」か「いいえ」を入れてください。"))


def read_words(text: str) -> list[str]:
    """Return the words between 、 or line ends, each once."""
    return list(dict.fromkeys(word.strip() for word in _BETWEEN.split(text) if word.strip()))


def read_terms(vocabulary: str, text: str) -> list[str]:
    """Return codes for words of a vocabulary of the plan, given by name or code. Raises ValueError naming what is none."""
    known = {search_key(term.name): term.code for term in content_now().vocabulary(vocabulary)}
    known |= {term.code.lower(): term.code for term in content_now().vocabulary(vocabulary)}
    return _coded(read_words(text), known)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _named(pairs: Iterable[tuple[str, str]], codes: Iterable[Any]) -> list[str]:
    names: Mapping[str, str] = dict(pairs)
    return [names.get(str(code), str(code)) for code in codes]


def _coded(words: list[str], known: Mapping[str, str]) -> list[str]:
    unknown = [word for word in words if search_key(word) not in known and word.lower() not in known]
    if unknown:
        raise ValueError(_("「%(word)s」は一覧にありません。画面の選択肢にある言葉を使ってください。") % {"word": unknown[0][:40]})
    return list(dict.fromkeys(known.get(word.lower()) or known[search_key(word)] for word in words))


def _number(fact: Fact, text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip().removesuffix(str(fact.unit))
    found = re.fullmatch(r"(\d{1,13})\s*(?:日|週|週間|人|名|年|者|か月|ヶ月)?(?:以上|以下|以内)?", plain.strip())
    if not found:
        raise ValueError(_("数字で入れてください。例：30"))
    return _within(fact, int(found.group(1)))


def _within(fact: Fact, value: int) -> int:
    if not fact.least <= value <= fact.most:
        raise ValueError(_("%(least)sから%(most)sまでの数を入れてください。") % {"least": f"{fact.least:,}", "most": f"{fact.most:,}"})
    return value


def _choice(fact: Fact, text: str) -> str:
    for code, label in fact.choices:
        if text in {code, str(label), written(label)}:
            return code
    raise ValueError(_("「%(words)s」のどれかを入れてください。") % {"words": "、".join(str(label) for _code, label in fact.choices)})


def _post(_fact: Fact, text: str) -> str:
    return read_terms("posts", text)[0]


def _places(_fact: Fact, text: str) -> list[str]:
    return _coded(read_words(text), {search_key(name): pk for pk, name in Municipality.objects.values_list("pk", "name")}
                  | {pk: pk for pk in Municipality.objects.values_list("pk", flat=True)})  # fmt: skip


def _stages(_fact: Fact, text: str) -> list[str]:
    pairs = list(Stage.objects.values_list("pk", "name", "short"))
    known = {key.lower(): pk for pk, name, short in pairs for key in (pk, search_key(name), search_key(short))}
    return _coded(read_words(text), known)


def _trades(_fact: Fact, text: str) -> list[str]:
    codes = [unicodedata.normalize("NFKC", word).upper() for word in read_words(text)]
    if wrong := [code for code in codes if not _TRADE.fullmatch(code)]:
        raise ValueError(_("「%(code)s」は産業分類ではありません。大分類の文字（例：E）か番号（例：39）を入れてください。") % {"code": wrong[0][:20]})
    return codes


def _spans(_fact: Fact, text: str) -> list[dict[str, str]]:
    """Return first and last days; one day alone is both."""
    found = []
    for piece in (one.strip() for one in _LINES.split(text) if one.strip()):
        try:
            begin, *rest = (parse_date(day.strip(), clock.today()) for day in _TO.split(piece, maxsplit=1))
        except ValueError as error:
            raise ValueError(_("「%(text)s」を期間として読めません。例：2026/12/21〜2026/12/28") % {"text": piece[:40]}) from error
        end = rest[0] if rest else begin
        if end < begin:
            raise ValueError(_("「%(text)s」は、終わりが始まりより前です。") % {"text": piece[:40]})
        found.append({"from": begin.isoformat(), "to": end.isoformat()})
    return found


def _span_words(_fact: Fact, value: Any) -> str:
    return "\n".join("〜".join(f"{day.year}/{day.month}/{day.day}" for day in map(dt.date.fromisoformat, (one["from"], one["to"]))) for one in value)


_READERS: dict[Shape, Any] = {
    Shape.TEXT: lambda _fact, text: text, Shape.LINES: lambda _fact, text: [line.strip() for line in text.splitlines() if line.strip()],
    Shape.WORDS: lambda _fact, text: read_words(text), Shape.YEN: lambda fact, text: _within(fact, parse_yen(text)),
    Shape.NUMBER: _number, Shape.YES: lambda _fact, text: read_yes(text), Shape.CHOICE: _choice, Shape.POST: _post,
    Shape.STAGES: _stages, Shape.PLACES: _places, Shape.TRADES: _trades,
    Shape.SPANS: _spans, Shape.MEMBER: lambda _fact, text: text,  # whose name or address it is, tells ``actions_keeping.checked_row``
}  # fmt: skip


def _joined(_fact: Fact, value: Any) -> str:
    return "、".join(map(str, _listed(value)))


def _place_names(_fact: Fact, value: Any) -> str:
    return "、".join(_named(Municipality.objects.filter(pk__in=_listed(value)).values_list("pk", "name"), _listed(value)))


_WRITERS: dict[Shape, Any] = {
    Shape.YES: lambda _fact, value: _("はい") if value else _("いいえ"),
    Shape.CHOICE: lambda fact, value: str(dict(fact.choices).get(value, value)),
    Shape.POST: lambda _fact, value: content_now().word("posts", value),
    Shape.LINES: lambda _fact, value: "\n".join(map(str, _listed(value))), Shape.PLACES: _place_names, Shape.SPANS: _span_words,
    Shape.MEMBER: lambda _fact, value: Person.objects.filter(pk=value).values_list("name", flat=True).first() or "",
    Shape.STAGES: lambda _fact, value: "、".join(_named(Stage.objects.values_list("pk", "name"), _listed(value))),
}  # fmt: skip
