"""The front desk of the plan that runs today, for the row-level policies above."""

from django.db import migrations

from renkei.base.rls import definer

DESK = """
    SELECT front_desk_id FROM plan_plan p
    WHERE EXISTS (SELECT 1 FROM plan_planversion v WHERE v.plan_id = p.code)
    ORDER BY ((term_from IS NULL OR term_from <= (now() AT TIME ZONE 'Asia/Tokyo')::date)
              AND term_to >= (now() AT TIME ZONE 'Asia/Tokyo')::date) DESC, term_to DESC LIMIT 1
"""


class Migration(migrations.Migration):
    dependencies = [("plan", "0001_initial")]
    operations = [definer("plan_front_desk()", "text", DESK)]
