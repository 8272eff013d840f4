"""The sites of a firm, and what it was called and who led it before."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.companies.actions.profile import (
    Place,
    lock_company,
    municipality_of,
    phone_of,
    postal_code_of,
    require_staff,
    short,
)
from renkei.companies.models import Company, Former, FormerKind, Site, SiteRole


@transaction.atomic
def save_site(company: Company, place: Place, *, by: Actor, site: Site | None = None) -> Site:
    """Write down a site, or correct the one given; with ``until`` it is there no more (the row stays).

    Refused: ``site_without_name``, ``unknown_role``, ``ends_before_it_begins``, what is wrong with an address or a number.
    """
    require_staff(by)
    if not search_key(place.name):
        raise Refused(_("事業所の名前を入れてください。例：第二工場"), "site_without_name", field="name")
    if place.role not in SiteRole.values:
        raise Refused(_("役目を一覧から選んでください。"), "unknown_role", field="role")
    _check_days(place.since, place.until)
    locked = lock_company(company, by=by)
    kept = Site(company=locked) if site is None else Site.objects.select_for_update(of=("self",)).get(pk=site.pk, company=locked)
    kept.name, kept.role, kept.since, kept.until = short(place.name, 100, "name"), place.role, place.since, place.until
    kept.postal_code, kept.municipality_id = postal_code_of(place.postal_code), municipality_of(place.municipality)
    kept.address, kept.phone = short(place.address, 300, "address"), phone_of(place.phone)
    kept.save()
    record(by, "company.site", locked, kept)
    return kept


@transaction.atomic
def add_former(
    company: Company, *, kind: str, value: str, since: dt.date | None = None, until: dt.date | None = None, by: Actor
) -> Former:
    """Write down an earlier name or representative. Writing the same down twice gives the same row.

    Refused: ``unknown_kind``, ``former_empty``, ``ends_before_it_begins``, ``not_past``.
    """
    require_staff(by)
    if kind not in FormerKind.values:
        raise Refused(_("会社名か代表者かを選んでください。"), "unknown_kind", field="kind")
    if not search_key(value):
        raise Refused(_("前の名前を入れてください。"), "former_empty", field="value")
    _check_days(since, until)
    if until is not None and until > clock.today():
        raise Refused(_("きょうより前の日を入れてください。いまの名前は「会社の記録を直す」で直せます。"), "not_past", field="until")
    locked = lock_company(company, by=by)
    words = short(value, 200, "value")
    former, is_new = Former.objects.get_or_create(
        company=locked, kind=kind, value=words, since=since, until=until, defaults={"written_at": clock.now()}
    )
    if is_new:
        locked.save()  # found by it from now on
        record(by, "company.former", locked, former)
    return former


def _check_days(since: dt.date | None, until: dt.date | None) -> None:
    if since is not None and until is not None and until < since:
        raise Refused(_("終わりの日が、始まりの日より前です。"), "ends_before_it_begins", field="until")
