"""Who sees what of a case (P2). The same rules as ``visible_to`` in the models; a test compares both on random worlds.

Tables refer to each other, and a policy that reads a table with a policy that reads it back is refused by PostgreSQL;
so everything that crosses a table stands in a definer function.
"""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, definer, protect

DESK = "(SELECT ctx_is_desk())"
LIVE = "k.withdrawn_at IS NULL AND (k.until IS NULL OR k.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)"
LEFT = "s.leaves_at <= now() AND s.state NOT IN ('proposed', 'recalled')"

ASKED_OF = f"""
    EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = ctx_body()
            AND k.klass = 'summary' AND {LIVE})
    AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = the_case AND s.body_id = ctx_body() AND {LEFT})
         OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = the_case AND h.to_body_id = ctx_body()
                    AND h.state = 'offered'))
"""
ASKED = f"""
    SELECT k.case_id FROM cases_consent k
    WHERE k.body_id = ctx_body() AND k.klass = 'summary' AND {LIVE}
      AND (EXISTS (SELECT 1 FROM cases_support s WHERE s.case_id = k.case_id AND s.body_id = ctx_body() AND {LEFT})
           OR EXISTS (SELECT 1 FROM cases_handover h WHERE h.case_id = k.case_id AND h.to_body_id = ctx_body()
                      AND h.state = 'offered'))
"""
HELD = "SELECT id FROM cases_case WHERE holder_id = ctx_body() OR received_by_id = ctx_body()"
NEEDS_ASKED = f"""
    SELECT s.need_id FROM cases_support s WHERE s.body_id = ctx_body() AND {LEFT} AND case_is_asked(s.case_id)
"""
CONSENTED = f"""
    EXISTS (SELECT 1 FROM cases_consent k WHERE k.case_id = the_case AND k.body_id = %s AND k.klass = the_class AND {LIVE})
"""
CLASS_OPEN = f"""
    SELECT CASE ctx_kind()
        WHEN 'system' THEN true
        WHEN 'staff' THEN EXISTS (
            SELECT 1 FROM cases_case c WHERE c.id = the_case AND (
                c.received_by_id = ctx_body()
                OR ctx_is_desk() AND (c.at_desk OR the_class = 'summary')
                OR {CONSENTED % "ctx_body()"} AND (c.holder_id = ctx_body() OR case_is_asked(c.id))
                OR author = ctx_body() AND (c.holder_id = ctx_body() OR case_is_asked(c.id) OR ctx_is_desk())))
        WHEN 'link' THEN the_case = link_case() AND (
            link_purpose() = 'status' OR link_purpose() = 'offer' AND link_classes() ? the_class
            AND {CONSENTED % "link_body()"})
        ELSE false END
"""
WORDS_OPEN = f"""
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
BIND = """
CREATE FUNCTION case_bind_link(new_case uuid, until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- A draft becomes a case once, and only a case that does not exist yet: a link can never reach somebody else's.
    IF EXISTS (SELECT 1 FROM cases_case WHERE id = new_case) THEN RAISE EXCEPTION 'this case exists'; END IF;
    UPDATE post_link SET "case" = new_case, purpose = 'status', expires_at = until
    WHERE id = ctx_link() AND ctx_kind() = 'link' AND purpose = 'draft' AND "case" IS NULL AND closed_at IS NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'this draft has been sent'; END IF;
END $$;
"""
LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
INSIDE = f"{SYSTEM} OR {STAFF} AND ({DESK} OR case_id IN (SELECT case_held()))"
CASE = (
    f"{SYSTEM} OR {STAFF} AND ({DESK} OR holder_id = {BODY} OR received_by_id = {BODY} OR id IN (SELECT case_asked()))"
    f" OR id = {LINKED}"
)
OWN_SUPPORT = f"body_id = {BODY} AND leaves_at <= now() AND state NOT IN ('proposed', 'recalled')"
CLASSED = "case_class_open(case_id, klass, author_body_id)"
ANY_CASE = f"{INSIDE} OR {STAFF} AND case_id IN (SELECT case_asked()) OR case_id = {LINKED}"


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("companies", "0002_policies")]
    operations = [
        definer("case_is_asked(the_case uuid)", "boolean", f"SELECT {ASKED_OF}"),
        definer("case_asked()", "SETOF uuid", ASKED),
        definer("case_held()", "SETOF uuid", HELD),
        definer("need_asked()", "SETOF uuid", NEEDS_ASKED),
        definer("case_class_open(the_case uuid, the_class text, author text)", "boolean", CLASS_OPEN),
        definer("case_words_open(the_case uuid, taker text)", "boolean", WORDS_OPEN),
        migrations.RunSQL(BIND, "DROP FUNCTION case_bind_link(uuid, timestamptz);"),
        protect(
            "cases_case",
            select=CASE,
            insert=f"{SYSTEM} OR {STAFF} AND ({DESK} OR received_by_id = {BODY}) OR id = {LINKED}",
        ),
        protect(
            "cases_consultation",
            select="case_words_open(case_id, received_by_id)",
            insert=f"{SYSTEM} OR {STAFF} AND ({DESK} OR received_by_id = {BODY}) OR {STATUS}",
        ),
        protect("cases_draft", select=f"{SYSTEM} OR id = (SELECT link_subject())"),
        protect(
            "cases_need",
            select=f"{INSIDE} OR {STAFF} AND id IN (SELECT need_asked()) OR {STATUS}"
            " OR id = (SELECT offered_need())",
            insert=f"{INSIDE} OR {STATUS}",
            update=f"{INSIDE} OR {STAFF} AND id IN (SELECT need_asked()) OR {STATUS}",
        ),
        protect("cases_passage", select=CLASSED, insert=ANY_CASE, update=INSIDE),
        protect(
            "cases_support",
            select=f"{INSIDE} OR {STAFF} AND {OWN_SUPPORT} OR {STATUS}"
            f" OR case_id = {LINKED} AND id = (SELECT link_subject())",
            insert=INSIDE,
            update=f"{INSIDE} OR {STAFF} AND {OWN_SUPPORT} OR case_id = {LINKED}",
        ),
        protect(
            "cases_consent",
            select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} OR case_id = {LINKED} AND"
            " ((SELECT link_purpose()) = 'status' OR body_id = (SELECT link_body()))",
            insert=f"{INSIDE} OR {STATUS}",
            update=f"{INSIDE} OR {STATUS}",
        ),
        protect("cases_contact", select=f"(SELECT ctx_kind()) <> 'link' AND {CLASSED}", insert=ANY_CASE, update="false"),
        protect("cases_message", select=CLASSED, insert=ANY_CASE, update=INSIDE),
        protect("cases_attachment", select=CLASSED, insert=ANY_CASE, update=INSIDE),
        protect(
            "cases_handover",
            select=f"{INSIDE} OR {STAFF} AND to_body_id = {BODY} OR case_id = {LINKED}",
            insert=INSIDE,
        ),
        protect("cases_incident", select=f"{INSIDE} OR {STAFF} AND body_id = {BODY} OR {STATUS}", insert=INSIDE),
        protect(
            "cases_transition",
            select=f"{INSIDE} OR {STAFF} AND case_id IN (SELECT case_asked()) AND (body = {BODY} OR about_body = {BODY})"
            f" OR {STATUS} OR case_id = {LINKED} AND subject = (SELECT link_subject())",
            insert=ANY_CASE,
            update="false",
        ),
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
        append_only("cases_transition"),
        append_only("cases_contact"),
    ]


Migration.operations.insert(
    4,
    definer(
        "offered_need()",
        "uuid",
        "SELECT need_id FROM cases_support WHERE id = link_subject() AND link_purpose() = 'offer'",
    ),
)
Migration.operations.insert(
    5,
    definer(
        "project_held()",
        "SETOF uuid",
        "SELECT p.regionalproject_id FROM cases_regionalproject_cases p JOIN cases_case c ON c.id = p.case_id"
        " WHERE c.holder_id = ctx_body() OR c.received_by_id = ctx_body()",
    ),
)
