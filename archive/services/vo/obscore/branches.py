"""ObsCore's rows as SQL: one SELECT for each kind of product, all with the same columns.

Each reads its own protected table, so that row-level security decides what of it is seen, and gives the centre as a
plain column of that table, so that a search by position uses its Q3C index.
"""

from __future__ import annotations

from collections.abc import Mapping

from archive.access.address import HERE
from archive.models.images import LARGEST_RADIUS
from archive.services.vo.obscore.columns import HIDDEN, OBSCORE
from archive.services.vo.obscore.identifiers import COLLECTION, prefix
from archive.services.vo.schema.published import POSTGRES
from archive.survey.camera import FILTERS, FULL_NX, FULL_NY, WAVELENGTHS
from archive.survey.times import MJD_UNIX_EPOCH, MJD_ZERO, SECONDS_PER_DAY

PRODUCTS = "/ibe/data/ztf/products/"
SITE = f"coalesce(nullif(current_setting('ztf.site', true), ''), '{HERE}')"
TIMES = frozenset({"obs_release_date"})
TYPES = {
    **{column.name: POSTGRES[column.datatype] for column in OBSCORE.columns},
    **dict.fromkeys((one.name for one in OBSCORE.columns if one.datatype == "char"), "text"),
    **dict.fromkeys(TIMES, "timestamp without time zone"),
    **HIDDEN,
}
MJD = f"- {MJD_ZERO}"
LONGEST = 1.0  # days; no exposure takes longer
CORNERS = tuple(f"{axis}{n}" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))
FITS, AVRO = "application/fits", "application/avro"
LARGEST_CCD = 1.3  # deg, centre to farthest corner
COUNTS, MAGNITUDES = "phot.count", "phot.mag"


def select(source: str, **columns: str) -> str:
    """A SELECT of all columns from `source`; those that are not given are null.

    Raises
    ------
    KeyError
        for a column that ObsCore does not have here.
    """
    unknown = columns.keys() - TYPES.keys()
    if unknown:
        raise KeyError(f"columns={sorted(unknown)}: ObsCore here has {', '.join(TYPES)}")
    return f"SELECT {', '.join(typed(name, columns.get(name)) for name in TYPES)} FROM {source}"


def typed(name: str, expression: str | None) -> str:
    """A column of a SELECT, of its type; null where there is no expression."""
    return f"({expression or 'NULL'})::{TYPES[name]} AS {name}"


def common(family: str, number: str, row: str) -> dict[str, str]:
    """The columns that all products have: `number` is the SQL of their key, `row` the table with their rights."""
    return {
        "family": _text(family),
        "number": number,
        "obs_collection": _text(COLLECTION),
        "obs_publisher_did": f"{_text(prefix(family))} || {number}",
        "facility_name": _text("P48"),
        "instrument_name": _text("ZTF"),
        "pol_xel": "0",
        "em_xel": "1",
        "obs_release_date": f"{row}.public_date AT TIME ZONE 'UTC'",
        "data_rights": f"CASE WHEN {row}.public_date <= now() THEN 'public' ELSE 'proprietary' END",
        "programid": f"{row}.programid",
        "proposal_id": f"{row}.programid",
    }


def of_filter(fid: str) -> dict[str, str]:
    """The columns that follow from a filter's number."""

    def by_filter(values: Mapping[int, object]) -> str:
        return f"CASE {fid} {' '.join(f'WHEN {number} THEN {value}' for number, value in values.items())} END"

    bands = {one.fid: WAVELENGTHS[one.code] for one in FILTERS}
    return {
        "em_min": by_filter({number: low for number, (low, _) in bands.items()}),
        "em_max": by_filter({number: high for number, (_, high) in bands.items()}),
        "em_res_power": by_filter({number: (low + high) / 2 / (high - low) for number, (low, high) in bands.items()}),
        "em_ucd": _text("em.wl"),
        "energy_bandpassname": by_filter({one.fid: _text(one.name) for one in FILTERS}),
    }


