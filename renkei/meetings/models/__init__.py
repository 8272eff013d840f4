"""Meetings as living things: what is put up, who was there, what was decided, what everybody confirmed [C87-C93].

An agenda item is read by every body, or only by those it names; which case it came from stands apart
(``ItemSource``) and is read by those who see that case from inside. Minutes are frozen as they were sent out.
"""

from __future__ import annotations

from renkei.meetings.models.item import (
    OF_CASES,
    AgendaItem,
    AgendaItemQuerySet,
    ItemKind,
    ItemOutcome,
    ItemSource,
    ItemSourceQuerySet,
    Level,
    Task,
    TaskQuerySet,
    seen_items,
)
from renkei.meetings.models.material import Material, MaterialQuerySet
from renkei.meetings.models.meeting import (
    MEETING_STEPS,
    Meeting,
    MeetingKind,
    MeetingQuerySet,
    MeetingState,
    following_meeting,
)
from renkei.meetings.models.minutes import (
    Attendance,
    AttendanceQuerySet,
    Confirmation,
    ConfirmationQuerySet,
    Minutes,
    MinutesItem,
    MinutesItemQuerySet,
    MinutesQuerySet,
)
from renkei.meetings.models.participant import Participant, ParticipantQuerySet
from renkei.meetings.models.trend import (
    Basis,
    EndKind,
    TrendEnd,
    TrendEndQuerySet,
    TrendNote,
    TrendNoteQuerySet,
)
from renkei.meetings.models.vote import (
    SAYS_WHY,
    Stance,
    Vote,
    VoteQuerySet,
)

__all__ = [
    "MEETING_STEPS",
    "OF_CASES",
    "SAYS_WHY",
    "AgendaItem",
    "AgendaItemQuerySet",
    "Attendance",
    "AttendanceQuerySet",
    "Basis",
    "Confirmation",
    "ConfirmationQuerySet",
    "EndKind",
    "ItemKind",
    "ItemOutcome",
    "ItemSource",
    "ItemSourceQuerySet",
    "Level",
    "Material",
    "MaterialQuerySet",
    "Meeting",
    "MeetingKind",
    "MeetingQuerySet",
    "MeetingState",
    "Minutes",
    "MinutesItem",
    "MinutesItemQuerySet",
    "MinutesQuerySet",
    "Participant",
    "ParticipantQuerySet",
    "Stance",
    "Task",
    "TaskQuerySet",
    "TrendEnd",
    "TrendEndQuerySet",
    "TrendNote",
    "TrendNoteQuerySet",
    "Vote",
    "VoteQuerySet",
    "following_meeting",
    "seen_items",
]
