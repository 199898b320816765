"""Tables of one query are bounded together."""

import pytest

from archive.services.vo.tap import uploads


def test_a_query_takes_twenty_tables():
    twenty = ";".join(f"t{number},param:x" for number in range(uploads.MOST_TABLES))
    assert len(uploads.sources(twenty)) == 20
    with pytest.raises(uploads.BadUploadError, match="21 tables; one query takes 20"):
        uploads.sources(f"{twenty};more,param:x")


def test_tables_that_are_small_each_are_bounded_together(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    table = b"a\n1\n22\n"
    assert [one.rows for one in uploads.uploads_of([("one", table), ("two", table)])] == [2, 2]
    with pytest.raises(uploads.BadUploadError, match="UPLOAD three: with the others it takes more than 10 bytes"):
        uploads.uploads_of((name, table) for name in ("one", "two", "three", "four"))
