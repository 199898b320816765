from django.db import migrations

FORWARD = """
CREATE FUNCTION archive_too_long(bytes integer, most integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'a text of the result has % bytes; at most % are given out', bytes, most USING ERRCODE = '22001';
END $$;
"""


class Migration(migrations.Migration):
    """A text that is too long for a result ends the query before it leaves the database."""

    dependencies = [("archive", "0043_service_of_jobs")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION archive_too_long(integer, integer)")]
