"""Entries are seen by staff, and by everybody where they are public; so are their windows. The index on a node's disk reads all."""

from django.db import migrations

from renkei.base.rls import STAFF, SYSTEM, definer, more, protect

KEEPERS = f"{STAFF} OR {SYSTEM}"
OF_PUBLIC = "EXISTS (SELECT 1 FROM matching_entry e WHERE e.id = entry_id AND e.is_public)"
ROW = "TABLE (id varchar, kind varchar, name varchar, summary text, text text, text_hash varchar, is_public boolean)"
STANDING = """
    SELECT e.id, e.kind, e.name, e.summary, e.text, e.text_hash, e.is_public FROM matching_entry e
    WHERE e.withdrawn_on IS NULL AND (ids IS NULL OR e.id = ANY(ids))
"""


class Migration(migrations.Migration):
    dependencies = [("matching", "0009_judgments_and_learning")]

    operations = [
        protect("matching_entry", select=f"is_public OR {KEEPERS}", insert=KEEPERS, update=KEEPERS),
        protect("matching_window", select=f"{KEEPERS} OR {OF_PUBLIC}", insert=KEEPERS, update=KEEPERS),
        more("replacing", "matching_window", "DELETE", KEEPERS),  # the windows of an entry are written anew as a whole
        definer("matching_standing(ids text[])", ROW, STANDING),
        definer("matching_standing_count()", "bigint", "SELECT count(*) FROM matching_entry WHERE withdrawn_on IS NULL"),
    ]
