"""Words that lead to a firm, words that do not, and how many firms these fit [C46]. A draft is a help: people decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.text import search_key
from renkei.cases.models import Case, Consultation, Need
from renkei.companies.models import Company
from renkei.plan.content import FirmSize
from renkei.plan.queries import content_now, current_plan

MASK = "○○"
SHORTEST = 2  # one character alone is in every text
JSIC = "jsic"
_PHONE = re.compile(r"[0-9０-９][0-9０-９()（）\-－ー‐]{7,}[0-9０-９]")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+", re.ASCII)
_KANA = re.compile(r"[ァ-ヺ]+")
_SHORTEST_KANA = 4  # a reading of three signs is found in any text in kana
_LONG = ("ー", "ｰ")  # no key holds them, a word may end with them
_BETWEEN = re.compile(r"[、，,・／/\n\s\u3000]+")
_FORM = re.compile(r"株式会社|有限会社|合同会社|合資会社|合名会社|（株）|\(株\)|（有）|\(有\)")


@dataclass(frozen=True, slots=True)
class FirmWords:
    """How a firm is called without its name, and how many known firms that fits (at least)."""

    words: str
    fits: int


def giveaways(text: str, case: Case, *, actor: Actor) -> list[str]:
    """Return the words in ``text`` that lead to the firm: names, people, numbers, places, products, as far as known."""
    key = search_key(text)
    found: dict[str, str] = {}
    for word in _identifying(case, actor):
        one = search_key(word)
        known = found.get(one, "")
        if one in key and (not known or (word in text and (known not in text or len(word) > len(known)))):
            found[one] = word  # as it stands in the text, if it does
    return list(dict.fromkeys([*found.values(), *_PHONE.findall(text), *_MAIL.findall(text)]))


def firms_in(text: str, *, actor: Actor) -> list[str]:
    """Return the words in ``text`` that lead to any firm the actor knows: for words that are about no case [C86]."""
    key = search_key(text)
    found = []
    for name, kana, representative in Company.objects.visible_to(actor).values_list("name", "kana", "representative"):
        words = [name, _FORM.sub("", name).strip(), representative, *([kana] if len(kana) >= _SHORTEST_KANA else [])]
        found += [word for word in words if len(search_key(word)) > SHORTEST and search_key(word) in key]
    return list(dict.fromkeys([*found, *_PHONE.findall(text), *_MAIL.findall(text)]))


def named_in(text: str, firm: str) -> list[str]:
    """Return how ``text`` names a firm, with its legal form, without, or in other signs; the longest first."""
    words = dict.fromkeys(word for word in (firm, _FORM.sub("", firm).strip()) if search_key(word))
    return sorted({one for word in words for one in [*([word] if word in text else []), *_as_written(text, word)]}, key=lambda one: (-len(one), one))


def without(text: str, firm: str) -> str:
    """Return ``text`` with every name of the firm replaced: a first draft, for people to read through."""
    for one in named_in(text, firm):
        text = text.replace(one, MASK)
    return text


def masked(text: str, case: Case, *, actor: Actor) -> str:
    """Return ``text`` with what leads to the firm replaced: a first draft of the disclosable version."""
    for word in sorted(giveaways(text, case, actor=actor), key=len, reverse=True):
        for one in [word, *_as_written(text, word)]:
            text = text.replace(one, MASK)
    return text


def _as_written(text: str, word: str) -> list[str]:
    """Return how ``text`` writes a word in other signs (髙橋 for 高橋, まぼろし for マボロシ), the longest first."""
    key = search_key(word)
    if len(key) < _SHORTEST_KANA and _KANA.fullmatch(key):
        return []  # inside other words everywhere
    keys = [search_key(sign) for sign in text]
    owner = [place for place, one in enumerate(keys) for _sign in one]
    found = set()
    for match in re.finditer(re.escape(key), "".join(keys)):
        begin, end = owner[match.start()], owner[match.end() - 1] + 1
        while text[end : end + 1] in _LONG:
            end += 1
        found.add(text[begin:end])
    return sorted(found, key=len, reverse=True)


def draft_of(need: Need, *, actor: Actor) -> tuple[str, str]:
    """Return title and summary to start from: what stands, else need and summary with the names masked."""
    if need.public_title:
        return need.public_title, need.public_summary
    case = need.case
    return masked(need.title, case, actor=actor), masked(case.summary, case, actor=actor)[:600]


def place_choices() -> list[tuple[str, str]]:
    """Return the areas of the plan, the whole region last."""
    areas = [(str(row["code"]), str(row["name"])) for row in content_now().section("areas")]
    return [*areas, ("", current_plan().lead_party.name)]


def trade_choices(case: Case) -> list[tuple[str, str]]:
    """Return the words for what the firm does: its industry, the plan's technical fields, or nothing said."""
    name = _industry(case)
    industry = [(JSIC, name)] if name else []
    fields = [(term.code, term.name) for term in content_now().vocabulary("tech_fields")]
    return [*industry, *fields, ("", _("業種は書かない"))]


