"""What a firm reaches through its links: its merged and split cases, and what it is asked to open. And who regroups,
imports and takes back.

Policies add up: the ones here stand beside those of 0002 and 0003. Each function checks who calls.
"""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, definer, more, protect

DESK = "(SELECT ctx_is_desk())"
LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
CONSENT_LINK = "(SELECT link_purpose()) = 'consent'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
OWNER = "session_user NOT IN (SELECT role FROM base_login)"
LIVE = "k.withdrawn_at IS NULL AND (k.until IS NULL OR k.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)"

# Merging needs one and the same firm, so all of this is the firm's own. The link's own case stands in 0002 already.
FAMILY = """
    WITH own AS (SELECT id, merged_into_id FROM cases_case WHERE id = link_case() AND link_purpose() = 'status'),
    near AS (SELECT id FROM own UNION SELECT merged_into_id FROM own WHERE merged_into_id IS NOT NULL
             UNION SELECT c.id FROM cases_case c JOIN own ON c.merged_into_id IN (own.id, own.merged_into_id))
    SELECT id FROM near UNION SELECT c.id FROM cases_case c JOIN near ON c.split_from_id = near.id
"""
RUNS = f"""
    SELECT {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held()))
"""
ASKED = """
    SELECT link_purpose() = 'consent' AND EXISTS (
        SELECT 1 FROM cases_consentrequest r WHERE r.id = link_subject() AND r.case_id = link_case()
        AND r.case_id = the_case AND r.body_id = the_body AND the_class = ANY (r.classes))
"""
TO_DESK = f"""
CREATE FUNCTION case_to_desk(the_case uuid, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The holder gives the case back although it may not read it afterwards: the desk never refuses (P1).
    UPDATE cases_case SET holder_id = plan_front_desk(), holder_person_id = NULL, holder_since = day, at_desk = true,
        next_body_id = plan_front_desk(), next_person_id = NULL
    WHERE id = the_case AND ({OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND holder_id = ctx_body());
    IF NOT FOUND THEN RAISE EXCEPTION 'not held by the caller'; END IF;
END $$;
"""
MEET = f"""
CREATE FUNCTION case_holder_meets_company(the_case uuid, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made integer;
BEGIN
    -- The holder knows the firm from now on, if the firm lets it read the summary.
    IF NOT case_takes_part(the_case) THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    INSERT INTO companies_sight (id, company_id, body_id, since)
    SELECT gen_random_uuid(), c.company_id, c.holder_id, day FROM cases_case c
    WHERE c.id = the_case AND c.company_id IS NOT NULL AND (c.received_by_id = c.holder_id OR EXISTS (
        SELECT 1 FROM cases_consent k
        WHERE k.case_id = c.id AND k.body_id = c.holder_id AND k.klass = 'summary' AND {LIVE}))
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made > 0;
END $$;
"""
ENDED = f"""
CREATE FUNCTION case_consent_ended(the_case uuid, the_body text, the_class text, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE closed integer;
BEGIN
    -- Only after the consent is gone: offer links of that body and class die, and with the last summary the profile.
    IF NOT ({OWNER} OR case_runs(the_case) OR ctx_kind() = 'link' AND (the_case = link_case()
            OR the_case IN (SELECT link_family()))) OR EXISTS (
        SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = the_body AND k.klass = the_class
        AND {LIVE}) THEN RAISE EXCEPTION 'not the caller''s to end'; END IF;
    UPDATE post_link SET closed_at = moment WHERE "case" = the_case AND body = the_body AND purpose = 'offer'
        AND closed_at IS NULL AND (the_class = 'summary' OR classes ? the_class);
    GET DIAGNOSTICS closed = ROW_COUNT;
    IF the_class = 'summary' THEN
        UPDATE companies_sight s SET ended_on = (moment AT TIME ZONE 'Asia/Tokyo')::date
        FROM cases_case c WHERE c.id = the_case AND s.company_id = c.company_id AND s.body_id = the_body
        AND s.ended_on IS NULL AND NOT EXISTS (
            SELECT 1 FROM cases_case o WHERE o.company_id = c.company_id AND (o.received_by_id = the_body
                OR o.id <> the_case AND EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = o.id
                    AND k.body_id = the_body AND k.klass = 'summary' AND {LIVE})));
    END IF;
    RETURN closed;
END $$;
"""
FOLLOW = f"""
CREATE FUNCTION case_links_follow(from_case uuid, to_case uuid, moved uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE links integer;
BEGIN
    -- Supports have moved to another case of the caller: their offer links and waiting mails go with them.
    IF NOT ({OWNER} OR case_runs(from_case) AND case_runs(to_case)) OR EXISTS (
        SELECT 1 FROM cases_support s WHERE s.id = ANY (moved) AND s.case_id <> to_case)
    THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    UPDATE cases_passage p SET case_id = to_case FROM cases_need n
        WHERE p.case_id = from_case AND n.id = p.need_id AND n.case_id = to_case;
    UPDATE post_mail SET "case" = to_case WHERE "case" = from_case AND about = ANY (moved) AND state = 'waiting';
    UPDATE post_link SET "case" = to_case WHERE "case" = from_case AND purpose = 'offer' AND subject = ANY (moved);
    GET DIAGNOSTICS links = ROW_COUNT;
    RETURN links;
END $$;
"""
IN_FAMILY = "case_id IN (SELECT link_family())"
READ = ["consultation", "need", "passage", "support", "consent", "consentrequest", "message", "attachment", "handover",
        "incident", "transition"]  # fmt: skip