def of_file(condition: str, form: str = FITS) -> dict[str, str]:
    """Address and size of the one file that meets a condition, as far as its reader may have it."""
    file = f"FROM archive_productfile AS f WHERE {condition} LIMIT 1"
    return {
        "access_url": f"(SELECT {SITE} || '{PRODUCTS}' || f.path {file})",
        "access_format": _text(form),
        "access_estsize": f"(SELECT (f.size + 1023) / 1024 {file})",
    }


def of_footprint(row: str) -> dict[str, str]:
    """Centre, outline and pixels of an image whose linear WCS and corners stand in the table `row`."""
    corners = {name: f"{row}.{name}" for name in CORNERS}
    return {
        "s_ra": f"{row}.ra",
        "s_dec": f"{row}.dec",
        "s_fov": f"2 * {row}.radius",
        "s_region": outline(corners.values()),
        "s_pixel_scale": f"3600 * sqrt(abs({row}.cd11 * {row}.cd22 - {row}.cd12 * {row}.cd21))",
        "s_xel1": str(FULL_NX),
        "s_xel2": str(FULL_NY),
        "reach": str(LARGEST_RADIUS),
        **corners,
    }


def outline(corners) -> str:
    """A footprint as text; null where a corner is."""
    return "'POLYGON ICRS ' || " + " || ' ' || ".join(f"{one}::text" for one in corners)


def exposed(row: str) -> dict[str, str]:
    """Begin, end and length of one exposure."""
    start = f"{row}.obsjd {MJD}"
    return {
        "jd": f"{row}.obsjd",
        "t_min": start,
        "t_max": f"{start} + {row}.exptime / {SECONDS_PER_DAY}",
        "t_exptime": f"{row}.exptime",
        "t_resolution": f"{row}.exptime",
        "t_xel": "1",
    }


def of_quadrant(row: str) -> dict[str, str]:
    """The columns of an image's place in camera and survey."""
    return {
        **of_filter(f"{row}.fid"),
        **{name: f"{row}.{name}" for name in ("field", "ccdid", "qid", "infobits", "maglimit")},
        "s_resolution": f"nullif({row}.seeing, 0)",
        "target_name": f"'field ' || {row}.field",
        "obs_creator_name": creator(row),
    }


def creator(row: str) -> str:
    """The creator of a product, by its origin."""
    return f"CASE {row}.origin WHEN 'ztf' THEN 'ZTF at IPAC' ELSE 'this archive' END"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def image(subtype: str, level: int) -> dict[str, str]:
    """An image of a kind."""
    return {
        "dataproduct_type": _text("image"),
        "dataproduct_subtype": _text(subtype) if subtype.isalpha() else subtype,
        "calib_level": str(level),
        "o_ucd": _text(COUNTS),
    }


def _title(kind: str, row: str) -> str:
    return (
        f"'ZTF {kind} image ' || {row}.filtercode || ' field ' || {row}.field || ' CCD ' || {row}.ccdid "
        f"|| ' quadrant ' || {row}.qid"
    )


def _science() -> str:
    return select(
        "archive_scienceimage AS s",
        **common("sci", "s.pid", "s") | image("science", 2) | of_quadrant("s") | of_footprint("s") | exposed("s"),
        **of_file("f.family = 'sci' AND f.product_id = s.pid AND f.suffix = 'sciimg.fits'"),
        obs_id="s.expid",
        obs_title=_title("science", "s"),
    )


def _difference() -> str:
    return select(
        "archive_differenceimage AS d JOIN archive_scienceimage AS s ON s.pid = d.pid",
        **common("diff", "d.pid", "d")
        | image("difference", 3)
        | of_quadrant("s")
        | of_footprint("s")
        | exposed("s")
        | {"maglimit": "d.diffmaglim"},
        **of_file("f.family = 'diff' AND f.product_id = d.pid AND f.suffix = 'scimrefdiffimg.fits.fz'"),
        obs_id="s.expid",
        obs_title=_title("difference", "s"),
    )


def _reference() -> str:
    def moment(name: str) -> str:
        return f"extract(epoch FROM r.{name})::double precision / {SECONDS_PER_DAY} + {MJD_UNIX_EPOCH:g}"

    return select(
        "archive_referenceimage AS r",
        **common("ref", "r.rfid", "r") | image("reference", 3) | of_quadrant("r") | of_footprint("r"),
        **of_file("f.family = 'ref' AND f.product_id = r.rfid AND f.suffix = 'refimg.fits'"),
        obs_id="'ref' || r.rfid",
        obs_title=_title("reference", "r"),
        t_min=moment("startobsdate"),
        t_max=moment("endobsdate"),
        t_xel="1",
    )


