"""TAP's self-description: capabilities, availability, tables (VOSI 1.1, TAPRegExt 1.0, VODataService 1.1)."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from archive.services.vo import adql
from archive.services.vo.adql import as_written
from archive.services.vo.formats import FORMATS, Format
from archive.services.vo.interfaces import VR, capability, interface, of_the_site
from archive.services.vo.schema.published import SCHEMAS, Published, describe_types
from archive.services.vo.schema.tap_schema import KEYS, has_position
from archive.tables import xml
from archive.tables.dictionary import Column
from archive.tables.xml import Xml, element, joined, lines

PLACES = "http://www.ivoa.net/xml/"


def _names(prefix: str, own: str, *others: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Namespaces of a document, and where their schemas are; those of the IVOA are where they say."""
    return {
        f"xmlns:{prefix}": f"{PLACES}{own}",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:schemaLocation": " ".join(f"{PLACES}{name} {PLACES}{name}" for name in (own, *others)),
        **{f"xmlns:{short}": f"{PLACES}{name}" for short, name in (more or {}).items()},
    }


DATA_SERVICE, TAP = "VODataService/v1.1", "TAPRegExt/v1.0"
CAPABILITIES = _names(
    "vosi", "VOSICapabilities/v1.0", DATA_SERVICE, TAP, more={"vs": DATA_SERVICE, "tr": TAP, "vr": VR}
)
AVAILABILITY = _names("vosi", "VOSIAvailability/v1.0")
TABLES = _names("vosi", "VOSITables/v1.0", DATA_SERVICE, more={"vs": DATA_SERVICE})
# astroquery's TapPlus (seen in 0.4.11) reads no column without this attribute; VODataService's schema knows none such.
ESA = {"xmlns:esatapplus": "http://esa.int/xml/EsaTapPlus"}
ESA_FLAGS = {"esatapplus:flags": "0"}
MINE = "Tables of a person"
UPLOADS = ("upload-inline", "upload-http", "upload-https")
VERSION = "1.1"
FEATURES = "ivo://ivoa.net/std/TAPRegExt#features-udf"


def capabilities(base: str) -> str:
    """TAP's capabilities; `base` is the address below which everything lies, without a slash at its end."""
    return xml.document(
        element("vosi:capabilities", "\n", own_capabilities(base), lines(of_the_site()), attributes=CAPABILITIES)
    )


def own_capabilities(base: str) -> Xml:
    """The capabilities themselves, as the registry has them too."""
    vosi = (("capabilities", None), ("availability", None), ("tables", VERSION))
    return lines(
        capability(
            "ivo://ivoa.net/std/TAP",
            interface(base, "base", "std", VERSION),
            element("dataModel", "ObsCore-1.1", attributes={"ivo-id": "ivo://ivoa.net/std/ObsCore#core-1.1"}),
            _language(),
            *map(_output_format, FORMATS),
            *map(_upload_method, UPLOADS),
            *_limits(),
            kind="tr:TableAccess",
        ),
        *(
            capability(f"ivo://ivoa.net/std/VOSI#{name}", interface(f"{base}/{name}", "full", version=version))
            for name, version in vosi
        ),
        capability("ivo://ivoa.net/std/DALI#examples", interface(f"{base}/examples", "full")),
    )


def availability() -> str:
    """TAP's availability: who reads this has reached it."""
    works = lines(element("vosi:available", "true"))
    return xml.document(element("vosi:availability", "\n", works, attributes=AVAILABILITY))


def tables(shown: Sequence[Published], columns: bool = True, esa: bool = False) -> str:
    """Tables by schema; `esa` adds what astroquery's TapPlus needs."""
    names = list(dict.fromkeys([*SCHEMAS, *(one.schema for one in shown)]))
    found = {name: [one for one in shown if one.schema == name] for name in names}
    schemas = (_schema(name, inside, columns, esa) for name, inside in found.items() if inside)
    return _document("vosi:tableset", lines(*schemas), esa)


def table(one: Published, esa: bool = False) -> str:
    """One table with its columns."""
    return _document("vosi:table", _table_body(one, True, esa), esa)


