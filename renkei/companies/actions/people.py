"""The people of a firm whom bodies talk to."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
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
