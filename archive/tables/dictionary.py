"""The data dictionary: every table that readers get, with its columns' types, units, UCDs and meanings.

Pages' twins (CSV, JSON, VOTable), REST, the IRSA adapters and TAP_SCHEMA all speak from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from django.db import models


@dataclass(frozen=True)
class Column:
    """One column as users see it; `datatype` is VOTable's (char stands for a string of any length)."""

    name: str
    datatype: str
    description: str
    unit: str = ""
    ucd: str = ""
    source: str = ""  # attribute of the model (dotted, of a row it belongs to), where it is not the name
    indexed: bool = False
    principal: bool = False
    utype: str = ""
    xtype: str = ""
    std: bool = False  # a standard defines it

    @property
    def attribute(self) -> str:
        return self.source or self.name


@dataclass(frozen=True)
class Table:
    """A table as users see it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    utype: str = ""

    def rows(self, objects: Iterable[models.Model]) -> Iterator[tuple]:
        """The values of model instances, in the order of the columns."""
        attributes = [attrgetter(column.attribute) for column in self.columns]
        for one in objects:
            yield tuple(attribute(one) for attribute in attributes)

    def only(self, name: str, columns: str, *more: Column) -> Table:
        """Another table of some of these columns, in the order of their names, with `more` in their places."""
        known = {column.name: column for column in (*self.columns, *more)}
        return Table(name, self.description, tuple(known[one] for one in columns.split()))

    def read_from(self, **sources: str) -> Table:
        """The same table with other attributes behind some of its columns."""
        columns = (replace(one, source=sources.get(one.name, one.source)) for one in self.columns)
        return replace(self, columns=tuple(columns))


def _corners() -> tuple[Column, ...]:
    ordinal = {1: "first", 2: "second", 3: "third", 4: "fourth"}
    return tuple(
        Column(f"{axis}{n}", "double", f"{what} of the {ordinal[n]} corner", "deg", ucd)
        for n in (1, 2, 3, 4)
        for axis, what, ucd in (("ra", "Right ascension", "pos.eq.ra"), ("dec", "Declination", "pos.eq.dec"))
    )


_WCS = (
    Column("crpix1", "double", "Reference pixel, axis 1", "pix"),
    Column("crpix2", "double", "Reference pixel, axis 2", "pix"),
    Column("crval1", "double", "Right ascension at the reference pixel", "deg"),
    Column("crval2", "double", "Declination at the reference pixel", "deg"),
    Column("cd11", "double", "CD matrix element 1,1", "deg/pix"),
    Column("cd12", "double", "CD matrix element 1,2", "deg/pix"),
    Column("cd21", "double", "CD matrix element 2,1", "deg/pix"),
    Column("cd22", "double", "CD matrix element 2,2", "deg/pix"),
)
_QUADRANT = (
    Column("field", "int", "ZTF field number", indexed=True, principal=True),
    Column("ccdid", "int", "CCD number (1..16)", principal=True),
    Column("qid", "int", "Quadrant number (1..4)", principal=True),
    Column("rcid", "int", "Readout channel (0..63)"),
    Column("fid", "int", "Filter: 1 g, 2 r, 3 i"),
    Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter", principal=True),
)
_RIGHTS = (
    Column("programid", "int", "Program: 1 public, 2 partnership, 3 Caltech"),
    Column("ipac_pub_date", "char", "UTC when everybody may see it", source="public_date"),
    Column("origin", "char", "Who made it: ours or ztf"),
)
_CENTRE = (
    Column("ra", "double", "Right ascension of the image centre", "deg", "pos.eq.ra;meta.main", principal=True),
    Column("dec", "double", "Declination of the image centre", "deg", "pos.eq.dec;meta.main", principal=True),
)

SCIENCE = Table(
    "ztf.ztf_current_meta_sci",
    "Science images: one row per calibrated quadrant of an exposure",
    (
        *_CENTRE,
        Column("infobits", "int", "Quality bits; 0 is good", ucd="meta.code.qual"),
        *_QUADRANT,
        Column("pid", "long", "Science image identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("nid", "int", "Night identifier", indexed=True),
        Column("expid", "int", "Exposure identifier", source="exposure_id", indexed=True),
        Column("itid", "int", "Image type identifier"),
        Column("imgtype", "char", "Image type"),
        Column("imgtypecode", "char", "Image type, one letter"),
        Column("obsdate", "char", "UTC at the start of the exposure", ucd="time.start", principal=True),
        Column("obsjd", "double", "Julian date (UTC) at the start", "d", "time.start", indexed=True),
        Column("exptime", "double", "Exposure time", "s", "time.duration;obs.exposure"),
        Column("filefracday", "long", "YYYYMMDDdddddd of file names"),
        Column("seeing", "double", "Seeing, FWHM", "arcsec", "instr.obsty.seeing", principal=True),
        Column("airmass", "double", "Airmass", ucd="obs.airMass"),
        Column("moonillf", "double", "Illuminated fraction of the Moon"),
        Column("moonesb", "double", "Excess in sky brightness by the Moon"),
        Column("maglimit", "double", "5-sigma limit", "mag", "phot.mag;stat.max", principal=True),
        *_WCS,
        *_corners(),
        Column("magzp", "double", "Zero point", "mag", "phot.mag;arith.zp"),
        Column("magzprms", "double", "Scatter of calibrators about the zero point", "mag"),
        Column("clrcoeff", "double", "Colour coefficient"),
        *_RIGHTS,
    ),
)
REFERENCE = Table(
    "ztf.ztf_current_meta_ref",
    "Reference images: co-adds of one field, quadrant and filter",
    (
        Column("infobits", "int", "Quality bits; 0 is good", ucd="meta.code.qual"),
        *_QUADRANT,
        Column("rfid", "long", "Reference image identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("nframes", "int", "Number of images in the co-add", principal=True),
        Column("maglimit", "double", "5-sigma limit", "mag", "phot.mag;stat.max", principal=True),
        Column("startobsdate", "char", "UTC of the first image", ucd="time.start"),
        Column("endobsdate", "char", "UTC of the last image", ucd="time.end"),
        *_WCS,
        *_CENTRE,
        *_corners(),
        *_RIGHTS,
    ),
)
ALERTS = Table(
    "ztf.ztf_alerts",
    "Alerts: candidates of difference images",
    (
        Column("candid", "long", "Candidate identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("objectid", "char", "Name of the object", ucd="meta.id", indexed=True, principal=True),
        Column("jd", "double", "Julian date (UTC) at the start of the exposure", "d", "time.epoch", indexed=True),
        Column("nid", "int", "Night identifier"),
        Column("fid", "int", "Filter: 1 g, 2 r, 3 i"),
        Column("pid", "long", "Science image identifier", indexed=True),
        Column("field", "int", "ZTF field number"),
        Column("rcid", "int", "Readout channel (0..63)"),
        Column("ra", "double", "Right ascension", "deg", "pos.eq.ra;meta.main", principal=True),
        Column("dec", "double", "Declination", "deg", "pos.eq.dec;meta.main", principal=True),
        Column("magpsf", "double", "Magnitude in the difference image", "mag", "phot.mag", principal=True),
        Column("sigmapsf", "double", "Uncertainty of magpsf", "mag", "stat.error;phot.mag"),
        Column("isdiffpos", "boolean", "Brighter than the reference"),
        Column("rb", "double", "Real-bogus score of the random forest, 1 is real"),
        Column("drb", "double", "Real-bogus score of the network, 1 is real"),
        Column("distnr", "double", "Distance to the nearest source of the reference", "pix"),
        Column("ssnamenr", "char", "Nearest known Solar System object"),
        Column("ssdistnr", "double", "Distance to it", "arcsec"),
        *_RIGHTS,
    ),
)

_IPAC = (
    Column("ipac_pub_date", "char", "UTC when everybody may see it"),
    Column("ipac_gid", "int", "Group that sees it before then: its program; -1 where no group is needed"),
    Column("meta_id", "long", "Identifier of this row", indexed=True),
)
_POLY = Column("poly", "char", "Footprint: POLYGON ICRS and its four corners, degrees")
_CORNER_NAMES = "ra1 dec1 ra2 dec2 ra3 dec3 ra4 dec4"
_WCS_NAMES = "crpix1 crpix2 crval1 crval2 cd11 cd12 cd21 cd22"

META_SCI = SCIENCE.only(
    "sci",
    (
        "ra dec infobits field ccdid qid rcid fid filtercode pid nid expid itid imgtype imgtypecode obsdate obsjd "
        f"exptime filefracday seeing airmass moonillf moonesb maglimit {_WCS_NAMES} {_CORNER_NAMES} "
        "ipac_pub_date ipac_gid meta_id poly"
    ),
    *_IPAC,
    _POLY,
)
META_REF = REFERENCE.only(
    "ref",
    (
        "infobits field ccdid qid rcid fid filtercode rfid nframes maglimit startobsdate endobsdate "
        f"{_WCS_NAMES} ra dec {_CORNER_NAMES} ipac_pub_date ipac_gid meta_id poly"
    ),
    *_IPAC,
    _POLY,
)
META_DEEP = Table("deep", "Deep co-adds: none are made yet", META_REF.columns)
META_DIFF = Table(
    "diff",
    "Difference images: science images minus their references",
    (
        *SCIENCE.only("diff", "ra dec infobits field ccdid qid rcid fid filtercode pid").columns,
        Column("rfid", "long", "Reference image identifier", ucd="meta.id", indexed=True, principal=True),
        *SCIENCE.only("diff", "nid expid obsdate obsjd exptime filefracday seeing airmass maglimit").columns,
        Column("diffmaglim", "double", "5-sigma limit of the difference", "mag", "phot.mag;stat.max", principal=True),
        Column("ncandidates", "int", "Candidates found in it", principal=True),
        Column("status", "int", "1 usable, 0 bad"),
        *SCIENCE.only("diff", f"{_WCS_NAMES} {_CORNER_NAMES}").columns,
        *_IPAC,
        _POLY,
    ),
)
META_ALERT = ALERTS.only(
    "alert",
    (
        "candid objectid jd nid fid pid field rcid ra dec magpsf sigmapsf isdiffpos rb drb distnr ssnamenr ssdistnr "
        "ipac_pub_date ipac_gid meta_id"
    ),
    Column("isdiffpos", "char", "t: brighter than the reference, f: fainter"),
    *_IPAC,
)
META_LC = Table(
    "lc",
    "Files of light curves: all objects of one field, quadrant and filter",
    (
        *_QUADRANT,
        Column("path", "char", "Path in the product tree", ucd="meta.ref", principal=True),
        Column("suffix", "char", "End of the file's name, with the release"),
        Column("size", "long", "Size of the file", "byte", principal=True),
        Column("sha256", "char", "SHA-256 of the file"),
        *_IPAC,
    ),
)
META_RAW = Table(
    "raw",
    "Raw files: one row per CCD of an exposure",
    (
        Column("infobits", "int", "Quality bits; 0 is good", ucd="meta.code.qual"),
        *SCIENCE.only("raw", "field ccdid fid filtercode nid expid itid imgtype imgtypecode").columns,
        *SCIENCE.only("raw", "filefracday obsdate obsjd exptime seeing airmass moonillf moonesb").columns,
        Column("telra", "double", "Right ascension of the telescope's axis", "deg", "pos.eq.ra"),
        Column("teldec", "double", "Declination of the telescope's axis", "deg", "pos.eq.dec"),
        Column("ccdrot", "double", "Rotation of the CCD", "deg"),
        *_IPAC,
    ),
)
META_CAL = Table(
    "cal",
    "Calibration images: stacks of one night, quadrant and filter",
    (
        Column("caltype", "char", "bias, hifreqflat, lofreqflat, lampcorr, pmask or distortion", principal=True),
        *SCIENCE.only("cal", "ccdid qid rcid fid").columns,
        Column("filtercode", "char", "Filter: zg, zr, zi; 00 for a bias", ucd="meta.id;instr.filter", principal=True),
        Column("cid", "long", "Calibration identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("nightdate", "int", "Night, YYYYMMDD", indexed=True),
        Column("startobsdate", "char", "UTC of the first frame", ucd="time.start"),
        Column("endobsdate", "char", "UTC of the last frame", ucd="time.end"),
        Column("nid", "int", "Night identifier", indexed=True),
        Column("nframes", "int", "Number of frames in the stack", principal=True),
        _IPAC[0],
        _IPAC[2],
        Column("obsdate_range", "char", "UTC of the first and the last frame, as a range"),
    ),
)


def _page(meta: Table, without: str = "", **sources: str) -> Table:
    """A family's table for pages and REST: IBE's columns but its own, with program, public date and origin."""
    left_out = {"ipac_gid", "meta_id", "poly", *without.split()}
    columns = {one.name: one for one in (*meta.columns, *_RIGHTS) if one.name not in left_out}
    return Table(meta.name, meta.description, tuple(columns.values())).read_from(**sources)


_OF_EXPOSURE = "field fid filtercode nid imgtypecode filefracday obsdate obsjd exptime airmass moonillf moonesb"
_OF_SCIENCE = {one.name: f"science.{one.attribute}" for one in SCIENCE.columns if one not in _RIGHTS[:2]}
RAW = _page(
    META_RAW,
    "infobits itid imgtype seeing ccdrot",
    **{name: f"exposure.{name}" for name in _OF_EXPOSURE.split()},
    expid="exposure_id",
    telra="exposure.ra",
    teldec="exposure.dec",
)
CALIBRATION = _page(META_CAL, "obsdate_range programid ipac_pub_date")
DEEP = replace(REFERENCE, name="deep", description=META_DEEP.description)
DIFFERENCE = _page(META_DIFF, **_OF_SCIENCE | {"pid": "science_id", "rfid": "reference_id"})
LIGHTCURVES = _page(META_LC)
RELEASES = Table(
    "releases",
    "Data releases: selections of the archive that never change",
    (
        Column("name", "char", "Name, as other searches take it", ucd="meta.id;meta.main", principal=True),
        Column("title", "char", "Title", ucd="meta.title", principal=True),
        Column("first_night", "char", "UTC date of the first night", ucd="time.start", source="first_day"),
        Column("last_night", "char", "UTC date of the last night, included", ucd="time.end", source="last_day"),
        Column("programs", "char", "Programs whose data it opens", source="program_names"),
        Column("families", "char", "Kinds of products that it holds", source="family_names"),
        Column("state", "char", "public, or what staff alone see: draft, frozen, withdrawn"),
        Column("published", "char", "UTC when it became public"),
    ),
)
