"""A firm whose people sign in."""

from __future__ import annotations

from typing import Any

from django.test import Client

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import Actor, company_person
from renkei.cases.actions.intake import bind_company
from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company, CompanyAccess
from tests.portal.scene import Firm


def registered(firm: Firm, **more: Any) -> Company:
    """The firm of the case in the desk's register, with the address the link was mailed to."""
    profile = Profile(**({"name": "株式会社まぼろし計測", "kana": "マボロシケイソク", "phone": "0471-00-0001",
                          "email": "mei@maboroshi.example"} | more))
    company = register_company(profile, by=firm.world.desk)
    bind_company(firm.case, company, by=firm.world.desk)
    return company


def account(company: Company, name: str = "髙梨 芽衣", role: str = "admin", email: str = "mei@maboroshi.example") -> CompanyAccess:
    """Somebody of the firm with an account."""
    person = Person.objects.create_user(email, "hibari-secret-1", name=name)
    return CompanyAccess.objects.create(company=company, person=person, role=role, since=clock.now())


def acts(access: CompanyAccess) -> Actor:
    return company_person(access.person_id, access.person.name)


def client(access: CompanyAccess) -> Client:
    made = Client()
    made.force_login(access.person)
    return made
