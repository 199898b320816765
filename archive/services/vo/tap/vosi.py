"""What TAP says about itself: capabilities, availability, tables (VOSI 1.1, TAPRegExt 1.0, VODataService 1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings

from archive.services.vo import adql
from archive.services.vo.adql import as_written
from archive.services.vo.formats import FORMATS
from archive.services.vo.schema.published import SCHEMAS, Published, describe_types
from archive.services.vo.schema.tap_schema import KEYS, has_position
from archive.tables.dictionary import Column

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PLACES = "http://www.ivoa.net/xml/"


def _schemas(*names: str) -> str:
    """Where the schemas of namespaces are; those of the IVOA are where they say."""
    pairs = " ".join(f"{PLACES}{name} {PLACES}{name}" for name in names)
    return f'{XSI} xsi:schemaLocation="{pairs}"'


CAPABILITIES = _schemas("VOSICapabilities/v1.0", "VODataService/v1.1", "TAPRegExt/v1.0")
AVAILABILITY = _schemas("VOSIAvailability/v1.0")
TABLES = _schemas("VOSITables/v1.0", "VODataService/v1.1")
# astroquery's TapPlus (seen in 0.4.11) reads no column without this attribute; VODataService's schema knows none such.
ESA = 'xmlns:esatapplus="http://esa.int/xml/EsaTapPlus"'
MINE = "Tables of a person"
UPLOADS = ("upload-inline", "upload-http", "upload-https")
ESA_FLAGS = ' esatapplus:flags="0"'
VERSION = ' version="1.1"'
STANDARD = f' role="std"{VERSION}'


def capabilities(base: str) -> str:
    """What TAP offers; `base` is the address below which everything lies, without a slash at its end."""
    return (
        f'{HEAD}<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" {CAPABILITIES}'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0">\n'
        '<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">\n'
        f"{_interface(base, 'base', STANDARD)}"
        '<dataModel ivo-id="ivo://ivoa.net/std/ObsCore#core-1.1">ObsCore-1.1</dataModel>\n'
        f"{_language()}{''.join(map(_output_format, FORMATS))}"
        f"{''.join(map(_upload_method, UPLOADS))}{_limits()}</capability>\n"
        + "".join(
            f'<capability standardID="ivo://ivoa.net/std/VOSI#{name}">\n'
            f"{_interface(f'{base}/{name}', 'full', version)}</capability>\n"
            for name, version in (("capabilities", ""), ("availability", ""), ("tables", VERSION))
        )
        + '<capability standardID="ivo://ivoa.net/std/DALI#examples">\n'
        f"{_interface(f'{base}/examples', 'full', '')}"
        "</capability>\n" + "</vosi:capabilities>\n"
    )


def availability() -> str:
    """That TAP is up: who reads this has reached it."""
    return (
        f'{HEAD}<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0" {AVAILABILITY}>\n'
        "<vosi:available>true</vosi:available>\n</vosi:availability>\n"
    )


def tables(shown: Sequence[Published], columns: bool = True, esa: bool = False) -> str:
    """Tables by schema; `esa` adds what astroquery's TapPlus needs."""
    names = list(dict.fromkeys([*SCHEMAS, *(one.schema for one in shown)]))
    body = "".join(_schema(name, shown, columns) for name in names if any(one.schema == name for one in shown))
    return _document("vosi:tableset", body, esa)


def table(one: Published, esa: bool = False) -> str:
    """One table with its columns."""
    return _document("vosi:table", _table_body(one, columns=True), esa)


def _document(element: str, body: str, esa: bool) -> str:
    return (
        f'{HEAD}<{element} xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" {TABLES}'
        f' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"{f" {ESA}" if esa else ""}>\n'
        f"{body.replace('<column', f'<column{ESA_FLAGS}') if esa else body}</{element}>\n"
    )


def _interface(url: str, use: str, more: str) -> str:
    return f'<interface xsi:type="vs:ParamHTTP"{more}><accessURL use="{use}">{escape(url)}</accessURL></interface>\n'


