"""A body that was dissolved gets no open case and no handover any more; what it did stays as it is."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION case_refuse_closed_body() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE chosen text := CASE TG_TABLE_NAME WHEN 'cases_case' THEN to_jsonb(NEW) ->> 'holder_id' ELSE to_jsonb(NEW) ->> 'to_body_id' END;
BEGIN
    IF EXISTS (SELECT 1 FROM plan_body WHERE code = chosen AND closed_on IS NOT NULL) THEN
        RAISE EXCEPTION 'body % was dissolved', chosen USING ERRCODE = 'check_violation', CONSTRAINT = 'case_body_is_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_body_is_open_insert BEFORE INSERT ON cases_case FOR EACH ROW
    WHEN (NEW.state <> 'closed') EXECUTE FUNCTION case_refuse_closed_body();
CREATE TRIGGER case_body_is_open BEFORE UPDATE ON cases_case FOR EACH ROW
    WHEN (NEW.state <> 'closed' AND NEW.holder_id IS DISTINCT FROM OLD.holder_id) EXECUTE FUNCTION case_refuse_closed_body();
CREATE TRIGGER handover_body_is_open BEFORE INSERT ON cases_handover FOR EACH ROW
    WHEN (NEW.state = 'offered') EXECUTE FUNCTION case_refuse_closed_body();
"""
UNDO = """
DROP TRIGGER handover_body_is_open ON cases_handover; DROP TRIGGER case_body_is_open ON cases_case;
DROP TRIGGER case_body_is_open_insert ON cases_case; DROP FUNCTION case_refuse_closed_body();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_delivery")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
