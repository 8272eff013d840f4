"""What a body was asked, read as one set: asking row by row took a third of the time of its list of requests.

Both functions return what they returned before (0002, 0003).
"""

from django.db import migrations

LEFT = "s.leaves_at <= now() AND s.state NOT IN ('proposed', 'recalled')"
NEEDS_ASKED = f"""
    SELECT s.need_id FROM cases_support s
    WHERE s.body_id = ctx_body() AND {LEFT} AND s.case_id IN (SELECT case_asked())
"""
SEEN_SUPPORTS = f"""
    SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'staff' AND s.body_id = ctx_body() AND {LEFT}
    UNION ALL SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'link' AND s.id = (SELECT link_subject())
"""


def replace(name: str, body: str) -> migrations.RunSQL:
    """Replace the body of a function of earlier migrations."""
    statement = f"""
        CREATE OR REPLACE FUNCTION {name} RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $fn$ {body} $fn$;
    """
    return migrations.RunSQL(statement, migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_split_and_merged")]
    operations = [replace("need_asked()", NEEDS_ASKED), replace("support_seen()", SEEN_SUPPORTS)]
