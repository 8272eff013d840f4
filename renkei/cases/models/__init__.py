"""The case engine's records."""

from renkei.cases.models.case import Case, Register
from renkei.cases.models.circulation import Asked, Candidate, CandidateUse, Circulation, Inquiry, InquiryAnswer
from renkei.cases.models.consent import Consent, ConsentHow, ConsentRequest
from renkei.cases.models.escalation import Escalation, RungEnd, RungNumber
from renkei.cases.models.export import Export
from renkei.cases.models.follow_up import AnsweredBy, AskedHow, Ended, FollowUp, Going, Product, Trouble, Useful
from renkei.cases.models.gap import Gap, GapKind, GapSource
from renkei.cases.models.handover import Handover, Incident
from renkei.cases.models.incoming import HeldFor, Incoming, IncomingState
from renkei.cases.models.intake import Consultation, Draft
from renkei.cases.models.letters import Letter, LetterState, LetterStep, StepKind, StepState
from renkei.cases.models.match import Match, Outcome
from renkei.cases.models.moves import Move, MovePack, MoveReason
from renkei.cases.models.nda import Nda, NdaKind, NdaKnown
from renkei.cases.models.need import Need, Passage
from renkei.cases.models.opening import Opening, OpeningKind, PartnerFile, PartnerNote
from renkei.cases.models.outside import OutsideAnswer, OutsideRequest
from renkei.cases.models.project import RegionalProject
from renkei.cases.models.register import ImportedCase, ImportRun
from renkei.cases.models.regrouping import Regrouping
from renkei.cases.models.route import (
    PlannedStep,
    Route,
    RouteAnswer,
    RouteDid,
    RouteSending,
    RouteSentStep,
    RouteStep,
    RouteVersion,
)
from renkei.cases.models.saved import SavedView, ViewHit
from renkei.cases.models.search import SavedSearch, SearchHit, Suggestion, SuggestionAnswer
from renkei.cases.models.shares import ProjectShares, ShareAnswer
from renkei.cases.models.support import AnsweredHow, Origin, Support
from renkei.cases.models.talk import Attachment, Contact, Message
from renkei.cases.models.transition import Transition, Verb, log_step

__all__ = [
    "AnsweredBy",
    "AnsweredHow",
    "Asked",
    "AskedHow",
    "Attachment",
    "Candidate",
    "CandidateUse",
    "Case",
    "Circulation",
    "Consent",
    "ConsentHow",
    "ConsentRequest",
    "Consultation",
    "Contact",
    "Draft",
    "Ended",
    "Escalation",
    "Export",
    "FollowUp",
    "Gap",
    "GapKind",
    "GapSource",
    "Going",
    "Handover",
    "HeldFor",
    "ImportRun",
    "ImportedCase",
    "Incident",
    "Incoming",
    "IncomingState",
    "Inquiry",
    "InquiryAnswer",
    "Letter",
    "LetterState",
    "LetterStep",
    "Match",
    "Message",
    "Move",
    "MovePack",
    "MoveReason",
    "Nda",
    "NdaKind",
    "NdaKnown",
    "Need",
    "Opening",
    "OpeningKind",
    "Origin",
    "Outcome",
    "OutsideAnswer",
    "OutsideRequest",
    "PartnerFile",
    "PartnerNote",
    "Passage",
    "PlannedStep",
    "Product",
    "ProjectShares",
    "RegionalProject",
    "Register",
    "Regrouping",
    "Route",
    "RouteAnswer",
    "RouteDid",
    "RouteSending",
    "RouteSentStep",
    "RouteStep",
    "RouteVersion",
    "RungEnd",
    "RungNumber",
    "SavedSearch",
    "SavedView",
    "SearchHit",
    "ShareAnswer",
    "StepKind",
    "StepState",
    "Suggestion",
    "SuggestionAnswer",
    "Support",
    "Transition",
    "Trouble",
    "Useful",
    "Verb",
    "ViewHit",
    "log_step",
]
