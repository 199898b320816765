"""The one place that decides who may see what.

Rows of protected tables carry `programid` and `public_date`. PostgreSQL's row-level security shows a row to the
read-only role `ztf_reader` when its public date has passed or its program is among the reader's. The reader's
programs stand in the session setting `ztf.programs`, which is set here and nowhere else, once per transaction;
where it is not set, every query on a protected table fails.

Whatever answers a person runs inside `reading(reader)`. There the ORM is routed to the read-only role, so that a
forgotten filter cannot leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from archive.access import address
from archive.database import pool
from archive.requests import disconnect

ENGINEERING, PUBLIC, PARTNERSHIP, CALTECH = 0, 1, 2, 3
PROGRAMS = (ENGINEERING, PUBLIC, PARTNERSHIP, CALTECH)
READER_ROLE = "ztf_reader"

VISIBLE = "(public_date <= now() OR programid = ANY ((SELECT current_setting('ztf.programs'))::smallint[]))"


@dataclass(frozen=True)
class Reader:
    """Somebody who reads, known by the programs whose unreleased data are open to them."""

    programs: frozenset[int] = frozenset()
    person: int = field(default=0, compare=False)
    """The account, for what people keep here themselves (tables of their own); 0: nobody's."""

    def __post_init__(self):
        unknown = self.programs - set(PROGRAMS)
        if unknown:
            raise ValueError(f"programs={sorted(unknown)}: a program is one of {PROGRAMS}")

    @property
    def setting(self) -> str:
        """The programs as PostgreSQL writes an array."""
        return "{" + ",".join(str(program) for program in sorted(self.programs)) + "}"


ANYONE = Reader()
EVERYTHING = Reader(frozenset(PROGRAMS))

_current: ContextVar[Reader | None] = ContextVar("reader", default=None)


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Within this block all reads of archive tables happen with `reader`'s rights, in one read-only transaction."""
    with transaction.atomic(using="reader"), connections["reader"].cursor() as cursor:
        _take_rights(cursor, reader)
        token = _current.set(reader)
        try:
            with _cancelled_when_client_leaves(connections["reader"]):
                yield
        finally:
            _current.reset(token)


@contextmanager
def streaming(
    reader: Reader, before: Callable[[BaseDatabaseWrapper], None] | None = None
) -> Iterator[BaseDatabaseWrapper]:
    """A connection apart from the request's, in one read-only transaction with `reader`'s rights.

    For an answer that is still being written when the request's own transaction has ended. `before` is given the
    connection when that transaction has not begun yet.
    """
    connection = pool.acquire()
    try:
        if before is not None:
            before(connection)
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            _take_rights(cursor, reader)
        with _cancelled_when_client_leaves(connection):
            yield connection
    except BaseException:  # an answer that was broken off: whatever it was doing ends with its connection
        connection.close()
        raise
    pool.release(connection)


def _cancelled_when_client_leaves(connection: BaseDatabaseWrapper):
    return disconnect.current().cancelling(connection.connection.cancel)


@contextmanager
def all_rows() -> Iterator[None]:
    """Within this block reads see every row, whoever asks: to know whether something is there, never to show it."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def _take_rights(cursor, reader: Reader) -> None:
    # The address is for views whose rows name files whole.
    cursor.execute(
        "SET LOCAL ztf.programs = %s; SET LOCAL ztf.person = %s; SET LOCAL ztf.site = %s",
        [reader.setting, str(reader.person), address.address()],
    )


def current_reader() -> Reader | None:
    """The reader of this context; None in pipelines and commands, which see everything."""
    return _current.get()


class ReaderRouter:
    """Inside `reading`, the archive's models are read under the read-only role; all writes go to the owner."""

    def db_for_read(self, model, instance=None, **hints):
        if _current.get() is None or not is_archive_table(model):
            return "default"
        if not is_protected(model) and instance is not None and not is_archive_table(type(instance)):
            return "default"  # a group's programs are found through a table that readers do not read
        return "reader"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True  # both aliases are one database

    def allow_migrate(self, db, app_label, **hints):
        return db == "default"


def is_archive_table(model: type[models.Model]) -> bool:
    """Whether the reader's role reads this model's table (what people sign in with stays with the owner)."""
    return bool(getattr(model, "open_to_reader", False))


def is_protected(model: type[models.Model]) -> bool:
    """Whether readers see only some rows of this model's table."""
    return bool(getattr(model, "protected", False))