WRITTEN = ["consent", "message", "attachment", "transition"]
CHANGED = ["consent", "consentrequest"]


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_consent_requests_regroupings_imports")]
    operations = [
        definer("link_family()", "SETOF uuid", FAMILY),
        definer("case_runs(the_case uuid)", "boolean", RUNS),
        definer("consent_is_asked(the_case uuid, the_body text, the_class text)", "boolean", ASKED),
        migrations.RunSQL(TO_DESK, "DROP FUNCTION case_to_desk(uuid, date);"),
        migrations.RunSQL(MEET, "DROP FUNCTION case_holder_meets_company(uuid, date);"),
        migrations.RunSQL(ENDED, "DROP FUNCTION case_consent_ended(uuid, text, text, timestamptz);"),
        migrations.RunSQL(FOLLOW, "DROP FUNCTION case_links_follow(uuid, uuid, uuid[]);"),
        protect(
            "cases_consentrequest",
            select=f"{INSIDE} OR {STATUS} OR case_id = {LINKED} AND id = (SELECT link_subject()) AND {CONSENT_LINK}",
            insert=INSIDE,
        ),
        protect("cases_regrouping", select=INSIDE),
        protect("cases_importrun", select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR body_id = {BODY})"),
        protect("cases_importedcase", select="run_id IN (SELECT id FROM cases_importrun)"),
        more("split_birth", "cases_case", "INSERT",
             f"{STAFF} AND holder_id = {BODY} AND split_from_id IN (SELECT case_held())"),
        more("family_sight", "cases_case", "SELECT", "id IN (SELECT link_family())"),
        more("family_change", "cases_case", "UPDATE", "id IN (SELECT link_family())"),
        *[more("family_sight", f"cases_{table}", "SELECT", IN_FAMILY) for table in READ],
        *[more("family_birth", f"cases_{table}", "INSERT", IN_FAMILY) for table in WRITTEN],
        *[more("family_change", f"cases_{table}", "UPDATE", IN_FAMILY) for table in CHANGED],
        more("asked_sight", "cases_consent", "SELECT", f"case_id = {LINKED} AND {CONSENT_LINK}"),
        more("asked_birth", "cases_consent", "INSERT", "consent_is_asked(case_id, body_id, klass)"),
        more("asked_change", "cases_consent", "UPDATE",
             f"case_id = {LINKED} AND {CONSENT_LINK} AND (id = (SELECT link_subject())"
             " OR consent_is_asked(case_id, body_id, klass))"),
    ]
