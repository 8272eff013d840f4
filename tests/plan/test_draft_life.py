"""A draft in the hands of two editors, in every order: nobody's words are lost, and nothing stale is ever published."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, staff
from renkei.base.refusal import Refused
from renkei.plan import actions
from renkei.plan.changes import diff
from renkei.plan.models import Plan, PlanDraft, PlanVersion
from renkei.plan.queries import content_now
from tests.plan.region import region

EDITORS = ["hibari-desk", "hibari-lab"]
VALUES = st.sets(st.sampled_from(["close", "send_outside"])).map(sorted)


def member(body: str) -> Actor:
    person = Person.objects.create_user(f"{body}@editors.example", "hibari-secret-1", name="相川 志保")
    Membership.objects.create(person=person, body_id=body, role="staff", is_admin=True, since=clock.today())
    return staff(person.pk, body, person.name)


class Draft(RuleBasedStateMachine):
    """What each editor sees is what was there when they last looked; the model knows what should be there."""

    @initialize()
    def publish_the_first(self) -> None:
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.plan: Plan = actions.publish(region(), by=SYSTEM).plan
        self.editors = {body: member(body) for body in EDITORS}
        self.published, self.draft = region(), region()
        self.number, self.based_on, self.version = 1, 1, 0
        self.seen = dict.fromkeys(EDITORS, 0)

    def teardown(self) -> None:
        if hasattr(self, "outer"):
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def attempt(self, body: str, act: Any, expected: str | None, *args: Any, **more: Any) -> bool:
        """Do it as this editor, with the version the editor saw; tell whether it was done."""
        code = "changed_meanwhile" if self.seen[body] != self.version else expected
        more |= {"by": self.editors[body], "version": self.seen[body]}
        if code is not None:
            with pytest.raises(Refused) as refusal, transaction.atomic():
                act(self.plan, *args, **more)
            assert refusal.value.code == code
            return False
        act(self.plan, *args, **more)
        self.version += 1
        self.seen[body] = self.version
        return True

    @rule(body=st.sampled_from(EDITORS))
    def look(self, body: str) -> None:
        self.seen[body] = actions.open_draft(self.plan, by=self.editors[body]).version

    @rule(body=st.sampled_from(EDITORS), value=VALUES)
    def save(self, body: str, value: list[str]) -> None:
        if self.attempt(body, actions.save_draft, None, "second_person", value):
            self.draft = {**self.draft, "second_person": value}

    @rule(body=st.sampled_from(EDITORS))
    def save_nonsense(self, body: str) -> None:
        self.attempt(body, actions.save_draft, "plan_faults", "second_person", {"close": True})

    @rule(body=st.sampled_from(EDITORS))
    def publish(self, body: str) -> None:
        expected = None
        if self.based_on != self.number:
            expected = "changed_meanwhile"
        elif self.draft == self.published:
            expected = "nothing_changed"
        if self.attempt(body, actions.publish_draft, expected, note="公開"):
            self.published, self.number = self.draft, self.number + 1
            self.based_on = self.number

    @rule(body=st.sampled_from(EDITORS))
    def reset(self, body: str) -> None:
        if self.attempt(body, actions.reset_draft, None):
            self.draft, self.based_on = self.published, self.number

    @precondition(lambda self: self.number < 6)
    @rule(note=st.sampled_from(["一", "二", "三"]))
    def publish_files(self, note: str) -> None:
        """The one who installed it publishes files beside the editors."""
        had_draft = PlanDraft.objects.filter(plan=self.plan).exists()
        document = {**self.published, "areas_note": note}
        version = actions.publish(document, by=SYSTEM)
        self.number += document != self.published
        self.published = document
        assert version.number == self.number
        if not had_draft:  # it will be made from what is newest then
            self.draft, self.based_on = document, self.number

    @invariant()
    def what_is_published_is_what_somebody_published_and_saw(self) -> None:
        if not hasattr(self, "plan"):
            return
        assert content_now().raw == self.published
        assert list(PlanVersion.objects.order_by("number").values_list("number", flat=True)) == list(range(1, self.number + 1))
        draft = PlanDraft.objects.filter(plan=self.plan).first()
        if draft is not None:
            assert (draft.content, draft.version, draft.based_on) == (self.draft, self.version, self.based_on)
            assert {change.section for change in diff(self.published, draft.content)} <= {"second_person", "areas_note"}


@pytest.mark.covers("C75")
def test_two_editors_in_every_order(db: None) -> None:
    run_state_machine_as_test(Draft, settings=settings(max_examples=8, stateful_step_count=10))


# What a refusal leaves behind ----------------------------------------------------------------------------------------


@pytest.fixture
def plan(db: None) -> Plan:
    return actions.publish(region(), by=SYSTEM).plan


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("clocks", None), ("clocks", []), ("clocks", {"idle": {"business_days": 20}}), ("second_person", ["close", "close"]),
        ("second_person", "close"), ("bodies", []), ("stages", [{"code": "A" * 5, "name": "x", "short": "x"}]),
        ("parties", [{"code": "x"}]), ("plan", {"code": "hibari-files"}), ("calendar", {"closed": [{"from": "1", "to": "2"}]}),
        ("areas_note", 5), ("notes", {"a": 1}), ("vocabularies", {"channels": []}), ("targets", [{"fiscal_years": [], "written": "x", "count": 1}]),
    ],
)  # fmt: skip
def test_a_section_of_the_wrong_shape_leaves_the_draft_as_it_was(plan: Plan, section: str, value: Any) -> None:
    lead = member("hibari-desk")
    actions.save_draft(plan, "second_person", ["close"], by=lead, version=0)
    events = Event.objects.count()
    with pytest.raises(Refused) as refusal, transaction.atomic():
        actions.save_draft(plan, section, value, by=lead, version=1)
    assert (refusal.value.code, refusal.value.field) == ("plan_faults", "text")
    assert f"「{section}" in refusal.value.message
    draft = PlanDraft.objects.get()
    assert (draft.version, draft.content, Event.objects.count()) == (1, {**region(), "second_person": ["close"]}, events)


def test_a_publication_that_fails_writes_no_version_no_row_and_no_event(plan: Plan) -> None:
    lead = member("hibari-desk")
    bodies = region()["bodies"]
    bodies[1]["name"] = "新しい名の試験所"
    bodies.pop()  # the bank, which provisions still name
    actions.save_draft(plan, "bodies", bodies, by=lead, version=0)
    before = (PlanVersion.objects.count(), Event.objects.count())
    with pytest.raises(Refused, match="計画に直すところが") as refusal, transaction.atomic():
        actions.publish_draft(plan, by=lead, version=1)
    assert refusal.value.code == "plan_faults"
    assert (PlanVersion.objects.count(), Event.objects.count()) == before
    plan.front_desk.refresh_from_db()
    assert sorted(plan.front_desk.party.bodies.values_list("name", flat=True)) == ["ひばり県工業試験所", "ひばり県産業課"]
    assert PlanDraft.objects.get().version == 1


@pytest.mark.parametrize(("note", "kept"), [("", ""), ("短く", "短く"), ("あ" * 200, "あ" * 200), ("あ" * 500, "あ" * 200)])
def test_the_note_of_a_version_is_kept_as_far_as_it_fits(plan: Plan, note: str, kept: str) -> None:
    lead = member("hibari-desk")
    actions.save_draft(plan, "second_person", ["close"], by=lead, version=0)
    assert actions.publish_draft(plan, by=lead, version=1, note=note).note == kept


@pytest.mark.parametrize("section", ["", "Plan", "plan.title", "__proto__", "計画", "x" * 10_000, "plan\x00"])
def test_a_section_that_is_none_is_refused_before_anything_is_read(plan: Plan, section: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.save_draft(plan, section, {}, by=member("hibari-desk"), version=0)
    assert (refusal.value.code, PlanDraft.objects.count()) == ("unknown_section", 0)


@pytest.mark.parametrize("version", [-1, 1, 2, 10**9])
def test_a_version_nobody_saw_changes_nothing(plan: Plan, version: int) -> None:
    lead = member("hibari-desk")
    actions.open_draft(plan, by=lead)
    for act, args in ((actions.save_draft, ("second_person", ["close"])), (actions.publish_draft, ()), (actions.reset_draft, ())):
        with pytest.raises(Refused, match="ほかの人が先に保存しました。") as refusal:
            act(plan, *args, by=lead, version=version)  # type: ignore[operator]  three of one shape
        assert refusal.value.code == "changed_meanwhile"
    assert (PlanDraft.objects.get().version, PlanVersion.objects.count()) == (0, 1)


def test_opening_twice_makes_one_draft_and_one_event(plan: Plan) -> None:
    one, other = member("hibari-desk"), member("hibari-lab")
    first = actions.open_draft(plan, by=one)
    assert actions.open_draft(plan, by=other) == first
    assert PlanDraft.objects.get().saved_by == one.person
    assert Event.objects.filter(verb="plan.draft").count() == 1


def test_saving_the_same_twice_moves_the_version_but_changes_nothing(plan: Plan) -> None:
    lead = member("hibari-desk")
    first = actions.save_draft(plan, "second_person", ["close"], by=lead, version=0)
    second = actions.save_draft(plan, "second_person", ["close"], by=lead, version=1)
    assert (first.content, first.version, second.version) == (second.content, 1, 2)


def test_two_plans_have_two_drafts(plan: Plan) -> None:
    following = region()
    following["plan"] |= {"code": "hibari-next", "predecessor": "hibari-files"}
    following["plan"]["term"] = {"from": "2027-04-01", "to": "2030-03-31", "written": "次"}
    following["targets"], following["targets_total"] = [], {"count": 0}
    other, lead = actions.publish(following, by=SYSTEM).plan, member("hibari-desk")
    actions.save_draft(other, "second_person", ["close"], by=lead, version=0)
    assert "second_person" not in actions.open_draft(plan, by=lead).content
    assert actions.publish_draft(other, by=lead, version=1).plan == other
    assert PlanVersion.objects.filter(plan=plan).count() == 1
