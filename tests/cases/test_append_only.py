"""Steps are written once: under no login can one be changed, removed, emptied away, backdated by a trick, or foisted
on a case one does not see. And what each step says about when it happened and when that was recorded."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.context import acting
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.intake import receive
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Contact, Transition, Verb, log_step
from renkei.plan.models import Body, Field
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, company, fresh, need_of, offered, refuses, said
from tests.cases.test_register import CLOSED, OPEN, run
from tests.world import DESK, LAB, World

TABLES = ["cases_transition", "cases_contact"]
CHANGES = [
    "UPDATE {table} SET case_id = case_id", "UPDATE {table} SET recorded_at = '2020-01-01'", "DELETE FROM {table}",
    "TRUNCATE {table}", "TRUNCATE {table} CASCADE",
    "INSERT INTO {table} SELECT * FROM {table} LIMIT 1 ON CONFLICT (id) DO UPDATE SET recorded_at = '2020-01-01'",
    "WITH gone AS (DELETE FROM {table} RETURNING id) SELECT count(*) FROM gone",
]  # fmt: skip
TRICKS = [
    "ALTER TABLE {table} DISABLE TRIGGER ALL", "SET session_replication_role = replica", "DROP TABLE {table}",
    "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY", "CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "COPY {table} FROM PROGRAM 'true'", "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "SELECT id FROM {table} FOR UPDATE",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def rows(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t::text FROM {table} t ORDER BY id")
        return list(cursor.fetchall())


def told(world: World) -> Case:
    """A case with steps and contacts."""
    case = arrived(world).case
    log_contact(case, by=world.desk, channel="phone", text="話した")
    return case


def fails(statement: str) -> bool:
    """Tell whether the statement is refused; what it did is rolled back."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


class TestNobodyChanges:
    @pytest.mark.parametrize("table", TABLES)
    def test_not_even_the_owner_by_a_statement(self, world: World, table: str) -> None:
        told(world)
        before = rows(table)
        allowed = [change for change in CHANGES if not change.startswith("TRUNCATE") and not fails(change.format(table=table))]
        assert allowed == []
        assert rows(table) == before != []

    @pytest.mark.parametrize("part", ["web", "worker"])
    def test_neither_login_by_a_statement_or_a_trick(self, committed_world: World, login: Any, part: str) -> None:
        world = committed_world
        told(world)
        before = [rows(table) for table in TABLES]
        actor = world.desk if part == "web" else SYSTEM
        with login(part):
            for table in TABLES:
                with acting(actor):
                    with connection.cursor() as cursor:
                        cursor.execute(f"SELECT count(*) FROM {table}")
                        assert cursor.fetchone() != (0,), "there must be something that could be changed"
                    statements = [one.format(table=table) for one in CHANGES + TRICKS]
                    assert [one for one in statements if not fails(one)] == []
        assert [rows(table) for table in TABLES] == before

    def test_nor_python_through_its_models(self, world: World) -> None:
        told(world)
        step, contact = Transition.objects.earliest("recorded_at"), Contact.objects.get()
        step.happened_on, contact.text = dt.date(2020, 1, 1), "別の話"
        for deed in (step.save, contact.save, step.delete, contact.delete, Transition.objects.all().delete,
                     lambda: Transition.objects.update(person_name="だれか"),
                     lambda: Transition.objects.bulk_update([step], ["happened_on"])):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic():
                deed()
        assert (fresh(step).happened_on, fresh(contact).text) == (dt.date(2026, 11, 25), "話した")