def size_choices() -> list[tuple[str, str]]:
    """Return the plan's words for sizes, nothing said last."""
    return [*((size.code, size.name) for size in content_now().firm_sizes), ("", _("規模は書かない"))]


def firm_words(case: Case, *, place: str, trade: str, size: str, actor: Actor) -> FirmWords:
    """Return how the firm is called, and how many firms the actor knows that it fits. Codes are those of the choices."""
    where = dict(place_choices()).get(place, "")
    what = _("%(trade)sの") % {"trade": dict(trade_choices(case))[trade]} if trade else ""
    how_big = dict(size_choices())[size] if size else ""
    words = _("%(where)sの%(size)s%(what)s会社") % {"where": where, "size": how_big, "what": what}
    return FirmWords(words, _fits(case, place, trade, size, actor))


def wider(case: Case, *, place: str, trade: str, size: str, actor: Actor) -> FirmWords | None:
    """Return the narrowest wider way to call the firm that fits enough firms; None when none does."""
    for where, what, how_big in (("", trade, size), (place, trade, ""), ("", trade, ""), (place, "", ""), ("", "", "")):
        found = firm_words(case, place=where, trade=what, size=how_big, actor=actor)
        if found.fits >= content_now().fewest_firms:
            return found
    return None


def _fits(case: Case, place: str, trade: str, size: str, actor: Actor) -> int:
    firms = Company.objects.visible_to(actor).standing()  # a firm entered twice is one firm to whoever reads the words
    if place:
        firms = firms.filter(municipality__areas__contains=[place])
    if trade == JSIC:
        firms = firms.filter(jsic_name=_industry(case))
    elif trade:
        of_field = Case.objects.visible_to(actor).filter(
            Q(tech_fields__contains=[trade]) | Q(needs__tech_fields__contains=[trade])
        )
        firms = firms.filter(pk__in=of_field.values("company_id"))
    chosen = next((one for one in content_now().firm_sizes if one.code == size), None)
    return firms.filter(_of_size(chosen)).distinct().count()


def _industry(case: Case) -> str:
    """Return the industry of the case's firm, asked by itself: a holder may not see the firm's row."""
    return Company.objects.filter(cases=case).values_list("jsic_name", flat=True).first() or ""


def _of_size(size: FirmSize | None) -> Q:
    if size is None:
        return Q()
    most = Q(employees__lte=size.most) if size.most is not None else Q()
    return Q(employees__gte=size.least) & most


def _identifying(case: Case, actor: Actor) -> list[str]:
    words = [case.company_given, case.number]
    said = Consultation.objects.visible_to(actor).filter(case=case).select_related("person")
    for one in said:
        words += [one.company_given, *_name(one.person_given), one.phone]
    firm = Company.objects.visible_to(actor).filter(cases=case).select_related("municipality").first()
    if firm is not None:
        words += [firm.name, firm.kana, firm.address, firm.estate, firm.phone, firm.email, firm.corporate_number or ""]
        words += [firm.municipality.name if firm.municipality else "", *_name(firm.representative)]
        words += [part for part in _BETWEEN.split(firm.products) if len(part) > SHORTEST]
        for person in firm.people.all():
            words += [*_name(person.name), person.phone, person.email]
    words += [_FORM.sub("", word).strip() for word in words if _FORM.search(word)]
    return [word for word in dict.fromkeys(words) if len(search_key(word)) >= SHORTEST]


def _name(name: str) -> list[str]:
    """Return a full name and its parts: a surname alone leads to the person as well."""
    return [name, *(part for part in name.replace("\u3000", " ").split(" ") if len(part) >= SHORTEST)] if name else []


