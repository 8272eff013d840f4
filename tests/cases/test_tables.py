"""The tables say no to careless SQL, past every action: one named constraint each, and steps that never change."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from renkei.base import clock
from renkei.cases.actions.consents import give_consent, request_consent
from renkei.cases.actions.holding import Pack, offer_handover
from renkei.cases.actions.offers import recall
from renkei.cases.actions.talk import log_contact, write_to_company
from renkei.cases.models import Attachment, Passage
from renkei.plan.models import Body
from tests.cases.making import NOON, fresh, offered
from tests.world import BANK, CENTER, DESK, LAB, World

TABLES = ["consent", "consentrequest", "contact", "message", "attachment", "handover", "support", "passage", "incident",
          "transition"]  # fmt: skip


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def full(world: World) -> World:
    """One row at least in every table of a case, made by the actions."""
    support = offered(world)
    case = support.case
    bank = Body.objects.get(pk=BANK)
    give_consent(case, body=bank, klass="financial", by=world.desk, how="oral", given_by="齋藤 亘")
    request_consent(fresh(case), body=bank, classes=["summary"], by=world.desk)
    log_contact(fresh(case), by=world.desk, channel="phone", text="話した")
    write_to_company(fresh(case), by=world.desk, text="お知らせ")
    Attachment.objects.create(case=case, name="a.pdf", media_type="application/pdf", size=1, sha256="0" * 64,
                              author_body_id=DESK, added_at=NOON)
    offer_handover(fresh(case), to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="途中"))
    recall(support, by=world.desk, reason="相手を間違えた")
    return world


def run(statement: str, *values: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def copy_row(table: str, where: str = "true", **changes: Any) -> int:
    """Insert a copy of one row with another id and other values."""
    return run(
        f"INSERT INTO cases_{table} SELECT (jsonb_populate_record(x,"
        f" %s::jsonb || jsonb_build_object('id', gen_random_uuid()))).* FROM cases_{table} x WHERE {where} LIMIT 1",
        json.dumps(changes),
    )


LATER = (NOON + dt.timedelta(days=1)).isoformat()
UPDATES = {
    "consent": [
        ("consent_class", "klass = 'all'"), ("consent_oral_names_both", "how = 'oral', heard_by_id = NULL"),
        ("consent_oral_names_both", "how = 'oral', given_by = ''"),
    ],
    "message": [
        ("message_says_something", "text = ''"), ("message_has_one_side", "from_company = true"),
        ("message_has_one_side", "author_body_id = NULL"),
    ],
    "attachment": [("attachment_has_name", "name = ''")],
    "handover": [
        ("handover_between_two_bodies", "to_body_id = from_body_id"), ("handover_answer_has_time", "state = 'accepted'"),
        ("handover_answer_has_time", "state = 'declined'"),
    ],
    "passage": [("passage_class", "klass = ''"), ("passage_says_something", "text = ''")],
    "support": [
        ("support_state", "state = ''"), ("support_decline_has_reason", f"state = 'declined', answered_at = '{LATER}'"),
        ("support_offer_has_dates", "state = 'offered', leaves_at = NULL"),
        ("support_answer_has_time", "state = 'declined', decline_reason = 'busy'"), ("support_done_has_day", "state = 'done'"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("table", UPDATES)
def test_a_careless_update_is_refused_by_name(full: World, table: str) -> None:
    for name, values in UPDATES[table]:
        with pytest.raises(IntegrityError, match=name):
            run(f"UPDATE cases_{table} SET {values}")


INSERTS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("consent", "consent_live_once", "withdrawn_at IS NULL", {}),
    ("consentrequest", "consent_request_open_once", "true", {"purpose": "ほかのわけ"}),
    ("handover", "handover_one_open_per_case", "true", {"to_body_id": CENTER}),
    ("contact", "contact_says_something", "true", {"text": ""}),
    ("contact", "contact_happened_before_recorded", "true", {"happened_at": LATER}),
    ("transition", "transition_verb", "true", {"verb": "lost"}),
]


@pytest.mark.parametrize(("table", "name", "where", "changes"), INSERTS)
def test_a_second_or_empty_row_is_refused_by_name(
    full: World, table: str, name: str, where: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=name):
        copy_row(table, where, **changes)


def test_what_differs_where_it_may_is_taken(full: World) -> None:
    """The counter-proof: the refusals above come from the value they name."""
    taken: list[tuple[str, dict[str, Any]]] = [
        ("consent", {"withdrawn_at": LATER}), ("consent", {"klass": "technical"}), ("consent", {"body_id": CENTER}),
        ("consentrequest", {"answered_at": LATER}), ("consentrequest", {"body_id": LAB}),
        ("handover", {"state": "recalled"}), ("contact", {}), ("transition", {}),
    ]  # fmt: skip
    for table, changes in taken:
        assert copy_row(table, "true" if table != "consent" else "klass = 'financial'", **changes) == 1, (table, changes)


@pytest.mark.parametrize("table", ["transition", "contact"])
@pytest.mark.parametrize("statement", ["UPDATE cases_{} SET case_id = case_id", "DELETE FROM cases_{}"])
def test_steps_and_contacts_never_change(full: World, table: str, statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        run(statement.format(table))


NEEDED = {
    "support": ["case_id", "need_id", "service_id", "body_id", "state", "asked_by_body_id", "made_at"],
    "consent": ["case_id", "body_id", "klass", "how", "given_at"],
    "incident": ["case_id", "support_id", "body_id", "opened_by_id", "opened_at", "was_opened"],
}


@pytest.mark.parametrize("table", NEEDED)
def test_what_makes_the_row_cannot_be_missing(full: World, table: str) -> None:
    for column in NEEDED[table]:
        with pytest.raises(IntegrityError, match=f'null value in column "{column}"'):
            run(f"UPDATE cases_{table} SET {column} = NULL")


@pytest.mark.parametrize(
    ("table", "column", "most"),
    [("support", "answered_by", 100), ("support", "decline_reason", 40), ("consent", "given_by", 100),
     ("consent", "purpose", 200), ("message", "author_name", 100), ("attachment", "name", 200)],
)  # fmt: skip
def test_no_column_is_written_longer_than_it_is(full: World, table: str, column: str, most: int) -> None:
    assert run(f"UPDATE cases_{table} SET {column} = %s", "あ" * most)
    with pytest.raises(DataError, match="too long"):
        run(f"UPDATE cases_{table} SET {column} = %s", "あ" * (most + 1))


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM plan_body WHERE code = 'hibari-lab'", "DELETE FROM cases_case", "DELETE FROM cases_need",
     "UPDATE cases_support SET body_id = 'nobody'", "UPDATE cases_consent SET case_id = gen_random_uuid()"],
)  # fmt: skip
def test_nothing_is_left_pointing_nowhere(full: World, statement: str) -> None:
    with pytest.raises(IntegrityError, match="foreign key"):
        run(statement)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_every_table_holds_a_row_that_could_break(full: World) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM cases_{table}")
            assert cursor.fetchone() > (0,), table
    assert Passage.objects.count() == 1


@pytest.mark.django_db
def test_every_named_constraint_of_the_case_engine_is_tried_somewhere() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE 'cases\\_%%' AND contype = 'c'"
            " AND conname NOT LIKE '%%_check' UNION SELECT indexname FROM pg_indexes"
            " WHERE tablename LIKE 'cases\\_%%' AND indexdef LIKE 'CREATE UNIQUE%% WHERE %%'", [])  # fmt: skip
        named = {name for (name,) in cursor.fetchall()}
    tried = set(re.findall(r"\w+", "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))))
    assert len(named) > 25
    assert named - tried == set()
