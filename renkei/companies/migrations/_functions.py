"""Who knows which firm, what moves rows when two entries are merged, and what later work points to an import.

Whoever merges two entries may not see all that points to them: each function checks who calls and that the merge is still
standing; rows are journalled in the same statement that moves them, and only rows of that journal go back.
"""

from django.db import migrations

from renkei.base.rls import definer, redefine

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
LINK_COMPANY = """
    SELECT coalesce((SELECT i.company_id FROM companies_companyinvitation i WHERE l.purpose = 'join' AND i.id = l.subject),
                    l.company) FROM post_link l WHERE l.id = ctx_link() AND ctx_kind() = 'link' AND l.closed_at IS NULL AND l.expires_at > now()
"""
COMPANY_CLAIM = """SELECT c.id FROM companies_company c WHERE c.corporate_number = number AND (c.name_key = key OR EXISTS (
        SELECT 1 FROM companies_company o WHERE o.merged_into_id = c.id AND o.name_key = key) OR EXISTS (
        SELECT 1 FROM companies_former f WHERE f.company_id = c.id AND f.kind = 'name' AND f.value_key = key))"""
COMPANY_MEET = """
CREATE FUNCTION company_meet(number text, key text, day date) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found uuid;
BEGIN
    SELECT named.id INTO found FROM (SELECT c.id FROM companies_company c WHERE c.corporate_number = number AND (c.name_key = key OR EXISTS (
        SELECT 1 FROM companies_company o WHERE o.merged_into_id = c.id AND o.name_key = key) OR EXISTS (
        SELECT 1 FROM companies_former f WHERE f.company_id = c.id AND f.kind = 'name' AND f.value_key = key))) AS named;
    IF found IS NULL OR ctx_kind() NOT IN ('staff', 'system') THEN RETURN NULL; END IF;
    IF ctx_kind() = 'staff' AND ctx_body() IS NOT NULL THEN
        INSERT INTO companies_sight (id, company_id, body_id, since)
        VALUES (gen_random_uuid(), found, ctx_body(), day) ON CONFLICT DO NOTHING;
    END IF;
    RETURN found;
END $$
"""
COMPANY_MERGES = f"""
    SELECT EXISTS (SELECT 1 FROM companies_merge m WHERE m.id = the_merge AND m.undone_at IS NULL AND (
        {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff'
        AND (ctx_is_desk() OR m.done_body_id = ctx_body() AND company_known(m.into_id))))
"""
COMPANY_MERGE_ROWS = """
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
    ELSIF the_table = 'companies_companyaccess' THEN
        still := ' AND ended_at IS NULL';
        WITH ended AS (
            UPDATE companies_companyaccess a SET ended_at = m.done_at WHERE a.company_id = m.other_id
            AND a.ended_at IS NULL AND EXISTS (SELECT 1 FROM companies_companyaccess k WHERE k.company_id = m.into_id
                AND k.person_id = a.person_id AND k.ended_at IS NULL) RETURNING a.id)
        INSERT INTO companies_mergemove (id, merge_id, of_table, of_column, row_id, deed)
        SELECT gen_random_uuid(), m.id, the_table, the_column, ended.id, 'ended' FROM ended;
    ELSIF the_table = 'companies_companyinvitation' THEN
        still := ' AND accepted_at IS NULL AND withdrawn_at IS NULL';
    END IF;
    EXECUTE format(
        'WITH moved AS (UPDATE %1$I SET %2$I = $1 WHERE %2$I = $2 AND id <> $2' || still || ' RETURNING id)'
        ' INSERT INTO companies_mergemove (id, merge_id, of_table, of_column, row_id, deed)'
        ' SELECT gen_random_uuid(), $3, %1$L, %2$L, moved.id, ''moved'' FROM moved', the_table, the_column)
    USING m.into_id, m.other_id, m.id;
END $$
"""
COMPANY_MERGE_BACK = """
CREATE FUNCTION company_merge_back(the_merge uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m companies_merge; part record;
BEGIN
    SELECT * INTO m FROM companies_merge WHERE id = the_merge;
    IF NOT company_merges(the_merge) THEN RAISE EXCEPTION 'not a merge of the caller'; END IF;
    UPDATE companies_company SET merged_into_id = NULL, corporate_number = nullif(m.other_number, '') WHERE id = m.other_id;
    -- Who accepted an invitation of the other firm meanwhile belongs to the other firm.
    UPDATE companies_companyaccess a SET company_id = m.other_id FROM companies_companyinvitation i, accounts_person p
    WHERE a.company_id = m.into_id AND a.since >= m.done_at AND p.id = a.person_id AND lower(p.email) = lower(i.email)
        AND i.company_id = m.into_id AND i.accepted_at >= m.done_at AND i.accepted_at <= a.since
        AND i.id IN (SELECT row_id FROM companies_mergemove WHERE merge_id = m.id AND deed = 'moved'
            AND of_table = 'companies_companyinvitation');
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
    UPDATE companies_companyaccess a SET ended_at = NULL WHERE a.company_id = m.other_id
        AND a.id IN (SELECT row_id FROM companies_mergemove WHERE merge_id = m.id AND deed = 'ended')
        AND EXISTS (SELECT 1 FROM companies_companyaccess k WHERE k.company_id = m.into_id AND k.person_id = a.person_id
            AND k.ended_at IS NULL);
END $$
"""
COMPANY_MERGE_SINCE = """
    SELECT s.body_id FROM companies_merge m JOIN companies_sight s ON s.company_id = m.into_id AND s.ended_on IS NULL
    WHERE m.id = the_merge AND company_merges(the_merge) AND NOT EXISTS (
        SELECT 1 FROM companies_mergemove j WHERE j.merge_id = m.id AND j.row_id = s.id)
"""
COMPANY_MINE = """
    SELECT a.company_id FROM companies_companyaccess a JOIN accounts_person p ON p.id = a.person_id
    WHERE ctx_kind() = 'company' AND a.person_id = ctx_person() AND a.ended_at IS NULL AND p.is_active
"""
COMPANY_SUCCESSOR = f"""
    SELECT c.merged_into_id FROM companies_company c WHERE c.id = the_company AND c.merged_into_id IS NOT NULL AND (
        {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR company_known(c.merged_into_id))
        OR ctx_kind() = 'company' AND c.merged_into_id IN (SELECT company_mine()))
"""
COMPANY_RUN = """
    SELECT a.company_id FROM companies_companyaccess a JOIN accounts_person p ON p.id = a.person_id
    WHERE ctx_kind() = 'company' AND a.person_id = ctx_person() AND a.ended_at IS NULL AND p.is_active
 AND a.role = 'admin'"""
