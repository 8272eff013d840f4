"""A firm reads, through its own link, what is asked about its needs without a name, and ends it."""

from django.db import migrations

from renkei.base.rls import more

LINKED = "(SELECT link_case())"
STATUS = f"case_id = {LINKED} AND (SELECT link_purpose()) = 'status'"
OWN = f"{STATUS} OR case_id IN (SELECT link_family())"
ASKED = "(SELECT ctx_kind()) IN ('link', 'company') AND id IN (SELECT inquiry_id FROM cases_circulation)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_accounts_of_firms")]
    operations = [
        more("firm_sight", "cases_circulation", "SELECT", OWN),
        more("firm_change", "cases_circulation", "UPDATE", OWN),
        more("firm_sight", "cases_inquiry", "SELECT", ASKED),
        more("firm_change", "cases_inquiry", "UPDATE", ASKED),
    ]
