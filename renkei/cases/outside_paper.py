"""The request outside the region on paper: only what the firm let this very person read [C36, C95, C98]."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.base.language import in_house_language, written
from renkei.base.refusal import Refused
from renkei.cases.models import Escalation, OutsideRequest, Passage
from renkei.documents.papers import paper_docx
from renkei.plan.queries import content_now


def outside_docx(request: OutsideRequest, *, by: Actor) -> bytes:
    """Return the request as docx, by the acting body's own template.

    Of the case it holds what the person reads by their link: the summary and the passages of the opened classes, none that a
    promise of secrecy guards or that another body was sent; of the bodies that declined, how many and why, not which. Refused:
    ``not_opened`` (the firm has not said yes, or has taken it back), ``template_broken``.
    """
    if not request.opening.is_open:
        raise Refused(_("会社が、この相手に見せてよいとまだ言っていないか、見せるのをやめました。会社に確かめてください。"), "not_opened")
    with in_house_language():
        return paper_docx("outside", _values(request, by), {}, by=by)


def _values(request: OutsideRequest, by: Actor) -> dict[str, str]:
    body, opening, need = request.asked_body, request.opening, request.escalation.need
    person = Person.objects.filter(pk=by.person).first() if by.person else None
    return {
        "文書番号": request.number, "日付": wareki(_leaves_on(request)), "宛先": written("%(place)s\n%(name)s　様") % {"place": request.member_name, "name": opening.name},
        "差出人機関": body.name, "担当者": by.name, "担当電話": (person.phone if person else "") or body.phone, "担当メール": body.mail,
        "件名": need.public_title if need.public_confirmed_at else request.case.title, "要約": _opened_words(request, by), "依頼事項": request.ask,
        "域内の経過": _tried(request.escalation), "回答期限": wareki(request.due_on),
    }  # fmt: skip


def _leaves_on(request: OutsideRequest) -> dt.date:
    """Return the day from which the paper may leave, the firm's yes: whenever it is taken, number and day on it are the same."""
    given = request.opening.given_at
    return given.astimezone(clock.JST).date() if given is not None else request.asked_on


def _opened_words(request: OutsideRequest, by: Actor) -> str:
    opened = Passage.objects.visible_to(by).filter(case=request.case, klass__in=request.opening.classes, needs_nda=False, support__isnull=True)
    texts = [one.text for one in opened if one.need_id in {None, request.escalation.need_id}]
    return "\n".join(part for part in (request.case.summary, *texts) if part)


def _tried(rung: Escalation) -> str:
    count = len({one["body"] for one in rung.tried})
    if not count:
        return written("地域の中で頼める機関がなく、会議に諮ったうえでお願いしています。")
    content = content_now()
    reasons = list(dict.fromkeys(content.word("decline_reasons", one["reason"]) for one in rung.tried if one["reason"]))
    told = written("（%(reasons)s）") % {"reasons": "、".join(reasons)} if reasons else ""
    return written("地域の中の%(count)s機関に頼みましたが、引き受けられませんでした%(reasons)s。会議に諮ったうえでお願いしています。") % {"count": count, "reasons": told}
