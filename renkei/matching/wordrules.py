"""What a group of words may hold, and who may change the list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.matching.synonyms import term_of
from renkei.matching.wordfile import MEANS, SYMPTOM, Group, Listed
from renkei.plan.queries import current_plan, is_front_desk
from renkei.plan.rules import edits_plan

LONGEST, MOST_WORDS = 40, 40
_KANJI = re.compile(r"[\u3005\u3400-\u9fff\U00020000-\U0003ffff]")


def edits_words(actor: Actor) -> bool:
    """Tell whether the actor may change the list: the front desk, and the people of the plan's lead party."""
    return actor.is_system or (actor.is_staff and (is_front_desk(actor.body) or edits_plan(actor, current_plan())))


def require_editor(actor: Actor) -> None:
    """Raise Refused unless the actor may change the list."""
    if not edits_words(actor):
        raise Refused(_("同義語を直せるのは、窓口と、計画の代表の者の職員だけです。"), "not_allowed")


def clean_word(text: str) -> str:
    """Return a word as it is kept: half and full width alike, no line ends, no space around."""
    return " ".join(unicodedata.normalize("NFKC", clean_text(text)).split())


def faults_of(words: Sequence[Listed]) -> list[str]:
    """Return what is wrong with a group's words, each as a sentence that says what to do."""
    faults = [fault for one in words for fault in _faults_of_word(one)]
    if len(words) > MOST_WORDS:
        faults.append(_("ひとつの組は%(most)s語までです（いま%(now)s語）。組を分けてください。") % {"most": MOST_WORDS, "now": len(words)})
    faults += [_("「%(word)s」が2回あります。1つにしてください。") % {"word": word} for word in _twice(words)]
    if not faults and len({term_of(one.word).keys for one in words}) < 2:
        faults.append(_("組には、ちがう言葉が2つ以上いります。かなと漢字のちがいだけなら、書かなくても同じ言葉として探します。"))
    if not faults and all(one.kind == SYMPTOM for one in words):
        faults.append(_("症状の言葉だけでは、探す言葉がありません。探したい言葉を「同じ意味の言葉」か「調べ方・手段」に書いてください。"))
    if not faults and all(one.kind == MEANS for one in words):
        faults.append(_("調べ方・手段だけでは、探すきっかけがありません。言われそうな言葉を「同じ意味の言葉」か「症状の言葉」に書いてください。"))
    return faults


def check_words(words: Sequence[Listed]) -> tuple[Listed, ...]:
    """Return the words as they are kept. Raises Refused (``word_wrong``) with the first fault."""
    kept = tuple(Listed(clean_word(one.word), one.kind) for one in words)
    if faults := faults_of(kept):
        raise Refused(faults[0], "word_wrong", field="words")
    return kept


def codes_by_word(groups: Iterable[Group]) -> dict[str, list[str]]:
    """Return for each word the codes of its groups."""
    found: dict[str, list[str]] = {}
    for group in groups:
        for one in group.words:
            found.setdefault(one.word, []).append(group.code)
    return found


def shared_with(code: str, words: Iterable[Listed], by_word: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the words that stand in other groups too, with their codes: allowed, and worth knowing."""
    found = {one.word: [other for other in by_word.get(one.word, ()) if other != code] for one in words}
    return {word: codes for word, codes in found.items() if codes}


def _faults_of_word(one: Listed) -> list[str]:
    word = {"word": one.word[:LONGEST]}
    if len(one.word) > LONGEST:
        return [_("「%(word)s…」は長すぎます。%(most)s字までにしてください。") % {**word, "most": LONGEST}]
    if len(one.word) == 1 and not _KANJI.match(one.word):
        return [_("「%(word)s」は1文字です。かなや英字1文字は、どの文章にも出るので使えません。") % word]
    term = term_of(one.word, one.kind)
    if not term.keys or (one.kind != SYMPTOM and not term.forms):
        return [_("「%(word)s」だけでは探せません（助詞、数、ありふれた言葉など）。ほかの言葉と組み合わせるか、症状の言葉にしてください。") % word]
    return []


def _twice(words: Sequence[Listed]) -> list[str]:
    seen: dict[str, int] = {}
    for one in words:
        folded = one.word.lower()
        seen[folded] = seen.get(folded, 0) + 1
    return [word for word, count in seen.items() if count > 1]
