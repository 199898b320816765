"""Told points come out of their piece bit by bit as they went in; a damaged piece is found out."""

import numpy as np
import pytest

from archive.ingest import values
from lightcurves.storage.codec import BrokenPieceError
from lightcurves.told import codec

OWNER = (250101100000001, 1)


def points(count: int = 50) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    made = {}
    for name, kind in codec.KINDS.items():
        if np.dtype(kind).kind == "i":
            made[name] = rng.integers(-(2**31), 2**31, count).astype(kind)
        else:
            made[name] = rng.normal(58000, 1000, count).astype(kind)
    made["chi"][3], made["mag"][4] = np.nan, np.inf
    return made


def test_every_column_comes_back_to_the_last_bit():
    told = points()
    counts, found = codec.unpack([OWNER], [codec.pack(OWNER, told)])
    assert counts.tolist() == [50]
    for name, column in told.items():
        assert found[name].dtype == column.dtype
        assert np.array_equal(found[name].view(np.uint8), column.view(np.uint8)), name


def test_what_nobody_told_takes_no_room_and_is_unknown():
    told = {name: points()[name] for name in ("hmjd", "mag", "magerr", "catflags")}
    piece = codec.pack(OWNER, told)
    assert len(piece) < 50 * (8 + 4 + 4 + 4) + 60
    _, found = codec.unpack([OWNER, OWNER], [piece, codec.pack(OWNER, points())])
    assert np.all(np.isnan(found["mjd"][:50])) and not found["expid"][:50].any()
    assert np.array_equal(found["mjd"][50:], points()["mjd"])


def test_a_damaged_piece_and_one_of_another_object_are_refused():
    piece = codec.pack(OWNER, points())
    with pytest.raises(BrokenPieceError, match="250101100000002"):
        codec.unpack([(250101100000002, 1)], [piece])
    with pytest.raises(BrokenPieceError, match="250101100000001"):
        codec.unpack([(OWNER[0], 2)], [piece])
    for place in (0, 1, 5, 9, len(piece) // 2, len(piece) - 1):
        broken = bytearray(piece)
        broken[place] ^= 0x40
        with pytest.raises(BrokenPieceError):
            codec.unpack([OWNER], [bytes(broken)])
    for cut in (0, 5, len(piece) - 1):
        with pytest.raises(BrokenPieceError):
            codec.unpack([OWNER], [piece[:cut]])


def test_no_points_are_no_pieces():
    counts, found = codec.unpack([], [])
    assert len(counts) == 0 and all(len(column) == 0 for column in found.values())


def test_every_column_has_a_rule_for_foreign_values():
    assert set(codec.KINDS) | {"oid", "programid"} <= set(values.RULES["toldpoint"])
