"""Stamps of packets that came from elsewhere, as pages show them."""

import gzip
import io
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from archive.files.storage import DamagedFileError
from archive.products.alert_packets import LARGEST_STAMP, stamp_of
from archive.sandbox.readers.products import avrofile


def packet(content: bytes) -> dict:
    return {"cutoutScience": {"fileName": "a.fits.gz", "stampData": content}}


def fits_of(shape: tuple[int, ...]) -> bytes:
    with io.BytesIO() as file:
        fits.PrimaryHDU(np.arange(np.prod(shape), dtype=np.float32).reshape(shape)).writeto(file)
        return file.getvalue()


BILLION = b"".join(
    card.ljust(80)
    for card in (b"SIMPLE  = T", b"BITPIX  = -32", b"NAXIS   = 2", b"NAXIS1  = 100000", b"NAXIS2  = 100000", b"END")
).ljust(2880)
HOSTILE = {  # made when it is asked about: a gigabyte takes time and memory
    "a gigabyte of zeros": lambda: gzip.compress(bytes(1 << 30), 1),
    "a header that declares forty gigabytes": lambda: gzip.compress(BILLION),
    "no gzip": lambda: b"no gzip",
    "a gzip that breaks off": lambda: gzip.compress(fits_of((63, 63)))[:50],
    "a gzip of something else": lambda: gzip.compress(b"something else"),
    "a cube": lambda: gzip.compress(fits_of((3, 4, 5))),
    "no pixels": lambda: gzip.compress(fits.PrimaryHDU().header.tostring().encode()),
}


def test_a_stamp_s_pixels_are_those_that_were_packed():
    assert stamp_of(packet(gzip.compress(fits_of((63, 62)))), "science")[62, 61] == 63 * 62 - 1
    assert stamp_of(packet(b"x"), "template") is None and stamp_of(packet(b"x"), "other") is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_stamp_is_damaged_and_takes_no_memory(name):
    content = HOSTILE[name]()
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFileError, match="stamp science"):
            stamp_of(packet(content), "science")
        assert tracemalloc.get_traced_memory()[1] < 8 * LARGEST_STAMP
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_block_that_takes_much_memory_is_refused(codec):
    """To look at one packet of a file is to read the whole block that it lies in."""
    import fastavro

    schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": "bytes"}]}
    with io.BytesIO() as file:
        fastavro.writer(file, schema, [{"x": bytes(1 << 20)}] * 70, codec=codec, sync_interval=1 << 30)
        with pytest.raises(avrofile.BadFileError, match="a block"):
            avrofile.check_declared(file)
