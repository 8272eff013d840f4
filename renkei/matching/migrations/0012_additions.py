"""What a list does not tell is added by the front desk, beside what the list brings; readings of the list cannot change it."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import renkei.base.clock
from renkei.base.rls import BODY, PERSON, STAFF, SYSTEM, protect

DESK = f"{STAFF} AND (SELECT ctx_is_desk()) AND added_body_id = {BODY} AND added_by_id = {PERSON}"

# Only what a list brings has additions: whatever else is kept is changed by its keeper.
GUARD = """
CREATE FUNCTION matching_addition_to_list() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM matching_entry WHERE id = NEW.entry_id AND kept_by LIKE 'harvest:%') THEN
        RAISE EXCEPTION 'entry % is of no list', NEW.entry_id USING ERRCODE = 'check_violation', CONSTRAINT = 'addition_to_list';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.entry_id, NEW.key) IS DISTINCT FROM (OLD.entry_id, OLD.key) THEN
        RAISE EXCEPTION 'an addition keeps its entry and fact' USING ERRCODE = 'check_violation', CONSTRAINT = 'addition_keeps_place';
    END IF;
    RETURN NEW;
END $fn$;
CREATE TRIGGER matching_addition_to_list BEFORE INSERT OR UPDATE ON matching_addition
    FOR EACH ROW EXECUTE FUNCTION matching_addition_to_list();
"""
NO_GUARD = "DROP TRIGGER matching_addition_to_list ON matching_addition; DROP FUNCTION matching_addition_to_list();"
DEEDS = ["made", "changed", "checked", "withdrawn", "returned", "undone", "added", "removed"]


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0011_names_as_typed"),
        ("plan", "0003_closed_bodies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Addition",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=60)),
                ("value", models.JSONField(null=True)),
                ("added_at", models.DateTimeField(default=renkei.base.clock.now)),
                ("added_body", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.body")),
                ("added_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("entry", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="additions", to="matching.entry")),
            ],
            options={
                "ordering": ["entry", "key"],
                "constraints": [models.UniqueConstraint(fields=("entry", "key"), name="addition_once")],
            },
        ),
        migrations.RemoveConstraint(model_name="revision", name="revision_deed_known"),
        migrations.AlterField(
            model_name="revision",
            name="deed",
            field=models.CharField(
                choices=[
                    ("made", "書き加えた"), ("changed", "直した"), ("checked", "確かめた"), ("withdrawn", "取り下げた"), ("returned", "戻した"),
                    ("undone", "取込みを取り消した"), ("added", "補った"), ("removed", "補ったことを取り消した"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(condition=models.Q(("deed__in", DEEDS)), name="revision_deed_known"),
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
        protect("matching_addition", select=f"{SYSTEM} OR {STAFF}", insert=DESK, update=DESK),
    ]  # fmt: skip
