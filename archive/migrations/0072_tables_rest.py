"""Kept tables know the programs they were made with and the releases they rest on; jobs know the latter."""

import django.contrib.postgres.fields
from django.db import migrations, models

from archive.access.reading import READER_ROLE

# What somebody reads now. Owned by who owns the tables, as archive_open_tables.
PROGRAMS_OF = """
CREATE FUNCTION archive_programs_of(person integer) RETURNS smallint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN NOT u.is_active THEN NULL
        WHEN u.is_superuser THEN ARRAY(SELECT p.programid FROM public.archive_program AS p)
        ELSE ARRAY(
            SELECT m.program_id FROM public.archive_membership AS m
            WHERE m.user_id = u.id AND m.since <= now() AND (m.until IS NULL OR m.until > now())
            UNION
            SELECT p.program_id FROM public.archive_groupmembership AS m
            JOIN public.archive_readergroup_programs AS p ON p.readergroup_id = m.group_id
            WHERE m.user_id = u.id AND m.since <= now() AND (m.until IS NULL OR m.until > now()))
    END
    FROM public.auth_user AS u WHERE u.id = person
$$
"""
# Its reader has all of its programs, in the session and as its owner has; what it rests on is public, or theirs.
OPEN_TABLES = """
CREATE OR REPLACE FUNCTION archive_open_tables() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id FROM public.archive_usertable AS t, (
        SELECT NULLIF(current_setting('ztf.person', true), '')::integer AS id,
            coalesce(NULLIF(current_setting('ztf.programs', true), ''), '{}')::smallint[] AS programs
    ) AS me
    WHERE me.id > 0 AND t.programs <@ me.programs
        AND t.programs <@ coalesce(public.archive_programs_of(t.owner_id), ARRAY[-1]::smallint[])
        AND NOT EXISTS (
            SELECT FROM public.archive_release AS r JOIN public.archive_release_programs AS p ON p.release_id = r.name
            WHERE r.name = ANY (t.releases) AND r.state <> 'public' AND p.program_id <> ALL (me.programs))
        AND (
            t.owner_id = me.id OR t.everybody
            OR EXISTS (
                SELECT FROM public.archive_usertable_people AS p WHERE p.usertable_id = t.id AND p.user_id = me.id)
            OR EXISTS (
                SELECT FROM public.archive_usertable_groups AS g
                JOIN public.archive_groupmembership AS m ON m.group_id = g.readergroup_id
                JOIN public.archive_groupmembership AS o ON o.group_id = g.readergroup_id AND o.user_id = t.owner_id
                WHERE g.usertable_id = t.id AND m.user_id = me.id
                    AND m.since <= now() AND (m.until IS NULL OR m.until > now())
                    AND o.since <= now() AND (o.until IS NULL OR o.until > now())))
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION archive_open_tables() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id FROM public.archive_usertable AS t,
        (SELECT NULLIF(current_setting('ztf.person', true), '')::integer AS id) AS me
    WHERE me.id > 0 AND t.owner_id = me.id
$$
"""
# Of tables that are here already nobody noted it: they rest on all that their owners ever read, and on every release.
KNOWN_BEFORE = """
UPDATE archive_usertable AS t SET
    programs = CASE WHEN u.is_superuser THEN ARRAY(SELECT p.programid FROM archive_program AS p) ELSE ARRAY(
        SELECT m.program_id FROM archive_membership AS m WHERE m.user_id = u.id
        UNION
        SELECT p.program_id FROM archive_groupmembership AS m
        JOIN archive_readergroup_programs AS p ON p.readergroup_id = m.group_id WHERE m.user_id = u.id) END,
    releases = ARRAY(SELECT r.name FROM archive_release AS r WHERE r.published IS NOT NULL)
FROM auth_user AS u WHERE u.id = t.owner_id
"""


class Migration(migrations.Migration):
    dependencies = [("archive", "0071_orders_remember")]

    operations = [
        migrations.AddField(
            "usertable",
            "programs",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(),
                default=list,
                help_text="who reads it has all of these",
                size=None,
            ),
        ),
        migrations.AddField(
            "usertable",
            "releases",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                default=list,
                help_text="public releases that may have opened what it holds when it was made",
                size=None,
            ),
        ),
        migrations.AddField(
            "userjob",
            "rests",
            models.JSONField(help_text="what its result rests on (archive.jobs.dependencies)", null=True),
        ),
        migrations.AddField(
            "queryjob",
            "rests",
            models.JSONField(help_text="what its result rests on (archive.jobs.dependencies)", null=True),
        ),
        migrations.RunSQL(KNOWN_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(
            [PROGRAMS_OF, "REVOKE EXECUTE ON FUNCTION archive_programs_of(integer) FROM PUBLIC", OPEN_TABLES],
            [BEFORE, "DROP FUNCTION archive_programs_of(integer)"],
        ),
        migrations.RunSQL(f"GRANT EXECUTE ON FUNCTION archive_open_tables() TO {READER_ROLE}", migrations.RunSQL.noop),
    ]
