"""Figures of services, the ladder, requests outside the region and meetings."""

from django.db import migrations

from renkei.base.rls import definer
from renkei.reporting.counting import ladder, supports
from renkei.reporting.counting.parts import RETURNS

SECOND = {"services_1": supports.SERVICES_1, "climbs_1": ladder.CLIMBS_1, "outside_1": ladder.OUTSIDE_1, "meetings_1": ladder.MEETINGS_1}


class Migration(migrations.Migration):
    dependencies = [("reporting", "0003_reports"), ("meetings", "0005_held_at")]
    operations = [definer(f"figure_{name}(since date, until date, as_of timestamptz)", RETURNS, body) for name, body in SECOND.items()]
