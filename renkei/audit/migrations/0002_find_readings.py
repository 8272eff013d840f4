"""Find the readings of one case among all events, also where a list showed it beside others."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX audit_event_readings ON audit_event USING gin (objects_touched jsonb_path_ops) WHERE verb = 'read';",
            "DROP INDEX audit_event_readings;",
        ),
    ]