class TestNobodyForges:
    @pytest.mark.parametrize("column", ["verb", "happened_on", "recorded_at", "case_id", "actor_kind", "subject"])
    def test_a_step_is_whole(self, world: World, column: str) -> None:
        told(world)
        names = [field.column for field in Transition._meta.concrete_fields]
        values = ", ".join({"id": "gen_random_uuid()", column: "NULL"}.get(name, name) for name in names)
        with pytest.raises(IntegrityError, match=column), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO cases_transition ({', '.join(names)}) SELECT {values} FROM cases_transition LIMIT 1")

    @pytest.mark.parametrize("verb", ["", "RECEIVED", "deleted", "received ", "何か"])
    def test_only_verbs_the_house_knows(self, world: World, verb: str) -> None:
        case = told(world)
        with pytest.raises(IntegrityError, match="transition_verb"), transaction.atomic():
            log_step(case, verb, by=world.desk)  # type: ignore[arg-type]  what a slip would write

    def test_who_does_not_see_the_case_writes_no_step_in_it(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case, other = told(world), arrived(world).case
        strangers: list[Actor] = [world.lab, world.bank, GUEST, firm(other)]
        for actor in strangers:
            with pytest.raises(DatabaseError, match="row-level security"), web(login, actor):
                log_step(case, Verb.CLOSED, by=actor)
        assert set(case.transitions.values_list("verb", flat=True)) == {"received", "contact"}

    def test_the_web_login_cannot_call_itself_the_system(self, committed_world: World, login: Any) -> None:
        case = told(committed_world)
        with pytest.raises(DatabaseError, match="row-level security"), web(login, SYSTEM):
            log_step(case, Verb.CLOSED, by=SYSTEM)

    def test_a_body_that_was_asked_reads_its_own_part_only(self, committed_world: World, login: Any) -> None:
        world = committed_world
        support = offered(world)
        log_contact(support.case, by=world.desk, channel="phone", text="窓口の話")
        with web(login, world.lab):
            assert {step.verb for step in Transition.objects.all()} == {"offered", "consent_given"}
        with web(login, world.center):
            assert not Transition.objects.exists()


class TestWhen:
    def test_recorded_is_now_and_happened_is_today_unless_said(self, world: World) -> None:
        case = arrived(world).case
        late = clock.at(dt.date(2027, 1, 1), 0)  # 15:00 of New Year's Eve in UTC
        with clock.moved_to(late):
            need_of(case, world)
        step = Transition.objects.get(verb="need_added")
        assert (step.happened_on, step.recorded_at) == (dt.date(2027, 1, 1), late)

    def test_an_imported_case_began_and_ended_when_the_sheet_says(self, world: World) -> None:
        run(world, CLOSED, OPEN)
        steps = Transition.objects.order_by("happened_on").values_list("verb", "happened_on", "recorded_at")
        assert list(steps) == [
            ("imported", dt.date(2026, 4, 2), NOON), ("closed", dt.date(2026, 9, 30), NOON),
            ("imported", dt.date(2026, 10, 5), NOON)]  # fmt: skip

    @pytest.mark.parametrize(("given", "year"), [(dt.date(2026, 3, 31), "2025"), (dt.date(2026, 4, 1), "2026"),
                                                 (dt.date(2026, 11, 25), "2026"), (dt.date(2024, 2, 29), "2023")])  # fmt: skip
    def test_a_project_counts_in_the_year_it_was_approved_and_is_recorded_today(
        self, world: World, given: dt.date, year: str
    ) -> None:
        case = arrived(world, company=company()).case
        record_project(case, number="1", approved_on=given, title="量産", field=Field.objects.get(),
                       bodies=[Body.objects.get(pk=LAB)], by=world.desk)
        step = Transition.objects.get(verb="project")
        assert (step.to_state, step.happened_on, step.recorded_at) == (year, clock.today(), NOON)

    def test_nothing_happens_in_the_future(self, world: World) -> None:
        tomorrow = NOON + dt.timedelta(days=1)
        with refuses("future", "consulted_at"):
            arrived(world, consulted_at=tomorrow)
        case = arrived(world, company=company()).case
        with refuses("future", "approved_on"):
            record_project(case, number="1", approved_on=tomorrow.date(), title="量産", field=Field.objects.get(),
                           bodies=[Body.objects.get(pk=LAB)], by=world.desk)
        assert not Transition.objects.filter(happened_on__gt=clock.today()).exists()

    def test_said_before_the_plan_began_it_is_kept_as_it_was(self, world: World) -> None:
        long_ago = clock.at(dt.date(2019, 4, 30), 23, 59)
        case = arrived(world, consulted_at=long_ago).case
        assert Transition.objects.get().happened_on == dt.date(2019, 4, 30)
        assert (case.plan_id, case.arrived_at) == ("hibari-plan", NOON)

    def test_figures_of_a_past_day_do_not_change_by_what_is_recorded_later(self, world: World) -> None:
        """A late entry shows at its day, and can be told from what was known then (P5)."""
        arrived(world)
        with clock.moved_to(NOON + dt.timedelta(days=3)):
            arrived(world, consulted_at=NOON - dt.timedelta(days=30))
        known_then = Transition.objects.filter(verb="received", recorded_at__lte=NOON)
        assert known_then.count() == 1
        assert Transition.objects.filter(verb="received", happened_on__lte=NOON.date()).count() == 2


class TestWhoseAndWhat:
    def test_a_step_names_actor_body_and_subject_as_they_were(self, world: World) -> None:
        case = arrived(world).case
        need = need_of(case, world)
        step = Transition.objects.get(verb="need_added")
        assert (step.subject_kind, step.subject, step.actor_kind, step.person, step.person_name, step.body) == (
            "need", need.pk, "staff", world.desk.person, "相川 志保", DESK)
        person = world.people[DESK]
        person.name = "改姓 志保"
        person.save()
        assert fresh(step).person_name == "相川 志保"

    def test_without_a_subject_it_is_about_the_case(self, world: World) -> None:
        case = arrived(world).case
        step = log_step(case, Verb.IDLE, by=SYSTEM)
        assert (step.subject_kind, step.subject, step.person, step.body) == ("case", case.pk, None, "")

    def test_a_subject_with_a_code_for_a_key_points_at_the_case(self, world: World) -> None:
        case = arrived(world).case
        step = log_step(case, Verb.IDLE, by=SYSTEM, subject=Body.objects.get(pk=LAB))
        assert (step.subject_kind, step.subject) == ("body", case.pk)

    def test_a_long_name_is_cut_and_does_not_stop_the_deed(self, world: World) -> None:
        case = arrived(world).case
        by = Actor(kind=world.desk.kind, person=world.desk.person, body=DESK, name="長" * 150)
        assert log_step(case, Verb.IDLE, by=by).person_name == "長" * 100

    def test_steps_of_a_closed_case_stay_readable_to_the_firm(self, world: World) -> None:
        case = receive(said(), by=world.desk, body=Body.objects.get(pk=DESK)).case
        close_case(case, by=world.desk, reason="solved", words="済")
        assert {"received", "closed"} <= {step.verb for step in Transition.objects.visible_to(firm(case))}

    def test_every_verb_is_said_in_japanese_and_fits_its_column(self) -> None:
        assert all(len(verb.value) <= 20 for verb in Verb)
        assert [verb for verb in Verb if verb.label.isascii()] == []
        assert len({verb.label for verb in Verb}) == len(Verb)

    def test_an_unknown_link_sees_no_step(self, world: World) -> None:
        told(world)
        by = Actor(kind=firm(Case.objects.get()).kind, link=uuid.uuid4())
        assert not Transition.objects.visible_to(by).exists()
