"""Accounts, and invitations without an answer, go over with the firm they belong to, and back when the merge is undone.

Who has an account at both firms keeps that of the firm that stays; the other one ends, and is opened again with the
undoing as long as the person still has the first. The link of an invitation follows its invitation.
"""

from django.db import migrations

from renkei.base.rls import redefine

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
ROWS = """
CREATE OR REPLACE FUNCTION company_merge_rows(the_merge uuid, the_table text, the_column text, day date) RETURNS void
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
END $$;
"""
BACK = """
CREATE OR REPLACE FUNCTION company_merge_back(the_merge uuid) RETURNS void
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
END $$;
"""
SUCCESSOR = f"""
    SELECT c.merged_into_id FROM companies_company c WHERE c.id = the_company AND c.merged_into_id IS NOT NULL AND (
        {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR company_known(c.merged_into_id))
        OR ctx_kind() = 'company' AND c.merged_into_id IN (SELECT company_mine()))
"""
ALIVE = "l.id = ctx_link() AND ctx_kind() = 'link' AND l.closed_at IS NULL AND l.expires_at > now()"
LINKED = f"""
    SELECT coalesce((SELECT i.company_id FROM companies_companyinvitation i WHERE l.purpose = 'join' AND i.id = l.subject),
                    l.company) FROM post_link l WHERE {ALIVE}
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0012_registered_numbers"), ("post", "0007_daily_is_not_read_back")]
    operations = [
        migrations.RunSQL(ROWS, migrations.RunSQL.noop),
        migrations.RunSQL(BACK, migrations.RunSQL.noop),
        redefine("company_successor(the_company uuid)", "uuid", SUCCESSOR),
        redefine("link_company()", "uuid", LINKED),
    ]
