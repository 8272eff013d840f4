"""A step of a route can say that the firm has had the course for its machine: who wrote it, and when."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_case_with"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(model_name="routestep", name="trained_on", field=models.DateField(null=True)),
        migrations.AddField(
            model_name="routestep",
            name="trained_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name="routestep",
            constraint=models.CheckConstraint(
                condition=models.Q(("trained_by__isnull", True), ("trained_on__isnull", True))
                | models.Q(("trained_by__isnull", False), ("trained_on__isnull", False)),
                name="route_step_trained_told",
            ),
        ),
    ]
