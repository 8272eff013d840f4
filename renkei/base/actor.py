"""Who acts. Built once per request by our middleware, or by a job, and passed to every action as ``by=``."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """Kinds of actor the database knows (DESIGN section 5)."""

    STAFF = "staff"
    COMPANY = "company"
    LINK = "link"
    PARTNER = "partner"  # a named person outside the staff, through a link: reads what was opened, and nothing else
    GUEST = "guest"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting party: its kind, and as far as known the person, the acting body (its code) and the link.

    ``body`` is the body in whose name a member of staff acts; it comes from the URL, never from the session.
    """

    kind: ActorKind
    person: uuid.UUID | None = None
    body: str | None = None
    link: uuid.UUID | None = None
    name: str = ""

    @property
    def is_staff(self) -> bool:
        """Tell whether a member of staff acts for a body."""
        return self.kind is ActorKind.STAFF and self.body is not None

    @property
    def is_company(self) -> bool:
        """Tell whether a signed-in person of a firm acts."""
        return self.kind is ActorKind.COMPANY and self.person is not None

    @property
    def is_system(self) -> bool:
        """Tell whether the worker (or the example loader) acts."""
        return self.kind is ActorKind.SYSTEM


SYSTEM = Actor(kind=ActorKind.SYSTEM, name="システム")
GUEST = Actor(kind=ActorKind.GUEST)


def staff(person: uuid.UUID, body: str, name: str = "") -> Actor:
    """Return the actor for a member of staff acting for ``body`` (a body's code)."""
    return Actor(kind=ActorKind.STAFF, person=person, body=body, name=name)


def company_person(person: uuid.UUID, name: str = "") -> Actor:
    """Return the actor for a signed-in person of a firm; what they reach follows from their accounts of firms."""
    return Actor(kind=ActorKind.COMPANY, person=person, name=name)


def link_holder(link: uuid.UUID, body: str | None = None, name: str = "") -> Actor:
    """Return the actor who came through a signed link."""
    return Actor(kind=ActorKind.LINK, link=link, body=body, name=name)
