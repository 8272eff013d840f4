"""Whether mails to the firm arrived, for who runs the case, without its address; and sending one again."""

from django.db import migrations

from renkei.base.rls import definer

MAILS = """
    SELECT m.id, m."case", m.subject, m.purpose, m.state, m.attempts, m.made_at, m.sent_at, m.error,
           regexp_replace(m."to", '^(.).*@(.).*$', '\\1…@\\2…')
    FROM post_mail m
    WHERE m.to_body = '' AND m."case" IN (SELECT case_held()) AND (the_case IS NULL OR m."case" = the_case)
    ORDER BY m.made_at DESC, m.id LIMIT 500
"""
AGAIN = """
CREATE FUNCTION case_send_again(the_mail uuid, address text, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE old post_mail%ROWTYPE; fresh uuid := gen_random_uuid();
BEGIN
    SELECT * INTO old FROM post_mail WHERE id = the_mail AND to_body = '' AND "case" IN (SELECT case_held())
        AND state IN ('failed', 'bounced') FOR UPDATE;
    IF old.id IS NULL THEN RETURN NULL; END IF;
    INSERT INTO post_mail (id, "to", subject, text, about, "case", purpose, made_by_body, to_body, made_at, not_before,
                           state, attempts, error, daily)
    VALUES (fresh, coalesce(nullif(address, ''), old."to"), old.subject, old.text, old.about, old."case", old.purpose,
            old.made_by_body, '', moment, moment, 'waiting', 0, '', false);
    UPDATE post_mail SET state = 'cancelled' WHERE id = the_mail;
    IF address <> '' THEN  -- what follows goes to the right address, too
        UPDATE cases_consultation SET email = address WHERE case_id = old."case" AND lower(email) = lower(old."to");
    END IF;
    RETURN fresh;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0022_mail_in")]
    operations = [
        definer(
            "case_mails(the_case uuid)",
            'TABLE (id uuid, "case" uuid, subject text, purpose text, state text, attempts smallint,'
            " made_at timestamptz, sent_at timestamptz, error text, address text)",
            MAILS,
        ),
        migrations.RunSQL(AGAIN, "DROP FUNCTION case_send_again(uuid, text, timestamptz);"),
    ]
