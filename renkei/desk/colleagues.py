"""How people are offered to choose from: who fits first, then who carries least, both told in the line."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from renkei.accounts.models import Absence
from renkei.accounts.queries import away_in
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import shown_day, shown_list
from renkei.cases.models import Case
from renkei.cases.queries.colleagues import Carried, Colleague, Manned, colleagues, manned
from renkei.plan.models import Body


def carried_words(carried: Carried) -> str:
    """Return 案件3・支援2・期限超過1, or that there is nothing in hand."""
    parts = [
        (carried.held, _("案件%(n)s")), (carried.supports, _("支援%(n)s")), (carried.late, _("期限超過%(n)s")),
    ]  # fmt: skip
    told = "・".join(words % {"n": count} for count, words in parts if count)
    return told or _("手持ちなし")


def away_words(absence: Absence) -> str:
    """Return 不在（12月5日まで、代わり 伊藤）."""
    until = shown_day(absence.until, clock.today())
    if absence.substitute is None:
        return _("不在（%(until)sまで）") % {"until": until}
    return _("不在（%(until)sまで、代わり %(name)s）") % {"until": until, "name": absence.substitute.surname}


def away_names(body: str) -> dict[uuid.UUID, str]:
    """Return who of a body is away today, in words, by person: it stands beside the name."""
    return {person: away_words(one) for person, one in away_in(body).items()}


def person_words(one: Colleague) -> str:
    """Return the line of a person: name, title, what is carried, which speciality fits (else all of them, briefly)."""
    member = one.membership
    fits = _("◎%(words)s") % {"words": "・".join(one.fits)} if one.fits else "・".join(str(word) for word in member.specialities[:2])
    away = away_words(one.away) if one.away else ""
    inside = shown_list([part for part in (away, carried_words(one.carried), fits) if part])
    return f"{member.person.name}　{member.title}".strip() + _("（%(inside)s）") % {"inside": inside}


def manned_words(one: Manned | None, service: str = "") -> str:
    """Return 動いている支援12件（うちこれ4件）、8人のうち2人が不在: what stands beside a body that can be chosen."""
    if one is None:
        return ""
    load = _("動いている支援%(n)s件") % {"n": one.supports} if one.supports else _("動いている支援なし")
    if one.supports and (own := one.by_service.get(service, 0)):
        load += _("（うちこれ%(n)s件）") % {"n": own}
    if one.is_empty and one.back_on is not None:
        return load + _("、%(day)sまで全員が不在") % {"day": shown_day(one.back_on - dt.timedelta(days=1), clock.today())}
    return load + (_("、%(people)s人のうち%(n)s人が不在") % {"people": one.people, "n": one.away} if one.away else "")


def body_choices(bodies: Iterable[Body]) -> list[tuple[str, str]]:
    """Return bodies to choose from, each with what it has in hand and who is away."""
    there = manned()
    return [(one.pk, f"{one.number} {one.name}" + _("（%(inside)s）") % {"inside": manned_words(there.get(one.pk, Manned()))})
            for one in bodies]  # fmt: skip


def people_choices(body: str, actor: Actor, *, case: Case | None = None) -> list[tuple[str, str]]:
    """Return the members of a body to choose from, the best choice for the case first."""
    return [(str(one.person), person_words(one)) for one in colleagues(body, actor, case=case)]
