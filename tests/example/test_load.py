"""The example region: made by the actions people use, the same at every loading, marked fictional."""

from __future__ import annotations

import collections
from typing import Any

import pytest
from django.db import connection

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Case, Support, Transition
from renkei.cases.states import CaseState, SupportState
from renkei.companies.models import Company
from renkei.example.load import load_example
from renkei.matching.models import Entry
from renkei.plan.commands import publish_built_in
from renkei.plan.models import Body
from renkei.plan.queries import current_plan, front_desk


@pytest.fixture(scope="module")
def region(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Load once for the module, and take everything back at the end."""
    with django_db_blocker.unblock():
        publish_built_in()
        said: list[str] = []
        count = load_example(said.append)
        yield count, said
        with connection.cursor() as cursor:
            tables = [name for name in connection.introspection.table_names() if not name.startswith("django_mig")]
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


@pytest.mark.django_db
def test_about_150_cases_over_two_fiscal_years(region: Any) -> None:
    count, said = region
    assert count == Case.objects.count() >= 145
    assert said
    years = {FiscalYear.of(day.astimezone(clock.JST).date()) for day in Case.objects.values_list("arrived_at", flat=True)}
    assert len(years) >= 2


@pytest.mark.django_db
def test_firms_people_and_catalogue(region: Any) -> None:
    assert Company.objects.count() == 60
    assert set(Membership.objects.values_list("body_id", flat=True)) == set(Body.objects.values_list("pk", flat=True))
    assert Entry.objects.count() > 500
    assert current_plan().is_fictional


@pytest.mark.django_db
def test_at_least_twelve_wait_untriaged(region: Any) -> None:
    assert Case.objects.filter(state=CaseState.ARRIVED, holder=front_desk()).count() >= 12


@pytest.mark.django_db
def test_every_state_occurs(region: Any) -> None:
    assert set(Case.objects.values_list("state", flat=True)) == set(CaseState)
    states = collections.Counter(Support.objects.values_list("state", flat=True))
    assert set(states) >= {
        SupportState.OFFERED, SupportState.ACCEPTED, SupportState.DONE, SupportState.DECLINED, SupportState.EXPIRED,
    }  # fmt: skip


@pytest.mark.django_db
def test_nothing_is_without_holder_or_next_step(region: Any) -> None:
    open_cases = Case.objects.open()
    assert not open_cases.filter(next_on__isnull=True).exists()
    assert not open_cases.filter(next_step="").exists()
    late = open_cases.overdue().count()
    assert 0 < late < open_cases.count() / 3


@pytest.mark.django_db
def test_no_step_lies_in_the_future(region: Any) -> None:
    assert not Transition.objects.filter(recorded_at__gt=clock.now()).exists()


@pytest.mark.django_db
def test_loading_twice_does_nothing(region: Any) -> None:
    before = Case.objects.count()
    assert load_example(lambda _text: None) == 0
    assert Case.objects.count() == before
