"""What the actions need beyond a body's own sight: write to the firm, meet it, close an offer, ask who read it.

Each function checks who calls. Policies of passages, consents, needs and cases become as narrow as the models say:
what another body was asked, or may see, is nobody else's business, and an offer link dies with the consent it rests on.
"""

from django.db import migrations, models

from renkei.base.rls import BODY, STAFF, SYSTEM, definer

DESK = "(SELECT ctx_is_desk())"
LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
LEFT = "s.leaves_at <= now() AND s.state NOT IN ('proposed', 'recalled')"
CLASSED = "case_class_open(case_id, klass, author_body_id)"

# The owner migrates, loads the example and runs tests: its login stands in no table of logins.
OWNER = "session_user NOT IN (SELECT role FROM base_login)"
TAKES_PART = f"""
    SELECT {OWNER} OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held()) OR case_is_asked(the_case))
        OR ctx_kind() = 'link' AND the_case = link_case()
"""
TELL = """
CREATE FUNCTION case_tell_company(the_case uuid, the_subject text, the_text text, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE address text;
BEGIN
    IF NOT case_takes_part(the_case) THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    SELECT coalesce(nullif(c.email, ''), nullif(p.email, ''), nullif(f.email, '')) INTO address
    FROM cases_consultation c JOIN cases_case k ON k.id = c.case_id
    LEFT JOIN companies_companyperson p ON p.id = c.person_id LEFT JOIN companies_company f ON f.id = k.company_id
    WHERE c.case_id = the_case
    ORDER BY coalesce(nullif(c.email, ''), nullif(p.email, ''), nullif(f.email, '')) IS NULL, c.consulted_at DESC
    LIMIT 1;
    IF address IS NULL THEN RETURN false; END IF;
    -- made_by_body stays empty: the address is for the worker only, not for the body whose act this is.
    INSERT INTO post_mail (id, "to", subject, text, about, "case", purpose, made_by_body, to_body, made_at,
                           not_before, state, attempts, error)
    VALUES (gen_random_uuid(), address, left(the_subject, 200), the_text, the_case, the_case, 'company', '', '',
            moment, moment, 'waiting', 0, '');
    RETURN true;
END $$;
"""
MEET = """
CREATE FUNCTION case_meet_company(the_case uuid, the_body text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE firm uuid;
BEGIN
    -- The body that was asked (or whoever runs the case, for it) writes down that it knows the firm now.
    IF NOT (case_takes_part(the_case) AND EXISTS (
        SELECT 1 FROM cases_support s WHERE s.case_id = the_case AND s.body_id = the_body
        AND s.state IN ('accepted', 'under_way', 'done'))) THEN RAISE EXCEPTION 'not a case of the body'; END IF;
    SELECT company_id INTO firm FROM cases_case WHERE id = the_case;
    IF firm IS NULL THEN RETURN false; END IF;
    INSERT INTO companies_sight (id, company_id, body_id, since) VALUES (gen_random_uuid(), firm, the_body, day)
    ON CONFLICT DO NOTHING;
    RETURN true;
END $$;
"""
CLOSE = f"""
CREATE FUNCTION case_close_offer(the_support uuid, moment timestamptz, but_not uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE mails integer;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cases_support s WHERE s.id = the_support AND (
        {OWNER} OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR s.case_id IN (SELECT case_held()) OR s.body_id = ctx_body())
        OR ctx_kind() = 'link' AND link_subject() = s.id)) THEN RAISE EXCEPTION 'not an offer of the caller'; END IF;
    UPDATE post_mail SET state = 'cancelled'
    WHERE about = the_support AND purpose IN ('offer', 'reminder') AND state = 'waiting';
    GET DIAGNOSTICS mails = ROW_COUNT;
    UPDATE post_link SET closed_at = moment
    WHERE subject = the_support AND purpose = 'offer' AND closed_at IS NULL AND id IS DISTINCT FROM but_not;
    RETURN mails;
END $$;
"""
READS = f"""
    SELECT e.at, e.person, coalesce(l.recipient_name, '') FROM cases_support s
    JOIN audit_event e ON e.stream = 'cases.support:' || s.id AND e.verb = 'read'
    LEFT JOIN post_link l ON l.id = e.link
    WHERE s.id = the_support AND (e.body = s.body_id OR l.subject = s.id)
      AND ({OWNER} OR ctx_kind() = 'system'
           OR ctx_kind() = 'staff' AND (ctx_is_desk() OR s.case_id IN (SELECT case_held())))
    ORDER BY e.at
"""
SEEN_SUPPORTS = f"""
    SELECT s.id FROM cases_support s WHERE
        ctx_kind() = 'staff' AND s.body_id = ctx_body() AND {LEFT} OR ctx_kind() = 'link' AND s.id = link_subject()
"""
TOLD = f"""
    SELECT s.case_id FROM cases_support s WHERE s.body_id = ctx_body() AND {LEFT}
    UNION SELECT h.case_id FROM cases_handover h WHERE h.to_body_id = ctx_body() AND h.state = 'offered'
"""
OFFER_OPEN = f"""
    SELECT link_purpose() <> 'offer' OR EXISTS (
        SELECT 1 FROM cases_consent k WHERE k.case_id = link_case() AND k.body_id = link_body()
          AND k.klass = 'summary' AND k.withdrawn_at IS NULL
          AND (k.until IS NULL OR k.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date))
    AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = link_case() AND s.body_id = link_body() AND {LEFT})
         OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = link_case() AND h.to_body_id = link_body()
                    AND h.state = 'offered'))
"""
ABOUT_ME = f"""
    (support_id IS NULL OR {INSIDE} OR {STATUS} OR support_id IN (SELECT support_seen()))
    AND (need_id IS NULL OR {INSIDE} OR {STATUS} OR need_id IN (SELECT need_asked()) OR need_id = (SELECT offered_need()))
"""


