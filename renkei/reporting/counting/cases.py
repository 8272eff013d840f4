"""Consultations, ends, loads, areas, pressures and purposes: what is counted by case."""

from __future__ import annotations

from renkei.reporting.counting.parts import REAL, STOOD, UNKNOWN, counted, held_by, known, unless_changed

RECEIVED = f"""
    SELECT q.id, t.case_id, q.received_by_id::text, q.channel::text, NULL::date, t.happened_on
    FROM cases_transition t JOIN cases_consultation q ON q.case_id = t.case_id AND (t.verb = 'imported' OR q.id = t.subject)
    WHERE t.verb IN ('received', 'imported') AND t.happened_on >= since AND {known("t")} AND {REAL}"""
CONSULTATIONS_1 = counted(RECEIVED)

_ENDED = f"({STOOD}) t WHERE t.verb = 'closed' AND t.reason <> 'spam' AND t.happened_on >= since"
CLOSED_1 = counted(f"""
    SELECT t.case_id, t.case_id, {held_by("t.case_id", "t.happened_on")}, t.reason::text, NULL::date, t.happened_on
    FROM {_ENDED}""")

# What was said last. Before the first answer it is what stood there until then; what was written at an end is known
# while no later end is on record.
RESULTS_1 = counted(f"""
    SELECT t.case_id, t.case_id, {held_by("t.case_id", "t.happened_on")}, coalesce(
            (SELECT a.to_state FROM cases_transition a WHERE a.case_id = t.case_id AND a.verb = 'feedback' AND a.recorded_at <= as_of
                ORDER BY a.recorded_at DESC LIMIT 1),
            (SELECT CASE WHEN a.verb = 'feedback' THEN a.from_state ELSE '{UNKNOWN}' END FROM cases_transition a
                WHERE a.case_id = t.case_id AND a.verb IN ('feedback', 'closed') AND a.recorded_at > as_of ORDER BY a.recorded_at LIMIT 1),
            (SELECT k.result FROM cases_case k WHERE k.id = t.case_id))::text, NULL::date, t.happened_on
    FROM {_ENDED}""")

OPEN_1 = counted(f"""
    SELECT t.case_id, t.case_id, {held_by("t.case_id", "until")}, ''::text, NULL::date,
        (SELECT min(a.happened_on) FROM cases_transition a WHERE a.case_id = t.case_id)
    FROM ({STOOD}) t WHERE t.verb NOT IN ('closed', 'merged', 'import_undone')""")

# One row a case: the first time it was received.
_ARRIVED = f"""
        SELECT DISTINCT ON (r.the_case) r.the_case AS case_id, r.body, r.day
        FROM ({RECEIVED}) AS r (record, the_case, body, split, begun, day) ORDER BY r.the_case, r.day, r.record"""

AREAS_1 = counted(f"""
    SELECT DISTINCT t.case_id, t.case_id, t.body, CASE WHEN {unless_changed("company_bound")} THEN '{UNKNOWN}' ELSE coalesce(w.area, '') END,
        NULL::date, t.day
    FROM ({_ARRIVED}) t JOIN cases_case c ON c.id = t.case_id
    LEFT JOIN companies_company f ON f.id = c.company_id LEFT JOIN plan_municipality m ON m.code = f.municipality_id
    LEFT JOIN LATERAL (
        SELECT unnest(m.areas)::text AS area UNION
        SELECT e ->> 'area' FROM jsonb_array_elements(coalesce((
            SELECT v.content -> 'estates' FROM plan_planversion v WHERE v.plan_id = c.plan_id ORDER BY v.number DESC LIMIT 1),
            '[]'::jsonb)) e WHERE e ->> 'name' = f.estate AND f.estate <> '') w ON true""")


def _words(column: str) -> str:
    """Return the count of cases by the words of a column, as sorted; sorted anew after ``as_of`` they are not known."""
    sorted_anew = unless_changed("triaged", "AND a.from_state = a.to_state")
    return counted(f"""
    SELECT DISTINCT t.case_id, t.case_id, t.body, CASE WHEN {sorted_anew} THEN '{UNKNOWN}' ELSE coalesce(w.word, '') END, NULL::date, t.day
    FROM ({_ARRIVED}) t JOIN cases_case c ON c.id = t.case_id LEFT JOIN LATERAL unnest(c.{column}) AS w (word) ON true""")


PRESSURES_1 = _words("pressures")
PURPOSES_1 = _words("purposes")
