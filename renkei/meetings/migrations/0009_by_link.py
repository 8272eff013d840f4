"""Minutes are confirmed by link, and reminded of once; who says a word holds the meeting; whom a circulation asks."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from renkei.base.rls import definer, more

# A link opens the minutes of one meeting: what every body reads of them, and the words of the body it was sent to.
LINK = "(SELECT link_purpose()) = 'minutes'"
SUBJECT = "(SELECT link_subject())"
SENT = "minutes_id IN (SELECT id FROM meetings_minutes)"
OWN = f"{LINK} AND body_id = (SELECT link_body()) AND {SENT}"
# Who says a word holds the meeting still, so that nobody freezes or locks what the word is about meanwhile. A plain row lock
# needs the right to change the meeting, which no link has.
HOLD = """
CREATE FUNCTION meeting_hold(the_meeting uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF session_user IN (SELECT role FROM base_login) AND ctx_kind() <> 'staff'
       AND NOT coalesce(ctx_kind() = 'link' AND link_purpose() IN ('round', 'minutes') AND link_subject() = the_meeting, false) THEN
        RAISE EXCEPTION 'not a meeting of the caller';
    END IF;
    PERFORM 1 FROM meetings_meeting WHERE id = the_meeting FOR SHARE;
END $$
"""
ASKED = """
SELECT b.code, count(*), bool_or(a.level = 'all')
FROM plan_body b JOIN meetings_agendaitem a ON a.level = 'all' OR a.put_up_by_id = b.code OR b.code = ANY(a.bodies)
WHERE a.meeting_id = the_meeting AND b.closed_on IS NULL AND the_meeting IN (SELECT meeting_run()) GROUP BY b.code
"""


class Migration(migrations.Migration):

    dependencies = [
        ('meetings', '0008_participants'),
        ('plan', '0004_change_days'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='confirmation',
            name='said_name',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='meeting',
            name='reminded_minutes',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='confirmation',
            name='said_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='confirmation',
            constraint=models.CheckConstraint(condition=models.Q(('said_by__isnull', False), models.Q(('said_name', ''), _negated=True), _connector='OR'), name='confirmation_has_name'),
        ),
        migrations.RunSQL(HOLD, "DROP FUNCTION meeting_hold(uuid);"),
        definer("meeting_asked(the_meeting uuid)", "TABLE (body varchar, items bigint, by_link boolean)", ASKED),
        more("by_minutes_link", "meetings_meeting", "SELECT", f"{LINK} AND id = {SUBJECT}"),
        more("by_minutes_link", "meetings_minutes", "SELECT", f"{LINK} AND meeting_id = {SUBJECT}"),
        more("by_minutes_link", "meetings_minutesitem", "SELECT", f"{LINK} AND level = 'all' AND {SENT}"),
        more("by_minutes_link", "meetings_confirmation", "SELECT", OWN),
        more("said_by_link", "meetings_confirmation", "INSERT", OWN),
    ]