def narrow(table: str, condition: str) -> migrations.RunSQL:
    """Replace the policy of reading; the former condition stands in 0002."""
    return migrations.RunSQL(
        f"ALTER POLICY sight ON {table} USING ({condition});", migrations.RunSQL.noop
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_policies"), ("audit", "0001_initial")]
    operations = [
        migrations.AddField("incident", "seen", models.JSONField(default=list)),
        migrations.AddField(
            "support",
            "takes_over_from",
            models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+"),
        ),
        definer("case_takes_part(the_case uuid)", "boolean", TAKES_PART),
        migrations.RunSQL(TELL, "DROP FUNCTION case_tell_company(uuid, text, text, timestamptz);"),
        migrations.RunSQL(MEET, "DROP FUNCTION case_meet_company(uuid, text, date);"),
        migrations.RunSQL(CLOSE, "DROP FUNCTION case_close_offer(uuid, timestamptz, uuid);"),
        definer("case_reads(the_support uuid)", "TABLE (at timestamptz, person uuid, holder text)", READS),
        definer("support_seen()", "SETOF uuid", SEEN_SUPPORTS),
        definer("case_told()", "SETOF uuid", TOLD),
        definer("offer_is_open()", "boolean", OFFER_OPEN),
        narrow("cases_passage", f"{CLASSED} AND {ABOUT_ME}"),
        narrow(
            "cases_case",
            f"{SYSTEM} OR {STAFF} AND ({DESK} OR holder_id = {BODY} OR received_by_id = {BODY}"
            f" OR id IN (SELECT case_asked())) OR id = {LINKED} AND (SELECT offer_is_open())",
        ),
        narrow(
            "cases_consent",
            f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND case_id IN (SELECT case_told())"
            f" OR case_id = {LINKED} AND ((SELECT link_purpose()) = 'status' OR body_id = (SELECT link_body()))",
        ),
    ]
