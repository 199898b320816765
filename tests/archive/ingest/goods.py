"""Small files of every kind that ingest takes, all of one exposure, as good as real ones."""

from __future__ import annotations

import io
from pathlib import Path

import fastavro
import numpy as np
import pandas as pd
import tables
from astropy.io import fits

from archive.ingest.kinds.metadata import COLUMNS
from archive.survey.camera import Camera, nominal_wcs
from archive.survey.identifiers import make_oid, make_rfid
from tests import factories

FIELD, CCD, QID, RCID, FID = 655, 13, 3, 50, 2
BORESIGHT = 55.06078, 33.35
JD = 2459116.9317708
STEM = "ztf_20200924431759_000655_zr_c13_o"
PID = 1362431775015
CANDID = PID * 10**6 + 15001
NX, NY = 192, 192
NAMES = {
    "sci": f"{STEM}_q3_sciimg.fits",
    "raw": f"{STEM}.fits",
    "mask": f"{STEM}_q3_mskimg.fits",
    "catalog": f"{STEM}_q3_psfcat.fits",
    "log": f"{STEM}_q3_sciimlog.txt",
    "alert": f"{CANDID}.avro",
    "match": "ztf_000655_zr_c13_q3_match.pytable",
    "release": "ztf_000655_zr_c13_q3_dr9.parquet",
    "metadata": "references.csv",
    "points": "star.csv",
    "forced": "star_fp_lc.txt",
}
FORCED = (
    "index", "field", "ccdid", "qid", "filter", "pid", "infobitssci", "sciinpseeing", "scibckgnd", "scisigpix",
    "zpmaginpsci", "zpmaginpsciunc", "zpmaginpscirms", "clrcoeff", "clrcoeffunc", "ncalmatches", "exptime",
    "adpctdif1", "adpctdif2", "diffmaglim", "zpdiff", "programid", "jd", "rfid", "forcediffimflux",
    "forcediffimfluxunc", "forcediffimsnr", "forcediffimchisq", "forcediffimfluxap", "forcediffimfluxuncap",
    "forcediffimsnrap", "aperturecorr", "dnearestrefsrc", "nearestrefmag", "nearestrefmagunc", "nearestrefchi",
    "nearestrefsharp", "refjdstart", "refjdend", "procstatus",
)  # fmt: skip
_TYPES = {"candid": "long", "pid": "long", "rfid": "long", "objectId": "string", "isdiffpos": "string",
          "ssnamenr": ["null", "string"]}  # fmt: skip


def camera_cards(programid: int = 1) -> dict:
    """The cards of an exposure, as real headers have them."""
    return {
        "FILENAME": f"{STEM}.fits", "IMGTYPE": "object", "FIELDID": FIELD, "PROGRMID": programid, "FILTERID": FID,
        "FILTER": "ZTF_r", "OBSJD": JD, "EXPTIME": 30.0, "TELRAD": BORESIGHT[0], "TELDECD": BORESIGHT[1],
        "AIRMASS": 1.018, "MOONILLF": 0.54, "MOONESB": 0.0,
    }  # fmt: skip


def quality_cards() -> dict:
    """The cards of a science image."""
    return {
        "CCDID": CCD, "QID": QID, "RCID": RCID, "DBRCID": RCID, "DBEXPID": PID // 10**4, "SEEING": 2.1, "MAGZP": 26.2,
        "MAGZPUNC": 1e-5, "MAGZPRMS": 0.03, "CLRCOEFF": 0.1, "CLRCOUNC": 1e-5, "NMATCHES": 300, "MAGLIM": 20.6,
        "INFOBITS": 0, "STATUS": 1,
    }  # fmt: skip


def wcs_cards() -> dict:
    """The projection of the quadrant, for a detector of few large pixels."""
    cards = nominal_wcs(Camera(), CCD, QID, *BORESIGHT)
    for axis, count, full in ((1, NX, 3072), (2, NY, 3080)):
        cards[f"CRPIX{axis}"] = (count + 1) / 2
        for row in (1, 2):
            cards[f"CD{row}_{axis}"] *= full / count
    return cards


