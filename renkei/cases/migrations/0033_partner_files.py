"""Files between a partner and the body that opened a case; and readings with the classes that were shown (P2).

A partner sees and adds files while the opening lives and its terms are accepted: shutting it ends both at the next
request. A reading is found wherever it names the case, also when a list showed it beside others.
"""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from renkei.base.rls import BODY, STAFF, SYSTEM, definer, protect

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
WRITES = """
    SELECT o.id FROM cases_opening o WHERE o.id = opening_link() AND o.given_at IS NOT NULL AND o.accepted_at IS NOT NULL
    AND o.ended_at IS NULL AND (o.until IS NULL OR o.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
"""
READINGS = f"""
    SELECT e.at, e.body::text, coalesce(p.name, '')::text, coalesce(l.recipient_name, '')::text, o.id,
        ARRAY(SELECT substr(x, 7) FROM jsonb_array_elements_text(e.objects_touched) AS t (x) WHERE x LIKE 'class:%')
    FROM audit_event e
    LEFT JOIN accounts_person p ON p.id = e.person LEFT JOIN post_link l ON l.id = e.link
    LEFT JOIN cases_opening o ON e.stream = 'cases.opening:' || o.id
    WHERE e.verb = 'read' AND e.objects_touched @> jsonb_build_array('cases.case:' || the_case)
      AND e.actor_kind IN ('staff', 'partner', 'link') AND (e.actor_kind <> 'link' OR e.body <> '')
      AND ({OWNER} OR ctx_kind() = 'system' OR the_case IN (SELECT link_family())
           OR ctx_kind() = 'staff' AND (ctx_is_desk() OR the_case IN (SELECT case_held())))
    ORDER BY e.at DESC
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0032_same_rows'),
        ('audit', '0002_find_readings'),
    ]

    operations = [
        migrations.CreateModel(
            name='PartnerFile',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, verbose_name='ファイル名')),
                ('media_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('from_partner', models.BooleanField()),
                ('author_name', models.CharField(max_length=100)),
                ('added_at', models.DateTimeField()),
                ('opening', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='cases.opening')),
            ],
            options={
                'ordering': ['-added_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='partner_file_has_name')],
            },
        ),
        definer("opening_writes()", "SETOF uuid", WRITES),
        protect(
            "cases_partnerfile",
            select="opening_id IN (SELECT opening_writes())"
            f" OR {SYSTEM} OR {STAFF} AND opening_id IN (SELECT id FROM cases_opening WHERE body_id = {BODY})",
            update="false",
        ),
        migrations.RunSQL("DROP FUNCTION case_readings(uuid);", migrations.RunSQL.noop),
        definer("case_readings(the_case uuid)",
                "TABLE (at timestamptz, body text, person text, holder text, opening uuid, classes text[])", READINGS),
    ]
