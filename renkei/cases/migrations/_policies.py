"""Who sees what of a case (P2): the same as ``visible_to`` of the models.

Policies add up: those of the lists at the end stand beside the table's own.
"""

from renkei.base.rls import BODY, PERSON, STAFF, SYSTEM, append_only, more, protect

LINKED = "(SELECT link_case())"
DESK = "(SELECT ctx_is_desk())"
COMPANY = "(SELECT ctx_kind()) = 'company'"
PARTNER = "(SELECT ctx_kind()) = 'partner'"
IN_FAMILY = "case_id IN (SELECT link_family())"
CONSENT_LINK = "(SELECT link_purpose()) = 'consent'"
CLASSED = "case_class_open(case_id, klass, author_body_id)"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
OPENED = "(case_id, klass) IN (SELECT c.the_case, c.klass FROM opening_classes() c)"
SEEN = f"({DESK} OR case_id IN (SELECT case_held()) OR case_id IN (SELECT case_asked()))"
OF_BODY = f"{SYSTEM} OR {STAFF} AND body_id = {BODY}"
PERSONAL = f"{STAFF} AND body_id = {BODY} AND person_id = {PERSON}"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
ANY_CASE = f"{INSIDE} OR {STAFF} AND case_id IN (SELECT case_asked()) OR case_id = {LINKED}"
SECRECY = (
    f"(NOT needs_nda OR {SYSTEM} OR {STATUS} OR case_id IN (SELECT case_promised()) OR {STAFF}"
    f" AND (author_body_id = {BODY} OR case_id IN (SELECT case_whole())))"
)

