"""The context functions every policy calls, the table of logins, and the trigger function of append-only tables."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models

CONTEXT = """
CREATE FUNCTION ctx_kind() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN kind = 'system' AND NOT EXISTS (
            SELECT 1 FROM base_login WHERE role = session_user AND part = 'worker') THEN ''
        ELSE kind END
    FROM (SELECT coalesce(nullif(current_setting('renkei.kind', true), ''), '') AS kind) AS setting
$$;
CREATE FUNCTION ctx_person() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('renkei.person', true), '')::uuid
$$;
CREATE FUNCTION ctx_body() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('renkei.body', true), '')
$$;
CREATE FUNCTION ctx_link() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('renkei.link', true), '')::uuid
$$;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
UNDO = """
DROP FUNCTION refuse_change(); DROP FUNCTION ctx_link(); DROP FUNCTION ctx_body();
DROP FUNCTION ctx_person(); DROP FUNCTION ctx_kind();
"""


class Migration(migrations.Migration):
    """First migration of the whole system."""

    initial = True
    dependencies = []

    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Login",
            fields=[
                ("role", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("part", models.CharField(max_length=8)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("part__in", ["web", "worker"])), name="login_part_known"
                    )
                ]
            },
        ),
        migrations.RunSQL(CONTEXT, UNDO),
    ]
