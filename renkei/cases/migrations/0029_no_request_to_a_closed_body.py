"""A dissolved body is asked nothing any more and takes nothing on; what was done afterwards may still be written down."""

from django.db import migrations

REFUSE = """
CREATE TRIGGER support_body_is_open_insert BEFORE INSERT ON cases_support FOR EACH ROW
    WHEN (NEW.state IN ('proposed', 'offered', 'accepted', 'under_way') AND NEW.origin <> 'recorded')
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'support_body_is_open');
CREATE TRIGGER support_body_is_open BEFORE UPDATE ON cases_support FOR EACH ROW
    WHEN (NEW.state IN ('offered', 'accepted') AND NEW.state IS DISTINCT FROM OLD.state AND NEW.origin <> 'recorded')
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'support_body_is_open');
CREATE TRIGGER asked_body_is_open BEFORE INSERT ON cases_asked FOR EACH ROW
    EXECUTE FUNCTION plan_refuse_closed_body('body_id', 'asked_body_is_open');
CREATE TRIGGER pack_body_is_open BEFORE UPDATE ON cases_movepack FOR EACH ROW
    WHEN (NEW.state = 'offered' AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION plan_refuse_closed_body('to_body_id', 'pack_body_is_open');
"""
UNDO = """
DROP TRIGGER pack_body_is_open ON cases_movepack; DROP TRIGGER asked_body_is_open ON cases_asked;
DROP TRIGGER support_body_is_open ON cases_support; DROP TRIGGER support_body_is_open_insert ON cases_support;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0026_opened_to_people"), ("plan", "0003_closed_bodies")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
