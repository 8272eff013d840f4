"""The event table and the one function that may write to it."""

from django.db import migrations, models

APPEND = """
CREATE FUNCTION audit_append(
    moment timestamptz, kind text, who uuid, for_body text, through uuid, act text, ids jsonb, facts text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head record; chain text := coalesce(ids->>0, 'none');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit'), hashtext(chain));
    SELECT sequence, hash INTO head FROM audit_event WHERE stream = chain ORDER BY sequence DESC LIMIT 1;
    INSERT INTO audit_event (at, actor_kind, person, body, link, verb, objects_touched, digest,
                             stream, sequence, previous, hash)
    VALUES (moment, kind, who, for_body, through, act, ids, facts, chain,
            coalesce(head.sequence, 0) + 1, coalesce(head.hash, ''),
            encode(sha256(convert_to(concat_ws('|', coalesce(head.hash, ''), moment, kind, who, for_body, through,
                                               act, ids::text, facts), 'UTF8')), 'hex'));
END $$;
COMMENT ON TABLE audit_event IS 'renkei: sealed';
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO = (
    "DROP TRIGGER audit_event_append_only ON audit_event;"
    "DROP FUNCTION audit_append(timestamptz, text, uuid, text, uuid, text, jsonb, text);"
)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("base", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=8)),
                ("person", models.UUIDField(null=True)),
                ("body", models.CharField(blank=True, max_length=40)),
                ("link", models.UUIDField(null=True)),
                ("verb", models.CharField(max_length=60)),
                ("objects_touched", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("stream", models.CharField(max_length=80)),
                ("sequence", models.PositiveIntegerField()),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("stream", "sequence"), name="audit_one_chain_per_stream")
                ]
            },
        ),
        migrations.RunSQL(APPEND, UNDO),
    ]
