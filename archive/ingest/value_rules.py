"""The table of values: of what type and in which range everything is that a foreign file brings into a row.

A column without an entry cannot be filled from a foreign file: `archive.ingest.values` refuses to let it through, and a
test walks over the models. `Rule.unknown` are the numbers that ZTF writes where a value is not known; they become null.
"""

from __future__ import annotations

from archive.access.reading import PROGRAMS
from archive.ingest.value_types import (
    LARGEST_INTEGER,
    LARGEST_NUMBER,
    MOMENT,
    NUMBER,
    TEXT,
    WHOLE,
    Rule,
    among,
    maybe,
    number,
    whole,
)
from archive.models.images import CORNERS, LARGEST_RADIUS
from archive.survey.camera import FILTER_BY_CODE, FULL_NX
from archive.survey.filenames import CALTYPES, IMAGE_TYPES
from archive.survey.times import MJD_ZERO

FIRST_JD, LAST_JD = 2457754.5, 2488434.5  # 2017-01-01, 2101-01-01
RA, DEC = number(0, 360), number(-90, 90)
IDENTIFIER = whole(1, LARGEST_NUMBER)
PROGRAM = among(*PROGRAMS, kind=WHOLE)
WHEN = Rule(MOMENT)
MAYBE_WHEN = Rule(MOMENT, optional=True)
MAGNITUDE, MAYBE_MAGNITUDE = number(-5, 50), maybe(-5, 50)
SCORE = maybe(0, 1)
NIGHT = whole(0, 40000)
QUADRANT = {
    "field": whole(0, 999_999),
    "ccdid": whole(1, 16),
    "qid": whole(1, 4),
    "rcid": whole(0, 63),
    "fid": whole(1, 3),
    "filtercode": among(*FILTER_BY_CODE),
    "infobits": whole(0, LARGEST_INTEGER),
    "maglimit": maybe(0, 50),
}
FOOTPRINT = {
    "ra": RA,
    "dec": DEC,
    "crpix1": number(-1e6, 1e6),
    "crpix2": number(-1e6, 1e6),
    "crval1": RA,
    "crval2": DEC,
    **dict.fromkeys(("cd11", "cd12", "cd21", "cd22"), number(-0.01, 0.01)),
    **{name: RA if name.startswith("ra") else DEC for name in CORNERS},
    "radius": number(1e-6, LARGEST_RADIUS),
}
OBSERVATION = {
    "nid": NIGHT,
    "field": whole(0, 999_999),
    "imgtypecode": among(*IMAGE_TYPES),
    "obsjd": number(FIRST_JD, LAST_JD),
    "obsdate": WHEN,
    "exptime": number(0, 7200, unknown=()),
    "filefracday": whole(20170101_000000, 21001231_999999),
    "airmass": maybe(0.9, 100),
    "moonillf": maybe(-1.01, 1.01),
    "moonesb": maybe(-1000, 1000),
}
RIGHTS = {"programid": PROGRAM, "public_date": MAYBE_WHEN}
RULES: dict[str, dict[str, Rule]] = {
    "exposure": {
        "expid": IDENTIFIER,
        **OBSERVATION,
        **RIGHTS,
        "fid": whole(0, 3),
        "filtercode": among(*FILTER_BY_CODE, "bi", "dk"),
        "ra": Rule(NUMBER, 0, 360, optional=True),
        "dec": Rule(NUMBER, -90, 90, optional=True),
    },
    "rawimage": {"ccdid": whole(1, 16), "nx": whole(1, FULL_NX), **RIGHTS},
    "scienceimage": {
        "pid": IDENTIFIER,
        **OBSERVATION,
        **QUADRANT,
        **FOOTPRINT,
        **RIGHTS,
        "exptime": number(0.01, 7200),
        "itid": whole(1, 10),
        "imgtype": among(*IMAGE_TYPES.values()),
        "seeing": maybe(0, 200),
        "status": among(0, 1, kind=WHOLE),
        "magzp": maybe(0, 50),
        "magzpunc": maybe(0, 50),
        "magzprms": maybe(0, 50),
        "clrcoeff": maybe(-20, 20),
        "clrcounc": maybe(0, 20),
        "nmatches": whole(0, 10_000_000, optional=True),
    },
    "referenceimage": {
        "rfid": IDENTIFIER,
        **QUADRANT,
        **FOOTPRINT,
        **RIGHTS,
        "nframes": whole(1, 100_000),
        "startobsdate": MAYBE_WHEN,
        "endobsdate": MAYBE_WHEN,
    },
    "calibrationimage": {
        "cid": IDENTIFIER,
        "caltype": among(*CALTYPES),
        **{name: QUADRANT[name] for name in ("ccdid", "qid", "rcid")},
        "fid": whole(0, 3),
        "filtercode": among(*FILTER_BY_CODE, "00"),
        "nightdate": whole(20170101, 21001231),
        "nid": NIGHT,
        "nframes": whole(1, 100_000),
        "startobsdate": WHEN,
        "endobsdate": WHEN,
    },
    "alert": {
        "candid": IDENTIFIER,
        "objectid": Rule(TEXT, pattern=r"ZTF[0-9]{2}[a-z]{7}"),
        "pid": IDENTIFIER,
        "rfid": whole(1, LARGEST_NUMBER, optional=True),
        "jd": number(FIRST_JD, LAST_JD),
        "nid": NIGHT,
        "fid": whole(1, 3),
        "field": whole(0, 999_999, optional=True),
        "rcid": whole(0, 63, optional=True),
        "ra": RA,
        "dec": DEC,
        "magpsf": MAGNITUDE,
        "sigmapsf": number(0, 20),
        "isdiffpos": among("t", "f", "1", "0", "true", "false"),
        "rb": SCORE,
        "drb": SCORE,
        "distnr": maybe(0, 10_000),
        "ssnamenr": Rule(TEXT, pattern=r"[ -~]{0,40}", optional=True),
        "ssdistnr": maybe(0, 100_000),
        "programid": PROGRAM,
    },
    "curve": {  # points of another archive's light curves (archive.ingest.mirror.curves)
        "oid": IDENTIFIER,
        "expid": IDENTIFIER,
        "mjd": number(FIRST_JD - MJD_ZERO, LAST_JD - MJD_ZERO),
        "mag": MAGNITUDE,
        "magerr": number(0, 20),
        "catflags": whole(0, LARGEST_INTEGER),
        "ra": RA,
        "dec": DEC,
        "chi": maybe(0, 1e9),
        "sharp": maybe(-1e6, 1e6),
        **{name: OBSERVATION[name] for name in ("filefracday", "field")},
        **{name: QUADRANT[name] for name in ("filtercode", "ccdid", "qid")},
        "programid": PROGRAM,
    },
    "toldpoint": {  # also of bad images, whose calibration may be far off:
        # points of files of light curves (archive.ingest.kinds.curves), as lightcurves.told.codec keeps them
        "oid": IDENTIFIER,
        "programid": PROGRAM,
        "exposure_program": PROGRAM,
        "hmjd": number(FIRST_JD - MJD_ZERO, LAST_JD - MJD_ZERO),
        "mjd": maybe(FIRST_JD - MJD_ZERO, LAST_JD - MJD_ZERO),
        "expid": whole(0, LARGEST_INTEGER * 10),  # 0, as filefracday: not told
        "mag": MAGNITUDE,
        "magerr": number(0, 20),
        "catflags": whole(0, 0xFFFF),
        "filefracday": whole(0, 21001231_999999),
        "ra": maybe(0, 360),
        "dec": maybe(-90, 90),
        "chi": maybe(0, 1e9),
        "sharp": maybe(-1e6, 1e6),
        "limitmag": MAYBE_MAGNITUDE,
        "magzp": MAYBE_MAGNITUDE,
        "magzprms": maybe(0, 1000),
        "clrcoeff": maybe(-1e6, 1e6),
        "clrcounc": maybe(0, 1e6),
        "exptime": maybe(0.01, 7200),
        "airmass": maybe(0.9, 100),
    },
    "forcedpoint": {  # texts of the forced-photometry service
        "ra": RA,
        "dec": DEC,
        "field": whole(0, 999_999),
        "ccdid": whole(1, 16),
        "qid": whole(0, 3),  # counted from 0 there
        "filter": among("ZTF_g", "ZTF_r", "ZTF_i"),
        "pid": IDENTIFIER,
        "infobitssci": whole(0, LARGEST_INTEGER),
        "sciinpseeing": maybe(-1000, 1000),
        **dict.fromkeys(("scibckgnd", "scisigpix"), maybe(-1e9, 1e9)),
        **dict.fromkeys(("zpmaginpsci", "zpmaginpsciunc", "zpmaginpscirms"), maybe(-50, 50)),
        **dict.fromkeys(("clrcoeff", "clrcoeffunc"), maybe(-1e6, 1e6)),
        "ncalmatches": whole(0, 10_000_000, optional=True),
        "exptime": maybe(0.01, 7200),
        **dict.fromkeys(("adpctdif1", "adpctdif2"), maybe(-1e6, 1e6)),
        **dict.fromkeys(("diffmaglim", "zpdiff"), maybe(-50, 50)),
        "programid": PROGRAM,
        "jd": number(FIRST_JD, LAST_JD),
        "rfid": whole(0, LARGEST_NUMBER, optional=True),
        **dict.fromkeys(
            (
                "forcediffimflux",
                "forcediffimfluxunc",
                "forcediffimsnr",
                "forcediffimchisq",
                "forcediffimfluxap",
                "forcediffimfluxuncap",
                "forcediffimsnrap",
                "aperturecorr",
            ),
            maybe(-1e12, 1e12),
        ),
        "dnearestrefsrc": maybe(0, 3600),
        **dict.fromkeys(("nearestrefmag", "nearestrefmagunc"), maybe(-50, 100)),
        **dict.fromkeys(("nearestrefchi", "nearestrefsharp"), maybe(-1e9, 1e9)),
        **dict.fromkeys(("refjdstart", "refjdend"), maybe(FIRST_JD, LAST_JD)),
        "procstatus": Rule(TEXT, pattern=r"[0-9,]{0,40}", optional=True),
    },
    "toldobject": {
        "oid": IDENTIFIER,
        "ra": RA,
        "dec": DEC,
        "refmag": MAYBE_MAGNITUDE,
        "refmagerr": maybe(0, 1000),
        "refchi": maybe(0, 1e9),
        "refsharp": maybe(-1e6, 1e6),
        "refsnr": maybe(0, 1e9),
    },
    "gaiastar": {
        "source_id": IDENTIFIER,
        "ra": RA,
        "dec": DEC,
        "pmra": maybe(-20_000, 20_000),
        "pmdec": maybe(-20_000, 20_000),
        "ra_error": maybe(0, 10_000),
        "dec_error": maybe(0, 10_000),
        "phot_g_mean_mag": MAGNITUDE,
        "bp_rp": maybe(-20, 20),
    },
    "panstarrsstar": {
        "objid": IDENTIFIER,
        "ra": RA,
        "dec": DEC,
        **{f"{band}mag": MAYBE_MAGNITUDE for band in "griz"},
        **{f"{band}magerr": maybe(0, 20) for band in "griz"},
        "sgscore": SCORE,
    },
}
# What the archive computes or knows by itself; a foreign file does not fill it.
OWN: dict[str, set[str]] = {
    "exposure": {"origin", "tdb_mid", "observer_x", "observer_y", "observer_z"},
    "rawimage": {"id", "exposure", "origin", "radius", "ra", "dec", *CORNERS},
    "scienceimage": {"exposure", "origin", "quality"},
    "referenceimage": {"origin", "quality", "magzp", "seeing"},
    "calibrationimage": {"origin", "valid_from", "valid_to", "status", "reason", "judge", "quality"},
    "alert": {"origin", "packet", "packet_index", "public_date"},
    "productfile": {
        "id", "path", "family", "product_id", "suffix", "origin", "stored_as", "size", "sha256", "created",
        "changed", "provenance", "programid", "public_date",
    },
    "gaiastar": set(),
    "panstarrsstar": set(),
}  # fmt: skip
# Cards of image headers, and the columns whose rules they keep.
CARDS = {
    "OBSJD": ("exposure", "obsjd"),
    "EXPTIME": ("exposure", "exptime"),
    "PROGRMID": ("exposure", "programid"),
    "TELRAD": ("exposure", "ra"),
    "TELDECD": ("exposure", "dec"),
    "AIRMASS": ("exposure", "airmass"),
    "MOONILLF": ("exposure", "moonillf"),
    "MOONESB": ("exposure", "moonesb"),
    "SEEING": ("scienceimage", "seeing"),
    "MAGZP": ("scienceimage", "magzp"),
    "MAGZPUNC": ("scienceimage", "magzpunc"),
    "MAGZPRMS": ("scienceimage", "magzprms"),
    "CLRCOEFF": ("scienceimage", "clrcoeff"),
    "CLRCOUNC": ("scienceimage", "clrcounc"),
    "NMATCHES": ("scienceimage", "nmatches"),
    "MAGLIM": ("scienceimage", "maglimit"),
    "INFOBITS": ("scienceimage", "infobits"),
    "STATUS": ("scienceimage", "status"),
    **{card: ("scienceimage", card.lower().replace("_", "")) for card in (
        "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")},
}  # fmt: skip
