"""What was answered is settled, also for bodies whose news the caller does not see; a firm gets one mail of news a day."""

from django.db import migrations

SETTLE = """
CREATE FUNCTION case_settle(the_case uuid, the_about uuid, about_kinds text[], case_kinds text[], own text,
                            about_one text[], ends boolean, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE settled integer;
BEGIN
    IF NOT case_takes_part(the_case) THEN RETURN 0; END IF;
    UPDATE post_nudge SET settled_at = moment
    WHERE "case" = the_case AND settled_at IS NULL AND (ends
        OR about = the_about AND kind = ANY(about_kinds)
        OR kind = ANY(case_kinds)
        OR own <> '' AND body = own AND NOT kind = ANY(about_one));
    GET DIAGNOSTICS settled = ROW_COUNT;
    RETURN settled;
END $$;
"""
UNASK = """
CREATE FUNCTION case_unask_company(the_case uuid, the_about uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE stopped integer;
BEGIN
    IF NOT case_takes_part(the_case) THEN RETURN 0; END IF;
    UPDATE post_mail SET state = 'cancelled'
    WHERE "case" = the_case AND purpose = 'company' AND state = 'waiting'
      AND (about = the_about OR the_about IS NULL
           AND about IN (SELECT id FROM cases_message m WHERE m.case_id = the_case AND m.kind = 'question'));
    GET DIAGNOSTICS stopped = ROW_COUNT;
    RETURN stopped;
END $$;
"""


def tell(arguments: str, about: str, columns: str, values: str) -> str:
    """Return the function that writes to the firm without showing its address."""
    return f"""
CREATE FUNCTION case_tell_company(the_case uuid, the_subject text, the_text text, moment timestamptz{arguments})
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
                           not_before, state, attempts, error{columns})
    VALUES (gen_random_uuid(), address, left(the_subject, 200), the_text, {about}, the_case, 'company', '', '',
            moment, moment, 'waiting', 0, ''{values});
    RETURN true;
END $$;
"""


FORMER, NOW = "(uuid, text, text, timestamptz)", "(uuid, text, text, timestamptz, uuid)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0020_exports"), ("post", "0005_nudges")]
    operations = [
        migrations.RunSQL(
            SETTLE,
            "DROP FUNCTION case_settle(uuid, uuid, text[], text[], text, text[], boolean, timestamptz);",
        ),
        migrations.RunSQL(UNASK, "DROP FUNCTION case_unask_company(uuid, uuid);"),
        migrations.RunSQL(
            f"DROP FUNCTION case_tell_company{FORMER};"
            + tell(", the_about uuid DEFAULT NULL", "coalesce(the_about, the_case)", ", daily", ", true"),
            f"DROP FUNCTION case_tell_company{NOW};" + tell("", "the_case", "", ""),
        ),
    ]
