"""Sites and earlier names are seen by who sees the firm; number and an earlier name lead to the firm too."""

from django.db import migrations

from renkei.base.rls import STAFF, SYSTEM, protect

PART = f"{SYSTEM} OR {STAFF} AND ((SELECT ctx_is_desk()) OR company_known(company_id)) OR company_id = (SELECT link_company())"
WRITE = f"{SYSTEM} OR {STAFF} AND ((SELECT ctx_is_desk()) OR company_known(company_id))"
NAMED = """SELECT c.id FROM companies_company c WHERE c.corporate_number = number AND (c.name_key = key OR EXISTS (
        SELECT 1 FROM companies_company o WHERE o.merged_into_id = c.id AND o.name_key = key) OR EXISTS (
        SELECT 1 FROM companies_former f WHERE f.company_id = c.id AND f.kind = 'name' AND f.value_key = key))"""
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
    dependencies = [("companies", "0006_sites_and_earlier_names")]
    operations = [
        protect("companies_site", select=PART, insert=WRITE, update=WRITE),
        protect("companies_former", select=PART, insert=WRITE, update=WRITE),
        migrations.RunSQL(CLAIM, migrations.RunSQL.noop),
        migrations.RunSQL(MEET, migrations.RunSQL.noop),
    ]
