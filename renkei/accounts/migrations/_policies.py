"""Who sees invitations, notes of absence and reviews of members."""

from renkei.base.rls import BODY, LINK, PERSON, STAFF, SYSTEM, append_only, protect

ADMIN = f"{STAFF} AND body_id = {BODY} AND (SELECT ctx_is_admin())"

OPERATIONS = [
    protect(
        "accounts_invitation",
        select=f"{SYSTEM} OR {ADMIN} OR (SELECT ctx_kind()) = 'link' AND id = {LINK}",
        insert=f"{SYSTEM} OR {ADMIN}",
    ),
    protect("accounts_absencenote", select=f"{STAFF} AND person_id = {PERSON}"),
    protect(
        "accounts_memberreview",
        select=f"{SYSTEM} OR {STAFF} AND (body_id = {BODY} OR {BODY} = (SELECT plan_front_desk()))",
        insert=ADMIN,
    ),
    append_only("accounts_memberreview"),
]
