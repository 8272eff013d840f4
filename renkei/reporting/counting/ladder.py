"""Needs that climbed, requests outside the region, what was missing here, meetings that were held."""

from __future__ import annotations

from renkei.reporting.counting.parts import counted, held_by, known

# A rung is one row of the ladder; a need that climbs again later stands on new rows.
CLIMBS_1 = counted(f"""
    SELECT t.subject, t.case_id, {held_by("t.case_id", "t.happened_on")}, t.to_state::text, NULL::date, t.happened_on
    FROM cases_transition t WHERE t.verb = 'climbed' AND t.happened_on >= since AND {known("t")}""")

# By the last thing known of each request: asked, answered, ended.
OUTSIDE_1 = counted(f"""
    SELECT t.subject, t.case_id, t.body::text, (SELECT s.to_state FROM cases_transition s
            WHERE s.subject = t.subject AND s.verb = 'asked_outside' AND {known("s")} ORDER BY s.happened_on DESC, s.recorded_at DESC LIMIT 1)::text,
        NULL::date, t.happened_on
    FROM cases_transition t WHERE t.verb = 'asked_outside' AND t.to_state = 'asked' AND t.happened_on >= since AND {known("t")}""")

# What was called off was not held, what went round in writing neither; what is held stays held, also while its minutes are open.
MEETINGS_1 = counted("""
    SELECT t.id, NULL::uuid, t.host_id::text, t.series::text, NULL::date, t.held_on
    FROM meetings_meeting t WHERE t.held_at <= as_of AND t.kind <> 'circulation' AND t.held_on BETWEEN since AND until""")

GAPS_1 = counted("""
    SELECT g.id, s.case_id, g.said_body_id::text, g.kind::text, NULL::date, g.said_on
    FROM cases_gap g LEFT JOIN cases_gapsource s ON s.gap_id = g.id WHERE g.said_at <= as_of AND g.said_on BETWEEN since AND until""")

# What a body told a meeting about business trends: only that it did, on which day, to which series [C86].
TRENDS_1 = counted("""
    SELECT t.id, NULL::uuid, t.body_id::text, m.series::text, NULL::date, (t.written_at AT TIME ZONE 'Asia/Tokyo')::date
    FROM meetings_trendnote t JOIN meetings_meeting m ON m.id = t.meeting_id
    WHERE t.written_at <= as_of AND (t.written_at AT TIME ZONE 'Asia/Tokyo')::date BETWEEN since AND until""")

# A note counts once, on the day of its first version, until it is taken back; one without its client any more counts on.
TRENDS_2 = counted("""
    SELECT t.id, NULL::uuid, t.body_id::text, m.series::text, NULL::date, (t.written_at AT TIME ZONE 'Asia/Tokyo')::date
    FROM meetings_trendnote t JOIN meetings_meeting m ON m.id = t.meeting_id
    WHERE t.first_id IS NULL AND t.written_at <= as_of AND (t.written_at AT TIME ZONE 'Asia/Tokyo')::date BETWEEN since AND until
        AND NOT EXISTS (SELECT FROM meetings_trendend e WHERE e.note_id = t.id AND e.kind = 'taken_back' AND e.ended_at <= as_of)""")
