"""Supports, answers, silence, time in a stage, and the projects of the targets."""

from __future__ import annotations

from renkei.reporting.counting.parts import ANSWERED, REAL, counted, held_by, known, shared

# The first word of staff to the firm: a message, a contact that reached somebody, or the end with its word.
FIRST_ANSWER_1 = counted(f"""
    SELECT t.case_id, t.case_id, w.body::text, ''::text, t.begun, w.day
    FROM (SELECT r.case_id, min(r.happened_on) AS begun FROM cases_transition r
        WHERE r.verb = 'received' AND {known("r")} GROUP BY r.case_id) t
    JOIN LATERAL (
        SELECT s.body, greatest(s.happened_on, t.begun) AS day FROM cases_transition s
        WHERE s.case_id = t.case_id AND {known("s")} AND s.actor_kind = 'staff' AND (s.verb IN ('staff_wrote', 'closed')
            OR s.verb = 'contact' AND s.subject_kind = 'contact' AND s.to_state <> 'absent')
        ORDER BY s.happened_on, s.recorded_at LIMIT 1) w ON true
    WHERE w.day BETWEEN since AND until AND {REAL}""")

BODY_ANSWER_1 = counted(f"""
    SELECT t.subject, t.case_id, t.about_body::text, w.verb::text, t.happened_on, w.day
    FROM cases_transition t
    JOIN LATERAL (
        SELECT s.verb, greatest(s.happened_on, t.happened_on) AS day FROM cases_transition s
        WHERE s.subject = t.subject AND {known("s")} AND s.verb IN ('accepted', 'declined')
        ORDER BY s.happened_on, s.recorded_at LIMIT 1) w ON true
    WHERE t.verb = 'offered' AND t.subject_kind = 'support' AND {known("t")} AND w.day BETWEEN since AND until""")

SUPPORTS_1 = counted(f"""
    SELECT t.subject, t.case_id, t.about_body::text, v.stage_id::text, NULL::date, t.happened_on
    FROM ({ANSWERED}) t JOIN plan_service v ON v.code = t.service
    WHERE t.verb = 'accepted' AND t.happened_on >= since""")

SERVICES_1 = counted(f"""
    SELECT t.subject, t.case_id, t.about_body::text, t.service::text, NULL::date, t.happened_on
    FROM ({ANSWERED}) t WHERE t.verb = 'accepted' AND t.happened_on >= since""")

DECLINES_1 = counted(f"""
    SELECT t.subject, t.case_id, t.about_body::text, t.reason::text, NULL::date, t.happened_on
    FROM ({ANSWERED}) t WHERE t.verb = 'declined' AND t.happened_on >= since""")

SILENT_1 = counted(f"""
    SELECT t.subject, t.case_id, t.about_body::text, ''::text, NULL::date, t.day
    FROM (SELECT DISTINCT ON (s.subject) s.subject, s.case_id, s.about_body, s.happened_on AS day FROM cases_transition s
        WHERE {known("s")} AND s.subject_kind = 'support' AND s.verb IN ('silent', 'expired')
        ORDER BY s.subject, s.happened_on, s.recorded_at) t
    WHERE t.day >= since""")

# Spells of needs in a stage that ended in the period. Opened again, a need stands where it stood.
DWELL_1 = counted(f"""
    WITH s AS (SELECT a.subject, a.case_id, a.verb, a.to_state, a.happened_on, a.recorded_at FROM cases_transition a
            WHERE {known("a")} AND a.subject_kind = 'need' AND a.verb IN ('need_added', 'stage_moved', 'need_settled')),
        spell AS (SELECT s.subject, s.case_id, s.happened_on AS begun,
            lead(s.happened_on) OVER (PARTITION BY s.subject ORDER BY s.happened_on, s.recorded_at) AS ended,
            CASE WHEN s.verb <> 'need_settled' THEN s.to_state WHEN s.to_state = 'open' THEN (
                SELECT p.to_state FROM s p WHERE p.subject = s.subject AND p.verb <> 'need_settled'
                    AND (p.happened_on, p.recorded_at) <= (s.happened_on, s.recorded_at)
                ORDER BY p.happened_on DESC, p.recorded_at DESC LIMIT 1) END AS stage
            FROM s)
    SELECT t.subject, t.case_id, {held_by("t.case_id", "t.ended")}, t.stage::text, t.begun, t.ended
    FROM spell t WHERE t.stage IS NOT NULL AND t.ended BETWEEN since AND until""")

# One row a body that helped; the project itself is counted once, in the year fixed at its decision.
PROJECTS_1 = counted("""
    SELECT p.id, NULL::uuid, b.body_id::text, p.counted_fiscal_year::text, NULL::date, p.approved_on
    FROM cases_regionalproject p LEFT JOIN cases_regionalproject_bodies b ON b.regionalproject_id = p.id
    WHERE p.recorded_at <= as_of AND make_date(p.counted_fiscal_year, 4, 1) BETWEEN since AND until""")

# One row a body with its per cent of the last shares that all bodies named in them had agreed to by then. Before that one row a
# body that helped, without a per cent; one that helped alone has the whole.
PROJECTS_2 = shared("""
    SELECT p.id, NULL::uuid, w.body, p.counted_fiscal_year::text, NULL::date, p.approved_on, w.percent
    FROM cases_regionalproject p
    LEFT JOIN LATERAL (
        SELECT s.bodies, s.percents FROM cases_projectshares s
        WHERE s.project_id = p.id AND s.proposed_at <= as_of AND cardinality(s.bodies) = (SELECT count(*) FROM cases_shareanswer a
            WHERE a.shares_id = s.id AND a.agreed AND a.answered_at <= as_of AND a.body_id = ANY (s.bodies))
        ORDER BY s.number DESC LIMIT 1) g ON true
    LEFT JOIN LATERAL (
        SELECT u.body::text AS body, u.percent::integer AS percent FROM unnest(g.bodies, g.percents) AS u (body, percent)
        UNION ALL
        SELECT b.body_id::text, CASE WHEN count(*) OVER () = 1 THEN 100 END FROM cases_regionalproject_bodies b
        WHERE b.regionalproject_id = p.id AND g.bodies IS NULL) w ON true
    WHERE p.recorded_at <= as_of AND make_date(p.counted_fiscal_year, 4, 1) BETWEEN since AND until""")