def _language() -> str:
    features = "".join(
        f"<languageFeatures type={quoteattr(kind)}>"
        + "".join(f"<feature><form>{form}</form></feature>" for form in forms)
        + "</languageFeatures>\n"
        for kind, forms in adql.FEATURES.items()
    )
    functions = "".join(
        f"<feature><form>{escape(form)}</form><description>{escape(text)}</description></feature>"
        for form, text in adql.signatures().items()
    )
    return (
        "<language><name>ADQL</name>"
        '<version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version>'
        '<version ivo-id="ivo://ivoa.net/std/ADQL#v2.1">2.1</version>'
        "<description>The Astronomical Data Query Language; positions are ICRS degrees.</description>\n"
        f'{features}<languageFeatures type="ivo://ivoa.net/std/TAPRegExt#features-udf">{functions}'
        "</languageFeatures></language>\n"
    )


def _upload_method(name: str) -> str:
    return f'<uploadMethod ivo-id="ivo://ivoa.net/std/TAPRegExt#{name}"/>\n'


def _limits() -> str:
    """How long results are kept, how long queries run, how much goes in and out."""
    day = 86_400

    def limits(name: str, usual: int, most: int, unit: str = "") -> str:
        return f"<{name}><default{unit}>{usual}</default><hard{unit}>{most}</hard></{name}>\n"

    row, byte = ' unit="row"', ' unit="byte"'
    return (
        limits("retentionPeriod", settings.TAP_KEEP_DAYS * day, settings.TAP_KEEP_LONGEST * day)
        + limits("executionDuration", settings.TAP_SECONDS, settings.TAP_LONGEST)
        + limits("outputLimit", settings.TAP_ROW_LIMIT, settings.TAP_ROW_LIMIT, row)
        + limits("uploadLimit", settings.TAP_UPLOAD_BYTES, settings.TAP_UPLOAD_BYTES, byte)
    )


def _output_format(one) -> str:
    aliases = "".join(f"<alias>{escape(name)}</alias>" for name in one.names[1:] if "/" not in name or ";" not in name)
    return f"<outputFormat><mime>{escape(one.names[0])}</mime>{aliases}</outputFormat>\n"


def _schema(name: str, shown: Sequence[Published], columns: bool) -> str:
    inside = "".join(
        f"<table type={quoteattr(_kind(one))}>\n{_table_body(one, columns)}</table>\n"
        for one in shown
        if one.schema == name
    )
    text = escape(SCHEMAS.get(name) or MINE)
    return f"<schema><name>{name}</name><description>{text}</description>\n{inside}</schema>\n"


def _kind(one: Published) -> str:
    return "output" if one.schema != "tap_schema" else "base_table"


def _table_body(one: Published, columns: bool) -> str:
    head = f"<name>{escape(one.table.name)}</name><description>{escape(one.table.description)}</description>\n"
    head += f"<utype>{escape(one.table.utype)}</utype>\n" if one.table.utype else ""
    if not columns:
        return head
    xtypes, sky = describe_types(one), has_position(one)
    listed = "".join(_column(column, xtypes.get(column.name), sky) for column in one.table.columns)
    return head + listed + "".join(_key(key) for key in KEYS if key[1] == one.table.name)


def _column(column: Column, xtype: str | None, sky: bool) -> str:
    size = ' arraysize="*"' if column.datatype == "char" else ""
    extended = f" extendedType={quoteattr(xtype)}" if xtype else ""
    standard = ' std="true"' if column.std else ""
    indexed = column.indexed or (sky and column.name in ("ra", "dec"))
    return (
        f"<column{standard}>"
        f"<name>{escape(as_written(column.name))}</name><description>{escape(column.description)}</description>"
        + (f"<unit>{escape(column.unit)}</unit>" if column.unit else "")
        + (f"<ucd>{escape(column.ucd)}</ucd>" if column.ucd else "")
        + (f"<utype>{escape(column.utype)}</utype>" if column.utype else "")
        + f'<dataType xsi:type="vs:VOTableType"{size}{extended}>{column.datatype}</dataType>'
        + ("<flag>indexed</flag>" if indexed else "")
        + ("<flag>principal</flag>" if column.principal else "")
        + "</column>\n"
    )


def _key(key: tuple[str, ...]) -> str:
    _, _, column, target, aim, text = key
    return (
        f"<foreignKey><targetTable>{target}</targetTable><fkColumn><fromColumn>{column}</fromColumn>"
        f"<targetColumn>{aim}</targetColumn></fkColumn><description>{escape(text)}</description></foreignKey>\n"
    )
