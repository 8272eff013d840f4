"""Each rule the database keeps by itself, tried with plain SQL on rows the actions made."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import Pack, offer_handover
from renkei.cases.actions.projects import record_project
from renkei.cases.models import Case, Handover, ImportedCase, RegionalProject
from renkei.plan.models import Body, Field
from tests.cases.linking import web
from tests.cases.making import NOON, arrived, company, need_of
from tests.cases.test_register import CLOSED, OPEN, run
from tests.world import DESK, LAB, World

LONG = "repeat('長', 9000)"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    """A case with a need, words about money, a consent, a handover that waits, and a project; and an import beside it."""
    made = arrived(world, company=company(), financial="資金の話").case
    need_of(made, world)
    give_consent(made, body=Body.objects.get(pk=LAB), klass="summary", by=world.desk, how="oral", given_by="齋藤")
    offer_handover(made, to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="x"))
    record_project(made, number="1", approved_on=clock.today(), title="量産", field=Field.objects.get(),
                   bodies=[Body.objects.get(pk=LAB)], by=world.desk)
    run(world, OPEN, CLOSED)
    return made


def refused(statement: str) -> str:
    """What the database says to a statement; empty when it lets it pass."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)  # the next statement meets the rows as they were
    except DatabaseError as error:
        return str(error)
    return ""


# Table, careless change, and what the database names in its answer; nothing where it lets the change pass.
CARELESS = [
    ("case", "state = 'lost' WHERE closed_at IS NULL", "case_state"), ("case", "state = '' WHERE closed_at IS NULL", "case_state"), ("case", "state = NULL", "state"),
    ("case", "holder_id = NULL", "holder_id"), ("case", "holder_id = 'nobody'", "holder_id"),
    ("case", "holder_person_id = gen_random_uuid()", "holder_person_id"), ("case", "next_body_id = 'nobody'", "next_body_id"),
    ("case", "received_by_id = NULL", "received_by_id"), ("case", "arrived_at = NULL", "arrived_at"),
    ("case", "number = NULL", "number"), ("case", "number = 'x'", "number"), ("case", "version = -1", "version"),
    ("case", "satisfaction = 0", "case_satisfaction_1_to_5"), ("case", "satisfaction = -1", "satisfaction"),
    ("case", f"title = {LONG}", "value too long"), ("case", f"summary = left({LONG}, 0)", ""),
    ("case", "plan_id = NULL", "plan_id"), ("case", "next_kind = 'call', next_phone = ''", "case_call_has_phone"),
    ("consultation", "text = ''", "consultation_says_something"), ("consultation", "budget_yen = -1", "consultation_budget"),
    ("consultation", "case_id = NULL", "case_id"), ("consultation", "idempotency_key = 'k'", "idempotency_key"),
    ("consultation", "consulted_at = NULL", "consulted_at"), ("consultation", "received_by_id = 'nobody'", "received_by_id"),
    ("need", "title = ''", "need_has_title"), ("need", "state = 'lost'", "need_state"), ("need", "stage_id = '9'", "stage_id"),
    ("need", "case_id = NULL", "case_id"), ("need", '"order" = -1', "order"),
    ("need", "listed_at = now()", "need_listed_as_confirmed"), ("need", "entry_id = 'n-1'", "need_entry_is_listed"),
    ("passage", "klass = 'secret'", "passage_class"), ("passage", "text = ''", "passage_says_something"),
    ("handover", "to_body_id = from_body_id", "handover_between_two_bodies"), ("handover", "due_on = NULL", "due_on"),
    ("handover", "state = 'accepted'", "handover_answer_has_time"), ("handover", "state = 'declined'", "handover_answer_has_time"),
    ("handover", "state = 'recalled'", ""), ("handover", "case_id = gen_random_uuid()", "case_id"),
    ("importrun", "rows = -1", "rows"), ("importrun", "body_id = 'nobody'", "body_id"), ("importrun", "done_at = NULL", "done_at"),
    ("importedcase", "case_id = (SELECT id FROM cases_case WHERE number = '旧-101')", "case_id"),
    ("importedcase", "run_id = gen_random_uuid()", "run_id"),
    ("regionalproject", "company_id = NULL", "company_id"), ("regionalproject", "counted_fiscal_year = -1", "counted_fiscal_year"),
    ("regionalproject", "approved_on = NULL", "approved_on"), ("regionalproject", "field_id = '?'", "field_id"),
    ("register", "fiscal_year = NULL", "fiscal_year"), ("register", "last = -1", "last"),
]  # fmt: skip


