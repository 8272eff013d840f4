"""Nobody joins a dissolved body, stays in it beyond its last day, or is invited to it. Who belonged to it stays on record."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION accounts_refuse_closed_body() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended date := (SELECT closed_on FROM plan_body WHERE code = NEW.body_id);
BEGIN
    IF ended IS NOT NULL AND (NEW.until IS NULL OR NEW.until > ended) THEN
        RAISE EXCEPTION 'body % was dissolved', NEW.body_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_body_is_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER membership_body_is_open_insert BEFORE INSERT ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_closed_body();
CREATE TRIGGER membership_body_is_open BEFORE UPDATE ON accounts_membership FOR EACH ROW
    WHEN (NEW.until IS DISTINCT FROM OLD.until OR NEW.body_id IS DISTINCT FROM OLD.body_id)
    EXECUTE FUNCTION accounts_refuse_closed_body();
CREATE TRIGGER invitation_body_is_open BEFORE INSERT ON accounts_invitation FOR EACH ROW
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'invitation_body_is_open');
"""
UNDO = """
DROP TRIGGER invitation_body_is_open ON accounts_invitation; DROP TRIGGER membership_body_is_open ON accounts_membership;
DROP TRIGGER membership_body_is_open_insert ON accounts_membership; DROP FUNCTION accounts_refuse_closed_body();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_member_review_policies"), ("plan", "0003_closed_bodies")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
