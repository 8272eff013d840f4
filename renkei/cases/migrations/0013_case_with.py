"""Cases with some bigrams, found by the index: under a table's policy PostgreSQL reads every row instead, once a word."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, definer

# What the policy of cases lets staff and the worker see, and no case more; nothing for anybody else.
CASE_WITH = f"""
    SELECT c.id FROM cases_case c WHERE c.grams @> wanted AND (
        (SELECT session_user NOT IN (SELECT role FROM base_login)) OR {SYSTEM}
        OR {STAFF} AND ((SELECT ctx_is_desk()) OR c.holder_id = {BODY} OR c.received_by_id = {BODY} OR c.id IN (SELECT case_asked())))
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_outside_number")]

    operations = [definer("case_with(wanted text[])", "SETOF uuid", CASE_WITH)]
