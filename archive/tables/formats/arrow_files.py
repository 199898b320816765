"""Arrow batches as an Arrow stream or a Parquet file, piece by piece: one batch at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from archive.tables.sink import Sink


def write_arrow(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    last: Callable[[pa.ipc.RecordBatchStreamWriter], None] | None = None,
) -> Iterator[bytes]:
    """An Arrow stream; `last` may write to it after the batches."""
    sink = Sink()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.take()
        if last is not None:
            last(writer)
    yield sink.take()


def write_parquet(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], metadata: Callable[[], dict[str, str]] | None = None
) -> Iterator[bytes]:
    """A Parquet file; `metadata` is asked for after the batches."""
    sink = Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.take()
        if metadata is not None:
            writer.add_key_value_metadata(metadata())
    yield sink.take()
