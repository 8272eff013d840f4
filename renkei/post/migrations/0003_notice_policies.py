"""Only the sender makes a notice and its receipts; a receiver changes its own receipt, never the notice."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM

OWN = f"{SYSTEM} OR {STAFF} AND from_body = {BODY}"
SENT = f"{SYSTEM} OR {STAFF} AND notice_id IN (SELECT notice_sent())"
MINE = f"{SYSTEM} OR {STAFF} AND body = {BODY}"
BEFORE = f"{SYSTEM} OR {STAFF} AND (body = {BODY} OR notice_id IN (SELECT notice_sent()))"


class Migration(migrations.Migration):
    dependencies = [("post", "0002_policies")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY birth ON post_notice WITH CHECK ({OWN});"
            f"ALTER POLICY change ON post_notice USING ({OWN}) WITH CHECK ({OWN});"
            f"ALTER POLICY birth ON post_noticereceipt WITH CHECK ({SENT});"
            f"ALTER POLICY change ON post_noticereceipt USING ({MINE}) WITH CHECK ({MINE});",
            f"ALTER POLICY birth ON post_noticereceipt WITH CHECK ({BEFORE});"
            f"ALTER POLICY change ON post_noticereceipt USING ({BEFORE}) WITH CHECK ({BEFORE});",
        ),
    ]
