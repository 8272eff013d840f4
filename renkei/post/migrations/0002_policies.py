"""How a link is resolved and begun (two reviewed definer functions), what it opens, and who sees mail and notices."""

from django.db import migrations

from renkei.base.rls import BODY, LINK, STAFF, SYSTEM, definer, protect

START = """
CREATE FUNCTION post_start_draft(hash text, moment timestamptz, until timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made uuid := gen_random_uuid();
BEGIN
    IF until > moment + interval '31 days' THEN RAISE EXCEPTION 'a draft link lives 31 days at most'; END IF;
    INSERT INTO post_link (id, purpose, token_hash, subject, body, made_by_body, classes, recipient_name,
                           recipient_email, made_at, expires_at)
    VALUES (made, 'draft', hash, made, '', '', '[]', '', '', moment, until);
    RETURN made;
END $$;
"""
ALIVE = "id = ctx_link() AND ctx_kind() = 'link' AND closed_at IS NULL AND expires_at > now()"
RECEIVED = f"EXISTS (SELECT 1 FROM post_noticereceipt r WHERE r.notice_id = post_notice.id AND r.body = {BODY})"


class Migration(migrations.Migration):
    dependencies = [("post", "0001_initial"), ("base", "0001_initial")]
    operations = [
        definer(
            "post_open_link(hash text)",
            "TABLE (id uuid, purpose text, subject uuid, link_case uuid, company uuid, body text,"
            " recipient_name text, classes jsonb)",
            'SELECT l.id, l.purpose, l.subject, l."case", l.company, l.body, l.recipient_name, l.classes'
            " FROM post_link l WHERE l.token_hash = hash AND l.closed_at IS NULL AND l.expires_at > now()",
        ),
        migrations.RunSQL(START, "DROP FUNCTION post_start_draft(text, timestamptz, timestamptz);"),
        definer("link_case()", "uuid", f'SELECT "case" FROM post_link WHERE {ALIVE}'),
        definer("link_purpose()", "text", f"SELECT purpose FROM post_link WHERE {ALIVE}"),
        definer("link_subject()", "uuid", f"SELECT subject FROM post_link WHERE {ALIVE}"),
        definer("link_company()", "uuid", f"SELECT company FROM post_link WHERE {ALIVE}"),
        definer("link_body()", "text", f"SELECT body FROM post_link WHERE {ALIVE}"),
        definer("link_classes()", "jsonb", f"SELECT classes FROM post_link WHERE {ALIVE}"),
        protect(
            "post_link",
            select=f"{SYSTEM} OR {STAFF} AND (made_by_body = {BODY} OR body = {BODY}) OR id = {LINK}"
            ' OR "case" = (SELECT link_case())',
            insert=f"{SYSTEM} OR {STAFF} AND made_by_body = {BODY} OR \"case\" = (SELECT link_case())",
        ),
        protect(
            "post_mail",
            select=f"{SYSTEM} OR {STAFF} AND (made_by_body = {BODY} OR to_body = {BODY})"
            ' OR "case" = (SELECT link_case())',
            insert=f"{SYSTEM} OR {STAFF} OR (SELECT ctx_kind()) = 'link'",
        ),
        protect(
            "post_noticereceipt",
            select=f"{SYSTEM} OR {STAFF} AND (body = {BODY} OR notice_id IN (SELECT notice_sent()))",
        ),
        protect("post_notice", select=f"{SYSTEM} OR {STAFF} AND (from_body = {BODY} OR {RECEIVED})"),
    ]


# The receipts' policy asks who sent the notice, the notice's policy who received it: one of the two must be a definer.
Migration.operations.insert(
    -2, definer("notice_sent()", "SETOF uuid", "SELECT id FROM post_notice WHERE from_body = ctx_body()")
)
