"""What a partner writes is news to who opened the case to them: on the list, and nowhere else than at that body."""

from django.db import migrations

from renkei.base.rls import more

OWN = (
    "(SELECT ctx_kind()) = 'partner' AND kind = 'partner' AND about = (SELECT opening_link())"
    " AND body = (SELECT o.the_body FROM opening_mine() o)"
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0034_mails_of_a_case"), ("post", "0008_links_are_opened")]
    operations = [more("partner_birth", "post_nudge", "INSERT", OWN)]
