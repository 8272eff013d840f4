"""How often a body was asked in twelve months: between equals, whoever was asked least comes first [C67]."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("matching", "0002_changes_and_policy"),
    ]

    operations = [
        migrations.AddField(
            model_name="load",
            name="asked_count",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