MY_FIRMS = """
    SELECT c.id, c.name::text, a.role::text FROM companies_companyaccess a
    JOIN companies_company c ON c.id = a.company_id JOIN accounts_person p ON p.id = a.person_id
    WHERE a.person_id = ctx_person() AND a.ended_at IS NULL AND p.is_active ORDER BY c.name
"""
COMPANY_IMPORT_IN_USE = f"""
CREATE FUNCTION company_import_in_use(the_row uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r companies_importedrow; owner text; part record; more text; target regclass; the_id uuid; found boolean;
BEGIN
    -- Whether later work, also that of other bodies, points to what a row of a sheet made. Yes or no.
    SELECT * INTO r FROM companies_importedrow WHERE id = the_row;
    SELECT body_id INTO owner FROM companies_companyimport WHERE id = r.run_id;
    IF NOT ({OWNER} OR ctx_kind() = 'system'
            OR ctx_kind() = 'staff' AND (ctx_is_desk() OR owner = ctx_body())) THEN RETURN true; END IF;
    IF r.deed = 'person' THEN target := 'companies_companyperson'::regclass; the_id := r.subject;
    ELSE target := 'companies_company'::regclass; the_id := r.company_id; END IF;
    FOR part IN SELECT c.relname AS tab, a.attname AS col FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
        WHERE k.contype = 'f' AND k.confrelid = target
    LOOP
        more := CASE part.tab
            WHEN 'companies_companyperson' THEN ' AND withdrawn_at IS NULL'
            WHEN 'companies_pastcontact' THEN ' AND withdrawn_at IS NULL'
            WHEN 'companies_sight' THEN ' AND ended_on IS NULL AND body_id <> ' || quote_literal(owner)
            WHEN 'companies_importedrow' THEN ' AND undone_at IS NULL AND run_id <> ' || quote_literal(r.run_id)
            ELSE '' END;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE %I = $1 %s)', part.tab, part.col, more) INTO found USING the_id;
        IF found THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$
"""
# Later work that points to what a run made, for all its rows in one pass a relation. What was only said of a firm
# (that it is not another one) is no work and does not keep it.
COMPANY_IMPORT_USED = f"""
CREATE FUNCTION company_import_used(the_run uuid) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE owner text; part record; more text; what text;
BEGIN
    SELECT body_id INTO owner FROM companies_companyimport WHERE id = the_run;
    IF NOT ({OWNER} OR ctx_kind() = 'system'
            OR ctx_kind() = 'staff' AND (ctx_is_desk() OR owner = ctx_body())) THEN RETURN; END IF;
    FOR part IN SELECT c.relname AS tab, a.attname AS col, k.confrelid::regclass::text AS target
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
        WHERE k.contype = 'f' AND k.confrelid IN ('companies_company'::regclass, 'companies_companyperson'::regclass)
    LOOP
        IF part.tab = 'companies_distinct' THEN CONTINUE; END IF;
        more := CASE part.tab
            WHEN 'companies_companyperson' THEN ' AND t.withdrawn_at IS NULL'
            WHEN 'companies_pastcontact' THEN ' AND t.withdrawn_at IS NULL'
            WHEN 'companies_sight' THEN ' AND t.ended_on IS NULL AND t.body_id <> ' || quote_literal(owner)
            WHEN 'companies_importedrow' THEN ' AND t.undone_at IS NULL AND t.run_id <> ' || quote_literal(the_run)
            ELSE '' END;
        what := CASE part.target WHEN 'companies_company' THEN 'r.company_id' ELSE 'r.subject' END;
        RETURN QUERY EXECUTE format(
            'SELECT r.id FROM companies_importedrow r WHERE r.run_id = $1 AND r.undone_at IS NULL AND r.deed = %L'
            ' AND EXISTS (SELECT 1 FROM %I t WHERE t.%I = ' || what || more || ')',
            CASE part.target WHEN 'companies_company' THEN 'new' ELSE 'person' END, part.tab, part.col) USING the_run;
    END LOOP;
END $$
"""

