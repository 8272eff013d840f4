"""Projects by agreed shares, in hundredths."""

from django.db import migrations, models

from renkei.base.rls import definer
from renkei.reporting.counting import supports
from renkei.reporting.counting.parts import RETURNS_SHARES


class Migration(migrations.Migration):
    dependencies = [("reporting", "0005_published"), ("cases", "0011_project_shares")]
    operations = [
        migrations.AlterField("frozenfigure", "value", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
        definer("figure_projects_2(since date, until date, as_of timestamptz)", RETURNS_SHARES, supports.PROJECTS_2),
    ]
