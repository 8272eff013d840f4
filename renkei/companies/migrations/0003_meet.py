"""A body meets a firm that others registered: whoever names number and name of a firm knows it from that day on."""

from django.db import migrations

MEET = """
CREATE FUNCTION company_meet(number text, key text, day date) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found uuid;
BEGIN
    SELECT id INTO found FROM companies_company WHERE corporate_number = number AND name_key = key;
    IF found IS NULL OR ctx_kind() NOT IN ('staff', 'system') THEN RETURN NULL; END IF;
    IF ctx_kind() = 'staff' AND ctx_body() IS NOT NULL THEN
        INSERT INTO companies_sight (id, company_id, body_id, since)
        VALUES (gen_random_uuid(), found, ctx_body(), day) ON CONFLICT DO NOTHING;
    END IF;
    RETURN found;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0002_policies")]
    operations = [migrations.RunSQL(MEET, "DROP FUNCTION company_meet(text, text, date);")]
