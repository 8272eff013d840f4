"""A person's entry names an account only of a person of its owner: no body writes about another's people."""

from django.db import migrations

# Asked when an entry is tied or its owner changes, not at every change: who has left the body since stays named.
GUARD = """
CREATE FUNCTION matching_account_of_owner() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.facts->>'account' = NEW.facts->>'account'
        AND (OLD.body_id, OLD.kind) IS NOT DISTINCT FROM (NEW.body_id, NEW.kind) THEN RETURN NEW; END IF;
    IF NEW.kind <> 'person' OR NOT EXISTS (
        SELECT 1 FROM accounts_membership WHERE body_id = NEW.body_id AND person_id::text = NEW.facts->>'account'
    ) THEN
        RAISE EXCEPTION 'entry % names an account of another body', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_account_of_owner';
    END IF;
    RETURN NEW;
END $fn$;
CREATE TRIGGER matching_entry_account BEFORE INSERT OR UPDATE ON matching_entry
    FOR EACH ROW WHEN (NEW.facts ? 'account') EXECUTE FUNCTION matching_account_of_owner();
"""
NO_GUARD = "DROP TRIGGER matching_entry_account ON matching_entry; DROP FUNCTION matching_account_of_owner();"


class Migration(migrations.Migration):
    dependencies = [("matching", "0012_additions"), ("accounts", "0001_joined")]
    operations = [migrations.RunSQL(GUARD, NO_GUARD)]
