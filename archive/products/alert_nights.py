"""A night's alert packets as one tar.gz, as the alert archive of the University of Washington gives them.

The file is made while it is sent, from the packets as they lie in the tree: one Avro file for each alert, in the order
of their numbers. The same packets give the same bytes, so that its size and MD5 hold for as long as they do not change;
both are kept once somebody had the whole of it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import cast

import fastavro
from django.db.backends.base.base import BaseDatabaseWrapper
from fastavro.types import Schema as AvroSchema

from archive.access.reading import ANYONE, PARTNERSHIP, PUBLIC, Reader
from archive.access.streams import stream
from archive.files import kept
from archive.files.storage import DamagedFileError
from archive.models import ProductFile
from archive.requests.numbers import whole
from archive.survey.identifiers import FIRST_NIGHT_JD, BadIdentifierError, date_of_nid, nid_of_date
from archive.survey.times import JD_UNIX_EPOCH
from archive.tables.sink import Sink

KINDS = {"public": PUBLIC, "partnership": PARTNERSHIP}
ENDING = ".tar.gz"
SUMS = "alert-nights"
COMPRESSION = 1  # pictures in packets are compressed already
NULL = "null"
# One step of the index of times for each night, however many alerts it has.
_NIGHTS = f"""
WITH RECURSIVE found (nid) AS (
  (SELECT nid FROM archive_alert WHERE programid = %(program)s ORDER BY jd LIMIT 1)
  UNION ALL
  SELECT next.nid FROM found CROSS JOIN LATERAL (
    SELECT nid FROM archive_alert
    WHERE programid = %(program)s AND jd >= {FIRST_NIGHT_JD} + found.nid + 1 AND nid > found.nid ORDER BY jd LIMIT 1
  ) AS next
)
SELECT nid FROM found ORDER BY nid
"""
_OF_NIGHT = f"""
FROM archive_alert AS a JOIN archive_productfile AS f ON f.id = a.packet_id
WHERE a.programid = %(program)s AND a.nid = %(nid)s
    AND a.jd BETWEEN {FIRST_NIGHT_JD} + %(nid)s - 0.01 AND {FIRST_NIGHT_JD} + %(nid)s + 1.01
"""
_STATE = f"SELECT count(*), coalesce(sum(a.candid), 0), max(f.changed) {_OF_NIGHT}"
_FILE = ("pk", "path", "stored_as", "size", "sha256")
_PACKETS = f"""
SELECT f.id, f.path, f.stored_as, f.size, f.sha256, a.packet_index, a.candid, a.jd {_OF_NIGHT}
ORDER BY f.path, a.packet_index
"""


class NoSuchNightError(LookupError):
    """A night without alerts that the reader may see, or a name that is no night's."""


@dataclass(frozen=True)
class Sum:
    """Size and MD5 of a night's file."""

    size: int
    md5: str


@dataclass(frozen=True)
class Night:
    """The alerts of one program and night (UT)."""

    kind: str
    nid: int

    @property
    def date(self) -> date:
        """Its UT date."""
        return date_of_nid(self.nid)

    @property
    def name(self) -> str:
        """The file's."""
        return f"ztf_{self.kind}_{self.date:%Y%m%d}{ENDING}"

    @property
    def values(self) -> dict[str, int]:
        return {"program": KINDS[self.kind], "nid": self.nid}


@dataclass(frozen=True)
class _Statement:
    sql: str
    values: dict

    def as_sql(self, connection: BaseDatabaseWrapper) -> tuple[str, dict]:
        return self.sql, self.values


def reader_of(kind: str, reader: Reader) -> Reader:
    """With whose rights a kind is read: what is public holds what everybody may see, whoever asks."""
    return ANYONE if kind == "public" else reader


def nights(kind: str, reader: Reader) -> list[Night]:
    """The nights that have alerts, the first one first."""
    return [Night(kind, nid) for (nid,) in _rows(_NIGHTS, {"program": KINDS[kind]}, reader)]


def night_named(kind: str, name: str) -> Night:
    """The night of a file's name.

    Raises
    ------
    NoSuchNightError
    """
    start = f"ztf_{kind}_"
    text = name.removeprefix(start).removesuffix(ENDING)
    try:
        night = Night(kind, nid_of_date(_day(text)))
    except (ValueError, BadIdentifierError) as error:
        raise NoSuchNightError(f"{name[:60]}: files are named {start}YYYYMMDD{ENDING}, by the UT date") from error
    if night.name != name:
        raise NoSuchNightError(f"{name[:60]}: files are named {start}YYYYMMDD{ENDING}, by the UT date")
    return night


