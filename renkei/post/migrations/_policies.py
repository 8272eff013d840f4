"""Who sees mails, links, notices, news and wishes.

Only the sender makes a notice and its receipts; a receiver changes its own receipt, never the notice. The receipts' policy
asks who sent the notice, the notice's policy who received it: one of the two must be a definer.
"""

from renkei.base.rls import BODY, LINK, PERSON, STAFF, SYSTEM, protect

MINE = f"{SYSTEM} OR {STAFF} AND body = {BODY}"

OPERATIONS = [
    protect(
        "post_link",
        select=f'{SYSTEM} OR {STAFF} AND (made_by_body = {BODY} OR body = {BODY}) OR id = {LINK}'
        ' OR "case" = (SELECT link_case())',
        insert=f'{SYSTEM} OR {STAFF} AND made_by_body = {BODY} OR "case" = (SELECT link_case())',
    ),
    protect(
        "post_mail",
        select=f'{SYSTEM} OR {STAFF} AND (made_by_body = {BODY} OR to_body = {BODY}) OR "case" = (SELECT link_case())',
        insert=f"{SYSTEM} OR {STAFF} OR (SELECT ctx_kind()) = 'link'",
    ),
    protect(
        "post_noticereceipt",
        select=f"{SYSTEM} OR {STAFF} AND (body = {BODY} OR notice_id IN (SELECT notice_sent()))",
        insert=f"{SYSTEM} OR {STAFF} AND notice_id IN (SELECT notice_sent())",
        update=MINE,
    ),
    protect(
        "post_notice",
        select=f"{SYSTEM} OR {STAFF} AND (from_body = {BODY}"
        " OR EXISTS (SELECT 1 FROM post_noticereceipt r WHERE r.notice_id = post_notice.id"
        f" AND r.body = {BODY}))",
        insert=f"{SYSTEM} OR {STAFF} AND from_body = {BODY}",
        update=f"{SYSTEM} OR {STAFF} AND from_body = {BODY}",
    ),
    protect(
        "post_nudge",
        select=f"{MINE} AND (person IS NULL OR person = {PERSON})",
        insert=f"{SYSTEM} OR {STAFF} OR (SELECT ctx_kind()) IN ('link', 'company')",
    ),
    protect("post_wishes", select=f"{SYSTEM} OR {STAFF} AND person = {PERSON}"),
    protect("post_calendarlink", select=f"{SYSTEM} OR {STAFF} AND person = {PERSON}"),
]
