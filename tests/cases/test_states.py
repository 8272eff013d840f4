"""States: the tables are whole, every step is checked, and the database holds the same line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from renkei.base import clock
from renkei.cases.models import Case, Consultation, Need, Passage, Register, Support
from renkei.cases.states import (
    AT_WORK,
    CASE_STEPS,
    HANDOVER_STEPS,
    NEED_STEPS,
    OPEN_SUPPORTS,
    SEEN_BY_BODY,
    SUPPORT_STEPS,
    CaseState,
    HandoverState,
    NeedState,
    SupportState,
    check_step,
)  # fmt: skip
from renkei.cases.steps import set_state
from tests.cases.making import arrived, need_of, offered, refuses
from tests.world import CENTER, DESK, LAB, World

TABLES: list[tuple[type[models.TextChoices], Any]] = [
    (CaseState, CASE_STEPS), (NeedState, NEED_STEPS), (SupportState, SUPPORT_STEPS), (HandoverState, HANDOVER_STEPS),
]  # fmt: skip


@pytest.mark.parametrize(("states", "steps"), TABLES)
def test_every_state_has_its_row_and_every_pair_is_decided(states: type[models.TextChoices], steps: Any) -> None:
    assert set(steps) == set(states)
    for before in states:
        for after in states:
            if after in steps[before]:
                check_step(steps, before, after)
            else:
                with refuses("wrong_state"):
                    check_step(steps, before, after)
        assert before not in steps[before]


def test_groups_of_support_states() -> None:
    assert AT_WORK < OPEN_SUPPORTS
    assert set(SupportState) - {"proposed", "recalled"} == SEEN_BY_BODY
    ends = {state for state, after in SUPPORT_STEPS.items() if not after}
    assert ends == {"recalled", "withdrawn"}
    assert not ends & OPEN_SUPPORTS


def test_set_state_says_where_it_came_from() -> None:
    case = Case(state="arrived")
    assert (set_state(case, CaseState.ACTIVE), case.state) == ("arrived", "active")
    assert set_state(case, CaseState.ACTIVE) == "active"
    with refuses("wrong_state"):
        set_state(case, CaseState.ARRIVED)


def breaks(name: str, rows: models.QuerySet[Any], **values: Any) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        rows.update(**values)


class TestConstraints:
    """Each named constraint says no to a careless statement."""

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("case_state", {"state": "lost"}),
            ("case_open_has_next_step", {"next_on": None}),
            ("case_open_has_next_step", {"next_step": ""}),
            ("case_open_has_next_step", {"next_kind": ""}),
            ("holder_id", {"holder": None}),
            ("next_body_id", {"next_body": None}),
            ("case_closed_has_reason", {"state": "closed"}),
            ("case_closed_has_reason", {"state": "closed", "closed_at": clock.at(dt.date(2026, 11, 25))}),
            ("case_closed_has_reason", {"closed_at": clock.at(dt.date(2026, 11, 25))}),
            ("case_has_title", {"title": ""}),
            ("case_satisfaction_1_to_5", {"satisfaction": 6}),
            ("case_names_somebody", {"company_given": ""}),
            ("case_call_has_phone", {"next_kind": "call", "next_phone": ""}),
        ],
    )
    def test_case(self, world: World, name: str, values: dict[str, Any]) -> None:
        arrived(world)
        breaks(name, Case.objects.all(), **values)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("support_state", {"state": "lost"}),
            ("support_decline_has_reason", {"state": "declined", "answered_at": clock.at(dt.date(2026, 11, 25))}),
            ("support_offer_has_dates", {"due_on": None}),
            ("support_offer_has_dates", {"leaves_at": None}),
            ("support_offer_has_dates", {"offered_at": None}),
            ("support_answer_has_time", {"state": "accepted"}),
            ("support_done_has_day", {"state": "done"}),
            ("support_place_in_proposal", {"place": 1}),
            ("support_place_in_proposal", {"put_first_id": LAB}),
            ("support_place_in_proposal", {"place": 1, "put_first_id": CENTER}),
            ("support_place_in_proposal", {"place": 2, "put_first_id": LAB}),
            ("support_place_in_proposal", {"place": 0, "put_first_id": CENTER}),
        ],
    )
    def test_support(self, world: World, name: str, values: dict[str, Any]) -> None:
        offered(world)
        breaks(name, Support.objects.all(), **values)

    def test_support_uniqueness(self, world: World) -> None:
        one = offered(world, takes_over=True)
        same = {"case": one.case, "need": one.need, "service": one.service, "made_at": clock.now(),
                "asked_by_body_id": DESK}  # fmt: skip
        with pytest.raises(IntegrityError, match="support_open_once"), transaction.atomic():
            Support.objects.create(**same, body=one.body)
        other = Support.objects.create(**same, body_id="hibari-center", takes_over=True)
        breaks("support_one_takeover_offered", Support.objects.filter(pk=other.pk), state="offered",
               due_on=clock.today(), leaves_at=clock.now(), offered_at=clock.now())

    def test_words_and_numbers(self, world: World) -> None:
        case = arrived(world).case
        need_of(case, world)
        breaks("need_has_title", Need.objects.all(), title="")
        breaks("need_state", Need.objects.all(), state="lost")
        breaks("consultation_says_something", Consultation.objects.all(), text="")
        breaks("consultation_budget", Consultation.objects.all(), budget_yen=-1)
        Passage.objects.create(case=case, klass="summary", text="文", written_at=clock.now())
        breaks("passage_class", Passage.objects.all(), klass="all")
        breaks("passage_says_something", Passage.objects.all(), text="")
        with pytest.raises(IntegrityError, match="register_once"), transaction.atomic():
            Register.objects.create(body_id=DESK, fiscal_year=Register.objects.get().fiscal_year)
        with pytest.raises(IntegrityError, match="number"), transaction.atomic():
            Case.objects.filter(pk=arrived(world).case.pk).update(number=case.number)