def _day(text: str) -> date:
    if len(text) != len("20200924") or whole(text) is None:
        raise ValueError(text)
    return datetime.strptime(text, "%Y%m%d").date()


def state(night: Night, reader: Reader) -> str:
    """A key that tells one content of a night's file from another; readers who see different rows have different ones.

    Raises
    ------
    NoSuchNightError
        for a night without alerts.
    """
    ((count, numbers, changed),) = _rows(_STATE, night.values, reader)
    if not count:
        raise NoSuchNightError(f"{night.name}: there are no alerts of this night that you may see")
    return kept.key_of(night.name, reader.setting, count, numbers, changed)


def known(key: str) -> Sum | None:
    """Size and MD5 of a night's file in a state, where somebody had the whole of it."""
    path = kept.place(SUMS, key, ".json")
    return Sum(**json.loads(path.read_text())) if path.is_file() else None


def sums(kind: str, reader: Reader) -> Iterator[tuple[Night, Sum]]:
    """The nights whose size and MD5 are known of the packets as they are."""
    for night in nights(kind, reader):
        if (found := known(state(night, reader))) is not None:
            yield night, found


def pieces(night: Night, reader: Reader, key: str) -> Iterator[bytes]:
    """The file, piece by piece; one packet is in memory. When all of it was taken its size and MD5 are kept.

    key : its state when it was asked for

    Raises
    ------
    archive.files.storage.DamagedFileError
        where a packet's file is not the registered one: the file then ends in the middle, as broken as it is.
    """
    digest, size = hashlib.md5(usedforsecurity=False), 0
    for piece in _written(night, reader):
        digest.update(piece)
        size += len(piece)
        yield piece
    if state(night, reader) == key:
        told = json.dumps({"size": size, "md5": digest.hexdigest()})
        kept.kept(SUMS, key, ".json", lambda path: path.write_text(told))


def _written(night: Night, reader: Reader) -> Iterator[bytes]:
    sink = Sink()
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=sink, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for candid, jd, content in _packets(night, reader):
            entry = tarfile.TarInfo(f"{candid}.avro")
            entry.size, entry.mtime = len(content), int((jd - JD_UNIX_EPOCH) * 86400)
            tar.addfile(entry, io.BytesIO(content))
            if piece := sink.take():
                yield piece
    yield sink.take()


def _packets(night: Night, reader: Reader) -> Iterator[tuple[int, float, bytes]]:
    """Number, time and Avro file of each alert."""
    rows = stream([((), _Statement(_PACKETS, night.values))], reader)
    try:
        of_night = (row for batch in rows for row in batch)
        for file, found in groupby(of_night, key=itemgetter(slice(len(_FILE)))):
            yield from _of_file(ProductFile(**dict(zip(_FILE, file, strict=True))), list(found))
    finally:
        rows.close()


def _of_file(product: ProductFile, found: Sequence[tuple]) -> Iterator[tuple[int, float, bytes]]:
    wanted = {index: (candid, jd) for *_, index, candid, jd in found}
    with product.whole().open("rb") as source:
        reader = fastavro.reader(source)
        schema = fastavro.parse_schema(cast(AvroSchema, reader.writer_schema))
        for index, packet in enumerate(reader):
            candid, jd = wanted.pop(index, (None, None))
            if candid is None:
                continue
            record = cast(dict, packet)
            if (number := record.get("candidate", {}).get("candid")) != candid:
                raise DamagedFileError(f"{product.path}: record {index} is {number}, not {candid}")
            yield candid, jd, _as_file(schema, record, candid)
            if not wanted:
                return
    raise DamagedFileError(f"{product.path}: has no record {min(wanted)}")


def _as_file(schema: AvroSchema, packet: dict, candid: int) -> bytes:
    """A packet as an Avro file of its own; the mark between its blocks is its number, so that it is always the same."""
    content = io.BytesIO()
    fastavro.writer(content, schema, [packet], codec=NULL, sync_marker=candid.to_bytes(16, "big"))
    return content.getvalue()


def _rows(sql: str, values: dict, reader: Reader) -> list[tuple]:
    rows = stream([((), _Statement(sql, values))], reader)
    try:
        return [row for batch in rows for row in batch]
    finally:
        rows.close()
