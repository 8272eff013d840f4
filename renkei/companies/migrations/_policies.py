"""Who sees firms, their people, accounts, mergers and imports (P2).

A firm that changes its own name keeps the old one. Who sees both firms sees that they are two; a firm's own people and links
see no such decision.
"""

from renkei.base.rls import BODY, PERSON, STAFF, SYSTEM, append_only, more, protect

DESK = "(SELECT ctx_is_desk())"
OF_RUN = "(SELECT ctx_kind()) = 'company' AND company_id IN (SELECT company_run())"
FIRM = "(SELECT ctx_kind()) = 'company' AND company_id IN (SELECT company_mine())"
JOIN = "(SELECT link_purpose()) = 'join' AND company_id = (SELECT link_company())"
KNOWN = f"{SYSTEM} OR {STAFF} AND ({DESK} OR company_known(company_id))"
OWN = f"{SYSTEM} OR {STAFF} AND ({DESK} OR body_id = {BODY})"
PART = f"{KNOWN} OR company_id = (SELECT link_company())"

OPERATIONS = [
    protect(
        "companies_company",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR entered_by_id = {BODY} OR id IN (SELECT companies_known()))"
        " OR id = (SELECT link_company())",
        insert=f"{SYSTEM} OR {STAFF} AND entered_by_id = {BODY}",
    ),
    protect("companies_companyperson", select=PART),
    protect("companies_sight", select=OWN, insert=PART, update=PART),
    protect(
        "companies_merge",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR company_known(into_id))",
        insert=f"{SYSTEM} OR {STAFF} AND ({DESK} OR done_body_id = {BODY} AND company_known(into_id)"
        " AND company_known(other_id))",
        update=f"{SYSTEM} OR {STAFF} AND ({DESK} OR done_body_id = {BODY} AND company_known(into_id))",
    ),
    protect(
        "companies_mergemove",
        select="merge_id IN (SELECT id FROM companies_merge)",
        insert="false",
        update="false",
    ),
    append_only("companies_mergemove"),
    protect("companies_site", select=PART, insert=KNOWN, update=KNOWN),
    protect("companies_former", select=PART, insert=KNOWN, update=KNOWN),
    protect(
        "companies_companyaccess",
        select=f"{KNOWN} OR {FIRM} OR person_id = {PERSON} OR {JOIN}",
        insert=f"{SYSTEM} OR {JOIN}",
        update=f"{KNOWN} OR {OF_RUN} OR {FIRM} AND person_id = {PERSON}",
    ),
    protect(
        "companies_companyinvitation",
        select=f"{KNOWN} OR {FIRM} OR id = (SELECT link_subject()) AND {JOIN}",
        insert=f"{KNOWN} OR {OF_RUN}",
        update=f"{KNOWN} OR {OF_RUN} OR id = (SELECT link_subject()) AND {JOIN}",
    ),
    protect("companies_companyimport", select=OWN),
    protect("companies_importedrow", select="run_id IN (SELECT id FROM companies_companyimport)"),
    protect("companies_pastcontact", select=OWN),
    protect(
        "companies_distinct",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR first_id IN (SELECT id FROM companies_company)"
        " AND second_id IN (SELECT id FROM companies_company))",
    ),
    more(
        "firm_sight", "companies_company", "SELECT",
        "(SELECT ctx_kind()) = 'company' AND id IN (SELECT company_mine())",
    ),
    more(
        "firm_change", "companies_company", "UPDATE",
        "(SELECT ctx_kind()) = 'company' AND id IN (SELECT company_mine())",
    ),
    *[
        more("firm_sight", f"companies_{table}", "SELECT", FIRM)
        for table in (
            "companyperson", "former", "site",
        )
    ],
    *[
        more("firm_birth", f"companies_{table}", "INSERT", FIRM)
        for table in (
            "companyperson", "former",
        )
    ],
    more("firm_change", "companies_companyperson", "UPDATE", FIRM),
    more(
        "firm_sight", "post_link", "SELECT",
        "purpose = 'join' AND (SELECT ctx_kind()) = 'company' AND company IN (SELECT company_mine())",
    ),
    more(
        "firm_birth", "post_link", "INSERT",
        "purpose = 'join' AND (SELECT ctx_kind()) = 'company' AND company IN (SELECT company_mine())",
    ),
    more(
        "firm_change", "post_link", "UPDATE",
        "purpose = 'join' AND (SELECT ctx_kind()) = 'company' AND company IN (SELECT company_mine())",
    ),
    more("firm_birth", "post_mail", "INSERT", "(SELECT ctx_kind()) = 'company'"),
    more(
        "firm_sight", "companies_merge", "SELECT",
        "(SELECT ctx_kind()) = 'company' AND into_id IN (SELECT company_mine())",
    ),
]
