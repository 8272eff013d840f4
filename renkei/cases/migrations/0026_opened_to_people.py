"""A partner reads what was opened to them by name, and nothing else; and who read a case is told to the firm (P2).

Inside a body an opening is never wider than the firm's living consent to that body; outside it rests on the firm's yes.
"""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, definer, more, protect

DESK = "(SELECT ctx_is_desk())"
PARTNER = "(SELECT ctx_kind()) = 'partner'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
OWNER = "session_user NOT IN (SELECT role FROM base_login)"
LIVE = "k.withdrawn_at IS NULL AND (k.until IS NULL OR k.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)"
LINK = """
    SELECT subject FROM post_link WHERE id = ctx_link() AND ctx_kind() = 'partner' AND purpose = 'partner'
    AND closed_at IS NULL AND expires_at > now()
"""
MINE = """
    SELECT o.case_id, o.body_id::text, o.kind::text, o.classes::text[] FROM cases_opening o
    WHERE o.id = opening_link() AND o.given_at IS NOT NULL AND o.accepted_at IS NOT NULL AND o.ended_at IS NULL
      AND (o.until IS NULL OR o.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
"""
CLASSES = f"""
    SELECT o.the_case, c.klass FROM opening_mine() o CROSS JOIN LATERAL unnest(o.classes) AS c (klass)
    WHERE o.kind = 'outside'
       OR EXISTS (SELECT 1 FROM cases_case x WHERE x.id = o.the_case AND x.received_by_id = o.the_body)
       OR (SELECT count(DISTINCT k.klass) FROM cases_consent k WHERE k.case_id = o.the_case AND k.body_id = o.the_body
           AND k.klass IN ('summary', c.klass) AND {LIVE}) = CASE c.klass WHEN 'summary' THEN 1 ELSE 2 END
"""
READINGS = f"""
    SELECT e.at, e.body::text, coalesce(p.name, '')::text, coalesce(l.recipient_name, '')::text, o.id
    FROM (SELECT 'cases.case:' || the_case AS stream
          UNION SELECT 'cases.support:' || s.id FROM cases_support s WHERE s.case_id = the_case
          UNION SELECT 'cases.attachment:' || a.id FROM cases_attachment a WHERE a.case_id = the_case
          UNION SELECT 'cases.need:' || n.id FROM cases_need n WHERE n.case_id = the_case
          UNION SELECT 'cases.opening:' || g.id FROM cases_opening g WHERE g.case_id = the_case) AS s
    JOIN audit_event e ON e.stream = s.stream AND e.verb = 'read'
    LEFT JOIN accounts_person p ON p.id = e.person LEFT JOIN post_link l ON l.id = e.link
    LEFT JOIN cases_opening o ON e.stream = 'cases.opening:' || o.id
    WHERE e.actor_kind IN ('staff', 'partner', 'link') AND (e.actor_kind <> 'link' OR e.body <> '')
      AND ({OWNER} OR ctx_kind() = 'system' OR the_case IN (SELECT link_family())
           OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held())))
    ORDER BY e.at DESC
"""
OPENED = "(case_id, klass) IN (SELECT c.the_case, c.klass FROM opening_classes() c)"
IN_FAMILY = "case_id IN (SELECT link_family())"
LINKED = "purpose = 'partner' AND \"case\" IN (SELECT link_family())"
SEEN = f"{INSIDE} OR {STAFF} AND body_id = {BODY} OR {IN_FAMILY} OR id = (SELECT opening_link())"


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_openings")]
    operations = [
        definer("opening_link()", "uuid", LINK),
        definer("opening_mine()", "TABLE (the_case uuid, the_body text, kind text, classes text[])", MINE),
        definer("opening_classes()", "TABLE (the_case uuid, klass text)", CLASSES),
        definer("case_readings(the_case uuid)",
                "TABLE (at timestamptz, body text, person text, holder text, opening uuid)", READINGS),
        protect(
            "cases_opening",
            select=SEEN,
            insert=f"{SYSTEM} OR {STAFF} AND body_id = {BODY} AND ({DESK} OR case_id IN (SELECT case_held())"
            " OR case_id IN (SELECT case_asked()))",
        ),
        protect("cases_partnernote", select="opening_id IN (SELECT id FROM cases_opening)", update="false"),
        more("partner_sight", "cases_case", "SELECT",
             f"{PARTNER} AND id IN (SELECT c.the_case FROM opening_classes() c WHERE c.klass = 'summary')"),
        more("partner_sight", "cases_passage", "SELECT", f"{PARTNER} AND NOT needs_nda AND support_id IS NULL AND {OPENED}"),
        more("partner_sight", "cases_attachment", "SELECT", f"{PARTNER} AND NOT needs_nda AND {OPENED}"),
        more("partner_sight", "cases_consent", "SELECT",
             f"{PARTNER} AND (case_id, body_id) IN (SELECT o.the_case, o.the_body FROM opening_mine() o)"),
        more("partner_birth", "post_mail", "INSERT", PARTNER),
        *[more(f"partner_{name}", "post_link", command, LINKED)
          for name, command in (("sight", "SELECT"), ("birth", "INSERT"), ("change", "UPDATE"))],
    ]
