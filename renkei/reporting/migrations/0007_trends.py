"""The figure of what bodies told meetings about business trends."""

from django.db import migrations

from renkei.base.rls import definer
from renkei.reporting.counting import ladder
from renkei.reporting.counting.parts import RETURNS


class Migration(migrations.Migration):
    dependencies = [("reporting", "0006_shares"), ("meetings", "0007_materials")]
    operations = [definer("figure_trends_1(since date, until date, as_of timestamptz)", RETURNS, ladder.TRENDS_1)]
