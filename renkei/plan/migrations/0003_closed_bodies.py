"""What tables of other packages call when a row chooses a body: one that was dissolved is refused by a name of theirs.

``plan_refuse_closed_body(column, constraint)`` looks at the column of the new row. Rows that stand are never looked at:
what a dissolved body did stays as it is.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION plan_refuse_closed_body() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE chosen text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF EXISTS (SELECT 1 FROM plan_body WHERE code = chosen AND closed_on IS NOT NULL) THEN
        RAISE EXCEPTION 'body % was dissolved', chosen USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[1];
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("plan", "0002_front_desk")]
    operations = [migrations.RunSQL(REFUSE, "DROP FUNCTION plan_refuse_closed_body();")]
