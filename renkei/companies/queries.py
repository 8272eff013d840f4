"""Find a firm while the telephone is ringing, and notice when it is already there.

Search and row-level security: ``LIKE`` is not leakproof, so under the policy PostgreSQL never uses the trigram index
and reads every firm. That is measured and chosen: 5,000 firms are read in some 15 ms under the web login
(``tests/companies/test_queries.py`` holds it below 200 ms), and no definer function has to be trusted.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from django.db import connection, models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.numbers import digits, phone_key
from renkei.base.text import search_key
from renkei.companies.models import Company, CompanyPerson, Distinct, FormerKind, Site
from renkei.plan.industry import Size, industry_of, size_of
from renkei.plan.queries import content_now

LEAST_CHARACTERS = 2
LEAST_DIGITS = 3
LEAST_ADDRESS = 6
MOST_ALIKE = 8  # a telephone that nine firms share is a building's, not a firm's
_SHARED_HOSTS = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.co.jp", "yahoo.com", "ymail.ne.jp", "outlook.com", "outlook.jp",
        "hotmail.com", "hotmail.co.jp", "live.jp", "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com",
        "docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "nifty.com", "excite.co.jp",
        "proton.me", "protonmail.com", "gmx.com", "mail.com", "rakuten.jp", "infoseek.jp",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A firm found, and the person of it whose name or number matched (else the first on file)."""

    company: Company
    person: CompanyPerson | None

    @property
    def place(self) -> str:
        """Return the municipality's name: it tells firms of one name apart."""
        return self.company.municipality.name if self.company.municipality else ""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A firm that may be the same one; ``code`` says by what, ``reason`` in words."""

    company: Company
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two firms that may be one; ``reasons`` in words, the strongest first."""

    first: Company
    second: Company
    reasons: tuple[str, ...]


def successor_of(company: uuid.UUID, *, actor: Actor) -> Company | None:
    """Return the firm a merged one went into, if the actor knows that one: old addresses lead on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_successor(%s)", [company])
        row = cursor.fetchone()
    return Company.objects.visible_to(actor).filter(pk=row[0]).first() if row and row[0] else None


def open_sites(company: Company) -> list[Site]:
    """Return the firm's sites that are there today."""
    today = clock.today()
    return [one for one in company.sites.select_related("municipality") if one.until is None or one.until >= today]


def company_size(company: Company) -> Size:
    """Return whether the firm counts as small or medium-sized under the plan of today, with the reason."""
    return size_of(
        industry_of(content_now()), jsic=company.jsic_code, capital_yen=company.capital_yen, employees=company.employees,
        deemed_large=company.is_deemed_large,
    )  # fmt: skip


def alike_pairs(*, actor: Actor, company: Company | None = None) -> list[Pair]:
    """Return pairs of firms the actor sees with one name key, telephone or address; most reasons first.

    One number never stands twice (the database refuses it), and two firms with two numbers are two firms; neither are
    pairs proposed of which somebody has said that they are two. With ``company``, only pairs that it is part of.
    """
    decided = set(Distinct.objects.visible_to(actor).standing().values_list("first_id", "second_id"))
    rows = {row[0]: row for row in Company.objects.visible_to(actor).standing().values_list(
        "pk", "name_key", "phone", "address", "corporate_number")}
    reasons: dict[tuple[uuid.UUID, uuid.UUID], list[str]] = {}
    for words, groups in _groups(list(rows.values())):
        for group in groups:
            for pair in combinations(sorted(group), 2):
                numbers = {rows[pk][4] for pk in pair}
                wanted_pair = (company is None or company.pk in pair) and pair not in decided
                if wanted_pair and (None in numbers or len(numbers) == 1):
                    reasons.setdefault(pair, []).append(words)
    wanted = {pk for pair in reasons for pk in pair}
    found = {one.pk: one for one in Company.objects.filter(pk__in=wanted).select_related("municipality")}
    pairs = [Pair(found[a], found[b], tuple(said)) for (a, b), said in reasons.items()]
    return sorted(pairs, key=lambda one: (-len(one.reasons), one.first.kana, one.first.name, str(one.first.pk)))


def distinct_pairs(*, actor: Actor, company: Company | None = None) -> models.QuerySet[Distinct]:
    """Return what was decided of pairs that look alike and are two, newest first; with ``company``, only of that one."""
    told = Distinct.objects.visible_to(actor).standing().select_related("first", "second", "decided_by", "decided_body")
    standing = told.filter(first__merged_into__isnull=True, second__merged_into__isnull=True)
    return standing.filter(Q(first=company) | Q(second=company)) if company else standing


