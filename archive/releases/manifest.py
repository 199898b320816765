"""A release's manifest: every file with its size and SHA-256, the same bytes each time."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from archive.models import Release, ReleaseFile

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("path", "size", "sha256", "family", "product_id", "programid")
BATCH = 5000


def rows(release: Release) -> Iterator[tuple]:
    """Every file of a frozen release, by path, as far as the current reader sees the release."""
    found = ReleaseFile.objects.filter(release=release).order_by("path")
    return found.values_list(*COLUMNS).iterator(chunk_size=BATCH)


def as_csv(release: Release) -> Iterator[bytes]:
    """The manifest as CSV (UTF-8, one line a file), in pieces."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows(release), start=1):
        writer.writerow(row)
        if number % BATCH == 0:
            yield _taken(text)
    yield _taken(text)


def write_parquet(release: Release, file: BinaryIO) -> None:
    """The manifest as Parquet, a row group for some thousand files."""
    import pyarrow.parquet as pq  # heavy, and few commands write Parquet

    with pq.ParquetWriter(file, _schema(), compression="zstd") as writer:
        batch = []
        for row in rows(release):
            batch.append(row)
            if len(batch) == BATCH:
                writer.write_table(_table(batch))
                batch = []
        writer.write_table(_table(batch))


def checksum(release: Release) -> str:
    """SHA-256 of the manifest as CSV."""
    digest = hashlib.sha256()
    for piece in as_csv(release):
        digest.update(piece)
    return digest.hexdigest()


def _taken(text: io.StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = (pa.string(), pa.int64(), pa.string(), pa.string(), pa.int64(), pa.int16())
    return pa.schema(list(zip(COLUMNS, kinds, strict=True)))


def _table(batch: list[tuple]) -> pa.Table:
    import pyarrow as pa

    schema = _schema()
    columns = zip(*batch, strict=True) if batch else [() for _ in COLUMNS]
    arrays = [pa.array(list(values), type=field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