def science(cards: dict | None = None) -> bytes:
    header = fits.Header(camera_cards() | quality_cards() | wcs_cards())
    return to_bytes(fits.PrimaryHDU(_pixels(), _changed(header, cards)))


def raw(cards: dict | None = None, ccdid: int = CCD) -> bytes:
    primary = fits.PrimaryHDU(header=_changed(fits.Header(camera_cards()), cards))
    parts = []
    for number in range(8):
        hdu = fits.ImageHDU(_pixels().astype(np.int32)[:40])
        hdu.header.update(CCD_ID=ccdid, AMP_ID=number % 4)
        parts.append(hdu)
    return to_bytes(primary, *parts)


def mask(cards: dict | None = None) -> bytes:
    header = fits.Header(camera_cards() | {"CCDID": CCD, "QID": QID, "RCID": RCID})
    return to_bytes(fits.PrimaryHDU(_pixels().astype(np.int16), _changed(header, cards)))


def catalog(cards: dict | None = None) -> bytes:
    hdu = fits.BinTableHDU.from_columns([fits.Column("mag", "E", array=np.arange(20.0))])
    hdu.header.update(camera_cards() | {"CCDID": CCD, "QID": QID})
    _changed(hdu.header, cards)
    return to_bytes(fits.PrimaryHDU(), hdu)


def log() -> bytes:
    return f"calibrated {STEM}_q3 at last\nall is well\n".encode()


def candidate(**values) -> dict:
    return {
        "candid": CANDID, "jd": JD, "fid": FID, "pid": PID, "nid": 1362, "programid": 1, "ra": 58.0, "dec": 35.7,
        "magpsf": 18.5, "sigmapsf": 0.05, "isdiffpos": "t", "rfid": make_rfid(FIELD, FID, RCID), "field": FIELD,
        "rcid": RCID, "rb": 0.8, "drb": 0.9, "distnr": 0.5, "ssnamenr": None, "ssdistnr": -999.0,
    } | values  # fmt: skip


def alert(*candidates: dict, codec: str = "null", **packet) -> bytes:
    """A packet file; values of other types than usual make their own schema."""
    candidates = candidates or (candidate(),)
    named = [{"objectId": "ZTF20abcdefg", "candid": one.get("candid"), "candidate": one} for one in candidates]
    records = [one | packet for one in named]
    made = io.BytesIO()
    fastavro.writer(made, _schema(records[0]), records, codec=codec)
    return made.getvalue()


def match(programs: tuple[int, ...] = (1,), field: int = FIELD, rcid: int = RCID, rows: int = 3, **columns) -> bytes:
    """A matchfile of `rows` objects with as many points each, one an exposure; `columns`: other values of points."""
    numbers = np.arange(rows)
    whole = [("expid", "u4"), ("programid", "u2"), ("fieldid", "u4"), ("rcid", "u1"), ("filterid", "u2")]
    exposures = np.zeros(rows, [*whole, ("fracday", "u8"), *((name, "f4") for name in OF_EXPOSURE)])
    exposures["expid"], exposures["programid"] = PID // 10**4 + 1000 * numbers, np.resize(programs, rows)
    exposures["fieldid"], exposures["rcid"], exposures["filterid"] = field, rcid, FID
    exposures["fracday"] = 20200924431759 + 10000 * numbers
    for name, value in OF_EXPOSURE.items():
        exposures[name] = value
    sources = np.zeros(rows, [("matchid", "u4"), *((name, "f8") for name in OF_SOURCE)])
    sources["matchid"], sources["ra"], sources["dec"], sources["refmag"] = 11 + numbers, 58 + 0.01 * numbers, 35.7, 17
    points = np.zeros(rows * rows, [("matchid", "u4"), ("expid", "u4"), ("catflags", "u2"), ("programid", "u2"),
                                    *((name, "f8") for name in OF_POINT)])  # fmt: skip
    points["matchid"], points["expid"] = np.repeat(11 + numbers, rows), np.tile(exposures["expid"], rows)
    points["programid"], points["ra"] = np.tile(exposures["programid"], rows), np.repeat(58 + 0.01 * numbers, rows)
    points["mjd"] = JD - 2400000.5 + 0.01 * np.tile(numbers, rows)
    points["hjd"], points["mag"] = points["mjd"] + 2400000.503, 17 + 0.1 * np.arange(rows * rows)
    points["dec"], points["magerr"], points["chi"] = 35.7, 0.02, 1
    for name, value in columns.items():
        points[name] = value
    with tables.open_file("m.h5", "w", driver="H5FD_CORE", driver_core_backing_store=0) as file:
        made = {"exposures": exposures, "sources": sources, "sourcedata": points,
                "transients": sources[:0], "transientdata": points[:0]}  # fmt: skip
        for name, table in made.items():
            file.create_table("/matches", name, obj=table, createparents=True)
        file.flush()
        return file.get_file_image()


