"""The table of a forced light curve: IRSA's 40 columns, as IRSA's text file and as a table of the data dictionary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.tables.dictionary import Column, Table
from processing import __version__

RULE = "# ------------------------------------------------------------------"
DOCUMENTATION = "https://irsa.ipac.caltech.edu/data/ZTF/docs/forcedphot.pdf"


def _column(name: str, datatype: str, definition: str, ucd: str = "") -> Column:
    unit = definition.rsplit("[", 1)[-1].rstrip("]") if definition.endswith("]") else ""
    units = {"DN": "adu", "sec": "s", "days": "d", "pixels": "pix", "mag": "mag", "arcsec": "arcsec"}
    return Column(name, datatype, definition, units.get(unit, ""), ucd)


COLUMNS = (
    _column("index", "int", "sequential counter"),
    _column("field", "int", "ZTF Field identifier"),
    _column("ccdid", "int", "CCD identifier (1..16)"),
    _column("qid", "int", "Quadrant (CCD-amplifier) identifier (0..3)"),
    _column("filter", "char", "Filter string: ZTF_g, ZTF_r, ZTF_i", "meta.id;instr.filter"),
    _column("pid", "long", "processed image Operations DB identifier", "meta.id"),
    _column("infobitssci", "int", "processing summary/QA bits for sci image", "meta.code.qual"),
    _column("sciinpseeing", "double", "Effective FWHM of sci image [pixels]"),
    _column("scibckgnd", "double", "Background level in sci image [DN]"),
    _column("scisigpix", "double", "Robust sigma per pixel in sci image [DN]"),
    _column("zpmaginpsci", "double", "Photometric zeropoint for sci image [mag]"),
    _column("zpmaginpsciunc", "double", "1-sigma uncertainty in zpmaginpsci [mag]"),
    _column(
        "zpmaginpscirms",
        "double",
        "RMS (deviation from average) in difference between instrumental mags and PS1 calibrators [mag]",
    ),
    _column(
        "clrcoeff",
        "double",
        "Linear color coefficient from calibration; for ZTF_g,r,i, PS1 color used is g-r, g-r, r-i respectively",
    ),
    _column("clrcoeffunc", "double", "1-sigma uncertainty in clrcoeff"),
    _column("ncalmatches", "int", "Number of PS1 calibrators used in initial calibration of sci image"),
    _column("exptime", "double", "Integration time for sci image [sec]"),
    _column("adpctdif1", "double", "Full sci image astrometric RMS along R.A. with respect to Gaia1 [arcsec]"),
    _column("adpctdif2", "double", "Full sci image astrometric RMS along Dec. with respect to Gaia1 [arcsec]"),
    _column("diffmaglim", "double", "Magnitude limit in difference image [mag]"),
    _column("zpdiff", "double", "Photometric zeropoint for difference image [mag]"),
    _column("programid", "int", "Program identifier [0=engineering; 1=public; 2=private; 3=Caltech time]"),
    _column("jd", "double", "Julian Date at start of exposure [days]", "time.start"),
    _column("rfid", "long", "Rerence image Operations DB identifier"),
    _column("forcediffimflux", "double", "Forced difference image PSF-fit flux [DN]", "phot.flux"),
    _column("forcediffimfluxunc", "double", "1-sigma uncertainty in forcediffimflux [DN]", "stat.error;phot.flux"),
    _column("forcediffimsnr", "double", "Signal-to-noise ratio for forcediffimflux measurement"),
    _column("forcediffimchisq", "double", "Reduced chi-square in PSF-fit"),
    _column(
        "forcediffimfluxap",
        "double",
        "Forced difference image aperture flux using a fixed 9-pixel diameter aperture [DN]",
    ),
    _column("forcediffimfluxuncap", "double", "1-sigma uncertainty in forcediffimfluxap [DN]"),
    _column("forcediffimsnrap", "double", "Signal-to-noise ratio for forcediffimfluxap measurement"),
    _column(
        "aperturecorr",
        "double",
        "Aperture (curve-of-growth) correction factor that was applied to forcediffimfluxap measurement",
    ),
    _column("dnearestrefsrc", "double", "Distance to nearest ref image source if found within 5 arcsec [arcsec]"),
    _column("nearestrefmag", "double", "Magnitude of nearest ref image source [mag]"),
    _column("nearestrefmagunc", "double", "1-sigma uncertainty in nearestrefmag [mag]"),
    _column(
        "nearestrefchi",
        "double",
        "Chi parameter for nearestrefmag measurement (ratio: RMS in PSF-fit residuals / expected RMS from priors)",
    ),
    _column(
        "nearestrefsharp",
        "double",
        "Sharp parameter for nearestrefmag measurement (~0 => PSF like; >>0 => extended; <<0 => pixel spike or hard "
        "edge)",
    ),
    _column("refjdstart", "double", "JD of earliest sci image used for ref image [days]"),
    _column("refjdend", "double", "JD of latest sci image used for ref image [days]"),
    _column(
        "procstatus",
        "char",
        "Per-epoch processing status codes (0 => no warnings); if non-zero, see accompanying log file and document "
        "link below",
        "meta.code",
    ),
)
NAMES = tuple(column.name for column in COLUMNS)
IMAGE = Column("image", "char", "What was measured: difference or science (total flux, nothing subtracted)")
REASON = Column("reason", "char", "Why an image could not be measured; empty otherwise")
TABLE = Table("forced", "Forced photometry at one position, one row for each image", (*COLUMNS, IMAGE, REASON))
PRECISE = {name for name in NAMES if name.startswith(("forcediffim", "nearestref", "aperturecorr", "dnearest"))}
TIMES = {"jd": 7, "refjdstart": 6, "refjdend": 6}


@dataclass(frozen=True)
class Asked:
    """Head of a file: ra, dec (deg), Julian dates, the owner's programs, when it was made, notes."""

    ra: float
    dec: float
    jdstart: float
    jdend: float
    programs: tuple[int, ...]
    made: datetime
    notes: tuple[str, ...] = ()


def text(asked: Asked, rows: Iterable[Mapping]) -> Iterator[str]:
    """IRSA's file of one light curve, line by line."""
    yield f"{RULE}\n"
    yield f"# Generated by ztf-science-data-system, v{__version__} on {asked.made:%Y-%m-%d at %H:%M:%S}\n#\n"
    yield f"# Requested input R.A. = {asked.ra!r} degrees\n# Requested input Dec. = {asked.dec!r} degrees\n"
    yield f"# Requested JD start = {asked.jdstart!r} days\n# Requested JD end = {asked.jdend!r} days\n"
    yield f"# Authenticated program IDs = {','.join(map(str, asked.programs))}\n#\n"
    if asked.notes:
        yield "".join(f"# {note}\n" for note in asked.notes) + "#\n"
    yield "# Column definitions:\n" + "".join(f"# {column.name} = {column.description}\n" for column in COLUMNS)
    yield f"#\n# Documentation: {DOCUMENTATION}\n#\n{RULE}\n# Order of columns below:\n {', '.join(NAMES)}\n#\n"
    for row in rows:
        yield " " + " ".join(written(name, row.get(name)) for name in NAMES) + "\n"


def written(name: str, value) -> str:
    """A value as the file has it: null where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    if name == "exptime":
        return f"{value:.0f}." if float(value).is_integer() else f"{value:g}"
    if name in TIMES:
        digits = f"{value:.{TIMES[name]}f}"
        return digits.rstrip("0").rstrip(".") if name == "jd" else digits
    if isinstance(value, float):
        return f"{value:.15g}" if name in PRECISE else f"{value:.6g}"
    return str(value)
