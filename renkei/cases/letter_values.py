"""Fill a letter from what is on record and its writer may see (P3, P2)."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.cases.actions.holding import draft_pack
from renkei.cases.models import Attachment, Case, Consultation, Need, Passage, Support
from renkei.cases.queries.letter_fields import BY_NAME, DATE, FIELDS, NUMBER
from renkei.cases.states import AT_WORK, DisclosureClass, SupportState
from renkei.companies.models import Company
from renkei.plan.models import Body

KNOWN_TO = {*AT_WORK, SupportState.DONE}


def first_values(case: Case, kind: str, *, by: Actor, support: Support | None = None, klass: str = "") -> dict[str, str]:
    """Return every field as it stands on record, as far as the writer may see it and the letter's class may carry it."""
    body = Body.objects.get(pk=by.body)
    values = dict.fromkeys(BY_NAME, "")
    values |= _of_case(case) | _of_body(body, by) | _of_work(case, by)
    values |= _of_firm(case, by, support if kind == "request" else None) | _of_kind(case, kind, by=by, support=support)
    if kind == "handover":
        pack = draft_pack(case, by)
        values |= {"引継状態": pack.state, "約束": pack.promises, "未了事項": pack.open_points}
    if kind == "reply" and not values["宛先"] and values["会社名"]:
        values["宛先"] = _("%(name)s　様") % {"name": values["会社名"]}
    values |= {NUMBER: "", DATE: "", "件名": values["件名"][: BY_NAME["件名"].most]}
    return only_class(values, klass or default_class(kind))


def default_class(kind: str) -> str:
    """Return the class a kind of letter is kept in unless its writer says otherwise."""
    return DisclosureClass.SUMMARY if kind == "request" else DisclosureClass.TECHNICAL


def only_class(values: dict[str, str], klass: str) -> dict[str, str]:
    """Return the values without the technical ones where the letter's class does not carry them (P2)."""
    technical = klass == DisclosureClass.TECHNICAL
    return {name: text if technical or not BY_NAME[name].technical else "" for name, text in values.items()}


def example_values() -> dict[str, str]:
    """Return an example for every field, for previews and checks."""
    return {one.name: one.example for one in FIELDS}


def _day(moment: dt.datetime | dt.date | None) -> str:
    if isinstance(moment, dt.datetime):
        moment = moment.astimezone(clock.JST).date()
    return wareki(moment) if moment else ""


def _of_case(case: Case) -> dict[str, str]:
    person = case.holder_person.name if case.holder_person else ""
    return {
        "受付番号": case.number, "受付日": _day(case.arrived_at), "相談件名": case.title, "件名": case.title, "要約": case.summary,
        "主担当": f"{case.holder.name}　{person}".strip(), "次の一手": case.next_step, "次の期日": _day(case.next_on),
    }  # fmt: skip


def _of_firm(case: Case, by: Actor, support: Support | None) -> dict[str, str]:
    """Return what names the firm, as far as its row may be seen; a body that has not said yes reads the summary without the name, as on screen."""
    if support is not None and support.state not in KNOWN_TO:
        return {"会社名": _("（お引き受けのときにお知らせします）"), "会社担当者": ""}
    known = Company.objects.visible_to(by).select_related("municipality")
    firm = known.filter(pk=case.company_id).first() if case.company_id else None
    place = f"{firm.municipality.name if firm.municipality else ''}{firm.address}" if firm else ""
    return {"会社名": firm.name if firm else case.company_given, "会社所在地": place, "会社電話": firm.phone if firm else ""}


def _of_body(body: Body, by: Actor) -> dict[str, str]:
    person = Person.objects.filter(pk=by.person).first() if by.person else None
    return {
        "差出人機関": body.name, "差出人": "", "担当者": by.name, "担当電話": person.phone or body.phone if person else body.phone,
        "担当メール": body.mail,
    }  # fmt: skip


def _of_work(case: Case, by: Actor) -> dict[str, str]:
    said = Consultation.objects.visible_to(by).filter(case=case).order_by("consulted_at").select_related("person").first()
    needs = Need.objects.visible_to(by).filter(case=case).select_related("stage")
    supports = Support.objects.visible_to(by).filter(case=case).select_related("body", "service")
    files = Attachment.objects.visible_to(by).filter(case=case, klass=DisclosureClass.SUMMARY)
    found = {
        "課題": "\n".join(f"{one.title}（{one.stage.name}）" for one in needs),
        "支援一覧": "\n".join(f"{one.body.short}　{one.service.short}　{one.get_state_display()}" for one in supports),
        "添付一覧": "\n".join(dict.fromkeys(files.values_list("name", flat=True))),
    }
    if said is not None:
        found |= {"相談内容": said.text, "会社担当者": said.person.name if said.person else said.person_given}
    return found


def _of_kind(case: Case, kind: str, *, by: Actor, support: Support | None) -> dict[str, str]:
    if kind == "sheet":
        return {"件名": case.title}
    if kind == "reply" and (support is None or support.body_id != by.body):
        return {"件名": _("%(title)sについて（回答）") % {"title": case.title}, "依頼事項": case.summary}
    other = support.asked_by_body if kind == "reply" and support else support.body if support else None
    titles = {"request": _("%(title)sについて（依頼）"), "reply": _("%(title)sについて（回答）"), "handover": _("%(title)sの引継ぎについて")}
    found = {"宛先": _("%(name)s　御中") % {"name": other.name} if other else "", "件名": titles[kind] % {"title": case.title}}
    if support is not None:
        asked = Passage.objects.visible_to(by).filter(support=support).values_list("text", flat=True)
        found |= {"依頼事項": "\n".join(asked), "回答": support.answer_text, "回答期限": _day(support.due_on)}
    return {name: text[: BY_NAME[name].most] for name, text in found.items()}
