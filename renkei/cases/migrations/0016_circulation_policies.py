"""Who reads an inquiry without a name, who reads what is kept for secrecy, and what the firm may change of its own.

A body reads its own question and the inquiry's words while they are asked; only who sees the case from inside reads which need it is.
"""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, definer, more, protect

DESK = "(SELECT ctx_is_desk())"
LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
IN_FAMILY = "case_id IN (SELECT link_family())"
CIRCULATED = "IN (SELECT inquiry_id FROM cases_circulation)"

# Both as sets, asked once a query: cases whose words the acting body took, and cases it (or its link) has promised secrecy for.
WHOLE = """
    SELECT id FROM cases_case WHERE received_by_id = (SELECT ctx_body()) OR (SELECT ctx_is_desk()) AND at_desk
"""
PROMISED = """
    SELECT n.case_id FROM cases_nda n
    WHERE n.body_id = CASE (SELECT ctx_kind()) WHEN 'staff' THEN (SELECT ctx_body()) WHEN 'link' THEN (SELECT link_body()) END
      AND n.ended_on IS NULL AND n.signed_on <= (now() AT TIME ZONE 'Asia/Tokyo')::date
      AND (n.until IS NULL OR n.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
"""
SECRECY = f"""
    (NOT needs_nda OR {SYSTEM} OR {STATUS} OR case_id IN (SELECT case_promised())
     OR {STAFF} AND (author_body_id = {BODY} OR case_id IN (SELECT case_whole())))
"""
CLASSED = "case_class_open(case_id, klass, author_body_id)"
ABOUT_ME = f"""
    (support_id IS NULL OR {INSIDE} OR {STATUS} OR support_id IN (SELECT support_seen()))
    AND (need_id IS NULL OR {INSIDE} OR {STATUS} OR need_id IN (SELECT need_asked()) OR need_id = (SELECT offered_need()))
"""


def narrow(table: str, condition: str, before: str) -> migrations.RunSQL:
    """Replace the policy of reading; ``before`` is what 0002 and 0003 say."""
    return migrations.RunSQL(
        f"ALTER POLICY sight ON {table} USING ({condition});", f"ALTER POLICY sight ON {table} USING ({before});"
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_circulation_and_secrecy")]
    operations = [
        protect("cases_circulation", select=INSIDE),
        protect("cases_match", select=INSIDE),
        protect(
            "cases_asked",
            select=f"{SYSTEM} OR {STAFF} AND (body_id = {BODY} OR inquiry_id {CIRCULATED})",
            insert=f"{SYSTEM} OR {STAFF} AND inquiry_id {CIRCULATED}",
        ),
        protect(
            "cases_inquiry",
            select=f"{SYSTEM} OR {STAFF} AND (id {CIRCULATED}"
            f" OR ended_at IS NULL AND id IN (SELECT inquiry_id FROM cases_asked WHERE body_id = {BODY}))",
            insert=f"{SYSTEM} OR {STAFF}",
            update=f"{SYSTEM} OR {STAFF} AND id {CIRCULATED}",
        ),
        protect(
            "cases_nda",
            select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND case_id IN (SELECT case_told()) OR {STATUS}"
            f" OR case_id = {LINKED} AND body_id = (SELECT link_body()) AND (SELECT offer_is_open())",
            insert=INSIDE,
            update=INSIDE,
        ),
        more("family_sight", "cases_nda", "SELECT", IN_FAMILY),
        definer("case_whole()", "SETOF uuid", WHOLE),
        definer("case_promised()", "SETOF uuid", PROMISED),
        narrow("cases_passage", f"{CLASSED} AND {ABOUT_ME} AND {SECRECY}", f"{CLASSED} AND {ABOUT_ME}"),
        narrow("cases_attachment", f"{CLASSED} AND {SECRECY}", CLASSED),
        more("firm_change", "cases_passage", "UPDATE", f"{STATUS} OR {IN_FAMILY}"),
        more("firm_change", "cases_attachment", "UPDATE", f"{STATUS} OR {IN_FAMILY}"),
        more("family_change", "cases_need", "UPDATE", IN_FAMILY),
    ]
