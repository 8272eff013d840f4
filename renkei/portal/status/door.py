"""How the firm came in: by a private link, or by an account. Both open the same pages and the same acts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from renkei.cases.models import Case
from renkei.companies.models import CompanyAccess
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose

_RELATED = ("holder", "holder_person", "next_body", "company", "received_by", "merged_into")


class DoorRequest(LinkRequest):
    """A request of the firm: ``link`` is there when it came by a link, ``access`` when by an account."""

    access: CompanyAccess


@dataclass(frozen=True, slots=True)
class Door:
    """One case as the firm reached it. ``token`` is empty for an account, ``company`` is None for a link."""

    case: Case
    token: str = ""
    company: uuid.UUID | None = None

    @property
    def base(self) -> str:
        """Return the frame the pages stand in."""
        return "base_portal.html" if self.company else "base_public.html"

    def url(self, act: str = "", **more: Any) -> str:
        """Return the address of an act on the case."""
        end = f"-{act}" if act else ""
        if self.company:
            return reverse(f"portal-case{end}", kwargs={"company": self.company, "case": self.case.pk, **more})
        return f"{reverse(f'portal-status{end}', kwargs={'token': self.token, **more})}?of={self.case.pk}"

    def to(self, case: Case) -> Door:
        """Return the door to another case of the firm."""
        return replace(self, case=case)


def door_of(request: DoorRequest, where: dict[str, Any]) -> Door:
    """Return the case the request is about and how it was reached. 404 for what the firm does not reach."""
    if "token" not in where:
        cases = Case.objects.visible_to(request.actor).filter(company_id=where["company"]).select_related(*_RELATED)
        return Door(get_object_or_404(cases, pk=where["case"]), company=where["company"])
    require_purpose(request, LinkPurpose.STATUS)
    return Door(_linked_case(request), token=where["token"])


def family(request: LinkRequest) -> list[Case]:
    """Return the cases the link reaches: its own, what it was merged into, and what was split off; the main one first."""
    cases = list(Case.objects.visible_to(request.actor).select_related(*_RELATED).order_by("arrived_at"))
    own = next((one for one in cases if one.pk == request.link.case), None)
    main = own.merged_into_id if own and own.merged_into_id else request.link.case
    return sorted(cases, key=lambda one: one.pk != main)


def _linked_case(request: LinkRequest) -> Case:
    """Return the case the page is about: the one named in the address, else the main one. 404 for any other."""
    named = request.GET.get("of", "") or request.POST.get("of", "")
    if not named:
        cases = family(request)
        if not cases:
            raise Http404
        return cases[0]
    try:
        key = uuid.UUID(named)
    except ValueError:
        key = uuid.uuid4()
    return get_object_or_404(Case.objects.visible_to(request.actor).select_related(*_RELATED), pk=key)
