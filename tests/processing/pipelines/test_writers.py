"""Files are whole or absent."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from processing.executive.products.writers import write_image, write_table, write_text


def test_an_image_is_read_back_with_its_cards_and_a_valid_checksum(tmp_path):
    data = np.arange(12, dtype=np.float32).reshape(3, 4)
    path = write_image(tmp_path / "a.fits", data, [("MAGZP", np.float64(26.3), "zp"), ("MAGLIM", np.nan, "none")])
    with fits.open(path, checksum=True) as hdus:
        np.testing.assert_array_equal(hdus[0].data, data)
        assert hdus[0].header["MAGZP"] == 26.3 and "MAGLIM" not in hdus[0].header
        assert hdus[0].verify_checksum() == 1 and hdus[0].verify_datasum() == 1


def test_a_table_is_read_back_with_its_columns(tmp_path):
    table = Table({"ra": [1.0, 2.0], "flags": np.array([0, -1], np.int16)})
    path = write_table(tmp_path / "t.fits", table, [("STATUS", 1, "ok")])
    with fits.open(path, checksum=True) as hdus:
        assert hdus[1].header["STATUS"] == 1 and hdus[1].verify_checksum() == 1
    assert Table.read(path)["flags"].tolist() == [0, -1]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = write_text(tmp_path / "log.txt", "old")
    with pytest.raises(AttributeError):
        write_text(path, None)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["log.txt"]
