"""Who sees a merge, and the functions that move its rows: whoever merges two entries may not see all that points to them.

Each function checks who calls and that the merge is still standing; rows are journalled in the same statement that moves
them, and only rows of that journal go back.
"""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, definer, protect

DESK = "(SELECT ctx_is_desk())"
OWNER = "session_user NOT IN (SELECT role FROM base_login)"
INTO = f"{SYSTEM} OR {STAFF} AND ({DESK} OR company_known(into_id))"
BOTH = f"{SYSTEM} OR {STAFF} AND ({DESK} OR done_body_id = {BODY} AND company_known(into_id) AND company_known(other_id))"
CHANGE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR done_body_id = {BODY} AND company_known(into_id))"
MAY = f"""
    SELECT EXISTS (SELECT 1 FROM companies_merge m WHERE m.id = the_merge AND m.undone_at IS NULL AND (
        {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff'
        AND (ctx_is_desk() OR m.done_body_id = ctx_body() AND company_known(m.into_id))))
"""
ROWS = """
CREATE FUNCTION company_merge_rows(the_merge uuid, the_table text, the_column text, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m companies_merge; still text := '';
BEGIN
    SELECT * INTO m FROM companies_merge WHERE id = the_merge;
    IF NOT company_merges(the_merge) THEN RAISE EXCEPTION 'not a merge of the caller'; END IF;
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        WHERE k.contype = 'f' AND k.confrelid = 'companies_company'::regclass AND k.conrelid = to_regclass(the_table)
        AND a.attname = the_column) OR the_table = 'companies_merge'
    THEN RAISE EXCEPTION 'no relation to a firm'; END IF;
    IF the_table = 'companies_sight' THEN
        -- Who knows both knows the merged firm once; only open sights go over, ended ones stay as they ended.
        still := ' AND ended_on IS NULL';
        INSERT INTO companies_mergemove (id, merge_id, of_table, of_column, row_id, deed)
        SELECT gen_random_uuid(), m.id, the_table, the_column, s.id, 'stood' FROM companies_sight s
        WHERE s.company_id = m.into_id AND s.ended_on IS NULL;
        WITH ended AS (
            UPDATE companies_sight s SET ended_on = day WHERE s.company_id = m.other_id AND s.ended_on IS NULL
            AND EXISTS (SELECT 1 FROM companies_sight k WHERE k.company_id = m.into_id AND k.body_id = s.body_id
                AND k.ended_on IS NULL) RETURNING s.id)
        INSERT INTO companies_mergemove (id, merge_id, of_table, of_column, row_id, deed)
        SELECT gen_random_uuid(), m.id, the_table, the_column, ended.id, 'ended' FROM ended;
    END IF;
    EXECUTE format(
        'WITH moved AS (UPDATE %1$I SET %2$I = $1 WHERE %2$I = $2 AND id <> $2' || still || ' RETURNING id)'
        ' INSERT INTO companies_mergemove (id, merge_id, of_table, of_column, row_id, deed)'
        ' SELECT gen_random_uuid(), $3, %1$L, %2$L, moved.id, ''moved'' FROM moved', the_table, the_column)
    USING m.into_id, m.other_id, m.id;
END $$;
"""
BACK = """
CREATE FUNCTION company_merge_back(the_merge uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m companies_merge; part record;
BEGIN
    SELECT * INTO m FROM companies_merge WHERE id = the_merge;
    IF NOT company_merges(the_merge) THEN RAISE EXCEPTION 'not a merge of the caller'; END IF;
    UPDATE companies_company SET merged_into_id = NULL, corporate_number = nullif(m.other_number, '') WHERE id = m.other_id;
    FOR part IN SELECT DISTINCT of_table, of_column FROM companies_mergemove WHERE merge_id = m.id AND deed = 'moved' LOOP
        EXECUTE format(
            'UPDATE %1$I SET %2$I = $1 WHERE %2$I = $2 AND id IN (SELECT row_id FROM companies_mergemove'
            ' WHERE merge_id = $3 AND of_table = %1$L AND of_column = %2$L AND deed = ''moved'')',
            part.of_table, part.of_column) USING m.other_id, m.into_id, m.id;
    END LOOP;
    -- Opened again only for who still knows the firm: what the firm has closed meanwhile stays closed.
    UPDATE companies_sight s SET ended_on = NULL WHERE s.company_id = m.other_id
        AND s.id IN (SELECT row_id FROM companies_mergemove WHERE merge_id = m.id AND deed = 'ended')
        AND EXISTS (SELECT 1 FROM companies_sight k WHERE k.company_id = m.into_id AND k.body_id = s.body_id
            AND k.ended_on IS NULL);
END $$;
"""
SINCE = """
    SELECT s.body_id FROM companies_merge m JOIN companies_sight s ON s.company_id = m.into_id AND s.ended_on IS NULL
    WHERE m.id = the_merge AND company_merges(the_merge) AND NOT EXISTS (
        SELECT 1 FROM companies_mergemove j WHERE j.merge_id = m.id AND j.row_id = s.id)
"""
SUCCESSOR = f"""
    SELECT c.merged_into_id FROM companies_company c WHERE c.id = the_company AND c.merged_into_id IS NOT NULL AND (
        {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR company_known(c.merged_into_id)))
"""
NAMED = """SELECT c.id FROM companies_company c WHERE c.corporate_number = number AND (c.name_key = key OR EXISTS (
        SELECT 1 FROM companies_company o WHERE o.merged_into_id = c.id AND o.name_key = key))"""
CLAIM = f"""
CREATE OR REPLACE FUNCTION company_claim(number text, key text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $fn$ {NAMED} $fn$;
"""
MEET = f"""
CREATE OR REPLACE FUNCTION company_meet(number text, key text, day date) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found uuid;
BEGIN
    SELECT named.id INTO found FROM ({NAMED}) AS named;
    IF found IS NULL OR ctx_kind() NOT IN ('staff', 'system') THEN RETURN NULL; END IF;
    IF ctx_kind() = 'staff' AND ctx_body() IS NOT NULL THEN
        INSERT INTO companies_sight (id, company_id, body_id, since)
        VALUES (gen_random_uuid(), found, ctx_body(), day) ON CONFLICT DO NOTHING;
    END IF;
    RETURN found;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0004_merging")]
    operations = [
        protect("companies_merge", select=INTO, insert=BOTH, update=CHANGE),
        protect("companies_mergemove", select="merge_id IN (SELECT id FROM companies_merge)", insert="false", update="false"),
        append_only("companies_mergemove"),
        definer("company_merges(the_merge uuid)", "boolean", MAY),
        migrations.RunSQL(ROWS, "DROP FUNCTION company_merge_rows(uuid, text, text, date);"),
        migrations.RunSQL(BACK, "DROP FUNCTION company_merge_back(uuid);"),
        definer("company_merge_since(the_merge uuid)", "SETOF text", SINCE),
        definer("company_successor(the_company uuid)", "uuid", SUCCESSOR),
        migrations.RunSQL(CLAIM, migrations.RunSQL.noop),
        migrations.RunSQL(MEET, migrations.RunSQL.noop),
    ]
