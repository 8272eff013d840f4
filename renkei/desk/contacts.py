"""Who else helps, as the plan lists them: to choose from while a matter that is not ours is ended, and the words the firm reads."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.plan.content import OutsideContact
from renkei.plan.queries import content_now


def contacts() -> Mapping[str, OutsideContact]:
    """Return the contacts of today by code."""
    return {one.code: one for one in content_now().contacts_on(clock.today())}


def contact_choices() -> list[tuple[str, str]]:
    """Return the contacts to choose from, with their telephone, none of them first."""
    return [("", _("案内しない")), *((one.code, f"{one.name}（{one.about}）{one.phone}") for one in contacts().values())]


def with_contact(answer: str, code: str) -> str:
    """Return an answer to a firm that ends by sending it to a contact; the answer alone where none is chosen."""
    contact = contacts().get(code)
    told = f"{contact.name}（{contact.about}）{contact.phone}にご相談ください。" if contact else ""
    return "\n".join(filter(None, [answer, told]))
