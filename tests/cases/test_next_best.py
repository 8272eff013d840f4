"""Who could be asked next."""

from __future__ import annotations

import pytest

from renkei.cases.actions.answers import decline
from renkei.cases.actions.offers import send_offers
from renkei.cases.queries.next_best import asked_in_vain, next_candidates
from renkei.plan.models import Provision
from tests.cases.making import arrived, company, fresh, need_of, offered, pick
from tests.world import BANK, CENTER, LAB, World


@pytest.mark.covers("C27", "C92")
def test_after_a_no_the_other_bodies_of_the_service_come_first(world: World) -> None:
    support = offered(world, service="tech-consultation", case=arrived(world, company=company(employees=33)).case)
    decline(support, by=world.lab, reason="busy")
    found = next_candidates(fresh(support))
    assert [c.body for c in found if c.service == "tech-consultation"] == [CENTER]
    assert ("tech-consultation", LAB) not in {(c.service, c.body) for c in found}


def test_who_was_asked_already_is_not_proposed_again(world: World) -> None:
    case = arrived(world).case
    need = need_of(case, world)
    one, two = send_offers(case, [pick(need, service="tech-consultation"), pick(need, CENTER, "tech-consultation")],
                           by=world.desk)  # fmt: skip
    decline(one, by=world.lab, reason="busy")
    assert [c for c in next_candidates(fresh(one)) if c.service == "tech-consultation"] == []
    decline(two, by=world.center, reason="busy")
    assert asked_in_vain(fresh(two)) == {("tech-consultation", LAB), ("tech-consultation", CENTER)}


def test_only_who_offers_it_today(world: World) -> None:
    Provision.objects.create(plan=world.plan, service_id="equipment-tests", body_id=BANK, source="text", withdrawn=True)
    support = offered(world)
    decline(support, by=world.lab, reason="busy")
    assert [c.body for c in next_candidates(fresh(support)) if c.service == "equipment-tests"] == []


def test_case_without_words_uses_its_summary(world: World) -> None:
    support = offered(world, service="tech-consultation")
    support.case.consultations.update(text="あ")
    decline(support, by=world.lab, reason="busy")
    assert CENTER in {c.body for c in next_candidates(fresh(support))}
