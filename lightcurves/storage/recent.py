"""Points as rows, a table partition for each night: what was appended lately, and what waits for its public date."""

from __future__ import annotations

import numpy as np
from django.db import OperationalError, connections, transaction

from archive.access.streams import sqlstate_and_message
from archive.database.copy import read_records, write_records

TABLE = "lightcurves_detection"
PARTITION_LOCK = 8  # class of our advisory locks
MONTH = 32  # nights in a partition of the first layout; where there is one, its nights stay in it
PATIENCE = "1500ms"  # that dropping a partition waits, and readers for it; autovacuum yields after one second
OBJECTS_OF_PLACE = 10**8  # object numbers of a field's quadrant and filter are successive

COPIED = (
    ("oid", ">i8"),
    ("pid", ">i8"),
    ("nid", ">i4"),
    ("mag", ">f4"),
    ("magerr", ">f4"),
    ("chi", ">f4"),
    ("sharp", ">f4"),
    ("catflags", ">i4"),
    ("dra", ">i2"),
    ("ddec", ">i2"),
    ("programid", ">i2"),
)
RECORD = np.dtype([pair for pair in COPIED if pair[0] not in ("oid", "nid", "programid")])
_SENT = {">i8": "int8send", ">i4": "int4send", ">i2": "int2send", ">f4": "float4send"}
# A point as the bytes of RECORD: an object's points leave the database as one string, not as so many rows.
SENT = " || ".join(f"{_SENT[RECORD[name].str]}(d.{name})" for name in RECORD.names or ())
TAKEN = (*COPIED, ("public", "?"))
TAKE = f"""
DELETE FROM {TABLE} AS d
WHERE d.oid >= %s AND d.oid < %s AND d.nid <= %s AND (d.public_date IS NULL OR d.public_date <= now())
RETURNING {", ".join(f"d.{name}" for name, _ in COPIED)}, d.public_date IS NOT NULL
"""
PARTITIONS = """
SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''?([0-9]+)')::int
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'lightcurves_detection'::regclass ORDER BY 2
"""


def make_room(cursor, nid: int) -> None:
    """See that there is a partition for a night, and that it stays until the transaction ends.

    Attached rather than made in place, so that nobody who reads has to wait.
    """
    name = _name(cursor, nid)
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [PARTITION_LOCK, nid])
    if _exists(cursor, name):
        return
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PARTITION_LOCK, -nid - 1])  # one maker at a time
    if not _exists(cursor, name):
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
            [nid, nid + 1],
        )


def write(cursor, rows: np.ndarray, public_date) -> None:
    """COPY records (dtype COPIED) with one public date into the partitions of their nights, which must exist."""
    write_records(cursor, TABLE, rows.astype(list(COPIED)), {"public_date": public_date})


def take(cursor, place: int, last_nid: int) -> np.ndarray:
    """Remove a place's points up to a night that wait for no date, and give them (dtype TAKEN).

    place : field, filter, CCD and quadrant as object numbers begin with them
    """
    return read_records(cursor, TAKE, [*objects_of(place), last_nid], TAKEN)


def objects_of(place: int) -> tuple[int, int]:
    """The first number of a place's objects, and the one behind the last."""
    return place * OBJECTS_OF_PLACE, (place + 1) * OBJECTS_OF_PLACE


def drop_empty(last_nid: int) -> list[str]:
    """Drop the partitions of nights up to `last_nid` that hold nothing any more; returns their names.

    One that somebody reads or writes at this moment stays until the next time.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(PARTITIONS)
        old = [(name, end) for name, end in cursor.fetchall() if end - 1 <= last_nid]
    return [name for name, end in old if _dropped(name, end)]


def _dropped(name: str, end: int) -> bool:
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [PARTITION_LOCK, end - 1])
            if not cursor.fetchone()[0] or _holds_rows(cursor, name):
                return False
            # ONLY: the other nights are not waited for.
            cursor.execute(f"LOCK TABLE ONLY {TABLE}, {name} IN ACCESS EXCLUSIVE MODE")
            if _holds_rows(cursor, name):
                return False
            cursor.execute(f"DROP TABLE {name}")
            return True
    except OperationalError as error:
        if sqlstate_and_message(error)[0] != "55P03":  # lock_not_available
            raise
        return False


def _holds_rows(cursor, name: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
    return cursor.fetchone()[0]


def _name(cursor, nid: int) -> str:
    month = f"{TABLE}_n{nid // MONTH * MONTH:05}"
    return month if _exists(cursor, month) else f"{TABLE}_night{nid:05}"


def _exists(cursor, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    return cursor.fetchone()[0]