OPERATIONS = [
    protect(
        "cases_case",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR holder_id = {BODY} OR received_by_id = {BODY}"
        f" OR id IN (SELECT case_asked())) OR id = {LINKED} AND (SELECT offer_is_open())",
        insert=f"{SYSTEM} OR {STAFF} AND ({DESK} OR received_by_id = {BODY}) OR id = {LINKED}",
        update=f"{SYSTEM} OR {STAFF} AND ({DESK} OR holder_id = {BODY} OR received_by_id = {BODY}"
        f" OR id IN (SELECT case_asked())) OR id = {LINKED}",
    ),
    protect(
        "cases_consultation",
        select="case_words_open(case_id, received_by_id)",
        insert=f"{SYSTEM} OR {STAFF} AND ({DESK} OR received_by_id = {BODY}) OR {STATUS}",
    ),
    protect("cases_draft", select=f"{SYSTEM} OR id = (SELECT link_subject())"),
    protect(
        "cases_need",
        select=f"{INSIDE} OR {STAFF} AND id IN (SELECT need_asked()) OR {STATUS} OR id = (SELECT offered_need())",
        insert=f"{INSIDE} OR {STATUS}",
        update=f"{INSIDE} OR {STAFF} AND id IN (SELECT need_asked()) OR {STATUS}",
    ),
    protect(
        "cases_passage",
        select=f"{CLASSED} AND (support_id IS NULL OR {INSIDE} OR {STATUS} OR support_id IN (SELECT support_seen()))"
        f" AND (need_id IS NULL OR {INSIDE} OR {STATUS} OR need_id IN (SELECT need_asked())"
        f" OR need_id = (SELECT offered_need())) AND {SECRECY}",
        insert=ANY_CASE,
        update=INSIDE,
    ),
    protect(
        "cases_support",
        select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND leaves_at <= now()"
        f" AND state NOT IN ('proposed', 'recalled') OR {STATUS} OR case_id = {LINKED}"
        " AND id = (SELECT link_subject())",
        insert=INSIDE,
        update=f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND leaves_at <= now()"
        f" AND state NOT IN ('proposed', 'recalled') OR case_id = {LINKED}",
    ),
    protect(
        "cases_consent",
        select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND case_id IN (SELECT case_told()) OR {STATUS}"
        f" OR case_id = {LINKED} AND body_id = (SELECT link_body()) AND (SELECT offer_is_open())",
        insert=f"{INSIDE} OR {STATUS}",
        update=f"{INSIDE} OR {STATUS}",
    ),
    protect(
        "cases_contact",
        select=f"(SELECT ctx_kind()) <> 'link' AND {CLASSED}",
        insert=ANY_CASE,
        update="false",
    ),
    append_only("cases_contact"),
    protect("cases_message", select=CLASSED, insert=ANY_CASE, update=INSIDE),
    protect("cases_attachment", select=f"{CLASSED} AND {SECRECY}", insert=ANY_CASE, update=INSIDE),
    protect(
        "cases_handover",
        select=f"{INSIDE} OR {STAFF} AND to_body_id = {BODY} OR {STATUS}",
        insert=INSIDE,
        update=f"{INSIDE} OR {STAFF} AND to_body_id = {BODY} OR case_id = {LINKED}",
    ),
    protect("cases_incident", select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} OR {STATUS}", insert=INSIDE),
    protect(
        "cases_transition",
        select=f"{INSIDE} OR {STAFF} AND case_id IN (SELECT case_asked()) AND (body = {BODY} OR about_body = {BODY})"
        f" OR {STATUS} OR case_id = {LINKED} AND subject = (SELECT link_subject())",
        insert=ANY_CASE,
        update="false",
    ),
    append_only("cases_transition"),
    protect("cases_regionalproject_cases", select=f"{INSIDE} OR {STATUS}"),
    protect(
        "cases_regionalproject",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR id IN (SELECT project_held()))",
        insert=f"{SYSTEM} OR {STAFF}",
    ),
    protect(
        "cases_regionalproject_bodies",
        select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR regionalproject_id IN (SELECT project_held()))",
        insert=f"{SYSTEM} OR {STAFF}",
    ),
    protect(
        "cases_consentrequest",
        select=f"{INSIDE} OR {STATUS} OR case_id = {LINKED} AND id = (SELECT link_subject()) AND {CONSENT_LINK}",
        insert=INSIDE,
    ),
    protect("cases_regrouping", select=INSIDE),
    protect("cases_importrun", select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR body_id = {BODY})"),
    protect("cases_importedcase", select="run_id IN (SELECT id FROM cases_importrun)"),
    protect(
        "cases_savedview",
        select=f"{OF_BODY} AND (person_id = {PERSON} OR shared AND ended_at IS NULL)",
        insert=PERSONAL,
        update=f"{SYSTEM} OR {PERSONAL}",
    ),
    protect(
        "cases_viewhit",
        select=f"{SYSTEM} OR {STAFF} AND view_id IN (SELECT v.id FROM cases_savedview v WHERE v.person_id = {PERSON}"
        f" AND v.body_id = {BODY})",
        insert=f"{STAFF} AND view_id IN (SELECT v.id FROM cases_savedview v WHERE v.person_id = {PERSON}"
        f" AND v.body_id = {BODY})",
    ),
    protect("cases_move", select=OF_BODY),
    protect("cases_movepack", select=f"{OF_BODY} AND {SEEN}"),
    protect("cases_circulation", select=INSIDE),
    protect("cases_match", select=INSIDE),
    protect(
        "cases_asked",
        select=f"{SYSTEM} OR {STAFF} AND (body_id = {BODY}"
        " OR inquiry_id IN (SELECT inquiry_id FROM cases_circulation))",
        insert=f"{SYSTEM} OR {STAFF} AND inquiry_id IN (SELECT inquiry_id FROM cases_circulation)",
    ),
    protect(
        "cases_inquiry",
        select=f"{SYSTEM} OR {STAFF} AND (id IN (SELECT inquiry_id FROM cases_circulation) OR ended_at IS NULL"
        f" AND id IN (SELECT inquiry_id FROM cases_asked WHERE body_id = {BODY}))",
        insert=f"{SYSTEM} OR {STAFF}",
        update=f"{SYSTEM} OR {STAFF} AND id IN (SELECT inquiry_id FROM cases_circulation)",
    ),
    protect(
        "cases_nda",
        select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} AND case_id IN (SELECT case_told()) OR {STATUS}"
        f" OR case_id = {LINKED} AND body_id = (SELECT link_body()) AND (SELECT offer_is_open())",
        insert=INSIDE,
        update=INSIDE,
    ),
    protect(
        "cases_letter",
        select=f"{SYSTEM} OR {STAFF} AND (author_body_id = {BODY} OR state = 'decided') AND {CLASSED}",
        insert=f"{STAFF} AND author_body_id = {BODY} AND {SEEN}",
        update=f"{SYSTEM} OR {STAFF} AND author_body_id = {BODY}",
    ),
    protect("cases_letterstep", select=OF_BODY),
    protect("cases_export", select=OF_BODY, insert=PERSONAL, update="false"),
    append_only("cases_export"),
    protect(
        "cases_incoming",
        select=f"{SYSTEM} OR {STAFF} AND (case_id IN (SELECT case_held()) OR case_id IS NULL AND {DESK})",
        insert=SYSTEM,
    ),
    protect(
        "cases_opening",
        select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} OR {IN_FAMILY} OR id = (SELECT opening_link())",
        insert=f"{OF_BODY} AND {SEEN}",
    ),
    protect("cases_partnernote", select="opening_id IN (SELECT id FROM cases_opening)", update="false"),
    protect(
        "cases_followup",
        select=f"{SYSTEM} OR {STAFF} AND case_id IN (SELECT case_own()) OR {IN_FAMILY} OR case_id = {LINKED}"
        " AND (SELECT link_purpose()) = 'follow'",
        insert=f"{SYSTEM} OR {STAFF} AND case_id IN (SELECT case_own())",
    ),
    protect(
        "cases_partnerfile",
        select=f"opening_id IN (SELECT opening_writes()) OR {SYSTEM} OR {STAFF}"
        f" AND opening_id IN (SELECT id FROM cases_opening WHERE body_id = {BODY})",
        update="false",
    ),
    more(
        "split_birth", "cases_case", "INSERT",
        f"{STAFF} AND holder_id = {BODY} AND split_from_id IN (SELECT case_held())",
    ),
    more("family_sight", "cases_case", "SELECT", "id IN (SELECT link_family())"),
    more("family_change", "cases_case", "UPDATE", "id IN (SELECT link_family())"),
    *[
        more("family_sight", f"cases_{table}", "SELECT", IN_FAMILY)
        for table in (
            "consultation", "need", "passage", "support", "consent", "consentrequest", "message", "attachment",
            "handover", "incident", "transition", "nda",
        )
    ],
    *[
        more("family_birth", f"cases_{table}", "INSERT", IN_FAMILY)
        for table in (
            "consent", "message", "attachment", "transition",
        )
    ],
    *[
        more("family_change", f"cases_{table}", "UPDATE", IN_FAMILY)
        for table in (
            "consent", "consentrequest", "need",
        )
    ],
    more("asked_sight", "cases_consent", "SELECT", f"case_id = {LINKED} AND {CONSENT_LINK}"),
    more("asked_birth", "cases_consent", "INSERT", "consent_is_asked(case_id, body_id, klass)"),
    more(
        "asked_change", "cases_consent", "UPDATE",
        f"case_id = {LINKED} AND {CONSENT_LINK} AND (id = (SELECT link_subject())"
        " OR consent_is_asked(case_id, body_id, klass))",
    ),
    *[
        more("firm_change", f"cases_{table}", "UPDATE", f"{STATUS} OR {IN_FAMILY}")
        for table in (
            "passage", "attachment", "circulation",
        )
    ],
    more("firm_birth", "cases_case", "INSERT", f"{COMPANY} AND company_id IN (SELECT company_mine())"),
    *[
        more("firm_birth", f"cases_{table}", "INSERT", f"{COMPANY} AND {IN_FAMILY}")
        for table in (
            "consultation", "passage",
        )
    ],
    more("firm_sight", "cases_regionalproject_cases", "SELECT", f"{COMPANY} AND {IN_FAMILY}"),
    more(
        "firm_new", "post_link", "INSERT",
        f"{COMPANY} AND purpose = 'status' AND \"case\" IN (SELECT link_family())",
    ),
    more("family_sight", "post_link", "SELECT", "purpose = 'consent' AND \"case\" IN (SELECT link_family())"),
    more("family_change", "post_link", "UPDATE", "purpose = 'consent' AND \"case\" IN (SELECT link_family())"),
    more(
        "door_birth", "post_link", "INSERT",
        "purpose = 'join' AND (SELECT ctx_kind()) = 'link'"
        " AND company IN (SELECT f.company FROM link_firm(recipient_email) f)",
    ),
    more(
        "door_birth", "companies_companyinvitation", "INSERT",
        "(SELECT ctx_kind()) = 'link'"
        " AND company_id IN (SELECT f.company FROM link_firm(email) f WHERE f.is_first OR role = 'member')",
    ),
    more("firm_sight", "cases_circulation", "SELECT", f"{STATUS} OR {IN_FAMILY}"),
    more(
        "firm_sight", "cases_inquiry", "SELECT",
        "(SELECT ctx_kind()) IN ('link', 'company') AND id IN (SELECT inquiry_id FROM cases_circulation)",
    ),
    more(
        "firm_change", "cases_inquiry", "UPDATE",
        "(SELECT ctx_kind()) IN ('link', 'company') AND id IN (SELECT inquiry_id FROM cases_circulation)",
    ),
    more(
        "partner_sight", "cases_case", "SELECT",
        f"{PARTNER} AND id IN (SELECT c.the_case FROM opening_classes() c WHERE c.klass = 'summary')",
    ),
    more(
        "partner_sight", "cases_passage", "SELECT",
        f"{PARTNER} AND NOT needs_nda AND support_id IS NULL AND {OPENED}",
    ),
    more("partner_sight", "cases_attachment", "SELECT", f"{PARTNER} AND NOT needs_nda AND {OPENED}"),
    more(
        "partner_sight", "cases_consent", "SELECT",
        f"{PARTNER} AND (case_id, body_id) IN (SELECT o.the_case, o.the_body FROM opening_mine() o)",
    ),
    more("partner_birth", "post_mail", "INSERT", PARTNER),
    more("partner_sight", "post_link", "SELECT", "purpose = 'partner' AND \"case\" IN (SELECT link_family())"),
    more("partner_birth", "post_link", "INSERT", "purpose = 'partner' AND \"case\" IN (SELECT link_family())"),
    more("partner_change", "post_link", "UPDATE", "purpose = 'partner' AND \"case\" IN (SELECT link_family())"),
    more(
        "follow_sight", "post_link", "SELECT",
        "purpose = 'follow' AND subject IN (SELECT id FROM cases_followup)",
    ),
    more(
        "follow_change", "post_link", "UPDATE",
        "purpose = 'follow' AND subject IN (SELECT id FROM cases_followup)",
    ),
    more(
        "partner_birth", "post_nudge", "INSERT",
        f"{PARTNER} AND kind = 'partner' AND about = (SELECT opening_link())"
        " AND body = (SELECT o.the_body FROM opening_mine() o)",
    ),
]
