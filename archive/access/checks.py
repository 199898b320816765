"""System checks: access rights are enforced, and strangers' files are read where they do no harm.

`manage.py check --database default` looks into the database, `manage.py check --deploy` at the kernel.
"""

from __future__ import annotations

from django.core.checks import Error, Tags, Warning, register
from django.db import connections

from archive import sandbox
from archive.access.reading import READER_ROLE

LEAKPROOF_FUNCTIONS = ("q3c_ang2ipix", "q3c_nearby_it")
HINT = "run deploy/postgres.sql in this database as superuser"


@register(Tags.database)
def database_enforces_access(app_configs=None, databases=None, **kwargs):
    """Errors for whatever would let a reader see too much, or make every cone search a sequential scan."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        return [
            *_unmarked_functions(cursor),
            *_open_setting(cursor),
            *_strong_reader(cursor),
            *_unbounded_files(cursor),
        ]


def _unmarked_functions(cursor) -> list[Error]:
    cursor.execute("SELECT proname FROM pg_proc WHERE proname = ANY(%s) AND proleakproof", [list(LEAKPROOF_FUNCTIONS)])
    marked = {name for (name,) in cursor.fetchall()}
    return [
        Error(f"{name} is not marked LEAKPROOF: no index under row-level security", hint=HINT, id="archive.E001")
        for name in LEAKPROOF_FUNCTIONS
        if name not in marked
    ]


def _open_setting(cursor) -> list[Error]:
    cursor.execute(
        "SELECT has_function_privilege(%s, 'pg_catalog.set_config(text,text,boolean)', 'execute')",
        [READER_ROLE],
    )
    if cursor.fetchone()[0]:
        return [
            Error(
                f"{READER_ROLE} may call set_config and so choose its own programs",
                hint=HINT,
                id="archive.E002",
            )
        ]
    return []


def _strong_reader(cursor) -> list[Error]:
    cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [READER_ROLE])
    if cursor.fetchone()[0]:
        return [Error(f"{READER_ROLE} bypasses row-level security", hint=HINT, id="archive.E003")]
    return []


def _unbounded_files(cursor) -> list[Error]:
    cursor.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [READER_ROLE])
    settings = dict(one.split("=", 1) for one in cursor.fetchone()[0] or [])
    if settings.get("temp_file_limit", "-1").startswith("-"):
        return [
            Error(
                f"a query of {READER_ROLE} may fill the disk: temp_file_limit is not set", hint=HINT, id="archive.E005"
            )
        ]
    return []


@register(Tags.security, deploy=True)
def files_are_read_in_confinement(app_configs=None, **kwargs):
    """Warnings for each thing that a child that reads strangers' files could still do on this machine."""
    try:
        holds = sandbox.layers()
    except sandbox.SandboxError as reason:
        return [Error(f"no process can be started that reads uploads: {reason}", id="archive.E004")]
    hint = "the other layers hold; a kernel of Debian 12 or newer grants all of them"
    return [
        Warning(f"a process that reads uploads is not kept in by this layer: {layer}", hint=hint, id="archive.W004")
        for layer, granted in holds.items()
        if not granted
    ]
