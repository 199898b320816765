"""The data dictionary of light curves: what readers get of sources and of points, as IRSA names it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from archive.tables.dictionary import Column, Table
from lightcurves.storage.read import INTEGERS, LightCurves

MAG, DAY = "mag", "d"
LEVELS = {"1": "one", "3": "three", "5": "five"}


def _threshold_columns() -> tuple[Column, ...]:
    kinds = {
        "nabove": "Points fainter than the mean by more than {} standard deviations",
        "nbelow": "Points brighter than the mean by more than {} standard deviations",
        "nconsecabove": "Longest run of points fainter than the mean by more than {} standard deviations",
        "nconsecbelow": "Longest run of points brighter than the mean by more than {} standard deviations",
        "nconsecfrom": "Longest run of points farther from the mean than {} standard deviations",
    }
    return tuple(
        Column(f"{kind}meanbystd_{level}", "int", text.format(word))
        for kind, text in kinds.items()
        for level, word in LEVELS.items()
    )


def _percentile_columns() -> tuple[Column, ...]:
    names = {"175": "17.5", "325": "32.5", "675": "67.5", "825": "82.5"}
    keys = ("05", "10", "175", "25", "325", "40", "60", "675", "75", "825", "90", "95")
    return tuple(
        Column(f"percentiles_{key}", "float", f"Percentile {names.get(key, str(int(key)))} of the magnitudes", MAG)
        for key in keys
    )


OBJECTS = Table(
    "ztf.ztf_objects",
    "Objects: one row per light curve, a source of one field, quadrant and filter; statistics of the points you see",
    (
        Column("oid", "long", "Object identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("ra", "double", "Right ascension", "deg", "pos.eq.ra;meta.main", principal=True),
        Column("dec", "double", "Declination", "deg", "pos.eq.dec;meta.main", principal=True),
        Column("field", "int", "ZTF field number", indexed=True),
        Column("ccdid", "int", "CCD number (1..16)"),
        Column("qid", "int", "Quadrant number (1..4)"),
        Column("rcid", "int", "Readout channel (0..63)"),
        Column("fid", "int", "Filter: 1 g, 2 r, 3 i"),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter", principal=True),
        Column("colour", "float", "Pan-STARRS colour that was applied: g-r, for zi r-i; empty: 0", MAG, "phot.color"),
        Column("ngoodobs", "int", "Good points", ucd="meta.number", principal=True),
        Column("ngoodobsrel", "int", "Good points with relative calibration", ucd="meta.number"),
        Column("nobs", "int", "Points", ucd="meta.number", principal=True),
        Column("nobsrel", "int", "Points with relative calibration", ucd="meta.number"),
        Column("refchi", "float", "Chi of the fit in the reference"),
        Column("refmag", "float", "Magnitude in the reference", MAG, "phot.mag"),
        Column("refmagerr", "float", "Uncertainty of refmag", MAG, "stat.error;phot.mag"),
        Column("refsharp", "float", "Sharpness in the reference"),
        Column("refsnr", "float", "Signal-to-noise ratio in the reference", ucd="stat.snr"),
        Column("astrometricrms", "float", "Scatter of the positions, both axes together", "deg", "stat.stdev;pos"),
        Column("chisq", "float", "Reduced chi-square about the mean", ucd="stat.fit.chi2"),
        Column(
            "con", "float", "Runs of three points beyond two standard deviations from the median (plus one) by nobs"
        ),
        Column("lineartrend", "float", "Slope of a straight line", "mag/d"),
        Column("magrms", "float", "Standard deviation", MAG, "stat.stdev;phot.mag", principal=True),
        Column("maxmag", "float", "Faintest magnitude", MAG, "phot.mag;stat.max"),
        Column("maxslope", "float", "Steepest change between successive points", "mag/d"),
        Column("meanmag", "float", "Mean", MAG, "phot.mag;stat.mean"),
        Column("medianabsdev", "float", "Median absolute deviation from the median", MAG),
        Column("medianmag", "float", "Median", MAG, "phot.mag;stat.median", principal=True),
        Column("medmagerr", "float", "Median uncertainty", MAG, "stat.error;phot.mag"),
        Column("minmag", "float", "Brightest magnitude", MAG, "phot.mag;stat.min"),
        *_threshold_columns(),
        Column("nmedianbufferrange", "int", "Points beyond 20 % of the amplitude from the weighted mean"),
        Column("npairposslope", "int", "Successive points that grow fainter"),
        *_percentile_columns(),
        Column("skewness", "float", "Skewness", ucd="stat.param"),
        Column("smallkurtosis", "float", "Kurtosis for small samples", ucd="stat.param"),
        Column("stetsonj", "float", "Stetson's J", ucd="stat.param", principal=True),
        Column("stetsonk", "float", "Stetson's K", ucd="stat.param"),
        Column("vonneumannratio", "float", "Mean square of successive differences by the variance", ucd="stat.param"),
        Column("weightedmagrms", "float", "Standard deviation, weighted by the uncertainties", MAG),
        Column("weightedmeanmag", "float", "Mean, weighted by the uncertainties", MAG, "phot.mag;stat.mean"),
        Column("meanra", "double", "Mean right ascension of the good points", "deg", "pos.eq.ra;stat.mean"),
        Column("meandec", "double", "Mean declination of the good points", "deg", "pos.eq.dec;stat.mean"),
        Column("meanmjd", "double", "Time of meanra and meandec", DAY, "time.epoch;stat.mean"),
        Column("pmra", "float", "Motion in right ascension, times cos(dec)", "mas/yr", "pos.pm;pos.eq.ra"),
        Column("pmdec", "float", "Motion in declination", "mas/yr", "pos.pm;pos.eq.dec"),
        Column("pmraerr", "float", "Uncertainty of pmra", "mas/yr", "stat.error;pos.pm;pos.eq.ra"),
        Column("pmdecerr", "float", "Uncertainty of pmdec", "mas/yr", "stat.error;pos.pm;pos.eq.dec"),
    ),
)
LIGHTCURVE = Table(
    "ztf.ztf_lightcurve",
    "Points of light curves: calibrated with the image's zero point, colour term (where the colour is known) and "
    "relative correction",
    (
        Column("oid", "long", "Object identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("expid", "long", "Exposure identifier", ucd="meta.id"),
        Column("hjd", "double", "Heliocentric Julian date (UTC) of the middle of the exposure", DAY, "time.epoch"),
        Column("mjd", "double", "Modified Julian date (UTC) of the start", DAY, "time.start", principal=True),
        Column("mag", "float", "Magnitude", MAG, "phot.mag;meta.main", principal=True),
        Column("magerr", "float", "Uncertainty of mag", MAG, "stat.error;phot.mag", principal=True),
        Column("catflags", "int", "Mask bits under the source; 32768: bad image; 0 is good", ucd="meta.code.qual"),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter", principal=True),
        Column("ra", "double", "Right ascension of this detection", "deg", "pos.eq.ra"),
        Column("dec", "double", "Declination of this detection", "deg", "pos.eq.dec"),
        Column("chi", "float", "Chi of the PSF fit", ucd="stat.fit.goodness"),
        Column("sharp", "float", "Sharpness of the PSF fit"),
        Column("filefracday", "long", "YYYYMMDDdddddd of file names"),
        Column("field", "int", "ZTF field number"),
        Column("ccdid", "int", "CCD number (1..16)"),
        Column("qid", "int", "Quadrant number (1..4)"),
        Column("limitmag", "float", "5-sigma limit of the image", MAG, "phot.mag;stat.max"),
        Column("magzp", "float", "Zero point of the image", MAG, "phot.mag;arith.zp"),
        Column("magzprms", "float", "Scatter of calibrators about it", MAG),
        Column("clrcoeff", "float", "Colour coefficient of the image; applied where the object's colour is known"),
        Column("clrcounc", "float", "Uncertainty of clrcoeff"),
        Column("exptime", "float", "Exposure time", "s", "time.duration;obs.exposure"),
        Column("airmass", "float", "Airmass", ucd="obs.airMass"),
        Column("programid", "int", "Program: 1 public, 2 partnership, 3 Caltech"),
    ),
)
NOT_TOLD_IS_0 = ("pid", "expid", "filefracday")
"""Whole numbers of points that came in files: 0 where the file did not tell them."""
DECIMALS = {"mag": 5, "magerr": 5, "hjd": 8, "mjd": 8, "ra": 7, "dec": 7, "chi": 4, "sharp": 4}


def point_rows(curves: LightCurves) -> list[SimpleNamespace]:
    """One object per point, with the columns of LIGHTCURVE, `pid`, `dzp`, `key`; what is not known is None."""
    columns = {name: _plain(name, values) for name, values in curves.columns.items()}
    return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _plain(name: str, values: np.ndarray) -> list:
    if name in NOT_TOLD_IS_0:
        return [value or None for value in values.tolist()]
    if name in INTEGERS or values.dtype.kind == "U":
        return values.tolist()
    rounded = np.round(values, DECIMALS.get(name, 7)).tolist()
    return [None if value != value else value for value in rounded]
