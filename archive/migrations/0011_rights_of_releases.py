"""Who reads releases; images that are listed before they are public; what is written once and never changed."""

from django.db import migrations

from archive.access.policies import MINE, list_images, protect, write_once
from archive.access.reading import READER_ROLE

# A release that is not public is for those who read all of its programs: its counts speak of their rows.
RELEASE = f"""state = 'public' OR NOT EXISTS (
    SELECT FROM archive_release_programs p WHERE p.release_id = name AND p.program_id <> ALL ({MINE}))"""
# Row-level security of archive_release holds within the subquery.
OF_RELEASE = "release_id IN (SELECT r.name FROM archive_release r)"
CONTENTS = ("archive_releaseitem", "archive_releasefile")
IMAGES = (
    "archive_exposure",
    "archive_rawimage",
    "archive_scienceimage",
    "archive_referenceimage",
    "archive_differenceimage",
)
KEEP_FROZEN = """
CREATE FUNCTION archive_keep_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held text := CASE WHEN TG_OP = 'DELETE' THEN OLD.release_id ELSE NEW.release_id END;
BEGIN
    IF EXISTS (SELECT FROM archive_release r WHERE r.name = held AND r.state <> 'draft') THEN
        RAISE EXCEPTION 'release % is frozen: what it holds does not change', held
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def keep_frozen(table: str) -> migrations.RunSQL:
    """A release's contents are written while it is a draft, and stand from then on."""
    return migrations.RunSQL(
        f"CREATE TRIGGER keep_frozen BEFORE INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION archive_keep_frozen()",
        f"DROP TRIGGER keep_frozen ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("archive", "0010_releases_groups_tokens")]
    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, f"GRANT SELECT ON archive_release TO {READER_ROLE}"),
        protect("archive_release", RELEASE),
        *[protect(table, OF_RELEASE) for table in CONTENTS],
        migrations.RunSQL(KEEP_FROZEN, "DROP FUNCTION archive_keep_frozen()"),
        *[keep_frozen(table) for table in CONTENTS],
        *[list_images(table) for table in IMAGES],
        write_once("archive_auditentry"),
    ]
