"""Indexes on the sphere, and who may read what, from the first row on."""

from django.db import migrations

from archive.access.policies import let_readers_see, protect, sky_index

PROGRAMS = [
    (0, "engineering", "Tests of the instrument.", None),
    (1, "public", "The public survey: open as soon as it is processed.", 0),
    (2, "partnership", "The partnership's surveys: closed until a release opens them.", None),
    (3, "caltech", "Caltech's time: closed until a release opens them.", None),
]
PROTECTED = [
    "archive_exposure",
    "archive_rawimage",
    "archive_scienceimage",
    "archive_referenceimage",
    "archive_differenceimage",
    "archive_productfile",
    "archive_alert",
]
OPEN = [
    "archive_program",
    "archive_release",
    "archive_release_programs",
    "archive_calibrationimage",
    "archive_gaiastar",
    "archive_panstarrsstar",
    "archive_scienceimage_calibrations",
    "archive_referenceimage_inputs",
]
WITH_POSITION = [
    "archive_scienceimage",
    "archive_referenceimage",
    "archive_alert",
    "archive_gaiastar",
    "archive_panstarrsstar",
]


def name_programs(apps, schema_editor):
    program = apps.get_model("archive", "Program")
    for programid, name, description, days in PROGRAMS:
        program.objects.create(programid=programid, name=name, description=description, proprietary_days=days)


class Migration(migrations.Migration):
    dependencies = [("archive", "0001_initial")]
    operations = [
        *[sky_index(table) for table in WITH_POSITION],
        *[protect(table) for table in PROTECTED],
        *[let_readers_see(table) for table in OPEN],
        migrations.RunPython(name_programs, migrations.RunPython.noop),
    ]
