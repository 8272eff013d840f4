"""A body's administrators sign its review; its members and the front desk read it; nobody changes it."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, protect

ADMIN = f"{STAFF} AND body_id = {BODY} AND (SELECT ctx_is_admin())"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_member_reviews")]
    operations = [
        protect(
            "accounts_memberreview",
            select=f"{SYSTEM} OR {STAFF} AND (body_id = {BODY} OR {BODY} = (SELECT plan_front_desk()))",
            insert=ADMIN,
        ),
        append_only("accounts_memberreview"),
    ]
