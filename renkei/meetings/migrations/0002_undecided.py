"""Minutes are frozen only when every item is decided, those the host may not read among them."""

from django.db import migrations

from renkei.base.rls import definer

_OPENING = """
    IF NOT EXISTS (SELECT 1 FROM meetings_minutes m WHERE m.id = the_minutes AND m.meeting_id IN (SELECT meeting_run()))
       OR EXISTS (SELECT 1 FROM meetings_minutesitem i WHERE i.minutes_id = the_minutes) THEN
        RAISE EXCEPTION 'not minutes of a meeting of the caller, or frozen already';
    END IF;
"""
_ALL_DECIDED = """
    IF EXISTS (SELECT 1 FROM meetings_agendaitem a JOIN meetings_minutes m ON m.meeting_id = a.meeting_id
               WHERE m.id = the_minutes AND a.outcome = '') THEN
        RAISE EXCEPTION 'an item of the meeting is undecided';
    END IF;
"""
FREEZE = f"""
CREATE OR REPLACE FUNCTION meeting_freeze(the_minutes uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made integer;
BEGIN
    {_OPENING}{_ALL_DECIDED}
    INSERT INTO meetings_minutesitem (id, minutes_id, "order", title, said, level, bodies, put_up_by_id)
    SELECT gen_random_uuid(), the_minutes, a."order", a.title,
           jsonb_build_object('item', a.id, 'question', a.question, 'notes', a.notes, 'outcome', a.outcome, 'decision', a.decision,
               'tasks', coalesce((SELECT jsonb_agg(jsonb_build_object('what', t.what, 'body', t.body_id, 'due_on', t.due_on) ORDER BY t.due_on, t.id)
                                  FROM meetings_task t WHERE t.item_id = a.id), '[]'::jsonb)),
           a.level, a.bodies, a.put_up_by_id
    FROM meetings_agendaitem a JOIN meetings_minutes m ON m.meeting_id = a.meeting_id
    WHERE m.id = the_minutes;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$
"""


class Migration(migrations.Migration):

    dependencies = [("meetings", "0001_first")]

    operations = [
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
        definer(
            "meeting_undecided(the_meeting uuid)", "SETOF varchar",
            "SELECT a.put_up_by_id FROM meetings_agendaitem a WHERE a.meeting_id = the_meeting AND a.outcome = '' "
            "AND the_meeting IN (SELECT meeting_run())",
        ),
    ]
