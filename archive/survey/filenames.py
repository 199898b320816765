"""Names and tree paths of raw, science, calibration, reference and light-curve files, and their parsing.

    raw  raw/YYYY/MMDD/dddddd/ztf_YYYYMMDDdddddd_FFFFFF_zX_cCC_o.fits.fz
    sci  sci/YYYY/MMDD/dddddd/ztf_YYYYMMDDdddddd_FFFFFF_zX_cCC_o_qQ_<suffix>
    cal  cal/YYYY/MMDD/<caltype>/<zX|00>/ccdCC/qQ/ztf_YYYYMMDD_<zX|00>_cCC_qQ_<suffix>
    ref  ref/FFF/fieldFFFFFF/zX/ccdCC/qQ/ztf_FFFFFF_zX_cCC_qQ_<suffix>
    lc   lc/{0,1}/fieldFFFFFF/ztf_FFFFFF_zX_cCC_qQ_drN.parquet (0: fields below 1000; light curves of a data release)

Products of differencing are science files by name (`..._scimrefdiffimg.fits.fz`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.survey.camera import rcid as channel

KINDS = ("raw", "sci", "cal", "ref", "lc")
RAW_SUFFIX = "fits.fz"
IMAGE_TYPES = {"o": "object", "b": "bias", "d": "dark", "f": "flat", "c": "focus", "g": "guider"}
"""imgtypecode to IMGTYPE."""
SCIENCE_FILTERS = ("zg", "zr", "zi")
RAW_FILTERS = (*SCIENCE_FILTERS, "bi", "dk")
CAL_FILTERS = (*SCIENCE_FILTERS, "00")
CALTYPE_STEMS = {
    "bias": "bias", "hifreqflat": "hifreqflat", "lofreqflat": "lownuflat", "lampcorr": "lampcorr", "pmask": "pmask",
    "distortion": "distortion",
}  # fmt: skip
"""How the suffixes of each kind of calibration begin."""
CALTYPES = tuple(CALTYPE_STEMS)
SCI_SUFFIXES = (
    "sciimg.fits", "mskimg.fits", "psfcat.fits", "sexcat.fits", "sciimgdao.psf", "sciimgdaopsfcent.fits",
    "sciimlog.txt", "scimrefdiffimg.fits.fz", "diffimgpsf.fits", "diffimlog.txt", "log.txt",
)  # fmt: skip
"""What the survey publishes of a science image; other well-formed suffixes are accepted too."""
REF_SUFFIXES = (
    "refimg.fits", "refcov.fits", "refunc.fits", "refpsfcat.fits", "refsexcat.fits",
    "refimlog.txt", "log.txt",
)  # fmt: skip


class NotAZtfProductError(ValueError):
    """A file name that the survey could not have given."""


@dataclass(frozen=True)
class ProductName:
    """Everything a file name says. Parts that its kind does not have are None.

    `filefracday` (raw, sci) and `nightdate` YYYYMMDD (cal) are integers; `caltype` is set for cal only.
    """

    kind: str
    suffix: str
    filtercode: str
    ccdid: int
    qid: int | None = None
    field: int | None = None
    filefracday: int | None = None
    nightdate: int | None = None
    imgtypecode: str | None = None
    caltype: str | None = None

    def __post_init__(self):
        _check(self)

    @property
    def name(self) -> str:
        """The file's name."""
        tail = {
            "raw": lambda: (
                f"{self.filefracday}_{self.field:06d}_{self.filtercode}_c{self.ccdid:02d}_{self.imgtypecode}"
                f".{self.suffix}"
            ),
            "sci": lambda: (
                f"{self.filefracday}_{self.field:06d}_{self.filtercode}_c{self.ccdid:02d}_{self.imgtypecode}"
                f"_q{self.qid}_{self.suffix}"
            ),
            "cal": lambda: f"{self.nightdate}_{self.filtercode}_c{self.ccdid:02d}_q{self.qid}_{self.suffix}",
            "ref": lambda: f"{self.field:06d}_{self.filtercode}_c{self.ccdid:02d}_q{self.qid}_{self.suffix}",
        }
        tail["lc"] = tail["ref"]
        return "ztf_" + tail[self.kind]()

    @property
    def folder(self) -> str:
        """The folder in the product tree, relative to its root, with `/`."""
        if self.kind in ("raw", "sci"):
            digits = str(self.filefracday)
            return f"{self.kind}/{digits[:4]}/{digits[4:8]}/{digits[8:]}"
        if self.kind == "cal":
            night, place = str(self.nightdate), f"ccd{self.ccdid:02d}/q{self.qid}"
            return f"cal/{night[:4]}/{night[4:]}/{self.caltype}/{self.filtercode}/{place}"
        field = f"{self.field:06d}"
        if self.kind == "lc":
            return f"lc/{(self.field or 0) // 1000}/field{field}"
        return f"ref/{field[:3]}/field{field}/{self.filtercode}/ccd{self.ccdid:02d}/q{self.qid}"

    @property
    def path(self) -> str:
        """Folder and name, relative to the tree's root."""
        return f"{self.folder}/{self.name}"

    @property
    def rcid(self) -> int | None:
        """Readout channel; None for raw files, which hold a whole CCD."""
        return None if self.qid is None else channel(self.ccdid, self.qid)


