"""A signed-in person of a firm reaches all cases of the firm, and does there exactly what a status link does.

``link_family()`` returns them, so every policy that lets a status link in lets the account in. Beside it: what was said
only of the link's own case until now, a new consultation, and how the holder of a status link comes to an account.
"""

from django.db import migrations

from renkei.base.rls import definer, more, redefine

LIVE = "k.withdrawn_at IS NULL AND (k.until IS NULL OR k.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)"
OWNER = "session_user NOT IN (SELECT role FROM base_login)"
FAMILY = """
    WITH own AS (SELECT id, merged_into_id FROM cases_case WHERE id = link_case() AND link_purpose() = 'status'),
    near AS (SELECT id FROM own UNION SELECT merged_into_id FROM own WHERE merged_into_id IS NOT NULL
             UNION SELECT c.id FROM cases_case c JOIN own ON c.merged_into_id IN (own.id, own.merged_into_id))
    SELECT id FROM near UNION SELECT c.id FROM cases_case c JOIN near ON c.split_from_id = near.id
    UNION SELECT c.id FROM cases_case c
        WHERE (SELECT ctx_kind()) = 'company' AND c.company_id = ANY (ARRAY(SELECT company_mine()))
"""
TAKES_PART = f"""
    SELECT {OWNER} OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held()) OR case_is_asked(the_case))
        OR ctx_kind() = 'link' AND the_case = link_case()
        OR ctx_kind() = 'company' AND the_case IN (SELECT link_family())
"""
ENDED = f"""
CREATE OR REPLACE FUNCTION case_consent_ended(the_case uuid, the_body text, the_class text, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE closed integer;
BEGIN
    -- As in 0005, for accounts of the firm as well.
    IF NOT ({OWNER} OR case_runs(the_case) OR ctx_kind() = 'link' AND the_case = link_case()
            OR ctx_kind() IN ('link', 'company') AND the_case IN (SELECT link_family())) OR EXISTS (
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
# The holder of a status link may open an account only with an address that the firm's record holds: what a guest typed
# into the form is no proof of being the firm. The first account of a firm runs the others.
DOOR = """
    SELECT f.id, NOT EXISTS (SELECT 1 FROM companies_companyaccess a WHERE a.company_id = f.id AND a.ended_at IS NULL
                             AND a.role = 'admin')
    FROM cases_case c JOIN companies_company f ON f.id = c.company_id
    WHERE c.id = link_case() AND link_purpose() = 'status' AND given <> '' AND (
        lower(f.email) = lower(given) OR EXISTS (
            SELECT 1 FROM companies_companyperson p WHERE p.company_id = f.id AND p.left_on IS NULL
            AND lower(p.email) = lower(given)))
"""
COMPANY = "(SELECT ctx_kind()) = 'company'"
IN_FAMILY = "case_id IN (SELECT link_family())"
LINKED = "\"case\" IN (SELECT link_family())"


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_letters"), ("companies", "0009_accounts_policies")]
    operations = [
        redefine("link_family()", "SETOF uuid", FAMILY),
        redefine("case_takes_part(the_case uuid)", "boolean", TAKES_PART),
        migrations.RunSQL(ENDED, migrations.RunSQL.noop),
        definer("link_firm(given text)", "TABLE (company uuid, is_first boolean)", DOOR),
        more("firm_birth", "cases_case", "INSERT", f"{COMPANY} AND company_id IN (SELECT company_mine())"),
        *[more("firm_birth", f"cases_{table}", "INSERT", f"{COMPANY} AND {IN_FAMILY}")
          for table in ("consultation", "passage")],
        more("firm_sight", "cases_regionalproject_cases", "SELECT", f"{COMPANY} AND {IN_FAMILY}"),
        more("firm_new", "post_link", "INSERT", f"{COMPANY} AND purpose = 'status' AND {LINKED}"),
        *[more(f"family_{name}", "post_link", command, f"purpose = 'consent' AND {LINKED}")
          for name, command in (("sight", "SELECT"), ("change", "UPDATE"))],
        more("door_birth", "post_link", "INSERT",
             "purpose = 'join' AND (SELECT ctx_kind()) = 'link'"
             " AND company IN (SELECT f.company FROM link_firm(recipient_email) f)"),
        more("door_birth", "companies_companyinvitation", "INSERT",
             "(SELECT ctx_kind()) = 'link' AND company_id IN ("
             "SELECT f.company FROM link_firm(email) f WHERE f.is_first OR role = 'member')"),
    ]