OPERATIONS = [
    # It stands already where an older version made it among the functions of mails and links.
    redefine("link_company()", "uuid", LINK_COMPANY),
    definer("ctx_is_desk()", "boolean", "SELECT ctx_kind() = 'staff' AND ctx_body() = plan_front_desk()"),
    definer(
        "companies_known()",
        "SETOF uuid",
        "SELECT company_id FROM companies_sight WHERE body_id = ctx_body() AND ended_on IS NULL",
    ),
    definer(
        "company_known(the_company uuid)",
        "boolean",
        "SELECT EXISTS (SELECT 1 FROM companies_sight WHERE company_id = the_company AND body_id = ctx_body()"
        " AND ended_on IS NULL) OR EXISTS (SELECT 1 FROM companies_company WHERE id = the_company"
        " AND entered_by_id = ctx_body())",
    ),
    definer("company_claim(number text, key text)", "uuid", COMPANY_CLAIM),
    migrations.RunSQL(COMPANY_MEET, "DROP FUNCTION company_meet(text, text, date);"),
    definer("company_merges(the_merge uuid)", "boolean", COMPANY_MERGES),
    migrations.RunSQL(COMPANY_MERGE_ROWS, "DROP FUNCTION company_merge_rows(uuid, text, text, date);"),
    migrations.RunSQL(COMPANY_MERGE_BACK, "DROP FUNCTION company_merge_back(uuid);"),
    definer("company_merge_since(the_merge uuid)", "SETOF text", COMPANY_MERGE_SINCE),
    definer("company_mine()", "SETOF uuid", COMPANY_MINE),
    definer("company_successor(the_company uuid)", "uuid", COMPANY_SUCCESSOR),
    definer("company_run()", "SETOF uuid", COMPANY_RUN),
    definer("my_firms()", "TABLE (company uuid, name text, role text)", MY_FIRMS),
    migrations.RunSQL(COMPANY_IMPORT_IN_USE, "DROP FUNCTION company_import_in_use(uuid);"),
    migrations.RunSQL(COMPANY_IMPORT_USED, "DROP FUNCTION company_import_used(uuid);"),
]
