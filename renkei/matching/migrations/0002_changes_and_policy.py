"""Every change of an entry or its windows is noted for the index; a judgment is seen by its own body only."""

from django.db import migrations

from renkei.base.rls import BODY, SYSTEM, protect

NOTE = """
    CREATE FUNCTION matching_note_change() RETURNS trigger LANGUAGE plpgsql AS $fn$
    BEGIN
        INSERT INTO matching_entrychange (entry, tx)
        VALUES (coalesce(NEW.id, OLD.id), pg_current_xact_id()::text::bigint);
        RETURN NULL;
    END $fn$;
    CREATE TRIGGER matching_entry_change AFTER INSERT OR UPDATE OR DELETE ON matching_entry
        FOR EACH ROW EXECUTE FUNCTION matching_note_change();
"""
UNDO = "DROP TRIGGER matching_entry_change ON matching_entry; DROP FUNCTION matching_note_change();"


class Migration(migrations.Migration):
    dependencies = [("matching", "0001_initial"), ("base", "0001_initial")]

    operations = [
        migrations.RunSQL(NOTE, UNDO),
        protect("matching_judgment", select=f"judged_body_id = {BODY} OR {SYSTEM}"),
    ]