OF_EXPOSURE = {"limitmag": 20.6, "magzp": 26.2, "magzprms": 0.03, "clrcoeff": 0.1, "clrcounc": 1e-5, "exptime": 30.0,
               "airmass": 1.1}  # fmt: skip
OF_SOURCE = ("ra", "dec", "refmag", "refmagerr", "refchi", "refsharp", "refsnr")
OF_POINT = ("hjd", "mjd", "mag", "magerr", "ra", "dec", "chi", "sharp")


def release(**columns) -> bytes:
    oid = make_oid(FIELD, FID, CCD, QID, 0)
    values = {
        "objectid": [oid + 1, oid + 2], "filterid": [FID, FID], "fieldid": [FIELD, FIELD], "rcid": [RCID, RCID],
        "objra": [58.0, 58.1], "objdec": [35.7, 35.8], "nepochs": [2, 1], "hmjd": [[59116.4, 59117.4], [59116.4]],
        "mag": [[18.0, 18.1], [19.0]], "magerr": [[0.1, 0.1], [0.1]], "clrcoeff": [[0.1, 0.1], [0.1]],
        "catflags": [[0, 0], [0]],
    } | columns  # fmt: skip
    made = io.BytesIO()
    pd.DataFrame({name: value for name, value in values.items() if value is not None}).to_parquet(made)
    return made.getvalue()


def points(**columns) -> bytes:
    """A table of three points of one object, as IRSA's light-curve service answers."""
    number = np.arange(3)
    values = {
        "oid": make_oid(FIELD, FID, CCD, QID, 21), "expid": PID // 10**4 + 1000 * number,
        "hjd": JD + 0.003 + 0.01 * number, "mjd": JD - 2400000.5 + 0.01 * number, "mag": 17.5 + 0.1 * number,
        "magerr": 0.02, "catflags": 0, "filtercode": "zr", "ra": 58.0, "dec": 35.7, "chi": 1.0, "sharp": 0.0,
        "filefracday": 20200924431759 + 10000 * number, "field": FIELD, "ccdid": CCD, "qid": QID, **OF_EXPOSURE,
        "programid": 1,
    } | columns  # fmt: skip
    return pd.DataFrame(values).to_csv(index=False).encode()


