"""An offer link reads its consents only while the offer is open, and no link but the firm's own reads handovers."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM

DESK = "(SELECT ctx_is_desk())"
LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"


def narrow(table: str, condition: str) -> migrations.RunSQL:
    """Replace the policy of reading; the former condition stands in 0002 and 0003."""
    return migrations.RunSQL(f"ALTER POLICY sight ON {table} USING ({condition});", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_projects_and_undone_imports")]
    operations = [
        narrow(
            "cases_consent",
            f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND case_id IN (SELECT case_told()) OR {STATUS}"
            f" OR case_id = {LINKED} AND body_id = (SELECT link_body()) AND (SELECT offer_is_open())",
        ),
        narrow("cases_handover", f"{INSIDE} OR {STAFF} AND to_body_id = {BODY} OR {STATUS}"),
    ]
