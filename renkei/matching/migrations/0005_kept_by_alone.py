"""An entry is written by its keeper alone; on screen by its owner. Imports are a body's own; changes are never changed."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, protect

# ``renkei.keeper`` is set by ``renkei.matching.actions.keeping`` for the statements of one module. The owner's login, which
# migrates and loads, is not asked.
GUARD = """
CREATE FUNCTION matching_kept_by_alone() RETURNS trigger LANGUAGE plpgsql AS $fn$
DECLARE keeper text := coalesce(current_setting('renkei.keeper', true), ''); owner text;
BEGIN
    IF session_user NOT IN (SELECT role FROM base_login) THEN RETURN NEW; END IF;
    IF NEW.kept_by <> keeper OR (TG_OP = 'UPDATE' AND OLD.kept_by <> keeper) THEN
        RAISE EXCEPTION 'entry % is kept by another', NEW.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF keeper = 'screen' AND coalesce(ctx_kind(), '') <> 'system' THEN
        owner := NEW.body_id;
        IF TG_OP = 'UPDATE' AND OLD.body_id IS DISTINCT FROM NEW.body_id THEN owner := OLD.body_id; END IF;
        IF coalesce(ctx_kind(), '') <> 'staff' OR NOT (
            owner IS NOT DISTINCT FROM ctx_body() AND NEW.body_id IS NOT DISTINCT FROM owner
            OR ctx_is_desk() AND (owner IS NULL OR EXISTS (SELECT 1 FROM plan_body WHERE code = owner AND closed_on IS NOT NULL))
        ) THEN
            RAISE EXCEPTION 'entry % belongs to another body', NEW.id USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END $fn$;
CREATE TRIGGER matching_entry_kept BEFORE INSERT OR UPDATE ON matching_entry
    FOR EACH ROW EXECUTE FUNCTION matching_kept_by_alone();
CREATE FUNCTION matching_window_kept() RETURNS trigger LANGUAGE plpgsql AS $fn$
DECLARE keeper text := coalesce(current_setting('renkei.keeper', true), '');
BEGIN
    IF session_user IN (SELECT role FROM base_login) AND EXISTS (
        SELECT 1 FROM matching_entry WHERE id IN (NEW.entry_id, OLD.entry_id) AND kept_by <> keeper
    ) THEN
        RAISE EXCEPTION 'window of an entry that is kept by another' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN coalesce(NEW, OLD);
END $fn$;
CREATE TRIGGER matching_window_kept BEFORE INSERT OR UPDATE OR DELETE ON matching_window
    FOR EACH ROW EXECUTE FUNCTION matching_window_kept();
"""
NO_GUARD = """
DROP TRIGGER matching_window_kept ON matching_window; DROP FUNCTION matching_window_kept();
DROP TRIGGER matching_entry_kept ON matching_entry; DROP FUNCTION matching_kept_by_alone();
"""
DESK = f"{STAFF} AND (SELECT ctx_is_desk())"
EVERY = f"{SYSTEM} OR {STAFF}"


class Migration(migrations.Migration):
    dependencies = [("matching", "0004_kept_on_screen"), ("companies", "0001_joined")]
    operations = [
        migrations.RunSQL(GUARD, NO_GUARD),
        protect("matching_harvest", select=EVERY, insert=f"{SYSTEM} OR {DESK}", update=f"{SYSTEM} OR {DESK}"),
        protect(
            "matching_cataloguerun",
            select=f"{SYSTEM} OR {STAFF} AND (body_id = {BODY} OR harvest_id IS NOT NULL OR (SELECT ctx_is_desk()))",
            insert=f"{SYSTEM} OR {STAFF} AND body_id = {BODY}",
            update=f"{SYSTEM} OR {STAFF} AND body_id = {BODY}",
        ),
        protect("matching_revision", select=EVERY, insert=f"{SYSTEM} OR {STAFF} AND done_body_id = {BODY}"),
        append_only("matching_revision"),
    ]
