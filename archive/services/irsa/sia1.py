"""Simple Image Access 1.0 on the families of images, at IBE's address (/ibe/sia/ztf/products/sci).

The question is IBE's (POS, SIZE, INTERSECT, mcen, WHERE), the rows have the standard's columns before IBE's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import re_path

from archive.products.files import MAIN_FILE
from archive.requests.parameters import unknown
from archive.search.families import FAMILIES, FOOTPRINT, Family
from archive.search.query import BadQueryError, images
from archive.search.where import TIME
from archive.services.irsa import ibe_parameters
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import single_values
from archive.services.vo.dal import common
from archive.services.vo.obscore.branches import PRODUCTS, SITE
from archive.survey.camera import FULL_NX, FULL_NY, WAVELENGTHS
from archive.survey.times import MJD_ZERO
from archive.tables.fields import IRSA_TEXT, Field

STANDARD = "ivo://ivoa.net/std/SIA"
NAMES = ("POS", "SIZE", "INTERSECT", "FORMAT", "VERB", "MCEN", "WHERE", "COLUMNS", "RELEASE")
FITS, METADATA = "image/fits", "METADATA"
BRIEF = ("0", "1")  # verbosities without IBE's own columns
TITLE = "field ' || q.v_field || ' ' || q.v_filtercode || ' CCD ' || q.v_ccdid || ' quadrant ' || q.v_qid"
FILE = "SELECT path, size FROM archive_productfile WHERE family = %s AND product_id = q.v_meta_id AND suffix = %s"
VERBOSITIES = (*BRIEF, "2", "3")


def _by_filter(values: Mapping[str, float]) -> str:
    cases = " ".join(f"WHEN '{code}' THEN {value}" for code, value in values.items())
    return f"CASE q.v_filtercode {cases} END"


_LOW, _HIGH = ({code: ends[n] for code, ends in WAVELENGTHS.items()} for n in (0, 1))
STANDARD_COLUMNS: tuple[tuple[Field, str], ...] = (
    (Field("title", "char", "*", ucd="VOX:Image_Title"), "{title}"),
    (Field("url", "char", "*", ucd="VOX:Image_AccessReference"), f"{SITE} || '{PRODUCTS}' || f.path"),
    (Field("format", "char", "*", ucd="VOX:Image_Format"), f"'{FITS}'"),
    (Field("filesize", "long", unit="byte", ucd="VOX:Image_FileSize"), "f.size"),
    (Field("ra_centre", "double", unit="deg", ucd="POS_EQ_RA_MAIN"), "q.v_ra"),
    (Field("dec_centre", "double", unit="deg", ucd="POS_EQ_DEC_MAIN"), "q.v_dec"),
    (Field("naxes", "int", ucd="VOX:Image_Naxes"), "2"),
    (Field("naxis", "int", "2", ucd="VOX:Image_Naxis"), f"ARRAY[{FULL_NX}, {FULL_NY}]"),
    (
        Field("scale", "double", "2", unit="deg/pix", ucd="VOX:Image_Scale"),
        "ARRAY[-sqrt(q.v_cd11 ^ 2 + q.v_cd21 ^ 2), sqrt(q.v_cd12 ^ 2 + q.v_cd22 ^ 2)]",
    ),
    (Field("mjd_obs", "double", unit="d", ucd="VOX:Image_MJDateObs"), "{mjd}"),
    (Field("instrument", "char", "*", ucd="INST_ID"), "'ZTF'"),
    (Field("frame", "char", "*", ucd="VOX:STC_CoordRefFrame"), "'ICRS'"),
    (Field("projection", "char", "*", ucd="VOX:WCS_CoordProjection"), "'TAN'"),
    (Field("crpix", "double", "2", unit="pix", ucd="VOX:WCS_CoordRefPixel"), "ARRAY[q.v_crpix1, q.v_crpix2]"),
    (Field("crval", "double", "2", unit="deg", ucd="VOX:WCS_CoordRefValue"), "ARRAY[q.v_crval1, q.v_crval2]"),
    (
        Field("cd", "double", "4", unit="deg/pix", ucd="VOX:WCS_CDMatrix"),
        "ARRAY[q.v_cd11, q.v_cd12, q.v_cd21, q.v_cd22]",
    ),
    (Field("bandpass", "char", "*", ucd="VOX:BandPass_ID"), "q.v_filtercode"),
    (Field("bandpass_unit", "char", "*", ucd="VOX:BandPass_Unit"), "'m'"),
    (Field("bandpass_low", "double", unit="m", ucd="VOX:BandPass_LoLimit"), _by_filter(_LOW)),
    (Field("bandpass_high", "double", unit="m", ucd="VOX:BandPass_HiLimit"), _by_filter(_HIGH)),
)
"""The standard's columns, and the SQL of each from a row of IBE's columns (q) and the image's file (f)."""


