"""Put on record that secret words are shown: before they are rendered, once a page, for every case they are of (P2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Protocol

from django.db import models
from django.db.models import Value

from renkei.audit.record import record_read
from renkei.base.actor import Actor
from renkei.cases.models import Attachment, Case, Consultation, Contact, Message, Passage
from renkei.cases.states import DisclosureClass


class WithWords(Protocol):
    """A line of a list: a case, and the beginning of the firm's words where the reader may read them."""

    @property
    def id(self) -> uuid.UUID:
        """Return the case's id."""

    @property
    def text(self) -> str:
        """Return the words, or nothing."""


def read_words(by: Actor, rows: Iterable[WithWords]) -> None:
    """Record which cases' words a list shows; nothing is recorded where it shows none."""
    read_cases([row.id for row in rows if row.text], by=by, classes=[DisclosureClass.TECHNICAL])


def read_cases(cases: Iterable[uuid.UUID], *, by: Actor, classes: Iterable[str] | None = None) -> None:
    """Record that secret content of these cases is shown, one event for all of them."""
    shown = [Case(pk=one) for one in dict.fromkeys(cases)]
    if shown:
        record_read(by, *shown, classes=classes)


def read_case(case: Case, *about: models.Model, by: Actor, classes: Iterable[str] | None = None) -> None:
    """Record that a case is shown, with ``about`` (a file, an opening) named first, and the classes that are shown.

    Without ``classes`` they are those of everything in the case that the reader may read at this moment.
    """
    record_read(by, *about, case, classes=shown_classes(case, by) if classes is None else classes)


def shown_classes(case: Case, actor: Actor) -> set[str]:
    """Return the classes of which the case, fetched with ``visible_to``, holds something that the actor may read now; one query."""
    technical, *others = [
        Consultation.objects.visible_to(actor, [case]).order_by().values_list(Value(DisclosureClass.TECHNICAL.value)),
        *(model.objects.visible_to(actor, [case]).order_by().values_list("klass") for model in (Passage, Message, Attachment, Contact)),
    ]
    shown = {str(klass) for (klass,) in technical.union(*others)}
    return shown | ({str(DisclosureClass.SUMMARY)} if case.summary else set())
