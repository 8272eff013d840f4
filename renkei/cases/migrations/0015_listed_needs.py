"""A need may be listed: the firm's yes, the entry it became, and what the database itself promises about the two."""

import django.db.models.deletion
from django.db import migrations, models

# An entry of the keeper ``cases`` says the words of a need that is listed, to staff and with nobody's name; or it says nothing any more.
AS_LISTED = """
CREATE FUNCTION case_entry_as_listed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.withdrawn_on IS NOT NULL AND NEW.name = '取り下げた項目' AND NEW.summary = '' AND NEW.text = '' AND NEW.facts = '{}' THEN
        RETURN NEW;
    END IF;
    IF NEW.withdrawn_on IS NOT NULL OR NEW.is_public OR NEW.body_id IS NOT NULL OR NEW.owner_name <> '' OR NEW.text <> '' OR NOT EXISTS (
        SELECT 1 FROM cases_need n WHERE n.entry_id = NEW.id AND n.listed_at IS NOT NULL
        AND n.public_title = NEW.name AND n.public_summary = NEW.summary)
    THEN
        RAISE EXCEPTION 'entry % is not what a firm lets be listed', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_as_listed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_entry_as_listed BEFORE INSERT OR UPDATE ON matching_entry
    FOR EACH ROW WHEN (NEW.kept_by = 'cases') EXECUTE FUNCTION case_entry_as_listed();
"""
# A need that lets go of its entry takes the words with it, whoever did it: a firm has no right on the catalogue, but on its words.
# What could be found by its id afterwards (cases, judgments and saved searches name it) says nothing.
UNLISTED = """
CREATE FUNCTION case_unlisted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE keeper text := coalesce(current_setting('renkei.keeper', true), '');
BEGIN
    PERFORM set_config('renkei.keeper', 'cases', true);
    UPDATE matching_entry SET name = '取り下げた項目', kana = '', summary = '', text = '', facts = '{}', tech_fields = '[]', themes = '[]',
        service_id = NULL, text_hash = '', withdrawn_on = (now() AT TIME ZONE 'Asia/Tokyo')::date
    WHERE id = OLD.entry_id AND kept_by = 'cases';
    PERFORM set_config('renkei.keeper', keeper, true);
    RETURN NULL;
END $$;
CREATE TRIGGER case_unlisted AFTER UPDATE OF entry_id ON cases_need FOR EACH ROW
    WHEN (OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION case_unlisted();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_course_taken"), ("matching", "0012_additions")]

    operations = [
        migrations.AddField("need", "listed_at", models.DateTimeField(null=True)),
        migrations.AddField("need", "listed_by", models.CharField(blank=True, max_length=100)),
        migrations.AddField(
            "need", "entry",
            models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="matching.entry"),
        ),
        migrations.AddIndex(
            "need", models.Index(condition=models.Q(listed_at__isnull=False), fields=["listed_at"], name="need_listed")
        ),
        migrations.AddConstraint(
            "need",
            models.CheckConstraint(
                condition=models.Q(listed_at__isnull=True)
                | models.Q(listed_at__gte=models.F("public_confirmed_at"), public_confirmed_at__isnull=False),
                name="need_listed_as_confirmed",
            ),
        ),
        migrations.AddConstraint(
            "need",
            models.CheckConstraint(condition=models.Q(entry__isnull=True) | models.Q(listed_at__isnull=False), name="need_entry_is_listed"),
        ),
        migrations.RunSQL(AS_LISTED, "DROP TRIGGER case_entry_as_listed ON matching_entry; DROP FUNCTION case_entry_as_listed();"),
        migrations.RunSQL(UNLISTED, "DROP TRIGGER case_unlisted ON cases_need; DROP FUNCTION case_unlisted();"),
    ]
