"""Acting under the real logins: the firm by its links, staff by their body (committed data only)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from renkei.base.actor import Actor, link_holder
from renkei.base.context import acting
from renkei.cases.models import Case
from renkei.post.links import open_link
from renkei.post.models import Link, Mail


def firm(case: Case, purpose: str = "status") -> Actor:
    """The firm, through its newest link of that purpose."""
    return link_holder(Link.objects.filter(case=case.pk, purpose=purpose).latest("made_at").pk, name="齋藤 亘")


def firm_by_mail(path: str) -> Actor:
    """The firm, through the link in the newest mail that names ``path`` (consent, status)."""
    text = Mail.objects.filter(text__contains=f"/{path}/").latest("made_at").text
    token = text.split(f"/{path}/")[1].split("/")[0]
    opened = open_link(token)
    assert opened is not None
    return link_holder(opened.id)


@contextmanager
def web(login: Callable[[str], Any], actor: Actor) -> Iterator[None]:
    """One request of ``actor`` under the web login, in its own transaction."""
    with login("web"), acting(actor):
        yield