def raw_name(filefracday: int, field: int, filtercode: str, ccdid: int, imgtypecode: str = "o") -> ProductName:
    """Name of a raw CCD file; bias frames are field 0, filter 'bi', type 'b'."""
    return ProductName(
        "raw", RAW_SUFFIX, filtercode, ccdid, field=field, filefracday=filefracday, imgtypecode=imgtypecode
    )


def sci_name(
    filefracday: int, field: int, filtercode: str, ccdid: int, qid: int, suffix: str, imgtypecode: str = "o"
) -> ProductName:
    """Name of a product of one quadrant of one exposure, for example suffix 'sciimg.fits'."""
    return ProductName(
        "sci", suffix, filtercode, ccdid, qid, field=field, filefracday=filefracday, imgtypecode=imgtypecode
    )


def cal_name(nightdate: int, caltype: str, filtercode: str, ccdid: int, qid: int, suffix: str) -> ProductName:
    """Name of a calibration product; the suffix starts with the stem of its caltype: 'biasunc.fits'."""
    return ProductName("cal", suffix, filtercode, ccdid, qid, nightdate=nightdate, caltype=caltype)


def ref_name(field: int, filtercode: str, ccdid: int, qid: int, suffix: str) -> ProductName:
    """Name of a product of one reference image."""
    return ProductName("ref", suffix, filtercode, ccdid, qid, field=field)


_SUFFIX = r"(?P<suffix>[a-z][a-z0-9]*\.(?:fits(?:\.fz|\.gz)?|psf|txt|tbl|reg|parquet|pytable|json|png))"
_CCD = r"(?P<filtercode>[a-z0-9]{2})_c(?P<ccdid>[0-9]{2})"
_RAW_HEAD = rf"ztf_(?P<filefracday>[0-9]{{14}})_(?P<field>[0-9]{{6}})_{_CCD}_(?P<imgtypecode>[a-z])"
_PATTERNS = {
    "raw": re.compile(_RAW_HEAD + r"\.(?P<suffix>fits(?:\.fz)?)"),
    "sci": re.compile(rf"{_RAW_HEAD}_q(?P<qid>[0-9])_{_SUFFIX}"),
    "cal": re.compile(rf"ztf_(?P<nightdate>[0-9]{{8}})_{_CCD}_q(?P<qid>[0-9])_{_SUFFIX}"),
    "lc": re.compile(rf"ztf_(?P<field>[0-9]{{6}})_{_CCD}_q(?P<qid>[0-9])_(?P<suffix>dr[0-9]+\.parquet|match\.pytable)"),
    "ref": re.compile(rf"ztf_(?P<field>[0-9]{{6}})_{_CCD}_q(?P<qid>[0-9])_{_SUFFIX}"),
}
_INTEGERS = ("filefracday", "field", "ccdid", "qid", "nightdate")