def forced(ra: float = 58.0, **columns) -> bytes:
    """A text of forced photometry of two images."""
    values = dict.fromkeys(FORCED, 1.0) | {
        "index": [0, 1], "field": FIELD, "ccdid": CCD, "qid": QID - 1, "filter": "ZTF_r", "pid": [PID, PID + 10**7],
        "infobitssci": 0, "ncalmatches": 300, "exptime": "30.", "zpdiff": 26.2, "programid": 1,
        "jd": [JD, JD + 0.01], "rfid": make_rfid(FIELD, FID, RCID), "forcediffimflux": [100.5, 200.25],
        "forcediffimfluxunc": 10.0, "refjdstart": JD - 100, "refjdend": JD - 50, "dnearestrefsrc": "null",
        "procstatus": ["0", "56,57"],
    } | columns  # fmt: skip
    rows = pd.DataFrame(values, index=[0, 1])[list(FORCED)].astype(str)
    lines = [" " + " ".join(row) for row in rows.to_numpy()]
    head = [f"# Requested input R.A. = {ra} degrees", "# Requested input Dec. = 35.7 degrees",
            "# Order of columns below:", " " + ", ".join(FORCED), "#"]  # fmt: skip
    return "\n".join([*head, *lines, ""]).encode()


def metadata(**values) -> bytes:
    return pd.DataFrame([reference(**values)]).to_csv(index=False).encode()


def reference(**values) -> dict:
    """A row of reference metadata."""
    cards = nominal_wcs(Camera(), CCD, QID, *BORESIGHT)
    corners = factories.quadrant_corners(Camera(), CCD, QID, *BORESIGHT)
    row = {
        "infobits": 0, "field": FIELD, "ccdid": CCD, "qid": QID, "rcid": RCID, "fid": FID, "filtercode": "zr",
        "rfid": make_rfid(FIELD, FID, RCID), "nframes": 20, "maglimit": 22.0,
        "startobsdate": "2020-01-01 00:00:00+00", "endobsdate": "2020-06-01 00:00:00+00",
        "ra": cards["CRVAL1"], "dec": cards["CRVAL2"], "ipac_pub_date": "2020-12-09 00:00:00+00", "ipac_gid": -1,
    }  # fmt: skip
    linear = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
    row |= {card.lower().replace("_", ""): cards[card] for card in linear}
    row |= {f"{axis}{n}": corners[n - 1][int(axis == "dec")] for n in (1, 2, 3, 4) for axis in ("ra", "dec")}
    assert set(COLUMNS) <= set(row)
    return row | values


GOOD = {
    "sci": science, "raw": raw, "mask": mask, "catalog": catalog, "log": log, "alert": alert, "match": match,
    "release": release, "metadata": metadata, "points": points, "forced": forced,
}  # fmt: skip
IN_ORDER = tuple(GOOD)  # a product's image comes before its other files


def write(folder: Path, kind: str, content: bytes | None = None, name: str = "") -> Path:
    """A file of a kind in a folder; the good one where no other content is given."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or NAMES[kind])
    path.write_bytes(GOOD[kind]() if content is None else content)
    return path


def to_bytes(*hdus) -> bytes:
    made = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(made, checksum=True, output_verify="silentfix")
    return made.getvalue()


def _pixels() -> np.ndarray:
    return np.arange(NX * NY, dtype=np.float32).reshape(NY, NX)


def _changed(header: fits.Header, cards: dict | None) -> fits.Header:
    for card, value in (cards or {}).items():
        if value is None:
            del header[card]
        else:
            header[card] = value
    return header


def _schema(record: dict) -> dict:
    fields = [{"name": name, "type": _type(name, value)} for name, value in record["candidate"].items()]
    packet = [{"name": name, "type": _type(name, value)} for name, value in record.items() if name != "candidate"]
    inner = {"type": "record", "name": "candidate_record", "fields": fields}
    return {"type": "record", "name": "alert", "fields": [*packet, {"name": "candidate", "type": inner}]}


def _type(name: str, value) -> object:
    if name in _TYPES and isinstance(value, (str, int, type(None))) and not isinstance(value, bool):
        return "string" if isinstance(value, str) and name != "ssnamenr" else ["null", "long", "string"]
    if isinstance(value, bool):
        return "boolean"
    return {int: "long", float: "double", str: "string", type(None): "null", bytes: "bytes"}[type(value)]