def families() -> dict[str, Family]:
    """The families of images that have a footprint and a file of pixels."""
    return {name: one for name, one in FAMILIES.items() if one.place == FOOTPRINT and name in MAIN_FILE}


@common.service
def search(request: HttpRequest, name: str) -> HttpResponse:
    """Images around a position; FORMAT=METADATA describes the columns."""
    family = families().get(name)
    if family is None:
        raise Http404(f"{name}: there are no images of this name; there are {', '.join(families())}")
    given = single_values(request)
    for parameter in given:
        if parameter not in NAMES:
            raise BadRequestError(unknown(parameter, NAMES, request.path))
    form = given.pop("FORMAT", "ALL").strip() or "ALL"
    verbosity = given.pop("VERB", "3").strip()
    if verbosity not in VERBOSITIES:
        raise BadRequestError(f"VERB={verbosity[:20]}: use one of {', '.join(VERBOSITIES)}")
    metadata = form.upper() == METADATA
    if not given.get("POS", "").strip() and not metadata:
        raise BadRequestError("POS is missing: give right ascension and declination, for example POS=55.06,33.35")
    if metadata:
        given["WHERE"] = "meta_id < 0"
    asked = ibe_parameters.read_values(given, family)
    own = [column for column in family.table.columns if column.name in asked.columns and verbosity not in BRIEF]
    fields = [field for field, _ in STANDARD_COLUMNS] + [common.fields_of(family.table.only(name, one.name))[0]
                                                         for one in own]  # fmt: skip
    statement = _statement(asked, family, [one.name for one in own], rows=not metadata and has_fits(form))
    result = common.Result(
        statement, fields, common.row_limit(""), family.table.description, infos={"SERVICE_PROTOCOL": "1.0"}
    )
    return result.answer(request.reader, "")


def has_fits(form: str) -> bool:
    """Whether images of a FORMAT are FITS, which are all that there are.

    Raises
    ------
    BadRequestError
        for what is no format.
    """
    wanted = [one.strip().lower() for one in form.split(",")]
    odd = next((one for one in wanted if one != "all" and not one.startswith("graphic") and "/" not in one), None)
    if odd is not None:
        raise BadRequestError(f"FORMAT={form[:40]}: use ALL, {FITS} or {METADATA}")
    return bool({"all", FITS, "application/fits"} & set(wanted))


def _statement(asked: ibe_parameters.Request, family: Family, own: Sequence[str], rows: bool) -> common.Statement:
    """The rows of a question with the standard's columns first."""
    names = [column.name for column in family.table.columns]
    expressions = {f"v_{name}": family.expressions[name] for name in names}
    try:
        found = images(asked.query)
    except BadQueryError as error:
        raise BadRequestError(str(error)) from error
    found = found if asked.query.centred else found.order_by("pk")
    inner, values = found.annotate(**expressions).values_list(*expressions).query.sql_with_params()
    mjd = f"q.v_obsjd - {MJD_ZERO}" if "obsjd" in names else "NULL::double precision"
    title = f"'ZTF {family.title.removesuffix('s')} {TITLE}"
    listed = [sql.format(title=title, mjd=mjd) for _, sql in STANDARD_COLUMNS]
    listed += [
        IRSA_TEXT.format(f"(q.v_{name} AT TIME ZONE 'UTC')") if family.types[name] == TIME else f"q.v_{name}"
        for name in own
    ]
    sql = f"SELECT {', '.join(listed)} FROM ({inner}) AS q JOIN LATERAL ({FILE}) AS f ON true"
    return common.Statement(f"{sql}{'' if rows else ' WHERE false'}", [*values, family.name, MAIN_FILE[family.name]])


urlpatterns = [re_path(r"^ibe/sia/ztf/products/(?P<name>[^/]+)/?$", search, name="irsa-sia1")]
