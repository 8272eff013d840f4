"""One line of the choice: a body's service for a need, what it may see, by when."""

from __future__ import annotations

from dataclasses import dataclass, field

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import JapaneseDateField, TextField
from renkei.cases.models import Need, Support
from renkei.cases.states import DisclosureClass, SupportState
from renkei.matching.proposal import Candidate, NearMiss
from renkei.plan.models import Body, Service, Stage

CLASSES = [klass.value for klass in DisclosureClass]
GENERAL, LIVE, NONE = "general", "live", "none"
MOST_OPEN = 3


@dataclass(frozen=True, slots=True)
class Sight:
    """What the firm lets be shown: live consents by body, what it opens in general, and what that never opens."""

    live: dict[str, set[str]]
    once: dict[str, set[str]]
    standing: set[str]
    closed: dict[str, set[str]]

    def of(self, body: Body, klass: str) -> str:
        """Return how a class is open to a body: by consent, by the firm's general consent, or not at all."""
        if klass in self.live.get(body.pk, set()):
            return LIVE
        closed = self.closed.get(body.kind, set()) | self.once.get(body.pk, set())
        return GENERAL if klass in self.standing and klass not in closed else NONE


class RowForm(forms.Form):
    """What goes with a tick."""

    use_required_attribute = False

    ask = TextField(label=_("お願いすること"), rows=2, required=False, max_length=1000)
    classes = forms.MultipleChoiceField(label=_("見せるもの"), choices=DisclosureClass.choices, required=False)
    due_on = JapaneseDateField(label=_("回答の期限"), required=False, earliest_today=True,
                               widget=forms.TextInput(attrs={"class": "sm", "autocomplete": "off"}))


@dataclass(slots=True)
class Cell:
    """One class for one body: may it be shown, is it ticked."""

    klass: str
    label: str
    open_by: str
    ticked: bool

    @property
    def is_open(self) -> bool:
        """Tell whether the firm lets the body see it."""
        return self.open_by != NONE


@dataclass(slots=True)
class Row:
    """A candidate that can be ticked, or has been asked already."""

    key: str
    number: int
    block: Block
    service: Service
    body: Body
    form: RowForm
    cells: list[Cell]
    candidate: Candidate | None = None
    support: Support | None = None
    ticked: bool = False
    takes_over: bool = False
    entries: list[str] = field(default_factory=list)
    rank: int = 0
    manned: str = ""

    @property
    def is_asked(self) -> bool:
        """Tell whether the body has been asked already (or has answered)."""
        return self.support is not None and self.support.state != SupportState.PROPOSED

    @property
    def can_be_asked(self) -> bool:
        """Tell whether a tick makes sense: nothing stands in the way, and it was not asked yet."""
        return not self.is_asked and not (self.candidate and self.candidate.blocked_by)

    @property
    def missing(self) -> list[Cell]:
        """Return the classes the firm has not opened to this body."""
        return [cell for cell in self.cells if not cell.is_open]


@dataclass(slots=True)
class Block:
    """A need, as proposed or as written down, with its lines."""

    key: str
    number: int
    title: str
    stage: Stage
    need: Need | None = None
    spans: list[tuple[int, int]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    near_misses: list[NearMiss] = field(default_factory=list)
    is_changed: bool = False

    @property
    def first(self) -> list[Row]:
        """Return the lines that stand open: the best ones, and whatever people touched."""
        return [row for row in self.rows if self._stands_open(row)]

    @property
    def rest(self) -> list[Row]:
        """Return the lines behind the fold."""
        return [row for row in self.rows if not self._stands_open(row)]

    def _stands_open(self, row: Row) -> bool:
        return row.rank <= MOST_OPEN or row.ticked or row.is_asked or row.candidate is None

