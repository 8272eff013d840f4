"""The columns of P1, set in one place: who moves next, what, and when."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.models import Case
from renkei.cases.states import CASE_STEPS, CaseState, check_step
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days, clock_named

FARTHEST = dt.timedelta(days=3 * 366)  # a date beyond is a slip of the finger, and would count as a step nobody looks at


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next: ``kind`` (answer, call, visit, choose, wait, work ...), words, day, and who moves."""

    what: str
    on: dt.date
    kind: str = "work"
    at: dt.time | None = None
    phone: str = ""
    body: str = ""
    person: uuid.UUID | None = None


def due(clock_name: str, start: dt.date | None = None) -> dt.date:
    """Return the day a clock of the plan runs out, counted in business days from ``start`` (today)."""
    return add_business_days(start or clock.today(), clock_named(clock_name).business_days)


def put_next_step(case: Case, step: NextStep) -> None:
    """Write the next step into the case (unsaved). Raises Refused for a missing word or telephone, or a day years ahead."""
    what, phone = clean_text(step.what), clean_text(step.phone)
    if not what:
        raise Refused(_("次にすることを、ひとことで書いてください。"), "next_step_empty", field="next_step")
    if step.kind == "call" and not phone:
        raise Refused(_("電話をかけるときは、電話番号を入れてください。"), "next_step_no_phone", field="next_phone")
    if step.on > clock.today() + FARTHEST:
        raise Refused(_("3年より先の日です。年を確かめてください。"), "next_on_far", field="next_on")
    case.next_kind = step.kind
    case.next_step = what[:200]
    case.next_on = step.on
    case.next_time = step.at
    case.next_phone = phone
    case.next_body_id = step.body or case.holder_id
    case.next_person_id = step.person
    case.next_set_at = clock.now()
    case.idle_told_at = case.silence_told_at = None


def lock_case(case: Case, *, version: int | None = None) -> Case:
    """Return the case, its row locked. Raises Refused when ``version`` shows that somebody saved in between."""
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if version is not None and locked.version != version:
        raise Refused(
            _("ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。"),
            "changed_meanwhile",
        )
    return locked


def fit(text: str, most: int, field: str) -> str:
    """Return the text cleaned. Raises Refused, naming the form's field, when it is longer than ``most`` characters."""
    clean = clean_text(text)
    if len(clean) > most:
        raise Refused(
            _("%(most)s字までです（いま%(now)s字）。短くするか、ファイルで付けてください。")
            % {"most": f"{most:,}", "now": f"{len(clean):,}"},
            "too_long",
            field=field,
        )
    return clean


def fit_name(text: str, field: str) -> str:
    """Return a typed name cleaned, in one line: it is written into mails. Raises Refused beyond 100 characters."""
    return fit(" ".join(text.splitlines()), 100, field)


def set_state(case: Case, after: CaseState) -> str:
    """Move the case to a state (unsaved) and return the former one. Raises Refused when the step is not allowed."""
    before = CaseState(case.state)
    if before != after:
        check_step(CASE_STEPS, before, after)
        case.state = after
    return before.value


def forget_who_left(case: Case) -> None:
    """Name nobody who is not of the body today: a case that comes back after its end may name who has left since (P1)."""
    for person, body in (("holder_person_id", "holder_id"), ("next_person_id", "next_body_id")):
        if not Membership.objects.current().filter(person_id=getattr(case, person), body_id=getattr(case, body)).exists():
            setattr(case, person, None)


def save_case(case: Case) -> None:
    """Save with a new version and fresh bigrams."""
    case.version += 1
    case.index_text()
    case.save()


def require_open(case: Case) -> None:
    """Raise Refused when the case is closed."""
    if not case.is_open:
        raise Refused(_("この案件は終わっています。続けるときは、理由を書いて再開してください。"), "case_closed")


def require_open_body(body: Body, field: str = "to_body") -> None:
    """Raise Refused when the body was dissolved: it keeps what it did and can be chosen no more."""
    if body.closed_on is not None:
        raise Refused(_("%(body)sはもうありません。ほかの機関を選んでください。") % {"body": body.short}, "body_closed", field=field)
