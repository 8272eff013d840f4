"""That a link was opened: written by its holder's own request, which changes nothing else of it."""

from django.db import migrations

OPENED = """
CREATE FUNCTION post_link_opened(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE post_link SET opened_at = moment
    WHERE id = ctx_link() AND ctx_kind() IN ('link', 'partner') AND opened_at IS NULL AND closed_at IS NULL;
    RETURN FOUND;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("post", "0007_daily_is_not_read_back")]
    operations = [migrations.RunSQL(OPENED, "DROP FUNCTION post_link_opened(timestamptz);")]