def _raw() -> str:
    file = "f.family = 'raw' AND f.product_id = w.exposure_id AND f.path LIKE '%\\_c' || lpad(w.ccdid::text, 2, '0')"
    corners = {name: f"w.{name}" for name in CORNERS}
    return select(
        "archive_rawimage AS w JOIN archive_exposure AS e ON e.expid = w.exposure_id",
        **common("raw", "w.id", "w") | image("raw", 0) | of_filter("e.fid") | exposed("e") | corners,
        **of_file(f"{file} || '\\_%'"),
        obs_id="e.expid",
        obs_title="'ZTF raw frame ' || e.filtercode || ' field ' || e.field || ' CCD ' || w.ccdid",
        target_name="CASE WHEN e.imgtypecode = 'o' THEN 'field ' || e.field END",
        obs_creator_name=_text("ZTF"),
        field="e.field",
        ccdid="w.ccdid",
        s_ra="w.ra",
        s_dec="w.dec",
        s_fov="2 * w.radius",
        reach=str(LARGEST_CCD),
        s_region=outline(corners.values()),
        s_pixel_scale="1.01",
        s_xel1=str(2 * FULL_NX),
        s_xel2=str(2 * FULL_NY),
    )


def _calibration() -> str:
    def moment(name: str) -> str:
        return f"extract(epoch FROM c.{name})::double precision / {SECONDS_PER_DAY} + {MJD_UNIX_EPOCH:g}"

    shared = common("cal", "c.cid", "c")
    # Calibrations are open to all from the start; they have neither program nor date.
    shared |= {"data_rights": _text("public"), "obs_release_date": "c.endobsdate AT TIME ZONE 'UTC'"}
    shared |= {"programid": "NULL", "proposal_id": "NULL"}
    return select(
        "archive_calibrationimage AS c",
        **shared | image("c.caltype", 2) | of_filter("c.fid"),
        **of_file("f.family = 'cal' AND f.product_id = c.cid"),
        obs_id="'cal' || c.cid",
        obs_title="'ZTF ' || c.caltype || ' ' || c.nightdate || ' CCD ' || c.ccdid || ' quadrant ' || c.qid",
        obs_creator_name=creator("c"),
        ccdid="c.ccdid",
        qid="c.qid",
        s_xel1=str(FULL_NX),
        s_xel2=str(FULL_NY),
        t_min=moment("startobsdate"),
        t_max=moment("endobsdate"),
        t_xel="1",
    )


def _alert() -> str:
    return select(
        "archive_alert AS a",
        **common("alert", "a.candid", "a") | of_filter("a.fid"),
        **of_file("f.id = a.packet_id", AVRO),
        dataproduct_type=_text("measurements"),
        dataproduct_subtype=_text("alert"),
        calib_level="3",
        o_ucd=_text(MAGNITUDES),
        obs_id="a.candid",
        obs_title="'ZTF alert ' || a.candid || ' of ' || a.objectid",
        obs_creator_name=creator("a"),
        target_name="a.objectid",
        s_ra="a.ra",
        s_dec="a.dec",
        jd="a.jd",
        t_min=f"a.jd {MJD}",
        t_max=f"a.jd {MJD}",
        t_xel="1",
        field="a.field",
        ccdid="a.rcid / 4 + 1",
        qid="a.rcid % 4 + 1",
    )


def ours() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The SELECT of each family that the archive itself holds, and the tables that it reads."""
    file = "archive_productfile"
    return {
        "sci": (_science(), ("archive_scienceimage", file)),
        "ref": (_reference(), ("archive_referenceimage", file)),
        "diff": (_difference(), ("archive_differenceimage", "archive_scienceimage", file)),
        "raw": (_raw(), ("archive_rawimage", "archive_exposure", file)),
        "cal": (_calibration(), ("archive_calibrationimage", file)),
        "alert": (_alert(), ("archive_alert", file)),
    }
