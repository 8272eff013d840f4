"""Imports are a body's own; contacts from before are the firm's words, for who took them and the front desk (P2)."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, protect

OWN = f"{SYSTEM} OR {STAFF} AND ((SELECT ctx_is_desk()) OR body_id = {BODY})"
IN_USE = """
CREATE FUNCTION company_import_in_use(the_row uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r companies_importedrow; owner text; part record; more text; target regclass; the_id uuid; found boolean;
BEGIN
    -- Whether later work, also that of other bodies, points to what a row of a sheet made. Yes or no.
    SELECT * INTO r FROM companies_importedrow WHERE id = the_row;
    SELECT body_id INTO owner FROM companies_companyimport WHERE id = r.run_id;
    IF NOT (session_user NOT IN (SELECT role FROM base_login) OR ctx_kind() = 'system'
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
END $$;
"""


MINE = "(SELECT ctx_kind()) = 'company' AND %s IN (SELECT company_mine())"
# A firm that changes its own name keeps the old one, and stays found by what it was called and merged from.
FIRM = f"""
CREATE POLICY firm_sight ON companies_former FOR SELECT USING ({MINE % "company_id"});
CREATE POLICY firm_birth ON companies_former FOR INSERT WITH CHECK ({MINE % "company_id"});
CREATE POLICY firm_sight ON companies_site FOR SELECT USING ({MINE % "company_id"});
CREATE POLICY firm_sight ON companies_merge FOR SELECT USING ({MINE % "into_id"});
"""
NO_FIRM = """
DROP POLICY firm_sight ON companies_former; DROP POLICY firm_birth ON companies_former;
DROP POLICY firm_sight ON companies_site; DROP POLICY firm_sight ON companies_merge;
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0010_imports")]
    operations = [
        protect("companies_companyimport", select=OWN),
        protect("companies_importedrow", select="run_id IN (SELECT id FROM companies_companyimport)"),
        protect("companies_pastcontact", select=OWN),
        migrations.RunSQL(FIRM, NO_FIRM),
        migrations.RunSQL(IN_USE, "DROP FUNCTION company_import_in_use(uuid);"),
    ]
