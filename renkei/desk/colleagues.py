"""How people are offered to choose from: who fits first, then who carries least, both told in the line."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from renkei.accounts.models import Absence
from renkei.accounts.queries import away_in
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import screen_date
from renkei.cases.models import Case
from renkei.cases.queries.colleagues import Carried, Colleague, colleagues


def carried_words(carried: Carried) -> str:
    """Return 案件3・支援2・期限超過1, or that there is nothing in hand."""
    parts = [
        (carried.held, _("案件%(n)s")), (carried.supports, _("支援%(n)s")), (carried.late, _("期限超過%(n)s")),
    ]  # fmt: skip
    told = "・".join(words % {"n": count} for count, words in parts if count)
    return told or _("手持ちなし")


def away_words(absence: Absence) -> str:
    """Return 不在（12月5日まで、代わり 伊藤）."""
    until = screen_date(absence.until, clock.today())
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
    inside = "、".join(part for part in (away, carried_words(one.carried), fits) if part)
    return f"{member.person.name}　{member.title}".strip() + _("（%(inside)s）") % {"inside": inside}


def people_choices(body: str, actor: Actor, *, case: Case | None = None) -> list[tuple[str, str]]:
    """Return the members of a body to choose from, the best choice for the case first."""
    return [(str(one.person), person_words(one)) for one in colleagues(body, actor, case=case)]