def _document(name: str, body: Xml, esa: bool) -> str:
    return xml.document(element(name, "\n", body, attributes=TABLES | (ESA if esa else {})))


def _language() -> Xml:
    versions = (
        element("version", number, attributes={"ivo-id": f"ivo://ivoa.net/std/ADQL#v{number}"})
        for number in ("2.0", "2.1")
    )
    features = (
        element(
            "languageFeatures",
            *(element("feature", element("form", form)) for form in forms),
            attributes={"type": kind},
        )
        for kind, forms in adql.FEATURES.items()
    )
    functions = (
        element("feature", element("form", form), element("description", text))
        for form, text in adql.signatures().items()
    )
    text = "The Astronomical Data Query Language; positions are ICRS degrees."
    return element(
        "language",
        element("name", "ADQL"),
        *versions,
        lines(element("description", text), *features),
        element("languageFeatures", *functions, attributes={"type": FEATURES}),
    )


def _upload_method(name: str) -> Xml:
    return element("uploadMethod", attributes={"ivo-id": f"ivo://ivoa.net/std/TAPRegExt#{name}"})


def _limits() -> list[Xml]:
    """The limits: how long results are kept and queries run, how much goes in and out."""
    day = 86_400

    def limits(name: str, usual: int, most: int, unit: str | None = None) -> Xml:
        attributes = {"unit": unit}
        bounds = (element(kind, value, attributes=attributes) for kind, value in (("default", usual), ("hard", most)))
        return element(name, *bounds)

    return [
        limits("retentionPeriod", settings.TAP_KEEP_DAYS * day, settings.TAP_KEEP_LONGEST * day),
        limits("executionDuration", settings.TAP_SECONDS, settings.TAP_LONGEST),
        limits("outputLimit", settings.TAP_ROW_LIMIT, settings.TAP_ROW_LIMIT, "row"),
        limits("uploadLimit", settings.TAP_UPLOAD_BYTES, settings.TAP_UPLOAD_BYTES, "byte"),
    ]


def _output_format(one: Format) -> Xml:
    aliases = (element("alias", name) for name in one.names[1:] if "/" not in name or ";" not in name)
    return element("outputFormat", element("mime", one.names[0]), *aliases)


def _schema(name: str, inside: Sequence[Published], columns: bool, esa: bool) -> Xml:
    tables = (element("table", "\n", _table_body(one, columns, esa), attributes={"type": _kind(one)}) for one in inside)
    text = element("description", SCHEMAS.get(name) or MINE)
    return element("schema", element("name", name), text, "\n", lines(*tables))


def _kind(one: Published) -> str:
    return "output" if one.schema != "tap_schema" else "base_table"


def _table_body(one: Published, columns: bool, esa: bool) -> Xml:
    table = one.table
    head = joined([element("name", table.name), element("description", table.description)])
    utype = element("utype", table.utype) if table.utype else ""
    if not columns:
        return lines(head, utype)
    xtypes, sky = describe_types(one), has_position(one)
    listed = (_column(column, xtypes.get(column.name), sky, esa) for column in table.columns)
    return lines(head, utype, *listed, *(_key(key) for key in KEYS if key[1] == table.name))


def _column(column: Column, xtype: str | None, sky: bool, esa: bool) -> Xml:
    size = "*" if column.datatype == "char" else None
    datatype = {"xsi:type": "vs:VOTableType", "arraysize": size, "extendedType": xtype or None}
    indexed = column.indexed or (sky and column.name in ("ra", "dec"))
    optional = (("unit", column.unit), ("ucd", column.ucd), ("utype", column.utype))
    flags = (("indexed", indexed), ("principal", column.principal))
    return element(
        "column",
        element("name", as_written(column.name)),
        element("description", column.description),
        *(element(name, text) for name, text in optional if text),
        element("dataType", column.datatype, attributes=datatype),
        *(element("flag", name) for name, holds in flags if holds),
        attributes=(ESA_FLAGS if esa else {}) | {"std": "true" if column.std else None},
    )


def _key(key: tuple[str, ...]) -> Xml:
    _, _, column, target, aim, text = key
    pair = element("fkColumn", element("fromColumn", column), element("targetColumn", aim))
    return element("foreignKey", element("targetTable", target), pair, element("description", text))
