"""Publishing writes versions and the rows cases point at; drafts belong to the lead party."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, staff
from renkei.base.context import acting
from renkei.base.grants import apply_grants
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.plan import actions
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import (
    Body,
    Field,
    Municipality,
    Party,
    Plan,
    PlanDraft,
    PlanVersion,
    Provision,
    Service,
    Stage,
)
from renkei.plan.queries import content_now, current_plan, front_desk, providers
from tests.plan.region import region

pytestmark = pytest.mark.django_db
NOON = clock.at(dt.date(2026, 11, 25), 12)


@pytest.fixture(autouse=True)
def _today() -> Any:
    with clock.moved_to(NOON):
        yield


def member(body: str) -> Actor:
    person = Person.objects.create_user(f"{body}@people.example", "hibari-secret-1", name="相川 志保")
    Membership.objects.create(person=person, body_id=body, role="staff", is_admin=True, since=dt.date(2024, 4, 1))
    return staff(person.pk, body, person.name)


def changed(**sections: Any) -> dict[str, Any]:
    return {**region(), **sections}


def test_publishing_writes_the_rows_cases_point_at() -> None:
    version = actions.publish(region(), by=SYSTEM, note="初めて")
    assert (version.number, version.note, version.published_by, version.published_at) == (1, "初めて", None, NOON)
    assert version.content == region()
    plan = Plan.objects.get()
    assert (plan.pk, plan.term_from, plan.term_to, plan.front_desk_id, plan.lead_party_id, plan.is_fictional) == (
        "hibari-files", dt.date(2024, 4, 1), dt.date(2027, 3, 31), "hibari-desk", "hibari", True,
    )  # fmt: skip
    assert list(Party.objects.values_list("code", "name")) == [
        ("hibari", "ひばり県"), ("hibari-bank-party", "ひばり銀行"),
    ]  # fmt: skip
    assert list(Body.objects.values_list("code", "party", "number", "number_prefix", "kind", "mail", "closed_on")) == [
        ("hibari-desk", "hibari", "①", "県", "desk", "desk@hibari.example", None),
        ("hibari-lab", "hibari", "②", "試", "lab", "", None),
        ("hibari-bank", "hibari-bank-party", "③", "銀", "bank", "", None),
    ]
    assert list(Stage.objects.values_list("code", flat=True)) == ["1", "3"]
    assert list(Field.objects.values_list("code", "name")) == [("A", "ものづくり")]
    assert list(Service.objects.values_list("code", "stage")) == [
        ("events", "1"), ("loan", "3"), ("tech-consultation", "3"),
    ]  # fmt: skip
    assert Municipality.objects.get().areas == ["north"]
    provisions = Provision.objects.order_by("service__order", "valid_from")
    assert list(provisions.values_list("service", "body", "valid_from", "valid_to", "source", "note")) == [
        ("events", "hibari-lab", None, None, "both", ""),
        ("loan", "hibari-bank", dt.date(2024, 4, 1), dt.date(2025, 3, 31), "figure", ""),
        ("loan", "hibari-bank", dt.date(2025, 4, 1), None, "figure", ""),
        ("tech-consultation", "hibari-lab", None, None, "text", "本文だけ"),
    ]
    event = Event.objects.get()
    assert (event.verb, event.objects_touched) == ("plan.publish", ["plan.plan:hibari-files", f"plan.planversion:{version.pk}"])
    assert (current_plan(), front_desk().pk) == (plan, "hibari-desk")
    assert [body.pk for body in providers("loan")] == ["hibari-bank"]
    assert content_now().clocks["recall"].minutes == 5


def test_publishing_the_same_twice_changes_nothing() -> None:
    first = actions.publish(region(), by=SYSTEM)
    assert actions.publish(region(), by=SYSTEM) == first
    assert (PlanVersion.objects.count(), Event.objects.count(), Provision.objects.count()) == (1, 1, 4)


@pytest.mark.covers("C01", "C66", "C69", "C74")
def test_a_new_version_never_copies_identity_rows_and_keeps_the_old_content() -> None:
    first = actions.publish(region(), by=SYSTEM)
    parties = region()["parties"]
    parties[0]["names"].append({"from": "2026-04-01", "value": "新ひばり県"})
    second = actions.publish(changed(parties=parties), by=SYSTEM)
    assert (first.number, second.number) == (1, 2)
    assert (Party.objects.count(), Body.objects.count(), Service.objects.count(), Stage.objects.count()) == (2, 3, 3, 2)
    assert Party.objects.get(pk="hibari").name == "新ひばり県"
    assert PlanVersion.objects.get(number=1).content == region()


@pytest.mark.covers("C66")
def test_a_provision_that_goes_is_withdrawn_and_comes_back() -> None:
    actions.publish(region(), by=SYSTEM)
    kept = Provision.objects.get(service="events")
    actions.publish(changed(provisions=region()["provisions"][1:]), by=SYSTEM)
    kept.refresh_from_db()
    assert (kept.withdrawn, providers("events")) == (True, [])
    again = region()
    again["provisions"][0]["source"] = "text"
    actions.publish(again, by=SYSTEM)
    kept.refresh_from_db()
    assert (kept.withdrawn, kept.source, Provision.objects.count()) == (False, "text", 4)


def test_a_body_that_goes_is_closed_and_comes_back() -> None:
    actions.publish(region(), by=SYSTEM)
    without = region()
    without["bodies"].pop()
    without["provisions"] = [p for p in without["provisions"] if p["body"] != "hibari-bank"]
    without["parties"][1]["roles"] = []
    actions.publish(without, by=SYSTEM)
    assert Body.objects.get(pk="hibari-bank").closed_on == dt.date(2026, 11, 25)
    assert Provision.objects.filter(body="hibari-bank", withdrawn=False).count() == 0
    actions.publish(region(), by=SYSTEM)
    assert Body.objects.get(pk="hibari-bank").closed_on is None


def test_two_bodies_may_swap_their_prefixes() -> None:
    actions.publish(region(), by=SYSTEM)
    swapped = region()
    swapped["bodies"][1]["number_prefix"], swapped["bodies"][2]["number_prefix"] = "銀", "試"
    actions.publish(swapped, by=SYSTEM)
    assert list(Body.objects.values_list("number_prefix", flat=True)) == ["県", "銀", "試"]


def test_a_prefix_of_a_body_that_left_stays_taken() -> None:
    actions.publish(region(), by=SYSTEM)
    renamed = region()
    renamed["bodies"][2]["code"] = "other-bank"
    renamed["parties"][1]["roles"] = []
    for provision in renamed["provisions"]:
        provision["body"] = provision["body"].replace("hibari-bank", "other-bank")
    with pytest.raises(Refused) as refusal:
        actions.publish(renamed, by=SYSTEM)
    assert refusal.value.code == "prefix_taken"
    assert not Body.objects.filter(pk="other-bank").exists()


def successor(**head: Any) -> dict[str, Any]:
    document = region()
    document["plan"] |= {"code": "hibari-next", "predecessor": "hibari-files", **head}
    document["plan"]["term"] = {"from": "2027-04-01", "to": "2032-03-31", "written": "次の5年"}
    document["targets"], document["targets_total"] = [], {"count": 0}
    document["bodies"][1]["name"] = "ひばり県工業研究所"
    return document


@pytest.mark.covers("C01", "C02")
def test_a_successor_shares_the_identity_rows_and_words_them() -> None:
    actions.publish(region(), by=SYSTEM)
    actions.publish(successor(), by=SYSTEM)
    assert Plan.objects.get(pk="hibari-next").predecessor_id == "hibari-files"
    assert Body.objects.get(pk="hibari-lab").name == "ひばり県工業研究所"
    old = region()
    old["bodies"][1]["name"] = "古い名の試験所"
    actions.publish(old, by=SYSTEM)
    assert Body.objects.get(pk="hibari-lab").name == "ひばり県工業研究所"
    assert (Body.objects.count(), Provision.objects.count()) == (3, 8)
    assert current_plan().pk == "hibari-files"
    assert current_plan(dt.date(2027, 4, 1)).pk == "hibari-next"


def test_a_successor_waits_for_its_predecessor() -> None:
    with pytest.raises(Refused) as refusal:
        actions.publish(successor(), by=SYSTEM)
    assert refusal.value.code == "no_predecessor"
    assert Plan.objects.count() == 0


def test_a_document_with_faults_is_refused_and_nothing_is_written() -> None:
    bad = changed(provisions=[{"service": "gone", "body": "hibari-lab", "source": "text"}])
    with pytest.raises(Refused) as refusal:
        actions.publish(bad, by=SYSTEM)
    assert refusal.value.code == "plan_faults"
    assert "gone" in refusal.value.message
    assert (Plan.objects.count(), Event.objects.count()) == (0, 0)


def test_only_the_system_publishes_a_new_plan_and_only_the_lead_party_changes_it() -> None:
    with pytest.raises(Refused) as first:
        actions.publish(region(), by=GUEST)
    actions.publish(region(), by=SYSTEM)
    with pytest.raises(Refused) as second:
        actions.publish(changed(document=[]), by=member("hibari-bank"))
    assert [first.value.code, second.value.code] == ["not_allowed", "not_allowed"]
    version = actions.publish(changed(document=[]), by=(lead := member("hibari-lab")))
    assert (version.number, version.published_by) == (2, lead.person)


# Drafts -----------------------------------------------------------------


@pytest.fixture
def plan() -> Plan:
    return actions.publish(region(), by=SYSTEM).plan


@pytest.mark.covers("C75")
def test_a_draft_is_saved_compared_and_published_by_the_lead_party(plan: Plan) -> None:
    lead = member("hibari-desk")
    draft = actions.open_draft(plan, by=lead)
    assert (draft.content, draft.based_on, draft.version, draft.saved_by) == (region(), 1, 0, lead.person)
    clocks = {**region()["clocks"], "idle": {"business_days": 15}}
    draft = actions.save_draft(plan, "clocks", clocks, by=lead, version=0)
    assert (draft.version, draft.content["clocks"]["idle"]) == (1, {"business_days": 15})
    assert content_now().clocks["idle"].business_days == 20
    with remembering(is_reading=False):  # the request that publishes has read the plan already, and shows the new one
        assert content_now().clocks["idle"].business_days == 20
        version = actions.publish_draft(plan, by=lead, version=1, note="短くする")
        assert content_now().clocks["idle"].business_days == 15
    assert (version.number, version.note, version.published_by) == (2, "短くする", lead.person)
    assert content_now().clocks["idle"].business_days == 15
    draft.refresh_from_db()
    assert (draft.based_on, draft.version, draft.content == version.content) == (2, 2, True)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == [
        "plan.publish", "plan.draft", "plan.save_draft", "plan.publish",
    ]  # fmt: skip


def refused(plan: Plan, act: str, **how: Any) -> str:
    with pytest.raises(Refused) as refusal:
        getattr(actions, act)(plan, *how.pop("args", ()), **how)
    return refusal.value.code


def test_nobody_else_touches_the_draft(plan: Plan) -> None:
    bank = member("hibari-bank")
    for actor in (bank, GUEST):
        assert refused(plan, "open_draft", by=actor) == "not_allowed"
        assert refused(plan, "save_draft", args=("clocks", {}), by=actor, version=0) == "not_allowed"
        assert refused(plan, "publish_draft", by=actor, version=0) == "not_allowed"
        assert refused(plan, "reset_draft", by=actor, version=0) == "not_allowed"
    assert PlanDraft.objects.count() == 0


def test_two_people_do_not_save_over_each_other(plan: Plan) -> None:
    one, other = member("hibari-desk"), member("hibari-lab")
    actions.save_draft(plan, "second_person", ["close"], by=one, version=0)
    assert refused(plan, "save_draft", args=("second_person", []), by=other, version=0) == "changed_meanwhile"
    assert refused(plan, "publish_draft", by=other, version=0) == "changed_meanwhile"
    assert refused(plan, "reset_draft", by=other, version=0) == "changed_meanwhile"
    assert PlanDraft.objects.get().content["second_person"] == ["close"]


def test_a_draft_does_not_undo_a_version_published_meanwhile(plan: Plan) -> None:
    lead = member("hibari-desk")
    actions.save_draft(plan, "second_person", ["close"], by=lead, version=0)
    actions.publish(changed(areas_note="重なる"), by=SYSTEM)
    assert refused(plan, "publish_draft", by=lead, version=1) == "changed_meanwhile"
    draft = actions.reset_draft(plan, by=lead, version=1)
    assert (draft.content, draft.based_on, draft.version) == (changed(areas_note="重なる"), 2, 2)
    assert Event.objects.latest("pk").verb == "plan.reset_draft"


def test_a_draft_may_wait_for_its_other_half_but_not_be_published(plan: Plan) -> None:
    lead = member("hibari-desk")
    services = [*region()["services"], {"code": "new", "stage": "9", "name": "新しい", "short": "新しい"}]
    actions.save_draft(plan, "services", services, by=lead, version=0)
    assert refused(plan, "publish_draft", by=lead, version=1) == "plan_faults"
    stages = [*region()["stages"], {"code": "9", "name": "九", "short": "九"}]
    actions.save_draft(plan, "stages", stages, by=lead, version=1)
    assert actions.publish_draft(plan, by=lead, version=2).number == 2
    assert Service.objects.get(pk="new").stage_id == "9"


def test_a_draft_without_changes_is_not_published(plan: Plan) -> None:
    assert refused(plan, "publish_draft", by=member("hibari-desk"), version=0) == "nothing_changed"


@pytest.mark.parametrize(
    ("section", "value", "code"),
    [
        ("colours", {}, "unknown_section"),
        ("clocks", {"idle": 5}, "plan_faults"),
        ("clocks", "<script>", "plan_faults"),
        ("bodies", None, "plan_faults"),
        ("plan", {**region()["plan"], "code": "other"}, "plan_code"),
    ],
)
def test_a_section_of_the_wrong_shape_is_refused(plan: Plan, section: str, value: Any, code: str) -> None:
    assert refused(plan, "save_draft", args=(section, value), by=member("hibari-desk"), version=0) == code


def test_there_is_no_draft_of_a_plan_never_published(plan: Plan) -> None:
    empty = Plan.objects.create(
        code="empty", title="空", term_to=dt.date(2030, 3, 31), front_desk_id="hibari-desk", lead_party_id="hibari"
    )
    assert refused(empty, "open_draft", by=SYSTEM) == "not_published"
    with pytest.raises(Refused) as refusal:
        actions.export(empty, Path("nowhere"))
    assert refusal.value.code == "not_published"


# Round trip ---------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


def _plans(draw: st.DrawFn) -> dict[str, Any]:
    document = copy.deepcopy(region())
    document["plan"]["title"] = draw(WORDS)
    document["plan"]["approval"]["written"] = draw(WORDS)
    document["notes"] = [{"code": f"n{n}", "title": draw(WORDS), "note": draw(WORDS)} for n in range(draw(st.integers(0, 3)))]
    document["second_person"] = draw(st.sets(st.sampled_from(["close", "send_outside"])).map(sorted))
    document["indicators"] = [
        {"area": draw(st.sampled_from(["", "north"])), "name": draw(WORDS), "value": draw(st.floats(-1e15, 1e15)),
         "unit": "%", "written": draw(WORDS)}
        for _ in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    document["vocabularies"]["themes"] = [
        {"code": code, "name": draw(WORDS)} for code in draw(st.sets(st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True), max_size=4))
    ]
    document["provisions"][0] |= draw(st.sampled_from([{}, {"from": None}, {"from": "2024-04-01", "to": "2026-03-31"}]))
    return document


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=st.composite(_plans)())
def test_what_is_exported_publishes_to_the_same_plan(document: dict[str, Any], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("plan")
    version = actions.publish(document, by=SYSTEM)
    actions.export(version.plan, folder)
    source = load(folder)
    assert (source.document, source.faults) == (document, [])
    assert actions.publish(source.document, by=SYSTEM) == version


def test_the_shipped_plans_survive_export_too(tmp_path: Path) -> None:
    for code, folder in builtin_plans().items():
        version = actions.publish(load(folder).document, by=SYSTEM)
        version.refresh_from_db()
        actions.export(version.plan, tmp_path / code)
        assert load(tmp_path / code).document == load(folder).document == version.content
    assert Provision.objects.count() == 66
    assert Body.objects.filter(closed_on__isnull=True).count() == 11
    assert current_plan().pk == "chiba-next"


# Under the web login --------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_web_login_may_publish_a_draft(login: Any, transactional_db: None) -> None:
    """Publishing needs no DELETE and no ownership, so the lead party can do it on screen."""
    plan = actions.publish(region(), by=SYSTEM).plan
    lead = member("hibari-desk")
    apply_grants()
    provisions = region()["provisions"][1:]
    with login("web"):
        with acting(lead):
            actions.save_draft(plan, "provisions", provisions, by=lead, version=0)
        with acting(lead):
            version = actions.publish_draft(plan, by=lead, version=1)
        assert (version.number, Provision.objects.filter(withdrawn=True).count()) == (2, 1)
