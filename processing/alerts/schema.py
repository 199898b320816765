"""The Avro schema of alert packets: ZTF's version 4.02, field by field in its order.

Types: a letter for the type (i int, l long, f float, d double, s string); a capital where the field may be null.
"""

from __future__ import annotations

import fastavro

VERSION = "4.02"
PUBLISHER = "ZTF science data system"
TYPES = {"i": "int", "l": "long", "f": "float", "d": "double", "s": "string"}

CANDIDATE = """
jd d, fid i, pid l, diffmaglim F, pdiffimfilename S, programpi S, programid i, candid l, isdiffpos s, tblid L, nid I,
rcid I, field I, xpos F, ypos F, ra d, dec d, magpsf f, sigmapsf f, chipsf F, magap F, sigmagap F, distnr F, magnr F,
sigmagnr F, chinr F, sharpnr F, sky F, magdiff F, fwhm F, classtar F, mindtoedge F, magfromlim F, seeratio F, aimage F,
bimage F, aimagerat F, bimagerat F, elong F, nneg I, nbad I, rb F, ssdistnr F, ssmagnr F, ssnamenr S, sumrat F,
magapbig F, sigmagapbig F, ranr d, decnr d, sgmag1 F, srmag1 F, simag1 F, szmag1 F, sgscore1 F, distpsnr1 F,
ndethist i, ncovhist i, jdstarthist D, jdendhist D, scorr D, tooflag I, objectidps1 L, objectidps2 L, sgmag2 F,
srmag2 F, simag2 F, szmag2 F, sgscore2 F, distpsnr2 F, objectidps3 L, sgmag3 F, srmag3 F, simag3 F, szmag3 F,
sgscore3 F, distpsnr3 F, nmtchps i, rfid l, jdstartref d, jdendref d, nframesref i, rbversion s, dsnrms F, ssnrms F,
dsdiff F, magzpsci F, magzpsciunc F, magzpscirms F, nmatches i, clrcoeff F, clrcounc F, zpclrcov F, zpmed F, clrmed F,
clrrms F, neargaia F, neargaiabright F, maggaia F, maggaiabright F, exptime F, drb F, drbversion s
"""
PREVIOUS = """
jd d, fid i, pid l, diffmaglim F, pdiffimfilename S, programpi S, programid i, candid L!, isdiffpos S!, tblid L, nid I,
rcid I, field I, xpos F, ypos F, ra D!, dec D!, magpsf F!, sigmapsf F!, chipsf F, magap F, sigmagap F, distnr F,
magnr F, sigmagnr F, chinr F, sharpnr F, sky F, magdiff F, fwhm F, classtar F, mindtoedge F, magfromlim F, seeratio F,
aimage F, bimage F, aimagerat F, bimagerat F, elong F, nneg I, nbad I, rb F, ssdistnr F, ssmagnr F, ssnamenr S,
sumrat F, magapbig F, sigmagapbig F, ranr D!, decnr D!, scorr D, magzpsci F, magzpsciunc F, magzpscirms F, clrcoeff F,
clrcounc F, rbversion s
"""
FORCED = """
field I, rcid I, fid i, pid l, rfid l, sciinpseeing F, scibckgnd F, scisigpix F, magzpsci F, magzpsciunc F,
magzpscirms F, clrcoeff F, clrcounc F, exptime F, adpctdif1 F, adpctdif2 F, diffmaglim F, programid i, jd d,
forcediffimflux F, forcediffimfluxunc F, procstatus S, distnr F, ranr d, decnr d, magnr F, sigmagnr F, chinr F,
sharpnr F
"""


def fields(text: str) -> list[dict]:
    """Fields of a record; `!` marks one that may be null but has no default."""
    found: list[dict] = []
    for entry in text.replace("\n", " ").split(","):
        name, letter = entry.split()
        kind = TYPES[letter[0].lower()]
        if letter.islower():
            found.append({"name": name, "type": kind})
        elif letter.endswith("!"):
            found.append({"name": name, "type": ["null", kind]})
        else:
            found.append({"name": name, "type": ["null", kind], "default": None})
    return found


def _record(name: str, fields: list[dict]) -> dict:
    return {"type": "record", "name": name, "namespace": "ztf.alert", "version": VERSION, "fields": fields}


def _optional(kind) -> dict:
    return {"type": ["null", kind], "default": None}


CUTOUT = _record("cutout", [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}])
SCHEMA = {
    "type": "record",
    "name": "alert",
    "namespace": "ztf",
    "version": VERSION,
    "fields": [
        {"name": "schemavsn", "type": "string"},
        {"name": "publisher", "type": "string"},
        {"name": "objectId", "type": "string"},
        {"name": "candid", "type": "long"},
        {"name": "candidate", "type": _record("candidate", fields(CANDIDATE))},
        {
            "name": "prv_candidates",
            **_optional({"type": "array", "items": _record("prv_candidate", fields(PREVIOUS))}),
        },
        {"name": "fp_hists", **_optional({"type": "array", "items": _record("fp_hist", fields(FORCED))})},
        {"name": "cutoutScience", **_optional(CUTOUT)},
        {"name": "cutoutTemplate", **_optional("ztf.alert.cutout")},
        {"name": "cutoutDifference", **_optional("ztf.alert.cutout")},
    ],
}
PARSED = fastavro.parse_schema(SCHEMA)
CANDIDATE_NAMES = tuple(field["name"] for field in fields(CANDIDATE))
PREVIOUS_NAMES = tuple(field["name"] for field in fields(PREVIOUS))
INTEGERS = {
    name for name, letter in (entry.split() for entry in CANDIDATE.replace("\n", " ").split(",")) if letter in "iIlL"
}
