"""Alert packets from candidates: what the images say, what lies near, what was seen there before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import fastavro
import numpy as np
from astropy.table import Row

from archive.models import DifferenceImage
from archive.survey.filenames import sci_name
from archive.survey.identifiers import make_candid
from processing.alerts.schema import CANDIDATE_NAMES, INTEGERS, PARSED, PREVIOUS_NAMES, PUBLISHER, VERSION
from processing.science.subtraction import realbogus

NOTHING = -999.0
PROGRAM_INVESTIGATOR = {0: "Engineering", 1: "Public", 2: "Partnership", 3: "Caltech"}
FROM_TABLE = (
    "xpos", "ypos", "ra", "dec", "magpsf", "sigmapsf", "chipsf", "magap", "sigmagap", "distnr", "magnr", "sigmagnr",
    "chinr", "sharpnr", "sky", "magdiff", "fwhm", "classtar", "mindtoedge", "magfromlim", "seeratio", "aimage",
    "bimage", "aimagerat", "bimagerat", "elong", "nneg", "nbad", "rb", "sumrat", "magapbig", "sigmagapbig", "ranr",
    "decnr", "scorr", "dsnrms", "ssnrms", "dsdiff",
)  # fmt: skip


def _of_image(difference: DifferenceImage) -> dict:
    """The fields of every record, of a detection or of none: which image, when and how deep."""
    science = difference.science
    return {
        "jd": science.obsjd,
        "fid": science.fid,
        "pid": science.pid,
        "diffmaglim": difference.diffmaglim,
        "pdiffimfilename": difference_name(science),
        "programpi": PROGRAM_INVESTIGATOR.get(science.programid),
        "programid": science.programid,
        "nid": science.nid,
        "rcid": science.rcid,
        "field": science.field,
    }


def image_fields(difference: DifferenceImage, header: Mapping, jdref: tuple[float, float]) -> dict:
    """Fields that all candidates of one difference image share.

    header : of the science image's catalog, with the cards of the photometric calibration
    jdref : JD of the first and last image in the reference
    """
    science, reference = difference.science, difference.reference
    return {
        **_of_image(difference),
        "tooflag": 0,
        "rfid": reference.rfid,
        "jdstartref": jdref[0],
        "jdendref": jdref[1],
        "nframesref": reference.nframes,
        "rbversion": realbogus.VERSION,
        "magzpsci": science.magzp,
        "magzpsciunc": science.magzpunc,
        "magzpscirms": science.magzprms,
        "nmatches": science.nmatches or 0,
        "clrcoeff": science.clrcoeff,
        "clrcounc": science.clrcounc,
        "zpclrcov": header.get("ZPCLRCOV"),
        "zpmed": header.get("ZPMED"),
        "clrmed": header.get("CLRMED"),
        "clrrms": header.get("CLRRMS"),
        "exptime": science.exptime,
        "drb": None,
        "drbversion": "",
    }


def difference_name(science) -> str:
    """File name of a science image's difference, as packets give it (without .fz)."""
    name = sci_name(
        science.filefracday, science.field, science.filtercode, science.ccdid, science.qid, "scimrefdiffimg.fits.fz"
    )
    return name.name.removesuffix(".fz")


def candidate_record(row: Row, tblid: int, shared: Mapping, neighbours: Mapping, history: Mapping) -> dict:
    """The `candidate` record of one row of a candidate table.

    tblid : running number of the candidate in its image
    shared : from `image_fields`; neighbours : catalog and Solar-System matches; history : ndethist, ncovhist,
    jdstarthist, jdendhist
    """
    positive = bool(row["positive"])
    own = {name: row[name].item() for name in FROM_TABLE}
    own |= {
        "candid": make_candid(shared["pid"], tblid, positive),
        "isdiffpos": "t" if positive else "f",
        "tblid": tblid,
    }
    known = {**shared, **own, **neighbours, **history}
    missing = set(CANDIDATE_NAMES) - set(known)
    if missing:
        raise ValueError(f"candidate {tblid} of pid {shared['pid']}: no value for {', '.join(sorted(missing))}")
    return {name: _plain(known[name], name) for name in CANDIDATE_NAMES}


def _plain(value, name: str):
    """Numbers as Avro takes them; what is not a number is unknown."""
    if value is None or isinstance(value, str):
        return value
    if name in INTEGERS:
        return int(value)
    return float(value) if np.isfinite(value) else None


def previous_record(candidate: Mapping) -> dict:
    """The record of an earlier detection in the history of a packet, from its own packet's candidate."""
    return {name: candidate.get(name) for name in PREVIOUS_NAMES} | {"rbversion": candidate.get("rbversion") or ""}


def limit_record(difference: DifferenceImage) -> dict:
    """The record of an earlier image in which nothing was found: its depth only."""
    science = difference.science
    known = {
        **_of_image(difference),
        "magzpsci": science.magzp,
        "magzpsciunc": science.magzpunc,
        "magzpscirms": science.magzprms,
        "clrcoeff": science.clrcoeff,
        "clrcounc": science.clrcounc,
        "rbversion": "",
    }
    return {name: known.get(name) for name in PREVIOUS_NAMES}


def packet(candidate: dict, previous: list[dict], cutouts: dict) -> dict:
    """A whole packet but for its `objectId`, which is given when it is written."""
    return {
        "schemavsn": VERSION,
        "publisher": PUBLISHER,
        "candid": candidate["candid"],
        "candidate": candidate,
        "prv_candidates": previous or None,
        "fp_hists": None,
        **cutouts,
    }


def write(path: Path, packets: list[dict]) -> None:
    """Write packets into one Avro container."""
    with path.open("wb") as file:
        fastavro.writer(file, PARSED, packets, codec="null")
