"""What the policies of cases ask, and what crosses them: each function checks who calls.

What another body was asked, or may see, is nobody else's business; an offer link dies with the consent it rests on; a firm
reaches all its merged and split cases; a partner reaches what was opened while its terms are accepted.
"""

from django.db import migrations

from renkei.base.rls import definer

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
TODAY = "(now() AT TIME ZONE 'Asia/Tokyo')::date"
LIVE = f"k.withdrawn_at IS NULL AND (k.until IS NULL OR k.until >= {TODAY})"
LEFT = "s.leaves_at <= now() AND s.state NOT IN ('proposed', 'recalled')"
CASE_IS_ASKED = f"""SELECT
    EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = ctx_body()
            AND k.klass = 'summary' AND {LIVE})
    AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = the_case AND s.body_id = ctx_body() AND {LEFT})
         OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = the_case AND h.to_body_id = ctx_body()
                    AND h.state = 'offered'))
"""
CASE_ASKED = f"""
    SELECT k.case_id FROM cases_consent k
    WHERE k.body_id = ctx_body() AND k.klass = 'summary' AND {LIVE}
      AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = k.case_id AND s.body_id = ctx_body() AND {LEFT})
           OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = k.case_id AND h.to_body_id = ctx_body()
                      AND h.state = 'offered'))
"""
NEED_ASKED = f"""
    SELECT s.need_id FROM cases_support s
    WHERE s.body_id = ctx_body() AND {LEFT} AND s.case_id IN (SELECT case_asked())
"""
CASE_CLASS_OPEN = f"""
    SELECT CASE ctx_kind()
        WHEN 'system' THEN true
        WHEN 'staff' THEN EXISTS (
            SELECT 1 FROM cases_case c WHERE c.id = the_case AND (
                c.received_by_id = ctx_body()
                OR ctx_is_desk() AND (c.at_desk OR the_class = 'summary')
                OR
    EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = ctx_body() AND k.klass = the_class AND {LIVE})
 AND (c.holder_id = ctx_body() OR case_is_asked(c.id))
                OR author = ctx_body() AND (c.holder_id = ctx_body() OR case_is_asked(c.id) OR ctx_is_desk())))
        WHEN 'link' THEN the_case = link_case() AND (
            link_purpose() = 'status' OR link_purpose() = 'offer' AND link_classes() ? the_class
            AND
    EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = link_body() AND k.klass = the_class AND {LIVE})
)
        ELSE false END
"""
CASE_WORDS_OPEN = f"""
    SELECT CASE ctx_kind()
        WHEN 'system' THEN true
        WHEN 'staff' THEN taker = ctx_body() OR EXISTS (
            SELECT 1 FROM cases_case c WHERE c.id = the_case AND (
                c.received_by_id = ctx_body() OR ctx_is_desk() AND c.at_desk
                OR c.holder_id = ctx_body() AND EXISTS (
                    SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = ctx_body()
                    AND k.klass = 'technical' AND {LIVE})))
        WHEN 'link' THEN the_case = link_case() AND link_purpose() = 'status'
        ELSE false END
"""
CASE_BIND_LINK = """
CREATE FUNCTION case_bind_link(new_case uuid, until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- A draft becomes a case once, and only a case that does not exist yet: a link can never reach somebody else's.
    IF EXISTS (SELECT 1 FROM cases_case WHERE id = new_case) THEN RAISE EXCEPTION 'this case exists'; END IF;
    UPDATE post_link SET "case" = new_case, purpose = 'status', expires_at = until
    WHERE id = ctx_link() AND ctx_kind() = 'link' AND purpose = 'draft' AND "case" IS NULL AND closed_at IS NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'this draft has been sent'; END IF;
END $$
"""
# The owner migrates, loads the example and runs tests: its login stands in no table of logins.
# The same reader, shown the same: the link in hand goes on, as the mail with the new one may leave only tomorrow.
CASE_CLOSE_OFFER = f"""
CREATE FUNCTION case_close_offer(the_support uuid, moment timestamptz, but_not uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE mails integer;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cases_support s WHERE s.id = the_support AND (
        {OWNER} OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR s.case_id IN (SELECT case_held()) OR s.body_id = ctx_body())
        OR ctx_kind() = 'link' AND link_subject() = s.id)) THEN RAISE EXCEPTION 'not an offer of the caller'; END IF;
    UPDATE post_mail SET state = 'cancelled'
    WHERE about = the_support AND purpose IN ('offer', 'reminder') AND state = 'waiting';
    GET DIAGNOSTICS mails = ROW_COUNT;
    UPDATE post_link l SET closed_at = moment
    WHERE subject = the_support AND purpose = 'offer' AND closed_at IS NULL AND id IS DISTINCT FROM but_not
        AND NOT EXISTS (SELECT 1 FROM post_link k WHERE k.id = but_not AND k.recipient_email <> ''
                        AND lower(k.recipient_email) = lower(l.recipient_email) AND k.classes = l.classes AND k.body = l.body);
    RETURN mails;
END $$
"""
CASE_READS = f"""
    SELECT e.at, e.person, coalesce(l.recipient_name, '') FROM cases_support s
    JOIN audit_event e ON e.stream = 'cases.support:' || s.id AND e.verb = 'read'
    LEFT JOIN post_link l ON l.id = e.link
    WHERE s.id = the_support AND (e.body = s.body_id OR l.subject = s.id)
      AND ({OWNER} OR ctx_kind() = 'system'
           OR ctx_kind() = 'staff' AND (ctx_is_desk() OR s.case_id IN (SELECT case_held())))
    ORDER BY e.at
"""
SUPPORT_SEEN = f"""
    SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'staff' AND s.body_id = ctx_body() AND {LEFT}
    UNION ALL SELECT s.id FROM cases_support s WHERE (SELECT ctx_kind()) = 'link' AND s.id = (SELECT link_subject())
"""
CASE_TOLD = f"""
    SELECT s.case_id FROM cases_support s WHERE s.body_id = ctx_body() AND {LEFT}
    UNION SELECT h.case_id FROM cases_handover h WHERE h.to_body_id = ctx_body() AND h.state = 'offered'
"""
OFFER_IS_OPEN = f"""
    SELECT link_purpose() <> 'offer' OR EXISTS (
        SELECT 1 FROM cases_consent k WHERE k.case_id = link_case() AND k.body_id = link_body()
          AND k.klass = 'summary' AND k.withdrawn_at IS NULL
          AND (k.until IS NULL OR k.until >= {TODAY}))
    AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = link_case() AND s.body_id = link_body() AND {LEFT})
         OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = link_case() AND h.to_body_id = link_body()
                    AND h.state = 'offered'))
"""
# Merging needs one and the same firm, so all of this is the firm's own. The link's own case stands in 0002 already.
LINK_FAMILY = """
    WITH own AS (SELECT id, merged_into_id FROM cases_case WHERE id = link_case() AND link_purpose() = 'status'),
    near AS (SELECT id FROM own UNION SELECT merged_into_id FROM own WHERE merged_into_id IS NOT NULL
             UNION SELECT c.id FROM cases_case c JOIN own ON c.merged_into_id IN (own.id, own.merged_into_id))
    SELECT id FROM near UNION SELECT c.id FROM cases_case c JOIN near ON c.split_from_id = near.id
    UNION SELECT c.id FROM cases_case c
        WHERE (SELECT ctx_kind()) = 'company' AND c.company_id = ANY (ARRAY(SELECT company_mine()))
"""
CASE_TAKES_PART = f"""
    SELECT {OWNER} OR ctx_kind() = 'system'
        OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held()) OR case_is_asked(the_case))
        OR ctx_kind() = 'link' AND the_case = link_case()
        OR ctx_kind() = 'company' AND the_case IN (SELECT link_family())
"""
CASE_MEET_COMPANY = """
CREATE FUNCTION case_meet_company(the_case uuid, the_body text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE firm uuid;
BEGIN
    -- The body that was asked (or whoever runs the case, for it) writes down that it knows the firm now.
    IF NOT (case_takes_part(the_case) AND EXISTS (
        SELECT 1 FROM cases_support s WHERE s.case_id = the_case AND s.body_id = the_body
        AND s.state IN ('accepted', 'under_way', 'done'))) THEN RAISE EXCEPTION 'not a case of the body'; END IF;
    SELECT company_id INTO firm FROM cases_case WHERE id = the_case;
    IF firm IS NULL THEN RETURN false; END IF;
    INSERT INTO companies_sight (id, company_id, body_id, since) VALUES (gen_random_uuid(), firm, the_body, day)
    ON CONFLICT DO NOTHING;
    RETURN true;
END $$
"""
CASE_RUNS = f"""
    SELECT {OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held()))
"""
CONSENT_IS_ASKED = """
    SELECT link_purpose() = 'consent' AND EXISTS (
        SELECT 1 FROM cases_consentrequest r WHERE r.id = link_subject() AND r.case_id = link_case()
        AND r.case_id = the_case AND r.body_id = the_body AND the_class = ANY (r.classes))
"""
CASE_TO_DESK = f"""
CREATE FUNCTION case_to_desk(the_case uuid, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The holder gives the case back although it may not read it afterwards: the desk never refuses (P1).
    UPDATE cases_case SET holder_id = plan_front_desk(), holder_person_id = NULL, holder_since = day, at_desk = true,
        next_body_id = plan_front_desk(), next_person_id = NULL
    WHERE id = the_case AND ({OWNER} OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND holder_id = ctx_body());
    IF NOT FOUND THEN RAISE EXCEPTION 'not held by the caller'; END IF;
END $$
"""
CASE_HOLDER_MEETS_COMPANY = f"""
CREATE FUNCTION case_holder_meets_company(the_case uuid, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made integer;
BEGIN
    -- The holder knows the firm from now on, if the firm lets it read the summary.
    IF NOT case_takes_part(the_case) THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    INSERT INTO companies_sight (id, company_id, body_id, since)
    SELECT gen_random_uuid(), c.company_id, c.holder_id, day FROM cases_case c
    WHERE c.id = the_case AND c.company_id IS NOT NULL AND (c.received_by_id = c.holder_id OR EXISTS (
        SELECT 1 FROM cases_consent k
        WHERE k.case_id = c.id AND k.body_id = c.holder_id AND k.klass = 'summary' AND {LIVE}))
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made > 0;
END $$
"""
CASE_CONSENT_ENDED = f"""
CREATE FUNCTION case_consent_ended(the_case uuid, the_body text, the_class text, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE closed integer;
BEGIN
    -- As in 0005, for accounts of the firm as well.
    IF NOT ({OWNER} OR case_runs(the_case) OR ctx_kind() = 'link' AND the_case = link_case()
            OR ctx_kind() IN ('link', 'company') AND the_case IN (SELECT link_family())) OR EXISTS (
        SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = the_body AND k.klass = the_class
        AND {LIVE}) THEN RAISE EXCEPTION 'not the caller''s to end'; END IF;
    UPDATE post_link SET closed_at = moment WHERE "case" = the_case AND body = the_body AND purpose = 'offer'
        AND closed_at IS NULL AND (the_class = 'summary' OR classes ? the_class);
    GET DIAGNOSTICS closed = ROW_COUNT;
    IF the_class = 'summary' THEN
        UPDATE companies_sight s SET ended_on = (moment AT TIME ZONE 'Asia/Tokyo')::date
        FROM cases_case c WHERE c.id = the_case AND s.company_id = c.company_id AND s.body_id = the_body
        AND s.ended_on IS NULL AND NOT EXISTS (
            SELECT 1 FROM cases_case o WHERE o.company_id = c.company_id AND (o.received_by_id = the_body
                OR o.id <> the_case AND EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = o.id
                    AND k.body_id = the_body AND k.klass = 'summary' AND {LIVE})));
    END IF;
    RETURN closed;
END $$
"""
CASE_LINKS_FOLLOW = f"""
CREATE FUNCTION case_links_follow(from_case uuid, to_case uuid, moved uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE links integer;
BEGIN
    -- Supports have moved to another case of the caller: their offer links and waiting mails go with them.
    IF NOT ({OWNER} OR case_runs(from_case) AND case_runs(to_case)) OR EXISTS (
        SELECT 1 FROM cases_support s WHERE s.id = ANY (moved) AND s.case_id <> to_case)
    THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    UPDATE cases_passage p SET case_id = to_case FROM cases_need n
        WHERE p.case_id = from_case AND n.id = p.need_id AND n.case_id = to_case;
    UPDATE post_mail SET "case" = to_case WHERE "case" = from_case AND about = ANY (moved) AND state = 'waiting';
    UPDATE post_link SET "case" = to_case WHERE "case" = from_case AND purpose = 'offer' AND subject = ANY (moved);
    GET DIAGNOSTICS links = ROW_COUNT;
    RETURN links;
END $$
"""
CASE_FOLLOWS_FIRM = """
CREATE FUNCTION case_follows_firm() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE successor uuid;
BEGIN
    -- The share lock waits for a merge under way, and then sees where the firm has gone.
    SELECT merged_into_id INTO successor FROM companies_company WHERE id = NEW.company_id FOR KEY SHARE;
    IF successor IS NOT NULL THEN NEW.company_id := successor; END IF;
    RETURN NEW;
END $$
"""
CASE_MERGE_TIES = """
    WITH m AS (SELECT id, into_id FROM companies_merge WHERE id = the_merge AND company_merges(the_merge)),
    went AS (SELECT j.of_table, j.row_id FROM companies_mergemove j JOIN m ON m.id = j.merge_id WHERE j.deed = 'moved'),
    own AS (SELECT c.id, c.number, c.merged_into_id, c.split_from_id,
            c.id IN (SELECT row_id FROM went WHERE of_table = 'cases_case') AS goes
            FROM cases_case c JOIN m ON c.company_id = m.into_id)
    SELECT a.number FROM own a JOIN own b ON b.id IN (a.merged_into_id, a.split_from_id) AND a.goes <> b.goes
    UNION SELECT own.number FROM own JOIN cases_consultation s ON s.case_id = own.id
        JOIN companies_companyperson p ON p.id = s.person_id JOIN m ON p.company_id = m.into_id
        WHERE own.goes <> (p.id IN (SELECT row_id FROM went WHERE of_table = 'companies_companyperson'))
    UNION SELECT own.number FROM own JOIN cases_regionalproject_cases l ON l.case_id = own.id
        JOIN cases_regionalproject p ON p.id = l.regionalproject_id JOIN m ON p.company_id = m.into_id
        WHERE own.goes <> (p.id IN (SELECT row_id FROM went WHERE of_table = 'cases_regionalproject'))
"""
# Both as sets, asked once a query: cases whose words the acting body took, and cases it (or its link) has promised secrecy for.
CASE_WHOLE = """
    SELECT id FROM cases_case WHERE received_by_id = (SELECT ctx_body()) OR (SELECT ctx_is_desk()) AND at_desk
"""
CASE_PROMISED = f"""
    SELECT n.case_id FROM cases_nda n
    WHERE n.body_id = CASE (SELECT ctx_kind()) WHEN 'staff' THEN (SELECT ctx_body()) WHEN 'link' THEN (SELECT link_body()) END
      AND n.ended_on IS NULL AND n.signed_on <= {TODAY}
      AND (n.until IS NULL OR n.until >= {TODAY})
"""
# What was decided stands: only that it was sent may be added. What was taken back stays so.
LETTER_STANDS = """
CREATE FUNCTION letter_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state IN ('decided', 'withdrawn') AND
       (to_jsonb(NEW) - 'sent_at' - 'sent_how') IS DISTINCT FROM (to_jsonb(OLD) - 'sent_at' - 'sent_how') THEN
        RAISE EXCEPTION 'a letter that was decided or withdrawn is never changed';
    END IF;
    RETURN NEW;
END $$
"""
# The holder of a status link may open an account only with an address that the firm's record holds: what a guest typed
# into the form is no proof of being the firm. The first account of a firm runs the others.
LINK_FIRM = """
    SELECT f.id, NOT EXISTS (SELECT 1 FROM companies_companyaccess a WHERE a.company_id = f.id AND a.ended_at IS NULL
                             AND a.role = 'admin')
    FROM cases_case c JOIN companies_company f ON f.id = c.company_id
    WHERE c.id = link_case() AND link_purpose() = 'status' AND given <> '' AND (
        lower(f.email) = lower(given) OR EXISTS (
            SELECT 1 FROM companies_companyperson p WHERE p.company_id = f.id AND p.left_on IS NULL
            AND lower(p.email) = lower(given)))
"""
CASE_SETTLE = """
CREATE FUNCTION case_settle(the_case uuid, the_about uuid, about_kinds text[], case_kinds text[], own text,
                            about_one text[], ends boolean, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE settled integer;
BEGIN
    IF NOT case_takes_part(the_case) THEN RETURN 0; END IF;
    UPDATE post_nudge SET settled_at = moment
    WHERE "case" = the_case AND settled_at IS NULL AND (ends
        OR about = the_about AND kind = ANY(about_kinds)
        OR kind = ANY(case_kinds)
        OR own <> '' AND body = own AND NOT kind = ANY(about_one));
    GET DIAGNOSTICS settled = ROW_COUNT;
    RETURN settled;
END $$
"""
CASE_UNASK_COMPANY = """
CREATE FUNCTION case_unask_company(the_case uuid, the_about uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE stopped integer;
BEGIN
    IF NOT case_takes_part(the_case) THEN RETURN 0; END IF;
    UPDATE post_mail SET state = 'cancelled'
    WHERE "case" = the_case AND purpose = 'company' AND state = 'waiting'
      AND (about = the_about OR the_about IS NULL
           AND about IN (SELECT id FROM cases_message m WHERE m.case_id = the_case AND m.kind = 'question'));
    GET DIAGNOSTICS stopped = ROW_COUNT;
    RETURN stopped;
END $$
"""
CASE_TELL_COMPANY = """
CREATE FUNCTION case_tell_company(the_case uuid, the_subject text, the_text text, moment timestamptz, the_about uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE address text;
BEGIN
    IF NOT case_takes_part(the_case) THEN RAISE EXCEPTION 'not a case of the caller'; END IF;
    SELECT coalesce(nullif(c.email, ''), nullif(p.email, ''), nullif(f.email, '')) INTO address
    FROM cases_consultation c JOIN cases_case k ON k.id = c.case_id
    LEFT JOIN companies_companyperson p ON p.id = c.person_id LEFT JOIN companies_company f ON f.id = k.company_id
    WHERE c.case_id = the_case
    ORDER BY coalesce(nullif(c.email, ''), nullif(p.email, ''), nullif(f.email, '')) IS NULL, c.consulted_at DESC
    LIMIT 1;
    IF address IS NULL THEN RETURN false; END IF;
    -- made_by_body stays empty: the address is for the worker only, not for the body whose act this is.
    INSERT INTO post_mail (id, "to", subject, text, about, "case", purpose, made_by_body, to_body, made_at,
                           not_before, state, attempts, error, daily)
    VALUES (gen_random_uuid(), address, left(the_subject, 200), the_text, coalesce(the_about, the_case), the_case, 'company', '', '',
            moment, moment, 'waiting', 0, '', true);
    RETURN true;
END $$
"""
CASE_MAILS = """
    SELECT m.id, m."case", m.subject, m.purpose, m.state, m.attempts, m.made_at, m.sent_at, m.error,
           regexp_replace(m."to", '^(.).*@(.).*$', '\\1…@\\2…')
    FROM post_mail m
    WHERE m.to_body = '' AND m."case" IN (SELECT case_held()) AND (the_case IS NULL OR m."case" = the_case)
    ORDER BY m.made_at DESC, m.id LIMIT 500
"""
CASE_SEND_AGAIN = """
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
END $$
"""
CASE_REFUSE_CLOSED_BODY = """
CREATE FUNCTION case_refuse_closed_body() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE chosen text := CASE TG_TABLE_NAME WHEN 'cases_case' THEN to_jsonb(NEW) ->> 'holder_id' ELSE to_jsonb(NEW) ->> 'to_body_id' END;
BEGIN
    IF EXISTS (SELECT 1 FROM plan_body WHERE code = chosen AND closed_on IS NOT NULL) THEN
        RAISE EXCEPTION 'body % was dissolved', chosen USING ERRCODE = 'check_violation', CONSTRAINT = 'case_body_is_open';
    END IF;
    RETURN NEW;
END $$
"""
OPENING_LINK = """
    SELECT subject FROM post_link WHERE id = ctx_link() AND ctx_kind() = 'partner' AND purpose = 'partner'
    AND closed_at IS NULL AND expires_at > now()
"""
OPENING_MINE = f"""
    SELECT o.case_id, o.body_id::text, o.kind::text, o.classes::text[] FROM cases_opening o
    WHERE o.id = opening_link() AND o.given_at IS NOT NULL AND o.accepted_at IS NOT NULL AND o.ended_at IS NULL
      AND (o.until IS NULL OR o.until >= {TODAY})
"""
OPENING_CLASSES = f"""
    SELECT o.the_case, c.klass FROM opening_mine() o CROSS JOIN LATERAL unnest(o.classes) AS c (klass)
    WHERE o.kind = 'outside'
       OR EXISTS (SELECT 1 FROM cases_case x WHERE x.id = o.the_case AND x.received_by_id = o.the_body)
       OR (SELECT count(DISTINCT k.klass) FROM cases_consent k WHERE k.case_id = o.the_case AND k.body_id = o.the_body
           AND k.klass IN ('summary', c.klass) AND {LIVE}) = CASE c.klass WHEN 'summary' THEN 1 ELSE 2 END
"""
# What the form of a new consultation is filled with: who wrote and how to reach them only for the very address that wrote.
FOLLOW_UP_KNOWN = """
    SELECT coalesce(nullif(f.name, ''), k.company_given)::text, c.person_given::text, c.phone::text, c.email::text,
           f.corporate_number::text, f.municipality_id::text, f.employees
    FROM cases_case k LEFT JOIN companies_company f ON f.id = k.company_id
    LEFT JOIN LATERAL (
        SELECT s.person_given, s.phone, s.email FROM cases_consultation s JOIN post_link l ON l.id = ctx_link()
        WHERE s.case_id = k.id AND s.email <> '' AND lower(s.email) = lower(l.recipient_email)
        ORDER BY s.consulted_at DESC LIMIT 1) c ON true
    WHERE k.id = link_case() AND link_purpose() = 'follow'
"""
OPENING_WRITES = f"""
    SELECT o.id FROM cases_opening o WHERE o.id = opening_link() AND o.given_at IS NOT NULL AND o.accepted_at IS NOT NULL
    AND o.ended_at IS NULL AND (o.until IS NULL OR o.until >= {TODAY})
"""
CASE_READINGS = f"""
    SELECT e.at, e.body::text, coalesce(p.name, '')::text, coalesce(l.recipient_name, '')::text, o.id,
        ARRAY(SELECT substr(x, 7) FROM jsonb_array_elements_text(e.objects_touched) AS t (x) WHERE x LIKE 'class:%')
    FROM audit_event e
    LEFT JOIN accounts_person p ON p.id = e.person LEFT JOIN post_link l ON l.id = e.link
    LEFT JOIN cases_opening o ON e.stream = 'cases.opening:' || o.id
    WHERE e.verb = 'read' AND e.objects_touched @> jsonb_build_array('cases.case:' || the_case)
      AND e.actor_kind IN ('staff', 'partner', 'link') AND (e.actor_kind <> 'link' OR e.body <> '')
      AND ({OWNER} OR ctx_kind() = 'system' OR the_case IN (SELECT link_family())
           OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held())))
    ORDER BY e.at DESC
"""
# A link is made in the same breath as the mail that carries it: the newest one before the mail is the mail's.
CASE_DELIVERIES = """
    SELECT m.id, m.subject, m.purpose, CASE WHEN m.state = 'joined' AND c.state = 'bounced' THEN 'bounced' ELSE m.state END,
           m.attempts, m.made_at, m.sent_at, m.error, regexp_replace(m."to", '^(.).*@(.).*$', '\\1…@\\2…'), m.to_body,
           CASE WHEN m.purpose = 'offer' THEN m.about END, (
    SELECT l.opened_at FROM post_link l
    WHERE l.made_at <= m.made_at AND CASE m.purpose
        WHEN 'offer' THEN l.purpose = 'offer' AND l.subject = m.about
        WHEN 'partner' THEN l.purpose = 'partner' AND l.subject = m.about
        WHEN 'receipt' THEN l.purpose = 'status' AND l."case" = m."case" ELSE false END
    ORDER BY l.made_at DESC LIMIT 1
),
           m.state IN ('failed', 'bounced') AND NOT EXISTS (
               SELECT 1 FROM post_mail n WHERE n.about = m.about AND n.purpose = m.purpose AND n.to_body = m.to_body
                   AND n.id <> m.id AND n.made_at >= m.made_at AND n.state <> 'cancelled')
    FROM post_mail m LEFT JOIN post_mail c ON c.id = m.carrier_id
    WHERE m."case" = the_case AND m.purpose <> 'digest' AND the_case IN (SELECT case_held())
    ORDER BY m.made_at DESC, m.id LIMIT 200
"""
TRIGGERS = """
CREATE TRIGGER case_follows_firm BEFORE INSERT OR UPDATE OF company_id ON cases_case
    FOR EACH ROW WHEN (NEW.company_id IS NOT NULL) EXECUTE FUNCTION case_follows_firm();
CREATE TRIGGER letter_stands BEFORE UPDATE ON cases_letter FOR EACH ROW EXECUTE FUNCTION letter_stands();
CREATE TRIGGER case_body_is_open_insert BEFORE INSERT ON cases_case FOR EACH ROW
    WHEN (NEW.state <> 'closed') EXECUTE FUNCTION case_refuse_closed_body();
CREATE TRIGGER case_body_is_open BEFORE UPDATE ON cases_case FOR EACH ROW
    WHEN (NEW.state <> 'closed' AND NEW.holder_id IS DISTINCT FROM OLD.holder_id) EXECUTE FUNCTION case_refuse_closed_body();
CREATE TRIGGER handover_body_is_open BEFORE INSERT ON cases_handover FOR EACH ROW
    WHEN (NEW.state = 'offered') EXECUTE FUNCTION case_refuse_closed_body();
CREATE TRIGGER support_body_is_open_insert BEFORE INSERT ON cases_support FOR EACH ROW
    WHEN (NEW.state IN ('proposed', 'offered', 'accepted', 'under_way') AND NEW.origin <> 'recorded')
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'support_body_is_open');
CREATE TRIGGER support_body_is_open BEFORE UPDATE ON cases_support FOR EACH ROW
    WHEN (NEW.state IN ('offered', 'accepted') AND NEW.state IS DISTINCT FROM OLD.state AND NEW.origin <> 'recorded')
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'support_body_is_open');
CREATE TRIGGER asked_body_is_open BEFORE INSERT ON cases_asked FOR EACH ROW
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'asked_body_is_open');
CREATE TRIGGER pack_body_is_open BEFORE UPDATE ON cases_movepack FOR EACH ROW
    WHEN (NEW.state = 'offered' AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION plan_refuse_closed_body('to_body_id', 'pack_body_is_open');
"""
UNDO_TRIGGERS = """
DROP TRIGGER case_follows_firm ON cases_case;
DROP TRIGGER letter_stands ON cases_letter;
DROP TRIGGER case_body_is_open_insert ON cases_case;
DROP TRIGGER case_body_is_open ON cases_case;
DROP TRIGGER handover_body_is_open ON cases_handover;
DROP TRIGGER support_body_is_open_insert ON cases_support;
DROP TRIGGER support_body_is_open ON cases_support;
DROP TRIGGER asked_body_is_open ON cases_asked;
DROP TRIGGER pack_body_is_open ON cases_movepack;
"""

