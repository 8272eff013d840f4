"""The example region: made by the actions people use, the same at every loading, marked fictional."""

from __future__ import annotations

import collections
import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Q
from django.test import Client

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.fiscal_year import FiscalYear
from renkei.base.grants import apply_grants
from renkei.base.text import search_key
from renkei.cases.models import Case, Consent, Consultation, FollowUp, Gap, Need, Register, Support, Transition
from renkei.cases.queries.shares import shared_projects
from renkei.cases.states import CaseState, SupportState
from renkei.companies.models import Company
from renkei.example.catalogue import load_catalogue
from renkei.example.files import PASSWORD, rows
from renkei.example.load import load_example
from renkei.matching.models import Entry, Judgment
from renkei.meetings.models import AgendaItem, Meeting, Task, TrendNote
from renkei.plan.commands import publish_built_in
from renkei.plan.models import Body
from renkei.plan.queries import current_plan, front_desk, is_business_day
from renkei.post.models import Mail, MailState, ScreenMail
from renkei.reporting.models import ClosedPeriod, PublishedFigure, Report
from renkei.research.models import Activity, ActivityReport, Bridge
from tests.ground import Ground

# Loading takes most of a minute: it is done once, by one process (``TOGETHER`` in tests/conftest.py), at the beginning.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def region(django_db_setup: Ground, django_db_blocker: Any) -> Any:
    """Load once for the module, and take everything back at the end."""
    with django_db_blocker.unblock():
        publish_built_in()
        said: list[str] = []
        count = load_example(said.append)
        yield count, said
        if django_db_setup.superuser is not None:
            django_db_setup.clear()
            return
        with connection.cursor() as cursor:
            tables = [name for name in connection.introspection.table_names() if not name.startswith("django_mig")]
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        apply_grants()  # the table of logins is empty: without it the database takes every login for the owner's


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


@pytest.mark.django_db
def test_firms_were_asked_what_became_of_their_cases_and_some_answered(region: Any) -> None:
    answered = FollowUp.objects.answered()
    assert answered.count() >= 10
    assert set(answered.values_list("how", flat=True)) == {"link", "telephone"}
    assert {"yes", "partly"} <= set(answered.values_list("useful", flat=True))
    assert {"no", "other"} <= set(answered.values_list("trouble", flat=True))
    assert FollowUp.objects.filter(ended_because="silent").exists()
    assert FollowUp.objects.planned().filter(due_on__gt=clock.today()).exists()
    assert not FollowUp.objects.filter(asked_at__date__lt=F("due_on")).exists()
    assert not FollowUp.objects.filter(answered_at__gt=clock.now()).exists()


@pytest.mark.django_db
def test_meetings_were_held_and_the_next_is_called_with_a_hard_case(region: Any) -> None:
    held = Meeting.objects.counted()
    assert {one.series for one in held} == {one.series for one in Meeting.objects.filter(state="planned")} == {"working", "full"}
    assert collections.Counter(held.values_list("state", flat=True)) == {"locked": 4, "checking": 1}
    assert not Meeting.objects.filter(state="planned", held_on__lt=clock.today()).exists()
    assert AgendaItem.objects.filter(kind="case", outcome="").count() == 1
    assert AgendaItem.objects.filter(kind="case", level="all").count() == 0  # no firm has confirmed words without a name
    assert not AgendaItem.objects.filter(meeting__in=held, outcome="").exists()
    assert Task.objects.filter(item__kind="case").count() == AgendaItem.objects.filter(kind="case", outcome="helped").count()


@pytest.mark.django_db
def test_projects_are_agreed_refused_waiting_and_not_proposed_and_banks_told_meetings(region: Any) -> None:
    found = {one.number: one for one in shared_projects(SYSTEM)}
    said = {number: "agreed" if one.held else "none" if one.newest is None else "refused" if one.newest.refused else "waits" for number, one in found.items()}
    assert sorted(said.values()) == ["agreed", "none", "none", "refused", "waits"]
    assert set(TrendNote.objects.values_list("body__kind", flat=True)) == {"bank"}
    assert set(TrendNote.objects.values_list("basis", flat=True)) == {"anonymous", "consent"}


