"""The coverage of images in parts, one a field: a field whose footprints are known is not computed again.

A survey's hundred thousand footprints take mocpy some ten seconds. Where images lie changes little, so the parts of the
public references are kept beside their HiPS, each under a digest of the footprints that it is of: whoever reads takes
those that agree with what they may see, and computes the others. What is kept tells nobody anything, as one must
know the footprints to find their part.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archive.services.hips import coverage

if TYPE_CHECKING:
    from mocpy import MOC  # which loads matplotlib: only where it is used

FINEST = 29  # order in which mocpy gives ranges of cells
SHIFT = 2 * (FINEST - coverage.ORDER)
DIGEST = 32  # bytes


@dataclass(frozen=True)
class Parts:
    """Coverage of fields.

    ranges : first cell and the one behind the last, order coverage.ORDER, uint32 array (n, 2), by the digest of the
        footprints that they are of
    """

    ranges: dict[bytes, np.ndarray]

    def written(self) -> bytes:
        """The parts as NumPy's .npz, which `read` takes."""
        buffer = io.BytesIO()
        parts = list(self.ranges.values())
        cells = np.concatenate(parts) if parts else np.empty((0, 2), np.uint32)
        digests = np.frombuffer(b"".join(self.ranges), np.uint8).reshape(-1, DIGEST)
        np.savez(buffer, digests=digests, ends=np.cumsum([len(part) for part in parts], dtype=np.int64), cells=cells)
        return buffer.getvalue()

    @property
    def moc(self) -> MOC:
        """All of them together."""
        from mocpy import MOC

        parts = list(self.ranges.values())
        return _union(np.concatenate(parts)) if parts else MOC.new_empty(coverage.ORDER)


def read(content: bytes) -> Parts:
    """The parts that `Parts.written` made."""
    with np.load(io.BytesIO(content)) as held:
        digests, ends, cells = (held[name] for name in ("digests", "ends", "cells"))
    named = [row.tobytes() for row in digests]
    return Parts(dict(zip(named, np.split(cells, ends[:-1]), strict=True)) if named else {})


def of_fields(fields: np.ndarray, corners: np.ndarray, known: Parts) -> Parts:
    """The coverage of footprints by field, taken from what is known where nothing has changed.

    Parameters
    ----------
    fields : int array (n,)
    corners : array (n, 4, 2), as coverage.of_footprints has them
    """
    corners = np.asarray(corners, np.float64).reshape(-1, 8)
    order = np.lexsort((*corners.T, fields))  # whichever way the rows came
    starts = np.flatnonzero(np.diff(fields[order], prepend=-1))
    made = {}
    for part in np.split(corners[order], starts[1:]) if len(starts) else ():
        digest = hashlib.sha256(part.tobytes()).digest()
        found = known.ranges.get(digest)
        made[digest] = _ranges(coverage.of_footprints(part)) if found is None else found
    return Parts(made)


def _ranges(moc: MOC) -> np.ndarray:
    return (moc.to_depth29_ranges >> np.uint64(SHIFT)).astype(np.uint32)


def _union(ranges: np.ndarray) -> MOC:
    """The union of ranges of cells that may overlap, as a MOC."""
    from mocpy import MOC

    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    ends = np.maximum.accumulate(ranges[:, 1])
    first = np.flatnonzero(np.r_[True, ranges[1:, 0] > ends[:-1]])
    last = np.r_[first[1:] - 1, len(ranges) - 1]
    merged = np.column_stack([ranges[first, 0], ends[last]]).astype(np.uint64) << np.uint64(SHIFT)
    return MOC.from_depth29_ranges(coverage.ORDER, merged)
