"""What the firm reads of a route stands in rows of its own, without the days of meetings; versions and their steps are the staff's."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from renkei.base.rls import STAFF, SYSTEM, append_only, protect

OURS = f"({SYSTEM} OR {STAFF})"
ROUTES = "route_id IN (SELECT id FROM cases_route)"
SENT = "id IN (SELECT version_id FROM cases_routesending)"
VERSIONS = "version_id IN (SELECT id FROM cases_routeversion)"
SENDINGS = "sending_id IN (SELECT id FROM cases_routesending)"

NUMBERED = """
    ALTER TABLE cases_routesending DISABLE TRIGGER cases_routesending_append_only;
    UPDATE cases_routesending s SET number = v.number FROM cases_routeversion v WHERE v.id = s.version_id;
    ALTER TABLE cases_routesending ENABLE TRIGGER cases_routesending_append_only;
"""
# As ``queries/route_told.py`` tells the steps of what is sent from now on.
TOLD = """
    WITH waiting AS (
        SELECT t.*, s.id AS sending_id,
            jsonb_path_exists(t.why, '$[*] ? (@.code == "put_to")') OR jsonb_path_exists(t.missing, '$[*] ? (@.code == "no_meeting")') AS waits,
            (jsonb_path_query_first(t.why, '$[*] ? (@.code == "put_to")') ->> 'day')::date AS held
        FROM cases_routesending s JOIN cases_routestep t ON t.version_id = s.version_id
    ), hidden AS (
        SELECT sending_id, ends_on::text AS day FROM waiting WHERE waits AND ends_on IS NOT NULL AND set_end IS NULL
    )
    INSERT INTO cases_routesentstep (id, sending_id, "order", need_id, service_id, body_id, entry, entry_name, begins_on, ends_on, why, missing)
    SELECT gen_random_uuid(), sending_id, "order", need_id, service_id, body_id, entry, entry_name,
        CASE WHEN waits AND begins_on >= held THEN set_begin ELSE begins_on END,
        CASE WHEN waits THEN set_end ELSE ends_on END,
        (SELECT coalesce(jsonb_agg(one ORDER BY n), '[]') FROM jsonb_array_elements(why) WITH ORDINALITY AS said(one, n)
         WHERE one ->> 'code' <> 'put_to' AND NOT (one ->> 'code' = 'after' AND EXISTS (
             SELECT FROM hidden h WHERE h.sending_id = waiting.sending_id AND h.day = one ->> 'day'))),
        CASE WHEN waits AND set_begin IS NULL THEN '[{"code": "at_meeting"}]'::jsonb ELSE '[]' END
            || (SELECT coalesce(jsonb_agg(one ORDER BY n), '[]') FROM jsonb_array_elements(missing) WITH ORDINALITY AS said(one, n)
                WHERE one ->> 'code' <> 'no_meeting')
    FROM waiting;
    SET CONSTRAINTS ALL IMMEDIATE;  -- no table changes its form while a check of its rows waits
"""


def _sight(table: str, before: str, after: str) -> migrations.RunSQL:
    return migrations.RunSQL(f"ALTER POLICY sight ON {table} USING ({after})", f"ALTER POLICY sight ON {table} USING ({before})")


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_listed_needs"), ("plan", "0003_closed_bodies")]

    operations = [
        migrations.AddField("routesending", "number", models.PositiveIntegerField(default=0), preserve_default=False),
        migrations.AlterModelOptions("routesending", options={"ordering": ["-number"]}),
        migrations.CreateModel(
            name="RouteSentStep",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("order", models.PositiveSmallIntegerField()),
                ("entry", models.CharField(blank=True, max_length=60)),
                ("entry_name", models.CharField(blank=True, max_length=300)),
                ("begins_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("why", models.JSONField(default=list)),
                ("missing", models.JSONField(default=list)),
                ("need", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.need")),
                ("service", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.service")),
                ("body", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.body")),
                ("sending", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="cases.routesending")),
            ],
            options={"ordering": ["order"], "abstract": False},
        ),
        migrations.AddConstraint("routesentstep", models.UniqueConstraint(fields=("sending", "order"), name="route_sent_step_once")),
        migrations.AddConstraint(
            "routesentstep",
            models.CheckConstraint(
                condition=models.Q(("why__contains", [{"code": "put_to"}]), _negated=True)
                & models.Q(("missing__contains", [{"code": "no_meeting"}]), _negated=True),
                name="route_sent_step_tells_no_meeting",
            ),
        ),
        migrations.RunSQL(NUMBERED, migrations.RunSQL.noop),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
        protect("cases_routesentstep", select=SENDINGS, insert=f"{OURS} AND {SENDINGS}", update="false"),
        append_only("cases_routesentstep"),
        _sight("cases_routeversion", before=f"{ROUTES} AND ({OURS} OR {SENT})", after=f"{OURS} AND {ROUTES}"),
        _sight("cases_routestep", before=VERSIONS, after=f"{OURS} AND {VERSIONS}"),
    ]
