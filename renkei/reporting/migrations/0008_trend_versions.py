"""Notes on business trends counted once, however often they were corrected, and not once they are taken back."""

from django.db import migrations

from renkei.base.rls import definer
from renkei.reporting.counting import ladder
from renkei.reporting.counting.parts import RETURNS


class Migration(migrations.Migration):
    dependencies = [("reporting", "0007_trends"), ("meetings", "0010_trend_versions")]
    operations = [definer("figure_trends_2(since date, until date, as_of timestamptz)", RETURNS, ladder.TRENDS_2)]