def parse(name: str) -> ProductName:
    """Read a file name, or a path that ends in one; folders are not looked at.

    Raises
    ------
    NotAZtfProductError
        naming what is wrong, if the survey could not have given this name.
    """
    base = str(name).rpartition("/")[2]
    for kind, pattern in _PATTERNS.items():
        match = pattern.fullmatch(base)
        if match:
            said = match.groupdict()
            parts: dict[str, Any] = {key: int(text) if key in _INTEGERS else text for key, text in said.items()}
            caltype = _caltype_of(said["suffix"]) if kind == "cal" else None
            return ProductName(kind=kind, caltype=caltype, **parts)
    raise NotAZtfProductError(
        f"{base!r}: a product is named like ztf_20200924431759_000655_zr_c13_o.fits.fz (raw), "
        "..._c13_o_q3_sciimg.fits (sci), ztf_20200924_00_c13_q3_bias.fits (cal) or "
        "ztf_000655_zr_c13_q3_refimg.fits (ref)"
    )


def _caltype_of(suffix):
    return next((caltype for caltype, stem in CALTYPE_STEMS.items() if suffix.startswith(stem)), None)


def _check(product):
    """Raise NotAZtfProductError unless every part is one that the survey gives."""
    kind = product.kind
    if kind not in KINDS:
        raise NotAZtfProductError(f"kind={kind!r}: use one of {', '.join(KINDS)}")
    if not 1 <= product.ccdid <= 16:
        raise NotAZtfProductError(f"ccdid={product.ccdid}: CCDs are 01 to 16")
    if kind != "raw" and product.qid not in (1, 2, 3, 4):
        raise NotAZtfProductError(f"qid={product.qid}: quadrants are 1 to 4")
    filters = {
        "raw": RAW_FILTERS,
        "sci": SCIENCE_FILTERS,
        "cal": CAL_FILTERS,
        "ref": SCIENCE_FILTERS,
        "lc": SCIENCE_FILTERS,
    }[kind]
    if product.filtercode not in filters:
        raise NotAZtfProductError(f"filter={product.filtercode!r}: a {kind} file has {', '.join(filters)}")
    if kind in ("raw", "sci"):
        _check_date(str(product.filefracday)[:8], len(str(product.filefracday)) == 14, product.filefracday)
        if product.imgtypecode not in IMAGE_TYPES:
            raise NotAZtfProductError(f"type={product.imgtypecode!r}: use one of {', '.join(IMAGE_TYPES)}")
    if kind != "cal" and (product.field is None or not 0 <= product.field <= 999999):
        raise NotAZtfProductError(f"field={product.field}: fields have up to six digits, calibration frames have 0")
    if kind == "cal":
        _check_date(str(product.nightdate), len(str(product.nightdate)) == 8, product.nightdate)
        if product.caltype not in CALTYPES or not product.suffix.startswith(CALTYPE_STEMS[product.caltype]):
            raise NotAZtfProductError(
                f"suffix={product.suffix!r}, caltype={product.caltype!r}: a calibration suffix starts with "
                f"its type, one of {', '.join(CALTYPE_STEMS.values())}"
            )
    elif product.caltype is not None:
        raise NotAZtfProductError(f"caltype={product.caltype!r}: only calibration products have one")
    pattern = r"fits(?:\.fz)?" if kind == "raw" else _SUFFIX
    if not re.fullmatch(pattern, product.suffix):
        raise NotAZtfProductError(f"suffix={product.suffix!r}: not a suffix of a {kind} file")


def _check_date(yyyymmdd, long_enough, value):
    try:
        if not long_enough:
            raise ValueError("wrong number of digits")
        datetime.strptime(yyyymmdd, "%Y%m%d")
    except ValueError as error:
        raise NotAZtfProductError(f"date in {value}: expected YYYYMMDD or YYYYMMDDdddddd ({error})") from error
