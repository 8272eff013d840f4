"""A number is looked up while the firm's form is filled; what is found is shown, and only what a person ticks is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.base.yen import yen_words
from renkei.companies.lookup import Found, find_number
from renkei.desk.companies.forms import CompanyForm
from renkei.desk.request import StaffRequest

LOOK, FILL = "lookup", "fill"
FIELDS = ("name", "kana", "postal_code", "municipality", "address", "representative", "capital_yen", "employees")


@dataclass(frozen=True, slots=True)
class Offer:
    """One value found: the form's field, what was typed, what was found, whether it is ticked (nothing was typed)."""

    name: str
    label: str
    typed: str
    found: str
    words: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look-up says: values to take, and what a person has to know."""

    found: Found
    offers: list[Offer]

    @property
    def is_closed(self) -> bool:
        """Tell whether the register says that the firm is no more."""
        return self.found.closed_on is not None


def looking(request: StaffRequest) -> dict[str, Any] | None:
    """Return what the form's page shows when a number is looked up or its values are taken; None for any other press."""
    do = request.POST.get("do", "")
    if do not in {LOOK, FILL}:
        return None
    data = filled(request.POST) if do == FILL else request.POST
    form = again(data)
    try:
        looked = _looked_up(data, form) if do == LOOK else None
    except Refused as refusal:
        return {"form": form, "look_fault": refusal.message}
    return {"form": form, "looked": looked, "was_filled": do == FILL}


def _looked_up(data: QueryDict, form: CompanyForm) -> Looked:
    found = find_number(data.get("corporate_number", ""))
    if found is None:
        raise Refused(_("この番号の法人は見つかりません。番号を確かめるか、手で入れてください。"), "lookup_nothing", field="corporate_number")
    places = dict(form.fields["municipality"].choices)  # type: ignore[attr-defined]  # a choice field
    offers = []
    for name in FIELDS:
        value = getattr(found, name)
        if value in (None, "") or (name == "municipality" and value not in places):
            continue
        typed = data.get(name, "").strip()
        words = yen_words(value) if name == "capital_yen" else str(places[value]) if name == "municipality" else str(value)
        was = str(places.get(typed, "")) if name == "municipality" and typed else typed
        if was != words and typed != str(value):
            offers.append(Offer(name, str(form.fields[name].label), was, str(value), words, not typed))
    return Looked(found, offers)


def filled(data: QueryDict) -> QueryDict:
    """Return the form's data with the ticked values taken over; everything else stays as typed."""
    taken = data.copy()
    for name in set(data.getlist("take")) & set(FIELDS):
        taken[name] = data.get(f"found_{name}", "")
    return taken


def again(data: QueryDict) -> CompanyForm:
    """Return an unsaved form that shows the data as first values: nothing is checked before somebody saves."""
    first: dict[str, Any] = {name: data.get(name, "") for name in CompanyForm.base_fields}
    return CompanyForm(initial=first | {name: name in data for name in ("is_sole_proprietor", "anyway")})
