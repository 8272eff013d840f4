"""Whom the proposal put first when a body was asked, and the counts of choices by body [C67]."""

from django.db import migrations, models
from django.db.models import F, Q

from renkei.base.rls import definer

OWNER = "session_user NOT IN (SELECT role FROM base_login)"
CHOICES = f"""
    WITH asked AS (
        SELECT s.*, (s.offered_at AT TIME ZONE 'Asia/Tokyo')::date AS day FROM cases_support s
        WHERE s.offered_at IS NOT NULL AND s.state NOT IN ('proposed', 'recalled')
            AND (s.offered_at AT TIME ZONE 'Asia/Tokyo')::date BETWEEN since AND until),
    own AS (
        SELECT service_id, body_id, count(*) AS asked, count(*) FILTER (WHERE place = 1) AS as_first,
            count(*) FILTER (WHERE place > 1) AS as_later, count(*) FILTER (WHERE place IS NULL) AS beside,
            count(*) FILTER (WHERE state IN ('accepted', 'under_way', 'done')) AS accepted,
            count(*) FILTER (WHERE state = 'declined') AS declined, count(*) FILTER (WHERE state = 'expired') AS silent,
            count(*) FILTER (WHERE state = 'offered') AS waiting, count(*) FILTER (WHERE helped) AS helped,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY (answered_at AT TIME ZONE 'Asia/Tokyo')::date - day) AS days,
            max(day) AS last_on
        FROM asked GROUP BY service_id, body_id),
    passed AS (
        SELECT a.service_id, a.put_first_id AS body_id, count(DISTINCT a.need_id) AS passed_over FROM asked a
        WHERE a.place > 1 AND NOT EXISTS (
            SELECT 1 FROM asked b WHERE (b.need_id, b.service_id, b.body_id) = (a.need_id, a.service_id, a.put_first_id))
        GROUP BY a.service_id, a.put_first_id)
    SELECT service_id::text, body_id::text, coalesce(asked, 0), coalesce(as_first, 0), coalesce(as_later, 0), coalesce(beside, 0),
        coalesce(passed_over, 0), coalesce(accepted, 0), coalesce(declined, 0), coalesce(silent, 0), coalesce(waiting, 0),
        coalesce(helped, 0), days, last_on
    FROM own FULL JOIN passed USING (service_id, body_id)
    WHERE {OWNER} OR ctx_kind() = 'staff' AND (ctx_is_desk() OR body_id = ctx_body())
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_joined"), ("plan", "0003_closed_bodies")]
    operations = [
        migrations.AddField("support", "place", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField(
            "support", "put_first",
            models.ForeignKey("plan.body", null=True, on_delete=models.PROTECT, related_name="+"),
        ),
        migrations.AddConstraint(
            "support",
            models.CheckConstraint(
                condition=Q(place__isnull=True, put_first__isnull=True)
                | Q(place__isnull=False, put_first__isnull=False, place=1, put_first=F("body"))
                | (Q(place__isnull=False, put_first__isnull=False, place__gt=1) & ~Q(put_first=F("body"))),
                name="support_place_in_proposal",
            ),
        ),
        definer(
            "case_choices(since date, until date)",
            "TABLE (service text, body text, asked bigint, as_first bigint, as_later bigint, beside bigint, passed_over bigint,"
            " accepted bigint, declined bigint, silent bigint, waiting bigint, helped bigint, days integer, last_on date)",
            CHOICES,
        ),
    ]