@pytest.mark.django_db
def test_the_last_year_is_closed_published_and_reported_once_its_day_has_come(region: Any) -> None:
    last = FiscalYear(FiscalYear.of(clock.today()).start_year - 1)
    has_come = clock.today() > last.last_day + dt.timedelta(days=60)
    assert [one.fiscal_year for one in ClosedPeriod.objects.all()] == ([last.start_year] if has_come else [])
    assert PublishedFigure.objects.filter(figure="consultations", value__gt=0).exists() == has_come
    assert [(one.kind, one.fiscal_year, one.is_approved) for one in Report.objects.all()] == ([("year", last.start_year, True)] if has_come else [])


@pytest.mark.django_db
def test_answers_are_there_to_learn_from(region: Any) -> None:
    assert set(Judgment.objects.values_list("origin", "fits")) == {("accepted", True), ("declined", False)}


@pytest.mark.django_db
def test_the_desk_said_what_presses_firms_and_what_they_want(region: Any) -> None:
    assert Case.objects.exclude(pressures=[]).exists()
    assert Case.objects.exclude(purposes=[]).exists()


# P1: one holder, one next step ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_case_has_a_holder_that_may_act_and_a_number_of_its_own(region: Any) -> None:
    assert not Case.objects.filter(holder__closed_on__isnull=False).exists()
    numbers = list(Case.objects.values_list("number", flat=True))
    assert len(set(numbers)) == len(numbers)
    assert not Case.objects.exclude(holder_person__isnull=True).exclude(
        holder_person__memberships__body_id=F("holder_id")
    ).exists()


@pytest.mark.django_db
def test_every_next_step_says_what_who_and_when(region: Any) -> None:
    cases = Case.objects.open()
    assert cases.exists()
    assert not cases.filter(Q(next_step="") | Q(next_on__isnull=True) | Q(next_body__isnull=True) | Q(next_kind="")).exists()
    days = set(cases.filter(next_on__gte=clock.today()).values_list("next_on", flat=True))
    assert [day for day in sorted(days) if not is_business_day(day)] == []


@pytest.mark.django_db
def test_what_is_closed_has_a_reason_of_the_plan_and_nothing_open_in_it(region: Any) -> None:
    closed = Case.objects.filter(state=CaseState.CLOSED)
    assert closed.count() >= 20
    assert not closed.filter(close_reason="").exists()
    assert not Support.objects.filter(case__in=closed, state__in=[SupportState.OFFERED, SupportState.ACCEPTED, SupportState.UNDER_WAY]).exists()
    assert not Need.objects.filter(case__in=closed, state="open").exists()


@pytest.mark.django_db
def test_case_and_consultation_were_born_together(region: Any) -> None:
    assert Consultation.objects.filter(case__isnull=True).count() == 0
    assert set(Case.objects.annotate(n=Count("consultations")).values_list("n", flat=True)) == {1}


@pytest.mark.django_db
def test_at_most_one_takeover_is_offered_in_a_case(region: Any) -> None:
    offered = Support.objects.filter(takes_over=True, state=SupportState.OFFERED).values("case").annotate(n=Count("pk"))
    assert [row for row in offered if row["n"] > 1] == []


# P2: the company decides ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_body_that_was_asked_had_the_firms_consent(region: Any) -> None:
    asked = Support.objects.exclude(state=SupportState.PROPOSED).exclude(body=F("case__received_by"))
    asked = asked.exclude(body=front_desk())
    assert asked.count() > 50
    pairs = set(Consent.objects.filter(klass="summary").values_list("case", "body"))
    assert [str(one) for one in asked if (one.case_id, one.body_id) not in pairs] == []


@pytest.mark.django_db
def test_no_bank_was_shown_technical_matters(region: Any) -> None:
    assert Support.objects.filter(body__kind="bank").exists()
    assert not Consent.objects.filter(body__kind="bank", klass="technical").exists()


@pytest.mark.django_db
def test_some_consent_was_taken_back(region: Any) -> None:
    assert Consent.objects.filter(withdrawn_at__isnull=False).exists()
    assert not Consent.objects.filter(withdrawn_at__gt=clock.now()).exists()


