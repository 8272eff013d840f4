"""What was split off a case may be merged into another: one open regrouping of each kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_links_see_no_more")]
    operations = [
        migrations.RemoveConstraint(model_name="regrouping", name="regrouping_one_open_per_case"),
        migrations.AddConstraint(
            model_name="regrouping",
            constraint=models.UniqueConstraint(
                fields=["case", "kind"], condition=models.Q(undone_at__isnull=True), name="regrouping_one_open_per_case"
            ),
        ),
    ]
