"""Names are looked through at every letter that is typed: in an index of their own, without the texts beside them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matching", "0010_entries_under_policy")]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                fields=["id"], name="entry_names", include=["name", "kana", "kind", "is_public"], condition=models.Q(withdrawn_on__isnull=True)
            ),
        ),
    ]
