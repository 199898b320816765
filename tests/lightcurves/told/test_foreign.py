"""Files of light curves read part by part give what they hold as a whole."""

import gzip
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.sandbox.readers.errors import BadFileError
from archive.sandbox.readers.products import curvetables, matchfiles, releases
from tests.archive.ingest import goods


def release(objects: int = 900, rows_in_group: int = 70) -> io.BytesIO:
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 9, objects)
    columns = {
        "objectid": np.arange(objects), "filterid": np.ones(objects, np.int8), "objra": rng.uniform(0, 360, objects),
        "objdec": rng.uniform(-90, 90, objects), "nepochs": counts,
        **{name: [rng.normal(size=n) for n in counts] for name in ("hmjd", "mag", "magerr")},
        "catflags": [rng.integers(0, 9, n) for n in counts],
    }  # fmt: skip
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made, row_group_size=rows_in_group)
    return made


@pytest.mark.parametrize("rows_in_group", [1, 70, 900])
@pytest.mark.parametrize("rows", [1, 64, 71, 5000])
def test_parts_of_a_release_together_are_the_whole(rows_in_group, rows, monkeypatch):
    monkeypatch.setattr(releases, "ROWS_AT_ONCE", 50)
    file = release(rows_in_group=rows_in_group)
    whole = releases.read_part(file, 0, 900)
    assert whole["counts"].sum() == releases.read(file)["points"] == len(whole["points"]["mag"])
    chosen = range(0, 900, rows) if rows > 1 else range(350, 370)
    parts = [releases.read_part(file, first, rows) for first in chosen]
    oids = np.concatenate([one["objects"]["oid"] for one in parts])
    first = np.searchsorted(whole["objects"]["oid"], oids[0])
    assert np.array_equal(oids, whole["objects"]["oid"][first : first + len(oids)])
    begin = whole["counts"][:first].sum()
    mags = np.concatenate([one["points"]["mag"] for one in parts])
    assert np.array_equal(mags, whole["points"]["mag"][begin : begin + len(mags)])


def test_the_parts_of_a_release_are_bounded_and_leave_nothing_out(monkeypatch):
    monkeypatch.setattr(releases, "ROWS_AT_ONCE", 20)
    monkeypatch.setattr(releases, "PART_POINTS", 200)
    said = releases.read(release())
    firsts = [first for first, _ in said["parts"]]
    assert firsts == np.append(0, np.cumsum([rows for _, rows in said["parts"]]))[:-1].tolist()
    assert sum(rows for _, rows in said["parts"]) == said["rows"] == 900
    assert max(rows for _, rows in said["parts"]) <= 80 and len(said["parts"]) > 15


@pytest.mark.parametrize("points", [1, 4, 10**6])
def test_parts_of_a_matchfile_together_are_the_whole(monkeypatch, points):
    content = io.BytesIO(goods.match(rows=4))
    monkeypatch.setattr(matchfiles, "PART_POINTS", points)
    said = matchfiles.read(content)
    assert said["points"] == 16 and len(said["parts"]) == (4 if points <= 4 else 1)
    parts = [matchfiles.read_part(content, *part) for part in said["parts"]]
    assert np.array_equal(np.concatenate([one["objects"]["matchid"] for one in parts]), 11 + np.arange(4))
    assert np.array_equal(np.concatenate([one["points"]["mag"] for one in parts]), 17 + 0.1 * np.arange(16))
    assert all(np.all(one["points"]["limitmag"] == np.float32(20.6)) for one in parts)


def test_a_transient_with_a_source_s_number_is_told_and_left_out():
    content = goods.match(rows=2)
    assert matchfiles.read(io.BytesIO(content))["without_number"] == 0
    with goods.tables.open_file(
        "m.h5", "r+", driver="H5FD_CORE", driver_core_image=content, driver_core_backing_store=0
    ) as file:
        matches = file.root.matches
        matches.transients.append(matches.sources[:1])
        matches.transientdata.append(matches.sourcedata[:1])
        file.flush()
        said = matchfiles.read(io.BytesIO(file.get_file_image()))
    assert (said["without_number"], said["points"]) == (1, 4)


@pytest.mark.parametrize("packed", [False, True])
def test_parts_of_a_table_together_are_the_whole(monkeypatch, packed):
    number = np.arange(500)
    content = goods.points()
    table = pd.concat([pd.read_csv(io.BytesIO(content))] * 500).iloc[:500].assign(expid=number, mag=17 + number / 999)
    text = table.to_csv(index=False).encode()
    file = io.BytesIO(gzip.compress(text) if packed else text)
    assert curvetables.are_points(file)
    monkeypatch.setattr(curvetables, "BLOCK", 4000)
    place, parts = 0, []
    while place is not None:
        file.seek(0)
        found = curvetables.read_csv_part(file, place)
        place = found["next"]
        parts.append(found["points"])
    assert len(parts) > 10
    assert np.array_equal(np.concatenate([one["expid"] for one in parts]), number)
    assert np.array_equal(np.concatenate([one["mag"] for one in parts]), 17 + number / 999)


def test_a_table_of_something_else_holds_no_points():
    assert not curvetables.are_points(io.BytesIO(goods.metadata()))
    with pytest.raises(BadFileError, match="no column oid"):
        curvetables.read_csv_part(io.BytesIO(b"a,b\n1,2\n"), 0)
