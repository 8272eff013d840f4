"""What the database itself asks and holds about people: who is an administrator, and that no body is left without one.

The triggers are deferred, so that one transaction may swap administrators, and take a lock a body when they look:
two transactions that each take away "the other" administrator would otherwise not see each other.
"""

from django.db import migrations

from renkei.base.rls import definer

TODAY = "(now() AT TIME ZONE 'Asia/Tokyo')::date"
CTX_IS_ADMIN = f"""
CREATE FUNCTION ctx_is_admin() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id
        WHERE m.person_id = ctx_person() AND m.body_id = ctx_body() AND m.is_admin AND p.is_active
          AND m.since <= {TODAY} AND (m.until IS NULL OR m.until >= {TODAY}))
$$
"""
# The days that matter are today and each day after somebody's last one: between them nothing changes for the worse.
# An end that leaves nobody at all closes the body: allowed, but not for the front desk.
ACCOUNTS_KEEPS_SOMEONE = f"""
CREATE FUNCTION accounts_keeps_someone(whose text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_desk boolean := coalesce(whose = plan_front_desk(), false);
    day date;
    members integer;
    admins integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('accounts_membership'), hashtext(whose));
    FOR day IN
        SELECT {TODAY} UNION SELECT m.until + 1 FROM accounts_membership m WHERE m.body_id = whose AND m.until >= {TODAY}
    LOOP
        SELECT count(*), count(*) FILTER (WHERE m.is_admin) INTO members, admins
        FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id
        WHERE m.body_id = whose AND p.is_active AND m.since <= day AND (m.until IS NULL OR m.until >= day);
        IF members = 0 AND is_desk THEN
            RAISE EXCEPTION 'the front desk would have no member on %', day
                USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_desk_keeps_member';
        END IF;
        IF members > 0 AND admins = 0 THEN
            RAISE EXCEPTION 'body % would have no administrator on %', whose, day
                USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_body_keeps_admin';
        END IF;
    END LOOP;
END $$
"""
ACCOUNTS_MEMBERSHIP_KEPT = """
CREATE FUNCTION accounts_membership_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM accounts_keeps_someone(OLD.body_id); END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.body_id <> OLD.body_id THEN
        PERFORM accounts_keeps_someone(NEW.body_id);
    END IF;
    RETURN NULL;
END $$
"""
ACCOUNTS_PERSON_KEPT = """
CREATE FUNCTION accounts_person_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE whose text;
BEGIN
    FOR whose IN SELECT DISTINCT m.body_id FROM accounts_membership m WHERE m.person_id = NEW.id ORDER BY 1 LOOP
        PERFORM accounts_keeps_someone(whose);
    END LOOP;
    RETURN NULL;
END $$
"""
ACCOUNTS_REFUSE_CLOSED_BODY = """
CREATE FUNCTION accounts_refuse_closed_body() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended date := (SELECT closed_on FROM plan_body WHERE code = NEW.body_id);
BEGIN
    IF ended IS NOT NULL AND (NEW.until IS NULL OR NEW.until > ended) THEN
        RAISE EXCEPTION 'body % was dissolved', NEW.body_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_body_is_open';
    END IF;
    RETURN NEW;
END $$
"""
TRIGGERS = """
CREATE CONSTRAINT TRIGGER membership_kept AFTER INSERT OR UPDATE OR DELETE ON accounts_membership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_membership_kept();
CREATE CONSTRAINT TRIGGER person_kept AFTER UPDATE OF is_active ON accounts_person
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION accounts_person_kept();
CREATE TRIGGER membership_body_is_open_insert BEFORE INSERT ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_closed_body();
CREATE TRIGGER membership_body_is_open BEFORE UPDATE ON accounts_membership FOR EACH ROW
    WHEN (NEW.until IS DISTINCT FROM OLD.until OR NEW.body_id IS DISTINCT FROM OLD.body_id)
    EXECUTE FUNCTION accounts_refuse_closed_body();
CREATE TRIGGER invitation_body_is_open BEFORE INSERT ON accounts_invitation FOR EACH ROW
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'invitation_body_is_open');
"""
UNDO_TRIGGERS = """
DROP TRIGGER membership_kept ON accounts_membership;
DROP TRIGGER person_kept ON accounts_person;
DROP TRIGGER membership_body_is_open_insert ON accounts_membership;
DROP TRIGGER membership_body_is_open ON accounts_membership;
DROP TRIGGER invitation_body_is_open ON accounts_invitation;
"""

OPERATIONS = [
    migrations.RunSQL(CTX_IS_ADMIN, "DROP FUNCTION ctx_is_admin();"),
    migrations.RunSQL(ACCOUNTS_KEEPS_SOMEONE, "DROP FUNCTION accounts_keeps_someone(text);"),
    migrations.RunSQL(ACCOUNTS_MEMBERSHIP_KEPT, "DROP FUNCTION accounts_membership_kept();"),
    migrations.RunSQL(ACCOUNTS_PERSON_KEPT, "DROP FUNCTION accounts_person_kept();"),
    definer(
        "accounts_open_invitation(hash text)",
        "uuid",
        "SELECT id FROM accounts_invitation WHERE token_hash = hash AND accepted_at IS NULL"
        " AND withdrawn_at IS NULL AND expires_at > now()",
    ),
    migrations.RunSQL(ACCOUNTS_REFUSE_CLOSED_BODY, "DROP FUNCTION accounts_refuse_closed_body();"),
    migrations.RunSQL(TRIGGERS, UNDO_TRIGGERS),
]
