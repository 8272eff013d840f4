"""The people of a firm whom bodies talk to."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.companies.actions.profile import email_of, lock_company, phone_of, require_staff, short
from renkei.companies.models import Company, CompanyPerson


@transaction.atomic
def add_person(
    company: Company, *, name: str, kana: str = "", title: str = "", phone: str = "", email: str = "", by: Actor
) -> CompanyPerson:
    """Write down somebody of the firm whom bodies talk to; the firm can be found by this name and number too."""
    require_staff(by)
    if not search_key(name):
        raise Refused(_("お名前を入れてください。"), "person_without_name", field="name")
    locked = lock_company(company, by=by)
    person = CompanyPerson.objects.create(
        company=locked, name=short(name, 100, "name"), kana=short(kana, 100, "kana"),
        title=short(title, 100, "title"), phone=phone_of(phone), email=email_of(email),
    )  # fmt: skip
    locked.save()
    record(by, "company.add_person", locked, person)
    return person


@transaction.atomic
def change_person(
    person: CompanyPerson, *, name: str, kana: str = "", title: str = "", phone: str = "", email: str = "",
    left_on: dt.date | None = None, by: Actor,
) -> CompanyPerson:  # fmt: skip
    """Correct a person; ``left_on`` is the last day at the firm: found still, listed and offered no more.

    Refused: ``person_without_name``, ``not_past``, what is wrong with a number or an address.
    """
    require_staff(by)
    if not search_key(name):
        raise Refused(_("お名前を入れてください。"), "person_without_name", field="name")
    if left_on is not None and left_on > clock.today():
        raise Refused(_("まだ来ていない日です。退職した日を入れてください。"), "not_past", field="left_on")
    company = lock_company(person.company, by=by)
    locked = CompanyPerson.objects.select_for_update(of=("self",)).get(pk=person.pk)
    locked.name, locked.kana, locked.title = short(name, 100, "name"), short(kana, 100, "kana"), short(title, 100, "title")
    locked.phone, locked.email, locked.left_on = phone_of(phone), email_of(email), left_on
    locked.save()
    company.save()
    record(by, "company.change_person", company, locked)
    return locked
