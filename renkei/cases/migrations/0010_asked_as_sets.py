"""What a body was asked, read as one set: asking row by row took a third of the time of its list of requests.

Both functions return what they returned before (0002, 0003).
"""

from django.db import migrations

from renkei.base.rls import redefine

LEFT = "s.leaves_at <= now() AND s.state NOT IN ('proposed', 'recalled')"
NEEDS_ASKED = f"""
    SELECT s.need_id FROM cases_support s
    WHERE s.body_id = ctx_body() AND {LEFT} AND s.case_id IN (SELECT case_asked())
"""
SEEN_SUPPORTS = f"""
    SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'staff' AND s.body_id = ctx_body() AND {LEFT}
    UNION ALL SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'link' AND s.id = (SELECT link_subject())
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_split_and_merged")]
    operations = [redefine("need_asked()", "SETOF uuid", NEEDS_ASKED), redefine("support_seen()", "SETOF uuid", SEEN_SUPPORTS)]
