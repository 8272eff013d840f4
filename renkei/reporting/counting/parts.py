"""What the figures share: who may count, which steps are known, where a case stood and who held it.

``since`` and ``until`` are the first and last day counted; ``as_of`` is the moment of knowledge: no step that was
recorded later is seen.
"""

from __future__ import annotations

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
ALL = "*"
UNKNOWN = "?"
RETURNS = "TABLE (record uuid, the_case uuid, body text, split text, begun date, day date)"
RETURNS_SHARES = "TABLE (record uuid, the_case uuid, body text, split text, begun date, day date, percent integer)"


def counted(rows: str) -> str:
    """Return the body of a function: the rows for staff and the worker; of other bodies' rows the body stays unsaid."""
    return f"""
    SELECT f.record, f.the_case,
        CASE WHEN {OWNER} OR ctx_kind() = 'system' OR ctx_is_desk() OR f.body = ctx_body() THEN f.body ELSE '' END,
        f.split, f.begun, f.day
    FROM ({rows}) AS f (record, the_case, body, split, begun, day)
    WHERE {OWNER} OR ctx_kind() IN ('staff', 'system')
"""


def shared(rows: str) -> str:
    """Return the body of a function whose rows are shared: the per cent of a body that may not be said stays unsaid, too.

    No per cent (NULL) means that the record counts for the whole and, so far, for no body.
    """
    mine = f"{OWNER} OR ctx_kind() = 'system' OR ctx_is_desk() OR f.body = ctx_body()"
    return f"""
    SELECT f.record, f.the_case, CASE WHEN {mine} THEN f.body ELSE '' END, f.split, f.begun, f.day,
        CASE WHEN {mine} OR f.percent IS NULL THEN f.percent ELSE 0 END
    FROM ({rows}) AS f (record, the_case, body, split, begun, day, percent)
    WHERE {OWNER} OR ctx_kind() IN ('staff', 'system')
"""


def known(step: str) -> str:
    """Return the condition that a step was on record by ``as_of`` and had happened by the last day."""
    return f"{step}.recorded_at <= as_of AND {step}.happened_on <= until"


# What never was a consultation: a nuisance, or rows of a list that was taken back. Asked of the case of ``t``.
REAL = """NOT EXISTS (
        SELECT FROM cases_transition x WHERE x.case_id = t.case_id AND x.recorded_at <= as_of AND (x.verb = 'import_undone'
            OR x.verb = 'closed' AND x.reason = 'spam' AND NOT EXISTS (
                SELECT FROM cases_transition r WHERE r.case_id = x.case_id AND r.verb = 'reopened'
                    AND r.recorded_at > x.recorded_at AND r.recorded_at <= as_of)))"""

# The last step of each case that began or ended it, as it stood on the last day. A merge is the step of the case that went.
STOOD = f"""
        SELECT DISTINCT ON (s.case_id) s.case_id, s.verb, s.reason, s.happened_on, s.recorded_at
        FROM cases_transition s
        WHERE {known("s")} AND (s.verb IN ('received', 'imported', 'closed', 'reopened', 'import_undone')
            OR s.verb IN ('merged', 'unmerged', 'split') AND s.subject = s.case_id)
        ORDER BY s.case_id, s.happened_on DESC, s.recorded_at DESC, s.verb IN ('received', 'imported', 'split')"""

# The last answer of each support, as it stood on the last day: what was corrected counts as corrected.
ANSWERED = f"""
        SELECT DISTINCT ON (s.subject) s.subject, s.case_id, s.verb, s.reason, s.about_body, s.service, s.happened_on
        FROM cases_transition s
        WHERE {known("s")} AND s.subject_kind = 'support' AND s.verb IN ('accepted', 'declined', 'expired', 'recalled', 'withdrawn')
        ORDER BY s.subject, s.happened_on DESC, s.recorded_at DESC"""


def held_by(case: str, day: str) -> str:
    """Return who held a case on a day: by the last move known, else who held it before the first, else who ever did."""
    moves = f"FROM cases_transition h WHERE h.case_id = {case} AND h.verb IN ('referred', 'handover_accepted', 'holder_back')"
    return f"""coalesce(
        (SELECT h.to_state {moves} AND h.recorded_at <= as_of AND h.happened_on <= {day}
            ORDER BY h.happened_on DESC, h.recorded_at DESC LIMIT 1),
        (SELECT h.from_state {moves} ORDER BY h.happened_on, h.recorded_at LIMIT 1),
        (SELECT k.holder_id FROM cases_case k WHERE k.id = {case}))"""


def unless_changed(verb: str, more: str = "") -> str:
    """Return the condition on the case of ``t`` that a step of this verb was recorded after ``as_of``."""
    return (
        f"EXISTS (SELECT FROM cases_transition a WHERE a.case_id = t.case_id AND a.verb = '{verb}' AND a.recorded_at > as_of {more})"
    )
