"""Who sees and changes accounts of firms, and what a signed-in person of a firm may of the firm's own record (P2).

Policies add up: the ones named ``firm_`` stand beside those of 0002.
"""

from django.db import migrations

from renkei.base.rls import PERSON, STAFF, SYSTEM, definer, more, protect

DESK = "(SELECT ctx_is_desk())"
MINE = """
    SELECT a.company_id FROM companies_companyaccess a JOIN accounts_person p ON p.id = a.person_id
    WHERE ctx_kind() = 'company' AND a.person_id = ctx_person() AND a.ended_at IS NULL AND p.is_active
"""
RUN = f"{MINE} AND a.role = 'admin'"
NAMES = """
    SELECT c.id, c.name::text, a.role::text FROM companies_companyaccess a
    JOIN companies_company c ON c.id = a.company_id JOIN accounts_person p ON p.id = a.person_id
    WHERE a.person_id = ctx_person() AND a.ended_at IS NULL AND p.is_active ORDER BY c.name
"""
OF_MINE = "(SELECT ctx_kind()) = 'company' AND %s IN (SELECT company_mine())"
OF_RUN = "(SELECT ctx_kind()) = 'company' AND company_id IN (SELECT company_run())"
JOIN = "(SELECT link_purpose()) = 'join' AND company_id = (SELECT link_company())"
KNOWN = f"{SYSTEM} OR {STAFF} AND ({DESK} OR company_known(company_id))"
ASKED = f"{KNOWN} OR {OF_MINE % 'company_id'} OR id = (SELECT link_subject()) AND {JOIN}"


class Migration(migrations.Migration):
    dependencies = [("companies", "0008_accounts"), ("post", "0004_more_purposes"), ("accounts", "0001_initial")]
    operations = [
        definer("company_mine()", "SETOF uuid", MINE),
        definer("company_run()", "SETOF uuid", RUN),
        definer("my_firms()", "TABLE (company uuid, name text, role text)", NAMES),
        protect(
            "companies_companyaccess",
            select=f"{KNOWN} OR {OF_MINE % 'company_id'} OR person_id = {PERSON} OR {JOIN}",
            insert=f"{SYSTEM} OR {JOIN}",
            update=f"{KNOWN} OR {OF_RUN} OR {OF_MINE % 'company_id'} AND person_id = {PERSON}",
        ),
        protect(
            "companies_companyinvitation",
            select=ASKED,
            insert=f"{KNOWN} OR {OF_RUN}",
            update=f"{KNOWN} OR {OF_RUN} OR id = (SELECT link_subject()) AND {JOIN}",
        ),
        more("firm_sight", "companies_company", "SELECT", OF_MINE % "id"),
        more("firm_change", "companies_company", "UPDATE", OF_MINE % "id"),
        *[more(f"firm_{name}", "companies_companyperson", command, OF_MINE % "company_id")
          for name, command in (("sight", "SELECT"), ("birth", "INSERT"), ("change", "UPDATE"))],
        *[more(f"firm_{name}", "post_link", command, f"purpose = 'join' AND {OF_MINE % 'company'}")
          for name, command in (("sight", "SELECT"), ("birth", "INSERT"), ("change", "UPDATE"))],
        more("firm_birth", "post_mail", "INSERT", "(SELECT ctx_kind()) = 'company'"),
    ]
