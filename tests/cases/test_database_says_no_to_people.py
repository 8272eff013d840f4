"""What the database refuses about moves, letters, inquiries, secrecy, openings and views: tried on rows of every table."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, company, need_of
from tests.world import DESK, LAB, World

VALID: dict[str, dict[str, Any]] = {
    "Inquiry": {"title": "表面処理の相談", "summary": "めっきの色むらを直したい"},
    "Asked": {"answer": ""}, "Letter": {"title": "回答について", "state": "draft", "number": ""},
    "LetterStep": {"state": "waiting"}, "Match": {"outcome": ""}, "Move": {"reason": "leaves"}, "MovePack": {"state": "draft"},
    "Nda": {"kind": "two", "until": None}, "Opening": {"kind": "inside"}, "PartnerNote": {"text": "読みました"},
    "Passage": {"klass": "technical", "needs_nda": False}, "Attachment": {"klass": "technical", "needs_nda": False},
    "Incoming": {"state": "waiting"}, "Need": {"public_confirmed_at": None},
}  # fmt: skip


class Filler:
    """Makes one row of a model, with whatever it must have and nothing more."""

    def __init__(self, world: World) -> None:
        case = arrived(world, company=company()).case
        self.made: dict[type[models.Model], models.Model] = {
            type(case): case, Body: Body.objects.get(pk=LAB), Person: world.people[LAB]}
        self.made[apps.get_model("cases", "Need")] = need_of(case, world)

    def row(self, name: str, **given: Any) -> models.Model:
        """A new row; what it points to is made once and shared."""
        model = apps.get_model("cases", name)
        values = {field.name: self.value(field) for field in model._meta.concrete_fields if self.is_needed(field)}
        return model._default_manager.create(**(values | VALID.get(name, {}) | given))

    def is_needed(self, field: models.Field[Any, Any]) -> bool:
        is_key = isinstance(field, models.ForeignKey)
        return not field.primary_key and not field.null and (is_key or not (field.has_default() or field.blank))

    def value(self, field: models.Field[Any, Any]) -> Any:  # noqa: PLR0911  one line a kind of column
        if isinstance(field, models.ForeignKey):
            target = field.remote_field.model
            if field.unique:
                return self.row(target.__name__)
            if target not in self.made:
                self.made[target] = target._default_manager.first() or self.row(target.__name__)
            return self.made[target]
        if isinstance(field, models.BooleanField):
            return False
        if isinstance(field, models.DateTimeField):
            return clock.now()
        if isinstance(field, models.DateField):
            return clock.today()
        if isinstance(field, models.UUIDField):
            return uuid.uuid4()
        if isinstance(field, models.IntegerField):
            return 1
        return [] if isinstance(field, (ArrayField, models.JSONField)) else uuid.uuid4().hex[: field.max_length or 32]


@pytest.fixture
def filler(world: World) -> Any:
    with clock.moved_to(NOON):
        yield Filler(world)


def said(act: Any) -> str:
    """What the database says to an act; empty when it lets it pass."""
    try:
        with transaction.atomic():
            act()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        return str(error)
    return ""


NOW = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Asked", {"answer": "perhaps", "answered_at": NOW}, "asked_answer"),
    ("Asked", {"answer": "no", "reason": "x"}, "asked_answer_has_time"),
    ("Asked", {"answer": "interested", "answered_at": NOW}, "asked_interest_says_what"),
    ("Asked", {"answer": "no", "answered_at": NOW}, "asked_no_says_why"),
    ("Asked", {"answer": "question", "answered_at": NOW}, "asked_question_asks"),
    ("Attachment", {"klass": "summary", "needs_nda": True}, "attachment_nda_is_no_summary"),
    ("Passage", {"klass": "summary", "needs_nda": True}, "passage_nda_is_no_summary"),
    ("Incoming", {"state": "held", "held_for": ""}, "incoming_held_for"),
    ("Inquiry", {"title": ""}, "inquiry_says_something"), ("Inquiry", {"summary": ""}, "inquiry_says_something"),
    ("Letter", {"title": ""}, "letter_has_title"), ("Letter", {"state": "lost"}, "letter_state"),
    ("Letter", {"state": "decided"}, "letter_decided_is_whole"),
    ("Letter", {"number": "産第1号", "fiscal_year": 2026}, "letter_number_when_decided"),
    ("LetterStep", {"state": "returned", "reason": ""}, "letter_step_return_has_reason"),
    ("LetterStep", {"state": "lost"}, "letter_step_state"),
    ("Match", {"outcome": "lost"}, "match_outcome"), ("Match", {"outcome": "studying"}, "match_outcome_has_day"),
    ("Match", {"outcome": "none", "outcome_on": NOW.date()}, "match_none_says_why"),
    ("Move", {"reason": "bored"}, "move_reason"),
    ("MovePack", {"state": "accepted", "offered_at": NOW}, "pack_answer_has_time"),
    ("MovePack", {"state": "declined", "offered_at": NOW, "answered_at": NOW}, "pack_decline_has_reason"),
    ("MovePack", {"state": "offered"}, "pack_offer_has_time"),
    ("Nda", {"kind": "three", "third_party": ""}, "nda_names_the_third"),
    ("Nda", {"until": dt.date(2000, 1, 1)}, "nda_ends_after_it_began"),
    ("Need", {"public_confirmed_at": NOW}, "need_confirmed_says_something"),
    ("Opening", {"kind": "aside"}, "opening_kind"), ("Opening", {"given_at": NOW, "declined_at": NOW}, "opening_one_answer"),
    ("PartnerFile", {"name": ""}, "partner_file_has_name"),
    ("FollowUp", {"months": 0}, "follow_up_months"), ("FollowUp", {"months": 61}, "follow_up_months"),
    ("FollowUp", {"asked_at": NOW}, "follow_up_asked_how"), ("FollowUp", {"reminded_at": NOW}, "follow_up_asked_how"), ("FollowUp", {"asked_at": NOW, "asked_how": "fax"}, "follow_up_asked_how"),
    ("FollowUp", {"useful": "yes"}, "follow_up_answer_is_whole"), ("FollowUp", {"answered_at": NOW}, "follow_up_answer_is_whole"),
    ("FollowUp", {"answered_at": NOW, "answered_on": NOW.date(), "how": "link", "useful": "yes"}, "follow_up_answer_is_whole"),
    ("FollowUp", {"answered_at": NOW, "answered_on": NOW.date(), "how": "telephone", "useful": "yes", "trouble": "no"}, "follow_up_telephone_says_who"),
    ("FollowUp", {"ended_at": NOW}, "follow_up_ended_because"), ("FollowUp", {"ended_because": "unwanted"}, "follow_up_ended_because"), ("FollowUp", {"satisfaction": 6}, "follow_up_satisfaction_1_to_5"),
    ("FollowUp", {"going": "up"}, "follow_up_words_of_ours"), ("FollowUp", {"product": "x"}, "follow_up_words_of_ours"),
    ("FollowUp", {"orders_yen": -1}, "follow_up_no_debts"), ("FollowUp", {"saved_yen": -1}, "follow_up_no_debts"),
    ("PartnerNote", {"text": ""}, "partner_note_says_something"), ("SavedView", {"name": ""}, "saved_view_has_name"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "constraint"), REFUSED)
def test_a_row_that_breaks_a_rule_is_refused_by_its_name(
    filler: Filler, name: str, change: dict[str, Any], constraint: str
) -> None:
    row = filler.row(name)
    assert constraint in said(lambda: type(row)._default_manager.filter(pk=row.pk).update(**change))


def test_a_pack_goes_to_somebody_else(filler: Filler) -> None:
    row: Any = filler.row("MovePack")
    change = {"to_person_id": row.from_person_id}
    assert "pack_to_somebody_else" in said(lambda: type(row).objects.filter(pk=row.pk).update(**change))


@pytest.mark.parametrize(
    ("name", "same", "ended", "constraint"),
    [
        ("Circulation", {}, {"ended_at": NOW}, "circulation_open_once"),
        ("Letter", {"number": "産第1号", "fiscal_year": 2026, "state": "decided", "dated_on": NOW.date(), "decided_at": NOW, "sha256": "0" * 64},
         {"number": "産第2号"}, "letter_number_once"),
        ("LetterStep", {"kind": "decide", "round": 1}, {"state": "void"}, "letter_step_person_once"),
        ("Match", {}, {"body": DESK}, "match_once"), ("Move", {"on": NOW.date()}, {"cancelled_at": NOW}, "move_once_a_day"),
        ("MovePack", {}, None, "pack_once"), ("Nda", {}, {"ended_on": NOW.date()}, "nda_once"),
        ("Opening", {"email": "kenkyu@daigaku.example"}, {"ended_at": NOW}, "opening_once"),
        ("FollowUp", {"months": 6}, {"ended_at": NOW, "ended_because": "unwanted"}, "follow_up_open_once"),
        ("SavedView", {"is_default": True}, {"ended_at": NOW}, "saved_view_one_default"),
        ("ViewHit", {}, {"left_at": NOW}, "view_hit_once_at_a_time"), ("Incoming", {"message_id": "<1@firm.example>"}, {"message_id": "<2@firm.example>"}, "incoming_once"),
    ],
)  # fmt: skip
def test_what_is_open_is_open_once(
    filler: Filler, name: str, same: dict[str, Any], ended: dict[str, Any] | None, constraint: str
) -> None:
    filler.row(name, **same)
    assert constraint in said(lambda: filler.row(name, **same))
    if ended is not None:
        other = {key: Body.objects.get(pk=value) if key == "body" else value for key, value in ended.items()}
        assert said(lambda: filler.row(name, **(same | other))) == ""
