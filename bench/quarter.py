"""What a simulated quarter is measured by: read from the rows that really left, not from what the code meant to do.

Three figures: how many mails of news one address got on one day, how many things that had been answered were mailed
about, and how many cases stood unheld at any commit. Each can rise; ``tests/run/test_quarter.py`` breaks each rule.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection

# Answers to what the reader does this very minute: not news, and wanted at once (docs/decisions/0015).
REPLIES = ("receipt", "draft")

_MOST = """
    SELECT coalesce(max(n), 0) FROM (
        SELECT count(*) AS n FROM post_mail
        WHERE state IN ('sent', 'bounced') AND NOT purpose = ANY(%s)
        GROUP BY lower("to"), (sent_at AT TIME ZONE 'Asia/Tokyo')::date) AS days
"""
# A request that left although its body had answered it, or it had been taken back.
_OFFERS = """
    SELECT count(*) FROM post_mail m
    WHERE m.state IN ('sent', 'joined', 'bounced') AND m.purpose = 'offer' AND EXISTS (
        SELECT 1 FROM cases_transition t WHERE t.subject = m.about AND t.recorded_at > m.made_at AND t.recorded_at < m.sent_at
          AND t.verb IN ('accepted', 'declined', 'recalled', 'withdrawn', 'expired', 'done'))
"""
# News that left although the question was answered, the case closed, or the body told had acted in the case since.
_NEWS = """
    SELECT count(*) FROM post_nudge n JOIN post_mail m ON m.id = n.mail_id
    WHERE m.state IN ('sent', 'bounced') AND EXISTS (
        SELECT 1 FROM cases_transition t
        WHERE t.case_id = n."case" AND t.recorded_at > n.made_at AND t.recorded_at < m.sent_at AND (
            t.verb = 'closed'
            OR t.subject = n.about AND t.verb IN ('accepted', 'declined', 'recalled', 'withdrawn', 'done')
            OR t.subject = n.about AND t.verb = 'asked' AND (t.to_state = 'answered' OR n.kind IN ('silence', 'reminder'))
            OR t.verb IN ('handover_accepted', 'handover_declined') AND n.kind = 'handover'
            OR t.body = n.body AND t.actor_kind = 'staff'
               AND n.kind NOT IN ('question', 'silence', 'reminder', 'handover', 'close_asked', 'passed_on')))
"""
# A question to the firm that left after the firm had written back.
_FIRMS = """
    SELECT count(*) FROM post_mail m JOIN cases_message q ON q.id = m.about AND q.kind = 'question'
    WHERE m.state IN ('sent', 'joined', 'bounced') AND m.purpose = 'company' AND EXISTS (
        SELECT 1 FROM cases_transition t WHERE t.case_id = m."case" AND t.verb = 'company_wrote'
          AND t.recorded_at > m.made_at AND t.recorded_at < m.sent_at)
"""
# The day is the simulation's, not the server's. A case is wrong when it is open without holder, step or whose turn it is,
# or names (as its person, or as who moves next) somebody who does not belong to that body on the day.
_WATCH = """
    CREATE TABLE IF NOT EXISTS quarter_unheld (day date, "case" uuid, why text, verb text);
    CREATE TABLE IF NOT EXISTS quarter_day (day date NOT NULL);
    CREATE OR REPLACE FUNCTION quarter_there(who uuid, body text) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT who IS NULL OR EXISTS (
            SELECT 1 FROM accounts_membership m, quarter_day d
            WHERE m.person_id = who AND m.body_id = body AND m.since <= d.day AND (m.until IS NULL OR m.until >= d.day))
    $$;
    CREATE OR REPLACE FUNCTION quarter_why(c cases_case) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT CASE WHEN c.state = 'closed' THEN NULL
            WHEN c.holder_id IS NULL OR c.next_on IS NULL OR c.next_step = '' OR c.next_body_id IS NULL THEN 'no holder or no next step'
            WHEN NOT quarter_there(c.holder_person_id, c.holder_id) THEN 'its person does not belong to the body'
            WHEN NOT quarter_there(c.next_person_id, c.next_body_id) THEN 'who moves next does not belong to the body' END
    $$;
    CREATE OR REPLACE FUNCTION quarter_case() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO quarter_unheld ("case", why, day, verb)
        SELECT c.id, quarter_why(c), d.day, (SELECT t.verb FROM cases_transition t WHERE t.case_id = c.id ORDER BY t.recorded_at DESC LIMIT 1)
        FROM cases_case c, quarter_day d WHERE c.id = NEW.id AND quarter_why(c) IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE FUNCTION quarter_member() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO quarter_unheld ("case", why)
        SELECT c.id, quarter_why(c) FROM cases_case c
        WHERE NEW.person_id IN (c.holder_person_id, c.next_person_id) AND quarter_why(c) IS NOT NULL;
        RETURN NULL;
    END $$;
    DROP TRIGGER IF EXISTS quarter_case ON cases_case;
    CREATE CONSTRAINT TRIGGER quarter_case AFTER INSERT OR UPDATE ON cases_case DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION quarter_case();
    DROP TRIGGER IF EXISTS quarter_member ON accounts_membership;
    CREATE CONSTRAINT TRIGGER quarter_member AFTER UPDATE ON accounts_membership DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION quarter_member();
