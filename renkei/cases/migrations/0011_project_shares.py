import django.contrib.postgres.fields
import django.db.models.deletion
import renkei.cases.models.shares
import uuid
from django.conf import settings
from django.db import migrations, models

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, definer, protect

DESK = "(SELECT ctx_is_desk())"
HELD = "project_id IN (SELECT project_held())"
WHOLE = """
    CREATE FUNCTION shares_are_whole(bodies varchar[], percents smallint[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $fn$
        SELECT cardinality(bodies) = cardinality(percents) AND cardinality(bodies) = (SELECT count(DISTINCT b) FROM unnest(bodies) b)
            AND (SELECT coalesce(sum(p) = 100 AND min(p) > 0, false) FROM unnest(percents) p)
    $fn$;
"""
# What every body named reads of a project: what the yearly report says of it, no firm and no title.
NAMED = """
    SELECT p.id, p.number::text, p.approved_on, p.counted_fiscal_year::int, f.name::text,
        ARRAY(SELECT b.body_id::text FROM cases_regionalproject_bodies b JOIN plan_body o ON o.code = b.body_id
            WHERE b.regionalproject_id = p.id ORDER BY o."order", o.code)
    FROM cases_regionalproject p JOIN plan_field f ON f.code = p.field_id
    WHERE session_user NOT IN (SELECT role FROM base_login) OR ctx_kind() = 'system' OR ctx_kind() = 'staff' AND (ctx_is_desk() OR p.id IN (SELECT project_held())
        OR EXISTS (SELECT FROM cases_projectshares s WHERE s.project_id = p.id AND ctx_body() = ANY (s.bodies)))
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0010_plan_moved'),
        ('plan', '0004_change_days'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(WHOLE, "DROP FUNCTION shares_are_whole(varchar[], smallint[]);"),
        migrations.CreateModel(
            name='ProjectShares',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('bodies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('percents', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None)),
                ('proposed_at', models.DateTimeField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='cases.regionalproject')),
                ('proposed_body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['project_id', '-number'],
            },
        ),
        migrations.CreateModel(
            name='ShareAnswer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('agreed', models.BooleanField()),
                ('words', models.CharField(blank=True, max_length=400, verbose_name='理由と望む分け方')),
                ('answered_at', models.DateTimeField()),
                ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                ('shares', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='cases.projectshares')),
            ],
            options={
                'ordering': ['answered_at'],
            },
        ),
        migrations.AddConstraint(
            model_name='projectshares',
            constraint=models.UniqueConstraint(fields=('project', 'number'), name='project_shares_number_once'),
        ),
        migrations.AddConstraint(
            model_name='projectshares',
            constraint=models.CheckConstraint(condition=renkei.cases.models.shares.WholeShares('bodies', 'percents'), name='project_shares_are_whole'),
        ),
        migrations.AddConstraint(
            model_name='shareanswer',
            constraint=models.UniqueConstraint(fields=('shares', 'body'), name='share_answer_once'),
        ),
        migrations.AddConstraint(
            model_name='shareanswer',
            constraint=models.CheckConstraint(condition=models.Q(('agreed', True), models.Q(('words', ''), _negated=True), _connector='OR'), name='share_answer_no_has_words'),
        ),
        protect(
            "cases_projectshares",
            select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR {BODY} = ANY (bodies) OR {HELD})",
            insert=f"{SYSTEM} OR {STAFF} AND proposed_body_id = {BODY} AND ({DESK} OR {HELD})",
            update="false",
        ),
        append_only("cases_projectshares"),
        protect(
            "cases_shareanswer",
            select="shares_id IN (SELECT s.id FROM cases_projectshares s)",
            insert=f"{SYSTEM} OR {STAFF} AND body_id = {BODY} AND shares_id IN (SELECT s.id FROM cases_projectshares s WHERE {BODY} = ANY (s.bodies))",
            update="false",
        ),
        append_only("cases_shareanswer"),
        definer(
            "project_named()",
            "TABLE (project uuid, number text, approved_on date, counted integer, field text, helped text[])",
            NAMED,
        ),
    ]
