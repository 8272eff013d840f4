"""Cases follow a firm that was merged into another, also one written in that very moment; and what ties two firms since."""

from django.db import migrations

from renkei.base.rls import definer

FOLLOW = """
CREATE FUNCTION case_follows_firm() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE successor uuid;
BEGIN
    -- The share lock waits for a merge under way, and then sees where the firm has gone.
    SELECT merged_into_id INTO successor FROM companies_company WHERE id = NEW.company_id FOR KEY SHARE;
    IF successor IS NOT NULL THEN NEW.company_id := successor; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_follows_firm BEFORE INSERT OR UPDATE OF company_id ON cases_case
    FOR EACH ROW WHEN (NEW.company_id IS NOT NULL) EXECUTE FUNCTION case_follows_firm();
"""
TIES = """
    WITH m AS (SELECT id, into_id FROM companies_merge WHERE id = the_merge AND company_merges(the_merge)),
    went AS (SELECT j.of_table, j.row_id FROM companies_mergemove j JOIN m ON m.id = j.merge_id WHERE j.deed = 'moved'),
    own AS (SELECT c.id, c.number, c.merged_into_id, c.split_from_id,
            c.id IN (SELECT row_id FROM went WHERE of_table = 'cases_case') AS goes
            FROM cases_case c JOIN m ON c.company_id = m.into_id)
    SELECT a.number FROM own a JOIN own b ON b.id IN (a.merged_into_id, a.split_from_id) AND a.goes <> b.goes
    UNION SELECT own.number FROM own JOIN cases_consultation s ON s.case_id = own.id
        JOIN companies_companyperson p ON p.id = s.person_id JOIN m ON p.company_id = m.into_id
        WHERE own.goes <> (p.id IN (SELECT row_id FROM went WHERE of_table = 'companies_companyperson'))
    UNION SELECT own.number FROM own JOIN cases_regionalproject_cases l ON l.case_id = own.id
        JOIN cases_regionalproject p ON p.id = l.regionalproject_id JOIN m ON p.company_id = m.into_id
        WHERE own.goes <> (p.id IN (SELECT row_id FROM went WHERE of_table = 'cases_regionalproject'))
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_saved_views"), ("companies", "0005_merging_by_the_database")]
    operations = [
        migrations.RunSQL(FOLLOW, "DROP TRIGGER case_follows_firm ON cases_case; DROP FUNCTION case_follows_firm();"),
        definer("case_merge_ties(the_merge uuid)", "SETOF text", TIES),
    ]
