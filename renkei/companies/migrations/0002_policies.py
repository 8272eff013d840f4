"""A firm's profile is for bodies that know it, the front desk, and its own link (P2)."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, definer, protect

DESK = "(SELECT ctx_is_desk())"
KNOWN = "SELECT company_id FROM companies_sight WHERE body_id = ctx_body() AND ended_on IS NULL"
ROW = (
    f"{SYSTEM} OR {STAFF} AND ({DESK} OR entered_by_id = {BODY} OR id IN (SELECT companies_known()))"
    " OR id = (SELECT link_company())"
)
PART = f"{SYSTEM} OR {STAFF} AND ({DESK} OR company_known(company_id)) OR company_id = (SELECT link_company())"


class Migration(migrations.Migration):
    dependencies = [("companies", "0001_initial"), ("post", "0002_policies"), ("plan", "0002_front_desk")]
    operations = [
        definer("ctx_is_desk()", "boolean", "SELECT ctx_kind() = 'staff' AND ctx_body() = plan_front_desk()"),
        definer("companies_known()", "SETOF uuid", KNOWN),
        definer(
            "company_known(the_company uuid)",
            "boolean",
            "SELECT EXISTS (SELECT 1 FROM companies_sight WHERE company_id = the_company AND body_id = ctx_body()"
            " AND ended_on IS NULL) OR EXISTS (SELECT 1 FROM companies_company WHERE id = the_company"
            " AND entered_by_id = ctx_body())",
        ),
        definer(
            "company_claim(number text, key text)",
            "uuid",
            "SELECT id FROM companies_company WHERE corporate_number = number AND name_key = key",
        ),
        protect("companies_company", select=ROW, insert=f"{SYSTEM} OR {STAFF} AND entered_by_id = {BODY}"),
        protect("companies_companyperson", select=PART),
        protect("companies_sight", select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR body_id = {BODY})",
                insert=PART, update=PART),
    ]
