"""What resolves a signed link and a calendar's address, and what the holder of a living link is."""

from django.db import migrations

from renkei.base.rls import definer

ALIVE = "id = ctx_link() AND ctx_kind() = 'link' AND closed_at IS NULL AND expires_at > now()"
POST_START_DRAFT = """
CREATE FUNCTION post_start_draft(hash text, moment timestamptz, until timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made uuid := gen_random_uuid();
BEGIN
    IF until > moment + interval '31 days' THEN RAISE EXCEPTION 'a draft link lives 31 days at most'; END IF;
    INSERT INTO post_link (id, purpose, token_hash, subject, body, made_by_body, classes, recipient_name,
                           recipient_email, made_at, expires_at)
    VALUES (made, 'draft', hash, made, '', '', '[]', '', '', moment, until);
    RETURN made;
END $$
"""
POST_LINK_OPENED = """
CREATE FUNCTION post_link_opened(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE post_link SET opened_at = moment
    WHERE id = ctx_link() AND ctx_kind() IN ('link', 'partner') AND opened_at IS NULL AND closed_at IS NULL;
    RETURN FOUND;
END $$
"""

OPERATIONS = [
    definer(
        "post_open_link(hash text)",
        "TABLE (id uuid, purpose text, subject uuid, link_case uuid, company uuid, body text, recipient_name text, classes jsonb)",
        'SELECT l.id, l.purpose, l.subject, l."case", l.company, l.body, l.recipient_name, l.classes FROM post_link l WHERE l.token_hash = hash'
        ' AND l.closed_at IS NULL AND l.expires_at > now()',
    ),
    migrations.RunSQL(POST_START_DRAFT, "DROP FUNCTION post_start_draft(text, timestamptz, timestamptz);"),
    definer("link_case()", "uuid", f'SELECT "case" FROM post_link WHERE {ALIVE}'),
    definer("link_purpose()", "text", f"SELECT purpose FROM post_link WHERE {ALIVE}"),
    definer("link_subject()", "uuid", f"SELECT subject FROM post_link WHERE {ALIVE}"),
    definer("link_body()", "text", f"SELECT body FROM post_link WHERE {ALIVE}"),
    definer("link_classes()", "jsonb", f"SELECT classes FROM post_link WHERE {ALIVE}"),
    definer("notice_sent()", "SETOF uuid", "SELECT id FROM post_notice WHERE from_body = ctx_body()"),
    definer(
        "post_open_calendar(hash text)",
        "TABLE (person uuid, with_words boolean)",
        "SELECT c.person, c.with_words FROM post_calendarlink c WHERE c.token_hash = hash"
        " AND c.ended_at IS NULL",
    ),
    migrations.RunSQL(POST_LINK_OPENED, "DROP FUNCTION post_link_opened(timestamptz);"),
    # A function of another package writes mails in SQL and knows nothing of this column.
    migrations.RunSQL("ALTER TABLE post_mail ALTER daily SET DEFAULT false;", "ALTER TABLE post_mail ALTER daily DROP DEFAULT;"),
]
