"""What became of every mail about a case, for who runs it; and an offer's link lives on while its reader stays the same."""

from django.db import migrations

from renkei.base.rls import definer

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
# A link is made in the same breath as the mail that carries it: the newest one before the mail is the mail's.
OPENED = """
    SELECT l.opened_at FROM post_link l
    WHERE l.made_at <= m.made_at AND CASE m.purpose
        WHEN 'offer' THEN l.purpose = 'offer' AND l.subject = m.about
        WHEN 'partner' THEN l.purpose = 'partner' AND l.subject = m.about
        WHEN 'receipt' THEN l.purpose = 'status' AND l."case" = m."case" ELSE false END
    ORDER BY l.made_at DESC LIMIT 1
"""
MAILS = f"""
    SELECT m.id, m.subject, m.purpose, CASE WHEN m.state = 'joined' AND c.state = 'bounced' THEN 'bounced' ELSE m.state END,
           m.attempts, m.made_at, m.sent_at, m.error, regexp_replace(m."to", '^(.).*@(.).*$', '\\1…@\\2…'), m.to_body,
           CASE WHEN m.purpose = 'offer' THEN m.about END, ({OPENED}),
           m.state IN ('failed', 'bounced') AND NOT EXISTS (
               SELECT 1 FROM post_mail n WHERE n.about = m.about AND n.purpose = m.purpose AND n.to_body = m.to_body
                   AND n.id <> m.id AND n.made_at >= m.made_at AND n.state <> 'cancelled')
    FROM post_mail m LEFT JOIN post_mail c ON c.id = m.carrier_id
    WHERE m."case" = the_case AND m.purpose <> 'digest' AND the_case IN (SELECT case_held())
    ORDER BY m.made_at DESC, m.id LIMIT 200
"""
CLOSE = """
CREATE OR REPLACE FUNCTION case_close_offer(the_support uuid, moment timestamptz, but_not uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE mails integer;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cases_support s WHERE s.id = the_support AND (
        %(owner)s OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR s.case_id IN (SELECT case_held()) OR s.body_id = ctx_body())
        OR ctx_kind() = 'link' AND link_subject() = s.id)) THEN RAISE EXCEPTION 'not an offer of the caller'; END IF;
    UPDATE post_mail SET state = 'cancelled'
    WHERE about = the_support AND purpose IN ('offer', 'reminder') AND state = 'waiting';
    GET DIAGNOSTICS mails = ROW_COUNT;
    UPDATE post_link l SET closed_at = moment
    WHERE subject = the_support AND purpose = 'offer' AND closed_at IS NULL AND id IS DISTINCT FROM but_not%(same)s;
    RETURN mails;
END $$;
"""
# The same reader, shown the same: the link in hand goes on, as the mail with the new one may leave only tomorrow.
SAME = """
        AND NOT EXISTS (SELECT 1 FROM post_link k WHERE k.id = but_not AND k.recipient_email <> ''
                        AND lower(k.recipient_email) = lower(l.recipient_email) AND k.classes = l.classes AND k.body = l.body)"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0033_partner_files"), ("post", "0008_links_are_opened")]
    operations = [
        definer(
            "case_deliveries(the_case uuid)",
            "TABLE (id uuid, subject text, purpose text, state text, attempts smallint, made_at timestamptz,"
            " sent_at timestamptz, error text, address text, to_body text, support uuid, opened_at timestamptz, may_again boolean)",
            MAILS,
        ),
        migrations.RunSQL(CLOSE % {"owner": OWNER, "same": SAME}, CLOSE % {"owner": OWNER, "same": ""}),
    ]
