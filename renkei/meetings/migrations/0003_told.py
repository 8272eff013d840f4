"""A meeting has an end and a moment of its last change; minutes have a day until which they are confirmed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("meetings", "0002_undecided")]

    operations = [
        migrations.AddField("meeting", "changed_at", models.DateTimeField(null=True)),
        migrations.RunSQL("UPDATE meetings_meeting SET changed_at = called_at", migrations.RunSQL.noop),
        migrations.AlterField("meeting", "changed_at", models.DateTimeField()),
        migrations.AddField("meeting", "ends", models.TimeField(blank=True, null=True, verbose_name="終了")),
        migrations.AddField("minutes", "due_on", models.DateField(null=True)),
        migrations.AddConstraint(
            "meeting",
            models.CheckConstraint(condition=models.Q(("ends__isnull", True), ("ends__gt", models.F("starts")), _connector="OR"), name="meeting_ends_after_start"),
        ),
    ]