def _groups(rows: list[tuple[uuid.UUID, str, str, str, str | None]]) -> list[tuple[str, list[list[uuid.UUID]]]]:
    by_name, by_phone, by_address = defaultdict(list), defaultdict(list), defaultdict(list)
    for pk, name_key, phone, address, _number in rows:
        by_name[name_key].append(pk)
        if len(called := phone_key(phone)) >= 10:
            by_phone[called].append(pk)
        if len(place := search_key(address)) >= LEAST_ADDRESS:
            by_address[place].append(pk)
    return [
        (words, [group for group in groups.values() if 2 <= len(group) <= MOST_ALIKE])
        for words, groups in (
            (_("会社名が同じです（株式会社などの違いを除く）。"), by_name), (_("電話番号が同じです。"), by_phone),
            (_("所在地が同じです。"), by_address),
        )
    ]  # fmt: skip


def lookup(text: str, *, actor: Actor, limit: int = 12) -> list[Hit]:
    """Return firms the actor may see by parts of name, reading, telephone, number or people, best first.

    Words apart all have to match. Two characters are the least, three for digits; less returns nothing.
    """
    keys = [key for word in text.split() if (key := search_key(word))]
    if not keys or any(len(key) < (LEAST_DIGITS if key.isdigit() else LEAST_CHARACTERS) for key in keys):
        return []
    found = Company.objects.visible_to(actor).standing()
    for key in keys:
        found = found.filter(find_text__contains=key)
    first = keys[0]
    rank = Case(
        When(name_key=first, then=Value(0)),
        When(find_text__startswith=first, then=Value(1)),
        When(find_text__contains=f" {first}", then=Value(2)),
        default=Value(3),
    )
    rows = found.order_by(rank, "kana", "name", "pk").select_related("municipality").prefetch_related("people")[:limit]
    return [Hit(company, _person(company, keys)) for company in rows]


def possible_duplicates(
    *, name: str = "", corporate_number: str = "", phone: str = "", email: str = "", actor: Actor
) -> list[Duplicate]:
    """Return firms the actor may see that share number, name, telephone or mail domain; strongest reason first."""
    found: dict[object, Duplicate] = {}
    for code, reason, condition in _likenesses(name, corporate_number, phone, email):
        for company in Company.objects.visible_to(actor).standing().filter(condition).select_related("municipality").distinct():
            found.setdefault(company.pk, Duplicate(company, code, reason))
    return list(found.values())


def _likenesses(name: str, number: str, phone: str, email: str) -> list[tuple[str, str, Q]]:
    likenesses = []
    if len(digits(number)) == 13:
        likenesses.append(("number", _("法人番号が同じです。"), Q(corporate_number=digits(number))))
    if key := search_key(name)[:200]:
        likenesses.append(("name", _("会社名が同じです（株式会社などの違いを除く）。"), Q(name_key=key)))
        earlier = Q(formers__kind=FormerKind.NAME, formers__value_key=key)
        likenesses.append(("former", _("前の会社名が同じです。"), earlier))
    if len(called := phone_key(phone)) >= 10:
        whole = rf"(^| ){called}( |$)"  # not a part of a corporate number or of a longer telephone number
        likenesses.append(("phone", _("電話番号が同じです。"), Q(find_text__regex=whole)))
    if domain := own_domain(email):
        at_home = Q(email__iendswith=f"@{domain}") | Q(people__email__iendswith=f"@{domain}")
        likenesses.append(("mail", _("メールアドレスの「@%(domain)s」が同じです。") % {"domain": domain}, at_home))
    return likenesses


def own_domain(email: str) -> str:
    """Return the firm's own mail domain; empty for hosts that many firms share (free mail, providers' ``ne.jp``)."""
    domain = email.strip().rpartition("@")[2].lower() if "@" in email else ""
    return "" if domain in _SHARED_HOSTS or domain.endswith(".ne.jp") else domain


def _person(company: Company, keys: list[str]) -> CompanyPerson | None:
    people = [person for person in company.people.all() if person.left_on is None]
    for person in people:
        known = search_key(f"{person.name}") + " " + search_key(person.kana) + " " + phone_key(person.phone)
        if any(key in known for key in keys):
            return person
    return people[0] if people else None