# By the actions people use -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_state_of_every_support_was_reached_by_a_step(region: Any) -> None:
    reached = set(Transition.objects.values_list("subject", "to_state"))
    supports = Support.objects.exclude(state=SupportState.PROPOSED).values_list("pk", "state")
    assert [one for one in supports if one not in reached] == []
    assert Event.objects.count() >= Transition.objects.count() / 2


@pytest.mark.django_db
def test_numbers_run_without_a_gap_in_each_register(region: Any) -> None:
    used = sum(Register.objects.values_list("last", flat=True))
    assert used == Case.objects.count()


@pytest.mark.django_db
def test_steps_were_taken_in_the_hours_of_an_office(region: Any) -> None:
    hours = {moment.astimezone(clock.JST).hour for moment in Case.objects.exclude(
        arrived_at__date__gte=clock.today() - dt.timedelta(days=1)).values_list("arrived_at", flat=True)}  # fmt: skip
    assert hours <= set(range(9, 18))


@pytest.mark.django_db
def test_old_mails_have_left_and_the_last_weeks_lie_on_the_screen(region: Any) -> None:
    week_ago = clock.now() - dt.timedelta(days=7, hours=1)
    assert not Mail.objects.filter(state=MailState.WAITING, not_before__lt=week_ago).exists()
    assert Mail.objects.filter(state=MailState.SENT).count() > 100
    assert 0 < ScreenMail.objects.count() < Mail.objects.count()
    assert not ScreenMail.objects.filter(sent_at__lt=week_ago).exists()
    assert not [to for to in Mail.objects.values_list("to", flat=True).distinct() if not to.endswith(".example")]


# People and catalogue ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_somebody_of_every_body_signs_in_and_sees_the_day(region: Any) -> None:
    for body in Body.objects.all():
        member = Membership.objects.current().filter(body=body).select_related("person").order_by("pk").first()
        assert member is not None
        client = Client()
        answer = client.post("/accounts/login/", {"login": member.person.email, "password": PASSWORD})
        assert answer.status_code == 302, body.pk
        page = client.get(f"/d/{body.pk}/")
        assert page.status_code == 200, body.pk
        assert body.name in page.content.decode()
        assert "架空" in page.content.decode()


@pytest.mark.django_db
def test_every_row_of_staff_and_firms_is_there_once(region: Any) -> None:
    assert set(Person.objects.values_list("email", flat=True)) == {row["email"] for row in rows("staff.jsonl")}
    assert set(Company.objects.values_list("name", flat=True)) == {row["name"] for row in rows("companies.jsonl")}
    assert Case.objects.count() == len(list(rows("stories.jsonl")))


@pytest.mark.django_db
def test_the_catalogue_a_second_time_changes_nothing(region: Any) -> None:
    before = Entry.objects.count()
    assert load_catalogue() == 0
    assert Entry.objects.count() == before


@pytest.mark.django_db
def test_coordinators_log_bridge_and_report_and_no_report_names_a_firm(region: Any) -> None:
    lines = Activity.objects.order_by().values_list("body_id", "person_id").distinct()
    assert (Activity.objects.count(), len(lines), len({body for body, _person in lines})) == (36, 3, 1)
    assert Bridge.objects.exists()
    assert "tabled" in set(ActivityReport.objects.values_list("state", flat=True))
    names = [name for name in Company.objects.values_list("name_key", flat=True) if name]
    assert [name for text in ActivityReport.objects.values_list("text", flat=True) for name in names if name in search_key(text)] == []
    assert [name for what, words in Gap.objects.values_list("what", "words") for name in names if name in search_key(what + words)] == []
    assert Gap.objects.exists()


@pytest.mark.django_db
def test_two_needs_and_an_example_are_found_without_a_name(region: Any) -> None:
    listed = Entry.objects.standing().filter(kept_by="cases").order_by("kind", "name")
    assert [(one.kind, one.name) for one in listed] == [
        ("example", "難削材を夜に無人で削ると工具が欠ける"), ("need", "光学部品の薄い膜が高い湿度ではがれる"), ("need", "熱い薬液が軸の封止から漏れる")]  # fmt: skip
