"""The fields of an alert's candidate, in groups: labels, units, digits and meanings.

Names and meanings are those of ZTF's packets, schema 4.02. Pages and tables of candidates speak from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from archive.survey.missing import UNKNOWN
from archive.tables.dictionary import Column

NO_NAME = ("", "null", "None")  # what packets write where no Solar System object is near


@dataclass(frozen=True)
class CandidateField(Column):
    """A field of the candidate record; `label` is for people, `digits` those after the point."""

    label: str = ""
    digits: int | None = None


@dataclass(frozen=True)
class Group:
    """Fields that a page shows together."""

    name: str
    title: str
    fields: tuple[CandidateField, ...]


def measured(value):
    """The value of a field; None where the packet has a null, no number, or one of the numbers that stand for none."""
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) and value not in UNKNOWN else None
    return None if value in NO_NAME else value


def all_measured(candidate: Mapping) -> dict:
    """A candidate record with None in the place of whatever stands for a missing value."""
    return {name: measured(value) for name, value in candidate.items()}


def _number(name: str, label: str, digits: int, unit: str, description: str, ucd: str = "") -> CandidateField:
    return CandidateField(name, "float", description, unit, ucd, label=label, digits=digits)


def _exact(name: str, label: str, digits: int, unit: str, description: str, ucd: str = "") -> CandidateField:
    return CandidateField(name, "double", description, unit, ucd, label=label, digits=digits)


def _count(name: str, label: str, description: str, datatype: str = "int", unit: str = "") -> CandidateField:
    return CandidateField(name, datatype, description, unit, label=label)


def _text(name: str, label: str, description: str) -> CandidateField:
    return CandidateField(name, "char", description, label=label)


def _date(name: str, label: str, description: str) -> CandidateField:
    return _exact(name, label, 5, "d", description, "time.epoch")


PHOTOMETRY = Group("photometry", "Photometry", (
    _number("magpsf", "Magnitude of the difference", 3, "mag",
            "PSF-fit magnitude of the source in the difference image", "phot.mag"),
    _number("sigmapsf", "Uncertainty of the magnitude", 3, "mag", "1-sigma uncertainty of magpsf", "stat.error"),
    _number("chipsf", "Reduced chi-square of the PSF fit", 2, "", "About 1 where the source has the shape of a star"),
    _text("isdiffpos", "Sign of the difference",
          "t or 1: brighter than the reference image; f or 0: fainter than the reference image"),
    _number("magap", "Aperture magnitude", 3, "mag", "In an aperture of 14 pixels diameter", "phot.mag"),
    _number("sigmagap", "Uncertainty of the aperture magnitude", 3, "mag", "1-sigma uncertainty of magap"),
    _number("magapbig", "Magnitude in a larger aperture", 3, "mag", "In an aperture of 18 pixels diameter", "phot.mag"),
    _number("sigmagapbig", "Uncertainty in the larger aperture", 3, "mag", "1-sigma uncertainty of magapbig"),
    _number("magdiff", "Aperture minus PSF magnitude", 3, "mag", "magap − magpsf; near 0 for a point source"),
    _number("diffmaglim", "Limiting magnitude", 2, "mag",
            "Expected 5-sigma limit of the difference image, from its global noise"),
    _number("magfromlim", "Magnitudes above the limit", 2, "mag", "diffmaglim − magap"),
    _number("sky", "Sky background at the source", 2, "DN", "Local background of the difference image"),
))  # fmt: skip
POSITION = Group("position", "Position and time", (
    _exact("ra", "Right ascension", 6, "deg", "ICRS (J2000)", "pos.eq.ra;meta.main"),
    _exact("dec", "Declination", 6, "deg", "ICRS (J2000)", "pos.eq.dec;meta.main"),
    _date("jd", "Start of the exposure", "Julian date, UTC"),
    _number("exptime", "Exposure time", 1, "s", "Time for which the shutter was open"),
    _count("fid", "Filter", "1 g, 2 r, 3 i"),
    _count("field", "Field", "Number of the survey's pointing"),
    _count("rcid", "Readout channel", "Quadrant of the camera, 0 to 63"),
    _number("xpos", "Column in the image", 2, "pix", "x position of the source in the science image"),
    _number("ypos", "Row in the image", 2, "pix", "y position of the source in the science image"),
    _number("mindtoedge", "Distance to the nearest edge", 1, "pix", "Distance of the source to the image's edge"),
))  # fmt: skip
SHAPE = Group("shape", "Shape", (
    _number("fwhm", "Full width at half maximum", 2, "pix", "Assuming a Gaussian core, from SExtractor"),
    _number("classtar", "Stellarity", 3, "", "Star–galaxy score from SExtractor: 1 star-like, 0 extended"),
    _number("aimage", "Semi-major axis", 2, "pix", "RMS of the windowed profile along its major axis"),
    _number("bimage", "Semi-minor axis", 2, "pix", "RMS of the windowed profile along its minor axis"),
    _number("aimagerat", "Semi-major axis over width", 3, "", "aimage / fwhm"),
    _number("bimagerat", "Semi-minor axis over width", 3, "", "bimage / fwhm"),
    _number("elong", "Elongation", 3, "", "aimage / bimage; 1 is round"),
    _number("seeratio", "Width of the difference's PSF over width", 3, "", "difffwhm / fwhm"),
))  # fmt: skip
QUALITY = Group("quality", "Real-bogus scores and quality", (
    _number("rb", "Real-bogus score, random forest", 3, "", "0 to 1; closer to 1 is more reliable"),
    _text("rbversion", "Version of the random forest", "Classifier that gave rb"),
    _number("drb", "Real-bogus score, neural network", 3, "", "0 to 1; closer to 1 is more reliable"),
    _text("drbversion", "Version of the neural network", "Classifier that gave drb"),
    _exact("scorr", "Peak signal-to-noise ratio", 2, "",
           "In the matched-filter detection image, at the brightest pixel"),
    _count("nneg", "Negative pixels", "Of the 25 in a stamp of 5 × 5 pixels"),
    _count("nbad", "Bad pixels", "Flagged before, of the 25 in a stamp of 5 × 5 pixels"),
    _number("sumrat", "Sum over sum of absolute values", 3, "",
            "Of the pixels in a median-filtered stamp of 5 × 5 pixels; 1 has no negative pixel"),
    _number("dsnrms", "Signal over scatter, difference", 2, "",
            "D / stddev(D) at the source, D being the difference image"),
    _number("ssnrms", "Signal over scatter, detection image", 2, "",
            "S / stddev(S) at the source, S being D convolved with its PSF"),
    _number("dsdiff", "Difference of these ratios", 2, "", "dsnrms − ssnrms"),
))  # fmt: skip
REFERENCE = Group("reference", "Nearest source of the reference image", (
    _number("distnr", "Distance", 2, "pix", "To the nearest source in the reference image's PSF catalog"),
    _number("magnr", "Magnitude", 3, "mag", "Of that source", "phot.mag"),
    _number("sigmagnr", "Uncertainty of the magnitude", 3, "mag", "1-sigma uncertainty of magnr"),
    _exact("ranr", "Right ascension", 6, "deg", "Of that source, ICRS (J2000)"),
    _exact("decnr", "Declination", 6, "deg", "Of that source, ICRS (J2000)"),
    _number("chinr", "Chi of its PSF fit", 2, "", "DAOPhot's chi parameter of that source"),
    _number("sharpnr", "Sharpness", 3, "", "DAOPhot's sharp parameter of that source; 0 is star-like"),
    _count("rfid", "Reference image", "Identifier of the reference image", "long"),
    _count("nframesref", "Exposures in the reference image", "Number of images that were added up"),
    _date("jdstartref", "First exposure of the reference image", "Julian date, UTC"),
    _date("jdendref", "Last exposure of the reference image", "Julian date, UTC"),
))  # fmt: skip


def _panstarrs(k: int, which: str, closest: str) -> tuple[CandidateField, ...]:
    return (
        _number(f"distpsnr{k}", f"{which}: distance", 2, "arcsec", f"To the {closest} source within 30″"),
        _number(f"sgscore{k}", f"{which}: star–galaxy score", 3, "", f"Of the {closest} source: 1 star, 0 galaxy"),
        *(
            _number(f"s{band}mag{k}", f"{which}: {band} magnitude", 3, "mag",
                    f"PSF-fit magnitude of the {closest} source", f"phot.mag;em.opt.{band.upper()}")
            for band in "griz"
        ),
        _count(f"objectidps{k}", f"{which}: Pan-STARRS identifier", f"Of the {closest} source", "long"),
    )  # fmt: skip


PANSTARRS = Group("panstarrs", "Pan-STARRS 1 catalog", (
    _count("nmtchps", "Sources within 30″", "Number of sources of the Pan-STARRS 1 catalog within 30″"),
    *_panstarrs(1, "First", "closest"),
    *_panstarrs(2, "Second", "second closest"),
    *_panstarrs(3, "Third", "third closest"),
))  # fmt: skip
GAIA = Group("gaia", "Gaia catalog", (
    _number("neargaia", "Distance to the closest source", 2, "arcsec", "Of any magnitude, within 90″"),
    _number("maggaia", "Its G magnitude", 2, "mag", "Gaia G magnitude of the closest source", "phot.mag;em.opt"),
    _number("neargaiabright", "Distance to the closest bright source", 2, "arcsec",
            "Of G brighter than 14 mag, within 90″"),
    _number("maggaiabright", "G magnitude of the bright source", 2, "mag",
            "Gaia G magnitude of the closest source brighter than 14 mag", "phot.mag;em.opt"),
))  # fmt: skip
SOLAR_SYSTEM = Group("solar-system", "Known Solar System object", (
    _text("ssnamenr", "Name or number", "Of the nearest known object within 30″"),
    _number("ssdistnr", "Distance from its predicted place", 2, "arcsec", "Within 30″"),
    _number("ssmagnr", "Predicted magnitude", 2, "mag", "Usually V"),
))  # fmt: skip
HISTORY = Group("history", "Earlier detections", (
    _count("ndethist", "Detections within 1.5″",
           "Since the survey began, in the same field and readout channel, down to a signal-to-noise ratio of about 3"),
    _count("ncovhist", "Images that cover the place", "Since the survey began, in any field and readout channel"),
    _date("jdstarthist", "First of these detections", "Julian date, UTC"),
    _date("jdendhist", "Last of these detections", "Julian date, UTC"),
))  # fmt: skip
PROCESSING = Group("processing", "Processing and calibration", (
    _count("candid", "Alert", "Identifier of the candidate and of its packet", "long"),
    _count("pid", "Science image", "Identifier of the science image", "long"),
    _text("pdiffimfilename", "File of the difference image", "Science minus reference"),
    _count("tblid", "Row in the pipeline's table", "Number of the source within its image", "long"),
    _count("nid", "Night", "Days since 2017-01-01, UTC"),
    _count("programid", "Program", "1 public, 2 partnership, 3 Caltech, 0 engineering"),
    _text("programpi", "Principal investigator", "Of the program"),
    _count("tooflag", "Target of opportunity", "1 if the exposure was one, 0 if not"),
    _number("magzpsci", "Zero point", 3, "mag", "By which fluxes become magnitudes"),
    _number("magzpsciunc", "Uncertainty of the zero point", 5, "mag", "1-sigma uncertainty of magzpsci"),
    _number("magzpscirms", "Scatter of the calibrators", 3, "mag", "RMS of the calibrators about the fit"),
    _count("nmatches", "Calibrators", "Number of Pan-STARRS 1 sources that calibrated the science image"),
    _number("clrcoeff", "Colour coefficient", 4, "", "Slope of the calibration with colour"),
    _number("clrcounc", "Uncertainty of the colour coefficient", 5, "", "1-sigma uncertainty of clrcoeff"),
    _number("zpclrcov", "Covariance of zero point and colour coefficient", 6, "mag2", "Of magzpsci and clrcoeff"),
    _number("zpmed", "Median zero point", 3, "mag", "Median of the differences between calibrators and instrument"),
    _number("clrmed", "Median colour of the calibrators", 3, "mag", "g−r in g and r images, r−i in i images"),
    _number("clrrms", "Scatter of the calibrators' colours", 3, "mag", "RMS about their mean colour"),
))  # fmt: skip
GROUPS = (
    PHOTOMETRY, POSITION, QUALITY, SHAPE, HISTORY, REFERENCE, PANSTARRS, GAIA, SOLAR_SYSTEM, PROCESSING,
)  # fmt: skip
FIELDS = {field.name: field for group in GROUPS for field in group.fields}
DATES = frozenset(name for name, field in FIELDS.items() if field.ucd == "time.epoch")