OPERATIONS = [
    definer("case_is_asked(the_case uuid)", "boolean", CASE_IS_ASKED),
    definer("case_asked()", "SETOF uuid", CASE_ASKED),
    definer(
        "case_held()",
        "SETOF uuid",
        "SELECT id FROM cases_case WHERE holder_id = ctx_body() OR received_by_id = ctx_body()",
    ),
    definer("need_asked()", "SETOF uuid", NEED_ASKED),
    definer(
        "offered_need()",
        "uuid",
        "SELECT need_id FROM cases_support WHERE id = link_subject() AND link_purpose() = 'offer'",
    ),
    definer(
        "project_held()",
        "SETOF uuid",
        "SELECT p.regionalproject_id FROM cases_regionalproject_cases p JOIN cases_case c ON c.id = p.case_id WHERE c.holder_id = ctx_body()"
        " OR c.received_by_id = ctx_body()",
    ),
    definer("case_class_open(the_case uuid, the_class text, author text)", "boolean", CASE_CLASS_OPEN),
    definer("case_words_open(the_case uuid, taker text)", "boolean", CASE_WORDS_OPEN),
    migrations.RunSQL(CASE_BIND_LINK, "DROP FUNCTION case_bind_link(uuid, timestamptz);"),
    migrations.RunSQL(CASE_CLOSE_OFFER, "DROP FUNCTION case_close_offer(uuid, timestamptz, uuid);"),
    definer("case_reads(the_support uuid)", "TABLE (at timestamptz, person uuid, holder text)", CASE_READS),
    definer("support_seen()", "SETOF uuid", SUPPORT_SEEN),
    definer("case_told()", "SETOF uuid", CASE_TOLD),
    definer("offer_is_open()", "boolean", OFFER_IS_OPEN),
    definer("link_family()", "SETOF uuid", LINK_FAMILY),
    definer("case_takes_part(the_case uuid)", "boolean", CASE_TAKES_PART),
    migrations.RunSQL(CASE_MEET_COMPANY, "DROP FUNCTION case_meet_company(uuid, text, date);"),
    definer("case_runs(the_case uuid)", "boolean", CASE_RUNS),
    definer("consent_is_asked(the_case uuid, the_body text, the_class text)", "boolean", CONSENT_IS_ASKED),
    migrations.RunSQL(CASE_TO_DESK, "DROP FUNCTION case_to_desk(uuid, date);"),
    migrations.RunSQL(CASE_HOLDER_MEETS_COMPANY, "DROP FUNCTION case_holder_meets_company(uuid, date);"),
    migrations.RunSQL(CASE_CONSENT_ENDED, "DROP FUNCTION case_consent_ended(uuid, text, text, timestamptz);"),
    migrations.RunSQL(CASE_LINKS_FOLLOW, "DROP FUNCTION case_links_follow(uuid, uuid, uuid[]);"),
    migrations.RunSQL(CASE_FOLLOWS_FIRM, "DROP FUNCTION case_follows_firm();"),
    definer("case_merge_ties(the_merge uuid)", "SETOF text", CASE_MERGE_TIES),
    definer("case_whole()", "SETOF uuid", CASE_WHOLE),
    definer("case_promised()", "SETOF uuid", CASE_PROMISED),
    migrations.RunSQL(LETTER_STANDS, "DROP FUNCTION letter_stands();"),
    definer("link_firm(given text)", "TABLE (company uuid, is_first boolean)", LINK_FIRM),
    migrations.RunSQL(CASE_SETTLE, "DROP FUNCTION case_settle(uuid, uuid, text[], text[], text, text[], boolean, timestamptz);"),
    migrations.RunSQL(CASE_UNASK_COMPANY, "DROP FUNCTION case_unask_company(uuid, uuid);"),
    migrations.RunSQL(CASE_TELL_COMPANY, "DROP FUNCTION case_tell_company(uuid, text, text, timestamptz, uuid);"),
    definer(
        "case_mails(the_case uuid)",
        'TABLE (id uuid, "case" uuid, subject text, purpose text, state text, attempts smallint, made_at timestamptz, sent_at timestamptz, error text, address text)',
        CASE_MAILS,
    ),
    migrations.RunSQL(CASE_SEND_AGAIN, "DROP FUNCTION case_send_again(uuid, text, timestamptz);"),
    migrations.RunSQL(CASE_REFUSE_CLOSED_BODY, "DROP FUNCTION case_refuse_closed_body();"),
    definer("opening_link()", "uuid", OPENING_LINK),
    definer("opening_mine()", "TABLE (the_case uuid, the_body text, kind text, classes text[])", OPENING_MINE),
    definer("opening_classes()", "TABLE (the_case uuid, klass text)", OPENING_CLASSES),
    definer(
        "case_own()",
        "SETOF uuid",
        "SELECT id FROM cases_case WHERE holder_id = ctx_body() OR ctx_is_desk() AND at_desk",
    ),
    definer(
        "follow_up_known()",
        "TABLE (company text, person text, phone text, email text, number text, municipality text, employees integer)",
        FOLLOW_UP_KNOWN,
    ),
    definer("opening_writes()", "SETOF uuid", OPENING_WRITES),
    definer(
        "case_readings(the_case uuid)",
        "TABLE (at timestamptz, body text, person text, holder text, opening uuid, classes text[])",
        CASE_READINGS,
    ),
    definer(
        "case_deliveries(the_case uuid)",
        "TABLE (id uuid, subject text, purpose text, state text, attempts smallint, made_at timestamptz, sent_at timestamptz, error text, address text, to_body text, support uuid, opened_at timestamptz, may_again boolean)",
        CASE_DELIVERIES,
    ),
    migrations.RunSQL(TRIGGERS, UNDO_TRIGGERS),
]
