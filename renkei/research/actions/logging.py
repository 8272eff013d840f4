"""The log of coordinators: a line in seconds, corrected by who wrote it [C43, C88]."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import Case
from renkei.cases.rules import require, signed
from renkei.cases.steps import fit
from renkei.companies.models import Company
from renkei.research.models import MOST_MINUTES, Activity, ActivityVersion
from renkei.research.rules import kinds, require_author

LONGEST_AGO = dt.timedelta(days=400)  # a day before is a slip of the finger: last year's month is reported


@dataclass(frozen=True, slots=True)
class Line:
    """What was done: on which day, for how long (minutes), of which kind, in words; in a case, or for a firm."""

    words: str
    minutes: int
    kind: str
    day: dt.date | None = None
    case: Case | None = None
    company: Company | None = None


@transaction.atomic
def log_activity(line: Line, *, by: Actor) -> Activity:
    """Write a line into the log of the actor's body. The firm of a case needs not be named.

    Refused: ``not_allowed``, ``words_empty``, ``too_long``, ``bad_minutes``, ``unknown_kind``, ``future``, ``long_ago``.
    """
    body, person = signed(by)
    made = Activity.objects.create(body_id=body, person_id=person, written_at=clock.now(), **_checked(line, by))
    record(by, "activity.log", made, **_facts(made))
    return made


@transaction.atomic
def change_activity(activity: Activity, line: Line, *, by: Actor, version: int) -> Activity:
    """Change a line. On the day it was written it is simply another; later what it said before is kept.

    Refused as for a new one, and ``struck``, ``changed_meanwhile``.
    """
    locked = _own(activity, by)
    if locked.version != version:
        raise Refused(_("その間に、ほかの画面で直されました。いまの内容を確かめてください。"), "changed_meanwhile")
    given = _checked(line, by)
    if all(getattr(locked, key) == value for key, value in given.items()):
        return locked
    if not is_same_day(locked):
        _keep(locked)
    for key, value in given.items():
        setattr(locked, key, value)
    locked.version += 1
    locked.save()
    record(by, "activity.change", locked, **_facts(locked))
    return locked


@transaction.atomic
def strike_activity(activity: Activity, *, by: Actor) -> Activity:
    """Strike a line out: it stands no more and is counted no more. Twice changes nothing. Refused: ``not_allowed``."""
    require_author(by, activity)
    locked = Activity.objects.select_for_update().get(pk=activity.pk)
    if locked.struck_at is None:
        locked.struck_at = clock.now()
        locked.save(update_fields=["struck_at"])
        record(by, "activity.strike", locked)
    return locked


def is_same_day(activity: Activity) -> bool:
    """Tell whether a line was written today."""
    return activity.written_at.astimezone(clock.JST).date() == clock.today()


def _own(activity: Activity, by: Actor) -> Activity:
    require_author(by, activity)
    locked = Activity.objects.select_for_update(of=("self",)).select_related("case", "company").get(pk=activity.pk)
    if locked.struck_at is not None:
        raise Refused(_("消された記録です。新しく書いてください。"), "struck")
    return locked


def _checked(line: Line, by: Actor) -> dict[str, Any]:
    words = fit(" ".join(line.words.split()), 400, "words")
    if not words:
        raise Refused(_("したことを、ひとことで書いてください。"), "words_empty", field="words")
    if not 1 <= line.minutes <= MOST_MINUTES:
        raise Refused(_("時間は、1分から%(most)s分までで入れてください。") % {"most": MOST_MINUTES}, "bad_minutes", field="minutes")
    if line.kind not in {one.code for one in kinds()}:
        raise Refused(_("種類を一覧から選んでください。"), "unknown_kind", field="kind")
    day = line.day or clock.today()
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を入れてください。"), "future", field="day")
    if day < clock.today() - LONGEST_AGO:
        raise Refused(_("1年より前の日です。年を確かめてください。"), "long_ago", field="day")
    require(line.case is None or Case.objects.visible_to(by).filter(pk=line.case.pk).exists(), _("その案件は見られません。"))
    firm = line.company or (line.case.company if line.case and Case.objects.inside(by).filter(pk=line.case.pk).exists() else None)
    return {"words": words, "minutes": line.minutes, "kind": line.kind, "day": day, "case": line.case, "company": firm}


def _facts(one: Activity) -> dict[str, Any]:
    return {"day": one.day, "minutes": one.minutes, "kind": one.kind, "words": one.words, "case": one.case_id, "company": one.company_id}


def _keep(locked: Activity) -> None:
    said = {key: str(value) if value is not None else "" for key, value in _facts(locked).items()}
    ActivityVersion.objects.create(activity=locked, number=locked.version, said=said, replaced_at=clock.now(), replaced_by_id=locked.person_id)
