"""What was done for a firm before, as far as one may see it."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import accept, finish_support
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.merging import merge_cases
from renkei.cases.queries.history import company_history
from tests.cases.making import NOON, arrived, company, fresh, offered
from tests.world import World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def test_open_ones_first_with_result_and_what_helped(world: World) -> None:
    known = company()
    old = arrived(world, company=known).case
    finish_support(accept(offered(world, case=old), by=world.lab), by=world.lab, text="測った")
    close_case(fresh(old), by=world.desk, reason="solved", words="済", result="solved", needs="settled")
    new, twin = (arrived(world, company=known).case for _turn in range(2))
    merge_cases(new, twin, by=world.desk)
    arrived(world, company=company(name="ほかの会社"))
    past = company_history(known, actor=world.desk)
    assert [(one.case.pk, one.result, one.helped, one.closed_on is None) for one in past] == [
        (new.pk, "", 0, True), (old.pk, "解決した", 1, False)]
    assert past[0].arrived_on == clock.today()


def test_a_body_sees_only_what_it_was_asked(world: World) -> None:
    known = company()
    asked, _other = (arrived(world, company=known).case for _turn in range(2))
    offered(world, case=asked)
    assert [one.case.pk for one in company_history(known, actor=world.lab)] == [asked.pk]
    assert company_history(known, actor=world.bank) == []
