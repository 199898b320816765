"""Packed light curves: what goes in comes out, within the steps that they are kept in, or is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightcurves.storage import codec

OWNERS = np.array([[655213300000000, 1], [655213300000001, 2]])


def points(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "pid": np.sort(rng.choice(10**8, n, replace=False)) * 10000 + 5015,
        "catflags": rng.choice([0, 0, 0, 2, 32768], n), "dra": rng.integers(-300, 300, n),
        "ddec": rng.integers(-300, 300, n), "mag": rng.normal(18, 0.1, n).astype("f4"),
        "magerr": rng.uniform(0.003, 0.3, n).astype("f4"), "chi": rng.normal(1, 0.1, n).astype("f4"),
        "sharp": rng.normal(0, 0.02, n).astype("f4"),
    }  # fmt: skip


def packed_and_back(columns, offsets):
    pieces = codec.pack(OWNERS[: len(offsets) - 1], np.array(offsets), columns)
    found, values = codec.unpack(OWNERS[: len(offsets) - 1].tolist(), pieces)
    assert found.tolist() == list(offsets)
    return pieces, values


def test_points_come_back_within_half_a_step():
    columns = points(500)
    pieces, values = packed_and_back(columns, [0, 120, 500])
    for name in codec.WHOLE:
        assert np.array_equal(values[name], columns[name])
    assert np.abs(values["mag"] - columns["mag"]).max() < 0.51e-4
    assert np.abs(values["magerr"] / columns["magerr"] - 1).max() < 0.51e-3
    assert np.abs(values["chi"] - columns["chi"]).max() < 0.51e-3
    assert np.abs(values["sharp"] - columns["sharp"]).max() < 0.51e-3
    assert sum(map(len, pieces)) / 500 < 15


def test_packing_what_was_packed_changes_nothing():
    _, once = packed_and_back(points(200), [0, 200])
    _, twice = packed_and_back(once, [0, 200])
    for name in codec.COLUMNS:
        assert twice[name] == pytest.approx(once[name], rel=1e-12)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**62),
            st.integers(-(2**31), 2**31 - 1),
            *[st.integers(-32768, 32767)] * 2,
            *[st.floats(width=32)] * 4,
        ),
        max_size=20,
    )
)
@settings(max_examples=80, deadline=None)
def test_whatever_a_row_can_hold_comes_back(rows):
    """Not numbers, infinities, zero and negative uncertainties, numbers far out of range."""
    rows = sorted(rows)
    columns = {
        name: np.array([row[k] for row in rows], dtype=np.float32 if name in codec.REAL else np.int64)
        for k, name in enumerate(codec.COLUMNS)
    }
    _, values = packed_and_back(columns, [0, len(rows)])
    for name in codec.WHOLE:
        assert np.array_equal(values[name], columns[name])
    for name, step in (("mag", 1e-4), ("chi", 1e-3), ("sharp", 1e-3)):
        assert values[name] == pytest.approx(columns[name], abs=0.51 * step, rel=1e-7, nan_ok=True)
    assert values["magerr"] == pytest.approx(columns["magerr"], rel=0.51e-3, abs=1e-45, nan_ok=True)


@pytest.mark.parametrize("place", [0, 2, 7, 12, 40, -1])
def test_a_damaged_piece_is_found_out(place):
    (piece,) = codec.pack(OWNERS[:1], np.array([0, 60]), points(60))
    broken = bytearray(piece)
    broken[place] ^= 0x10
    with pytest.raises(codec.BrokenPieceError, match="655213300000000"):
        codec.unpack(OWNERS[:1].tolist(), [bytes(broken)])


def test_a_piece_in_another_objects_row_is_found_out():
    (piece,) = codec.pack(OWNERS[:1], np.array([0, 60]), points(60))
    with pytest.raises(codec.BrokenPieceError, match="checksum"):
        codec.unpack([(655213300000000, 2)], [piece])
    with pytest.raises(codec.BrokenPieceError, match="no packed light curve"):
        codec.unpack([(655213300000000, 1)], [b"\x01"])
