"""Some hundreds of files that must not be taken: mutations of good ones, bombs, links, and what is no file at all.

Each is made from the tables of ingest itself where there is one (every card, every column of an alert and of the
metadata), so that a new card or column is tried without anybody's remembering.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import tables
from astropy.io import fits
from pyarrow import parquet

from archive.ingest import values
from archive.ingest.kinds import alerts, metadata
from tests.archive.ingest import goods

WRONG_NUMBERS = {"text": "NaN", "huge": 1e300, "9999": -98765.4321, "truth": True}
HTML = b"<!DOCTYPE html>\n<html><body><form action='/signon'>Sign in, ztf_20200924431759_000655</form></body></html>\n"
IDENTITY = {
    "FIELDID": 656, "FILTER": "ZTF_g", "FILTERID": 1, "IMGTYPE": "bias", "CCDID": 12, "QID": 2, "RCID": 49, "DBRCID": 1,
    "DBEXPID": 136243199, "FILENAME": "ztf_20200924431759_000655_zr_c12_o.fits", "OBSJD": goods.JD + 130 / 86400,
    "TELRAD": 58.0,
}  # fmt: skip
NEEDED = ("OBSJD", "EXPTIME", "PROGRMID", "FIELDID", "IMGTYPE", "FILTER")


@dataclass(frozen=True)
class Hostile:
    """A file that must not be taken; `make` puts it at a path."""

    label: str
    kind: str
    make: Callable[[Path], object]
    name: str = ""

    def put(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        path = folder / (self.name or goods.NAMES[self.kind])
        self.make(path)
        return path


def everything() -> list[Hostile]:
    """All of them."""
    made = [*_headers(), *_columns(), *_broken(), *_not_files(), *_bombs(), *_contradictions(), *_names()]
    assert len({one.label for one in made}) == len(made)
    return made


def _content(label: str, kind: str, content: bytes, name: str = "") -> Hostile:
    return Hostile(label, kind, lambda path: path.write_bytes(content), name)


def _headers() -> Iterator[Hostile]:
    camera = set(goods.camera_cards())
    for kind, make in (("sci", goods.science), ("raw", goods.raw)):
        for card, (_, column) in values.CARDS.items():
            if kind == "raw" and card not in camera:
                continue
            for label, value in WRONG_NUMBERS.items():
                if label == "9999" and column in ("crpix1", "crpix2"):
                    continue  # a pixel may lie far outside of its image; where this then looks is another matter
                yield _content(f"{kind} {card} {label}", kind, make({card: value}))
            yield _content(f"{kind} {card} NAN", kind, _raw_card(make(), card, "NAN"))
        for card in NEEDED:
            yield _content(f"{kind} {card} missing", kind, make({card: None}))
        for card, value in IDENTITY.items():
            if kind == "raw" and card not in camera:
                continue
            yield _content(f"{kind} {card} another's", kind, make({card: value}))
    for card in ("CRVAL1", "CRVAL2", "CRPIX1", "CD1_1", "CD2_2"):
        yield _content(f"sci {card} missing", "sci", goods.science({card: None}))
    yield _content("sci exptime -30", "sci", goods.science({"EXPTIME": -30.0}))
    yield _content("sci PROGRMID 7", "sci", goods.science({"PROGRMID": 7}))
    yield _content("sci PROGRMID 1.7", "sci", goods.science({"PROGRMID": 1.7}))
    yield _content("sci PV odd", "sci", goods.science({"PV1_1": 1e200}))
    yield _content("sci CTYPE odd", "sci", goods.science({"CTYPE1": "FREQ"}))
    yield _content("sci elsewhere", "sci", goods.science({"CRVAL1": 155.0}))
    yield _content("raw amplifiers", "raw", goods.raw(ccdid=12))
    for kind, make in (("mask", goods.mask), ("catalog", goods.catalog)):
        for card, value in (("FIELDID", 1), ("FILTER", "ZTF_i"), ("CCDID", 1), ("QID", 1), ("OBSJD", goods.JD + 1)):
            yield _content(f"{kind} {card} another's", kind, make({card: value}))
        yield _content(f"{kind} PROGRMID 9", kind, make({"PROGRMID": 9}))


def _columns() -> Iterator[Hostile]:
    for column in alerts.COLUMNS:
        rule = values.RULES["alert"][column]
        wrong = {"none": None, "text": "NaN", "nan": math.nan, "infinite": math.inf, "huge": 1e300, "truth": True}
        if rule.kind == values.TEXT:
            wrong = {"long": "x" * 5000, "control": "a\x00b"}
        for label, value in wrong.items():
            if value is None and rule.optional or (label == "nan" and column in ("rb", "drb")):
                continue
            yield _content(f"alert {column} {label}", "alert", goods.alert(goods.candidate(**{column: value})))
    for column, value in (("candid", goods.CANDID + 1), ("pid", goods.PID + 100), ("rcid", 49), ("nid", 1363),
                          ("jd", goods.JD + 1), ("field", 656), ("fid", 1), ("programid", 5)):  # fmt: skip
        yield _content(f"alert {column} another's", "alert", goods.alert(goods.candidate(**{column: value})))
    yield _content("alert objectId", "alert", goods.alert(objectId="ZTF20ABCDEFG"))
    yield _content("alert packet's candid", "alert", goods.alert(candid=5))
    yield _content("alert other bytes", "alert", goods.alert(goods.candidate(magpsf=17.0)))
    second = goods.candidate(candid=goods.CANDID + 1, programid=2)
    yield _content("alert two programs", "alert", goods.alert(goods.candidate(), second))
    yield _content("alert twice the same", "alert", goods.alert(goods.candidate(), goods.candidate()))
    for column in metadata.COLUMNS:
        yield _content(f"metadata {column} text", "metadata", goods.metadata(**{column: "<b>x</b>"}))
        if column not in ("filtercode", "startobsdate", "endobsdate", "ipac_pub_date"):
            yield _content(f"metadata {column} huge", "metadata", goods.metadata(**{column: 1e300}))
            yield _content(f"metadata {column} infinite", "metadata", goods.metadata(**{column: float("inf")}))
        if column != "ipac_pub_date" and not values.RULES["referenceimage"][column].optional:
            yield _content(f"metadata {column} empty", "metadata", goods.metadata(**{column: None}))
    for group in (9, 1.5, "public"):
        yield _content(f"metadata group {group}", "metadata", goods.metadata(ipac_gid=group))


def _broken() -> Iterator[Hostile]:
    for kind, make in goods.GOOD.items():
        good = make()
        yield _content(f"{kind} empty", kind, b"")
        yield _content(f"{kind} HTML", kind, HTML)
        yield _content(f"{kind} noise", kind, np.random.default_rng(1).bytes(20_000))
        yield _content(f"{kind} zeros", kind, bytes(30_000))
        yield Hostile(f"{kind} sparse", kind, lambda path: _sparse(path, 17 << 30))
        if kind in ("log", "metadata", "points", "forced"):
            continue
        for part in (0.02, 0.3, 0.6, 0.95):
            yield _content(f"{kind} cut at {part}", kind, good[: int(len(good) * part)])
        if kind in ("sci", "raw", "mask"):
            for place in np.random.default_rng(2).integers(len(good) - 6000, len(good) - 2000, 4).tolist():
                flipped = bytearray(good)
                flipped[place] ^= 4
                yield _content(f"{kind} bit flipped at {place}", kind, bytes(flipped))


def _not_files() -> Iterator[Hostile]:
    for kind in goods.GOOD:
        yield Hostile(f"{kind} link to a secret", kind, lambda path: path.symlink_to("/etc/passwd"))
        yield Hostile(f"{kind} pipe", kind, lambda path: os.mkfifo(path))
        yield Hostile(f"{kind} dangling link", kind, lambda path: path.symlink_to("/nowhere"))
        yield Hostile(f"{kind} link to a device", kind, lambda path: path.symlink_to("/dev/zero"))
        yield Hostile(f"{kind} folder", kind, lambda path: path.mkdir())


def _bombs() -> Iterator[Hostile]:
    for card, value in (("NAXIS1", 10**9), ("NAXIS2", 10**9), ("NAXIS1", 10**18), ("NAXIS", 999), ("NAXIS1", -1)):
        for kind, make in (("sci", goods.science), ("raw", goods.raw), ("mask", goods.mask)):
            yield _content(f"{kind} {card}={value}", kind, _raw_card(make(), card, str(value)))
    yield _content("sci tiles of 1e9 pixels", "sci", _tiles())
    yield _content("sci header without end", "sci", goods.science()[:80] * 400_000)
    yield _content("catalog NAXIS2", "catalog", _raw_card(goods.catalog(), "NAXIS2", str(10**9)))
    yield Hostile("sci gzip", "sci", lambda path: path.write_bytes(_gzip_of(b"\0", 1100)))
    yield Hostile("metadata gzip", "metadata", lambda path: path.write_bytes(_gzip_of(b"a", 1100)), "references.csv.gz")
    yield _content("metadata many columns", "metadata", b",".join(b"c%d" % n for n in range(300_000)) + b"\n")
    record = {"type": "record", "name": "alert", "fields": [{"name": "candidate", "type": "alert"}]}
    yield _content("alert recursive", "alert", _avro(record, 1, b"\0"))
    deep: dict | str = "alert"
    for _ in range(300):
        deep = {"type": "array", "items": deep}
    nested = {"type": "record", "name": "x", "fields": [{"name": "a", "type": deep}]}
    yield _content("alert deep", "alert", _avro(nested, 1, b"\0"))
    nothing = {"type": "record", "name": "alert", "fields": []}
    yield _content("alert a billion records of nothing", "alert", _avro(nothing, 10**9, b""))
    yield _content("alert a billion records", "alert", _avro(nothing, 10**9, b"\0"))
    nulls = {"type": "record", "name": "alert", "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}]}
    yield _content("alert an array of a billion nulls", "alert", _avro(nulls, 1, _zigzag(10**9) + b"\0"))
    text = {"type": "record", "name": "alert", "fields": [{"name": "a", "type": "bytes"}]}
    yield Hostile("alert deflate", "alert", lambda path: path.write_bytes(_deflated(text)))
    for codec in (b"snappy", b"zstandard", b"bzip2", b"xz", b"nonsense"):
        yield _content(f"alert {codec.decode()}", "alert", _avro(text, 1, b"\0" * 100, codec))
    yield _content("alert schema of 3 MB", "alert", _avro({"type": "string", "doc": "x" * 3_000_000}, 1, b"\0"))
    yield _content("match link", "match", _linked())
    yield _content("match nothing in it", "match", goods.match(rows=0))
    yield _content("release rows", "release", _many_rows())


def _contradictions() -> Iterator[Hostile]:
    yield _content("match field", "match", goods.match(field=1))
    yield _content("match channel", "match", goods.match(rcid=1))
    yield _content("match two closed programs", "match", goods.match((2, 3)))
    yield _content("match program 9", "match", goods.match((9,)))
    wrong = {
        "filterid": [1, 1], "fieldid": [1, 1], "rcid": [1, 1], "objra": [400.0, 0.0], "mag": [[99.0, 18.0], [19.0]],
        "objectid": [1, 2], "objdec": [35.7, -35.8], "nepochs": [2, 2], "hmjd": [[59116.4, 1.0], [59116.4]],
        "magerr": [[0.1], [0.1]], "catflags": [[0, 70000], [0]], "clrcoeff": [["a", "b"], ["c"]],
    }  # fmt: skip
    for column, value in wrong.items():
        yield _content(f"release {column}", "release", goods.release(**{column: value}))
    yield _content("release without magnitudes", "release", goods.release(mag=None))
    twice = goods.make_oid(goods.FIELD, goods.FID, goods.CCD, goods.QID, 1)
    yield _content("release object twice", "release", goods.release(objectid=[twice, twice]))
    nothing = dict.fromkeys(("hmjd", "mag", "magerr", "clrcoeff", "catflags"), [[], []])
    yield _content("release without points", "release", goods.release(nepochs=[0, 0], **nothing))
    for column, value in {"mag": np.nan, "magerr": -1, "hjd": 1.0, "mjd": 1.0, "ra": 500.0, "matchid": 99}.items():
        yield _content(f"match {column}={value}", "match", goods.match(**{column: value}))
    wrong = {
        "oid": [1, 2, 3], "expid": 0, "hjd": goods.JD + 1, "mag": "bright", "magerr": np.inf, "filtercode": "zg",
        "field": 656, "ccdid": 17, "qid": 4, "programid": 9, "ra": 158.0, "dec": np.nan, "filefracday": -1,
        "catflags": 1.5,
    }  # fmt: skip
    for column, value in wrong.items():
        yield _content(f"points {column}={value}", "points", goods.points(**{column: value}))
    yield _content("points of one exposure twice", "points", goods.points(expid=goods.PID // 10**4))
    wrong = {"ccdid": 17, "qid": 0, "filter": "zr", "pid": goods.PID, "jd": 1.0, "programid": 7, "zpdiff": "bright",
             "procstatus": "<b>", "forcediffimflux": np.inf}  # fmt: skip
    for column, value in wrong.items():
        yield _content(f"forced {column}={value}", "forced", goods.forced(**{column: value}))
    yield _content("forced without a place", "forced", goods.forced().replace(b"input R.A.", b"input"))
    yield _content("forced off the sphere", "forced", goods.forced(ra=-1.0))
    yield _content("forced no text", "forced", b"\xff\xfe\0" * 1000)
    yield _content("points no VOTable", "points", b"<VOTABLE><RESOURCE/></VOTABLE>", "star.xml")
    yield _content("log of another", "log", b"calibrated ztf_20210101000000 somehow\n")
    yield _content("log of passwords", "log", Path("/etc/passwd").read_bytes())
    yield _content("log control characters", "log", goods.log() + b"\x1b[2J\0")
    yield _content("log Latin", "log", goods.log() + b"\xe9\n")
    for column, value in (("rcid", 49), ("fid", 1), ("filtercode", "zg"), ("rfid", 655120251), ("ccdid", 12)):
        yield _content(f"metadata {column} another's", "metadata", goods.metadata(**{column: value}))


def _names() -> Iterator[Hostile]:
    good = goods.science()
    for name in (
        "ztf_20200924431759_000655_zr_c17_o_q3_sciimg.fits", "ztf_20200924431759_000655_zx_c13_o_q3_sciimg.fits",
        "ztf_20200924431759_000655_zr_c13_o_q5_sciimg.fits", "ztf_20209924431759_000655_zr_c13_o_q3_sciimg.fits",
        "ztf_20200924431759_000655_zr_c13_o_q3_sciimg.fits\n", "sciimg.fits", f"{goods.STEM}_q3_.fits",
        "ztf_20200924431759_000655_zg_c13_o_q3_sciimg.fits", "ztf_20200924431759_000656_zr_c13_o_q3_sciimg.fits",
        "ztf_20200924431759_000655_zr_c12_o_q3_sciimg.fits", "ztf_20200924431759_000655_zr_c13_o_q2_sciimg.fits",
        "ztf_20200924441759_000655_zr_c13_o_q3_sciimg.fits", "ztf_20200924431759_000655_zr_c13_o_q3_mskimg.fits.gz.exe",
        "\u202esti.f_gmiics.fits", "a" * 250,
    ):  # fmt: skip
        yield _content(f"name {name!r}", "sci", good, name)
    for name in ("-rf.avro", "x y.avro", "1362431775015015002.avro"):
        yield _content(f"name {name!r}", "alert", goods.alert(), name)


def _raw_card(content: bytes, card: str, value: str) -> bytes:
    """A file whose first card of a name says something that no library would write; checksums are of no use then."""
    place = content.index(f"{card:<8}= ".encode())
    line = f"{card:<8}= {value:>20} /".ljust(80).encode()
    made = bytearray(content)
    made[place : place + 80] = line
    for name in (b"CHECKSUM= ", b"DATASUM = "):
        made = bytearray(bytes(made).replace(name, b"COMMENT   "))
    return bytes(made)


def _tiles() -> bytes:
    """A compressed image that declares a billion pixels."""
    made = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((64, 64), np.int32))]).writeto(made)
    content = made.getvalue()
    for card, value in (("ZNAXIS1", 32768), ("ZNAXIS2", 32768), ("ZTILE1", 32768)):
        content = _raw_card(content, card, str(value))
    return content


def _avro(schema: object, count: int, block: bytes, codec: bytes = b"null") -> bytes:
    meta = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec}
    head = b"Obj\x01" + _zigzag(len(meta))
    for name, value in meta.items():
        head += _zigzag(len(name)) + name + _zigzag(len(value)) + value
    return head + b"\0" + b"s" * 16 + _zigzag(count) + _zigzag(len(block)) + block + b"s" * 16


def _zigzag(value: int) -> bytes:
    value, made = value << 1, bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _linked() -> bytes:
    with tables.open_file("m.h5", "w", driver="H5FD_CORE", driver_core_backing_store=0) as file:
        file.create_external_link("/", "matches", "/etc/passwd:/")
        file.flush()
        return file.get_file_image()


def _many_rows() -> bytes:
    """Columns of one value, a billion times, in few bytes."""
    made = io.BytesIO()
    columns = {name: pyarrow.array([0] * 1000) for name in pd.read_parquet(io.BytesIO(goods.release())).columns}
    parquet.write_table(pyarrow.table(columns), made)
    content = made.getvalue()
    (length,) = struct.unpack("<I", content[-8:-4])
    return content[: -8 - length] + b"\x15\x04" + b"\xff" * (length - 2) + content[-8:]


def _gzip_of(byte: bytes, megabytes: int) -> bytes:
    return _packed(zlib.compressobj(9, zlib.DEFLATED, 31), byte, megabytes)


def _deflated(schema: object) -> bytes:
    return _avro(schema, 1, _packed(zlib.compressobj(9, zlib.DEFLATED, -15), b"\0", 400), b"deflate")


def _packed(stream, byte: bytes, megabytes: int) -> bytes:
    piece = byte * (1 << 20)
    return b"".join(stream.compress(piece) for _ in range(megabytes)) + stream.flush()


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)
