"""Who is asked next: nobody who said no, nobody who was asked already, in the plan's order; and what the matcher knows."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.cases.actions.answers import decline, withdraw_support
from renkei.cases.actions.offers import offer_next, recall, send_offers
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Consultation, Passage, Support
from renkei.cases.queries.facts import facts_of
from renkei.cases.queries.next_best import asked_in_vain, next_candidates
from renkei.plan.models import Body, Provision
from tests.cases.making import NOON, arrived, company, fresh, leave, need_of, offered, pick, refuses
from tests.world import BANK, CENTER, DESK, LAB, World

SERVICE = "tech-consultation"
MORE = ["hibari-north", "hibari-south", "hibari-east"]
ALL = [LAB, CENTER, *MORE]  # in the plan's order
GONE = {"declined", "expired", "offered", "accepted", "under_way", "done"}
STATES = [*sorted(GONE), "recalled", "withdrawn", "proposed", "never"]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    """Three more bodies that give technical advice."""
    party = Body.objects.get(pk=LAB).party
    for place, code in enumerate(MORE):
        body = Body.objects.create(code=code, party=party, number="⑨", name=f"試験所{place}", short=f"試{place}", kind="lab",
                                   number_prefix=f"試{place}", mail=f"{code}@hibari.example", order=10 + place)
        Provision.objects.create(plan=world.plan, service_id=SERVICE, body=body, source="both")
    return world


def put(case: Case, body: str, state: str, *, service: str = SERVICE) -> Support:
    """A support in a state, written directly: only who stands where matters here."""
    asked = {} if state == "proposed" else {"offered_at": NOON, "leaves_at": NOON, "due_on": NOON.date()}
    return Support.objects.create(
        case=case, need=case.needs.get(), service_id=service, body_id=body, state=state, asked_by_body_id=DESK, made_at=NOON,
        answered_at=NOON, decline_reason="busy" if state == "declined" else "", done_on=NOON.date(), **asked,
    )  # fmt: skip


def bodies(support: Support) -> list[str]:
    return [one.body for one in next_candidates(fresh(support)) if one.service == SERVICE]


@settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))
@given(states=st.lists(st.sampled_from(STATES), min_size=4, max_size=4))
def test_whoever_stands_anywhere_is_not_proposed_and_the_rest_is(region: World, states: list[str]) -> None:
    Support.objects.all().delete()
    case = Case.objects.first() or need_of(arrived(region).case, region).case
    first = put(case, ALL[0], "declined")
    for body, state in zip(ALL[1:], states, strict=True):
        if state != "never":
            put(case, body, state)
    found = bodies(first)
    assert found == [body for body, state in zip(ALL[1:], states, strict=True) if state not in GONE]
    assert len({(one.service, one.body) for one in next_candidates(first)}) == len(next_candidates(first))


@pytest.mark.parametrize("said_no", [pair for size in (1, 2, 3) for pair in combinations(ALL[1:4], size)])
def test_one_after_another_says_no_and_none_comes_back(region: World, said_no: tuple[str, ...]) -> None:
    support = offered(region, service=SERVICE)
    decline(support, by=region.lab, reason="busy")
    for body in said_no:
        support = put(support.case, body, "declined")
        assert not {*said_no[: said_no.index(body) + 1], LAB} & set(bodies(support))
    assert asked_in_vain(support) == {(SERVICE, body) for body in (LAB, *said_no)}


def test_a_no_for_one_problem_is_none_for_another(region: World) -> None:
    first = offered(region, service=SERVICE)
    decline(first, by=region.lab, reason="busy")
    other = need_of(arrived(region).case, region)
    second = send_offers(fresh(other.case), [pick(other, CENTER, SERVICE)], by=region.desk)[0]
    leave(second)
    decline(second, by=region.center, reason="busy")
    assert asked_in_vain(second) == {(SERVICE, CENTER)}
    assert LAB in bodies(second)
    assert CENTER in bodies(first)


def test_a_body_that_left_the_plan_is_not_proposed(region: World) -> None:
    support = offered(region, service=SERVICE)
    decline(support, by=region.lab, reason="busy")
    Provision.objects.filter(body=CENTER).update(valid_to=NOON.date() - dt.timedelta(days=1))
    Provision.objects.filter(body=MORE[0]).update(withdrawn=True)
    Body.objects.filter(pk=MORE[1]).update(closed_on=NOON.date())
    assert bodies(support) == [MORE[2]]
    with refuses("no_provision", "body"):
        offer_next(fresh(support), by=region.desk, body=CENTER)


def test_the_next_is_asked_in_the_same_words_classes_and_role(region: World) -> None:
    first = offered(region, service=SERVICE, classes=["technical"], takes_over=True, origin="asked", ask="測ってほしい")
    decline(first, by=region.lab, reason="busy")
    second = offer_next(fresh(first), by=region.desk, body=CENTER)
    assert (second.classes, second.takes_over, second.origin, second.takes_over_from_id) == (
        ["summary", "technical"], True, "asked", DESK)
    assert Passage.objects.get(support=second).text == "測ってほしい"


def test_other_words_and_fewer_classes_are_taken(region: World) -> None:
    first = offered(region, service=SERVICE, classes=["technical"])
    decline(first, by=region.lab, reason="busy")
    second = offer_next(fresh(first), by=region.desk, body=CENTER, ask="急ぎです", classes=[], due_on=dt.date(2026, 12, 25))
    assert (second.classes, second.due_on) == (["summary"], dt.date(2026, 12, 25))
    assert Passage.objects.get(support=second).text == "急ぎです"


def test_a_bank_is_not_shown_technical_matters_because_a_lab_was(region: World) -> None:
    first = offered(region, service=SERVICE, classes=["technical"])
    decline(first, by=region.lab, reason="busy")
    with refuses("no_consent", "classes"):
        offer_next(fresh(first), by=region.desk, body=BANK, service="loan")
    assert offer_next(fresh(first), by=region.desk, body=BANK, service="loan", classes=[]).classes == ["summary"]


@pytest.mark.parametrize("state", ["offered", "accepted", "withdrawn"])
def test_only_after_a_no_silence_or_recall(region: World, state: str) -> None:
    support = put(need_of(arrived(region).case, region).case, LAB, state)
    with refuses("still_open"):
        offer_next(support, by=region.desk, body=CENTER)


def test_after_a_recall_even_the_same_body_may_be_asked(region: World) -> None:
    support = offered(region, left=False, service=SERVICE)
    recall(support, by=region.desk)
    assert bodies(support)[0] == CENTER  # this one was taken back: the others come first
    assert offer_next(fresh(support), by=region.desk, body=LAB).state == "offered"


def test_what_was_withdrawn_may_be_asked_again(region: World) -> None:
    first, second = send_offers((need := need_of(arrived(region).case, region)).case, [
        pick(need, service=SERVICE), pick(need, CENTER, SERVICE)], by=region.desk)  # fmt: skip
    leave(first, second)
    withdraw_support(second, by=region.desk, reason="会社の都合")
    decline(first, by=region.lab, reason="busy")
    assert bodies(first) == [CENTER, *MORE]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({}, "次の候補に頼む（センター、試0）"),
        ({CENTER: "declined", MORE[0]: "accepted", MORE[1]: "offered"}, "次の候補に頼む（試2）"),
        ({CENTER: "declined", MORE[0]: "expired", MORE[1]: "done", MORE[2]: "under_way"}, "次に頼む機関を決める"),
    ],
)  # fmt: skip
def test_when_a_deadline_passes_the_holder_reads_two_names_at_most(
    region: World, states: dict[str, str], words: str
) -> None:
    support = offered(region, service=SERVICE)
    for body, state in states.items():
        put(support.case, body, state)
    Support.objects.exclude(pk=support.pk).update(due_on=dt.date(2027, 3, 1))
    for day in (2, 3, 7):
        with clock.moved_to(clock.at(dt.date(2026, 12, day))):
            run_clocks()
    assert (fresh(support).state, fresh(support.case).next_step) == ("expired", words)


class TestFacts:
    """What the matcher is told of the firm: its profile as it stands, its answers, the later one first."""

    def test_without_a_firm_only_the_answers_are_known(self, world: World) -> None:
        case = arrived(world).case
        facts = facts_of(case, [Consultation(facts={"size": 30, "plan": "春"})])
        assert (facts.employees, facts.municipality, dict(facts.answers)) == (None, None, {"size": "30", "plan": "春"})

    def test_the_later_answer_replaces_the_earlier_one(self, world: World) -> None:
        case = arrived(world).case
        said = [Consultation(facts=one) for one in ({"size": "30", "plan": "春"}, {"size": "45"})]
        assert dict(facts_of(case, said).answers) == {"size": "45", "plan": "春"}

    def test_the_profile_is_read_where_it_says_something(self, world: World) -> None:
        firm = company(employees=0, capital_yen=10_000_000, municipality_id="999016", jsic_code="")
        facts = facts_of(arrived(world, company=firm).case, [])
        assert (facts.employees, facts.capital_yen, facts.municipality, facts.jsic, dict(facts.answers)) == (
            0, 10_000_000, "999016", None, {})