"""
_UNWATCH = """
    DROP TRIGGER IF EXISTS quarter_case ON cases_case; DROP TRIGGER IF EXISTS quarter_member ON accounts_membership;
    DROP FUNCTION IF EXISTS quarter_case(); DROP FUNCTION IF EXISTS quarter_member(); DROP FUNCTION IF EXISTS quarter_why(cases_case);
    DROP FUNCTION IF EXISTS quarter_there(uuid, text); DROP TABLE IF EXISTS quarter_unheld; DROP TABLE IF EXISTS quarter_day;
"""
_LOOK = """
    INSERT INTO quarter_unheld ("case", why)
    SELECT c.id, 'at the start of the day: ' || quarter_why(c) FROM cases_case c WHERE quarter_why(c) IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """The three figures of a quarter."""

    most_mails: int
    about_answered: int
    unheld: int

    def __str__(self) -> str:
        return (f"mails per person and day: max {self.most_mails}; about answered things: {self.about_answered};"
                f" unheld at any commit: {self.unheld}")  # fmt: skip


def watch(day: dt.date) -> None:
    """Look at every commit from now on (as the owner): deferred triggers see the rows as they are committed."""
    with connection.cursor() as cursor:
        cursor.execute(_WATCH)
    begin(day)


def begin(day: dt.date) -> None:
    """Tell the watch which day it is; a new day changes who belongs without any commit (see ``look``)."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM quarter_day; INSERT INTO quarter_day VALUES (%s)", [day])


def look() -> None:
    """Look at every open case: what the turn of the day made wrong, and the worker's first run left so."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK)


def unwatch() -> None:
    """Take the triggers away again."""
    with connection.cursor() as cursor:
        cursor.execute(_UNWATCH)


def measure() -> Figures:
    """Count what left, and what was seen at the commits."""
    return Figures(_one(_MOST, [list(REPLIES)]), _one(_OFFERS) + _one(_NEWS) + _one(_FIRMS),
                   _one("SELECT count(*) FROM quarter_unheld"))  # fmt: skip


def _one(query: str, values: list[Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def story() -> list[str]:
    """Return what left, in lines to read: mails by purpose, news told and mailed, receipts that are not counted."""
    rows = _rows("SELECT purpose, state, count(*) FROM post_mail GROUP BY 1, 2 ORDER BY 1, 2")
    mails = ", ".join(f"{purpose} {state} {count}" for purpose, state, count in rows)
    told = _rows("SELECT count(*), count(mail_id), count(settled_at), count(read_at) FROM post_nudge")[0]
    replies = _one("SELECT count(*) FROM post_mail WHERE purpose = ANY(%s) AND state = 'sent'", [list(REPLIES)])
    wrong = _rows("SELECT why, count(*) FROM quarter_unheld GROUP BY 1 ORDER BY 1")
    first = _rows("SELECT DISTINCT ON (why) why, day, verb FROM quarter_unheld ORDER BY why, day")
    return [*(f"UNHELD {why}: {count}" for why, count in wrong), *(f"UNHELD {why}: first on {day}, last deed {verb}" for why, day, verb in first), f"mails: {mails}", "news told {}, mailed {}, settled {}, read {}".format(*told),
            f"receipts and other answers to what the reader did that minute, not counted: {replies}"]  # fmt: skip