def test_a_careless_update(world: World, case: Case) -> None:
    answers = [(table, change, name, refused(f"UPDATE cases_{table} SET {change}")) for table, change, name in CARELESS]
    assert [one for one in answers if one[2] not in one[3] or bool(one[2]) is not bool(one[3])] == []


def test_an_open_case_cannot_lose_its_next_step(world: World, case: Case) -> None:
    for state in ("arrived", "active"):
        for missing in ("next_on = NULL", "next_step = ''", "next_kind = ''"):
            answer = refused(f"UPDATE cases_case SET {missing}, state = '{state}' WHERE id = '{case.pk}'")
            assert "case_open_has_next_step" in answer, (state, missing)


def test_a_case_is_closed_with_day_and_reason_or_not_at_all(world: World, case: Case) -> None:
    changes = {
        "state = 'closed', closed_at = now(), close_reason = 'solved'": True, "state = 'closed', closed_at = now()": False,
        "state = 'closed', close_reason = 'solved'": False, "closed_at = now()": False,
        "close_reason = 'solved'": True,  # asked for, not yet confirmed
    }  # fmt: skip
    for change, passes in changes.items():
        answer = refused(f"UPDATE cases_case SET {change} WHERE id = '{case.pk}'")
        assert answer == "" if passes else "case_closed_has_reason" in answer, change


def test_a_second_offer_waits_for_no_case(world: World, case: Case) -> None:
    row = Handover.objects.get()
    answer = refused(
        "INSERT INTO cases_handover SELECT (jsonb_populate_record(h, jsonb_build_object('id', gen_random_uuid()))).*"
        f" FROM cases_handover h WHERE id = '{row.pk}'"
    )
    assert "handover_one_open_per_case" in answer
    assert Handover.objects.count() == 1


@pytest.mark.parametrize("table", ["case", "consultation", "importrun", "regionalproject"])
def test_what_others_point_at_is_not_deleted(world: World, case: Case, table: str) -> None:
    close_case(Case.objects.get(number="旧-101"), by=world.desk, reason="solved", words="済", needs="settled")
    answer = refused(f"DELETE FROM cases_{table}")
    assert ("foreign key" in answer) is (table != "consultation")


def test_no_login_deletes_or_empties_any_table_of_the_cases(committed_world: World, login: Any) -> None:
    world = committed_world
    arrived(world, company=company(), financial="資金の話")
    run(world, OPEN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'cases\\_%'")
        tables = [name for (name,) in cursor.fetchall()]
    assert len(tables) >= 19
    with web(login, world.desk):
        passed = [(deed, table) for table in tables for deed in ("DELETE FROM", "TRUNCATE")
                  if "permission denied" not in refused(f"{deed} {table}")]  # fmt: skip
    assert passed == []
    assert Case.objects.count() == 2


def test_a_body_imports_and_numbers_nothing_of_anothers(committed_world: World, login: Any) -> None:
    world = committed_world
    made = run(world, {**OPEN, "主担当": ""})
    with web(login, world.lab):
        assert not ImportedCase.objects.exists()
        assert "row-level security" in refused(
            f"INSERT INTO cases_importrun (id, body_id, done_at, rows) VALUES (gen_random_uuid(), '{DESK}', now(), 1)")
        assert "row-level security" in refused(
            f"INSERT INTO cases_importedcase (id, run_id, case_id, row) VALUES (gen_random_uuid(), '{made.pk}', gen_random_uuid(), 1)")
    assert ImportedCase.objects.count() == 1


def test_a_project_of_a_case_one_does_not_see_is_neither_read_nor_joined(committed_world: World, login: Any) -> None:
    world = committed_world
    made = arrived(world, company=company()).case
    project = record_project(made, number="1", approved_on=clock.today(), title="量産", field=Field.objects.get(),
                             bodies=[Body.objects.get(pk=LAB)], by=world.desk)
    with web(login, world.center):
        assert not RegionalProject.objects.exists()
        assert "row-level security" in refused(
            "INSERT INTO cases_regionalproject_cases (regionalproject_id, case_id)"
            f" VALUES ('{project.pk}', '{made.pk}')")
    assert project.cases.count() == 1
