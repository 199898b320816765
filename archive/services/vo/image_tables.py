"""The tables of images and of their files, under the names and with the columns that IRSA's TAP gives them.

They are the families of archive.search, so that /ibe/search and TAP give the same values: `ztf.ztf_current_meta_sci`
and its like with a row for each product, `ztf.ztf_current_path_sci` and its like with a row for each of its files.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import DateTimeField, F
from django.db.models.expressions import Combinable
from psycopg2.extensions import adapt

from archive.models.images import LARGEST_RADIUS
from archive.search.families import FAMILIES, Family
from archive.services.vo.adql import Region, Shifted
from archive.services.vo.obscore.branches import CORNERS
from archive.services.vo.schema.published import POSTGRES, publish_query
from archive.survey.times import JD_UNIX_EPOCH
from archive.tables.dictionary import Column, Table

META, PATH = "ztf.ztf_current_meta_", "ztf.ztf_current_path_"
ROWS = {"sci": 10**8, "diff": 10**8, "raw": 10**7, "cal": 10**6, "ref": 10**5, "deep": 10**5}
"""Families of images, and about how many rows each has at full size."""
FILES = {
    "sci": "archive_scienceimage AS r JOIN archive_productfile AS f ON f.family = 'sci' AND f.product_id = r.pid",
    "diff": "archive_differenceimage AS r JOIN archive_productfile AS f ON f.family = 'diff' AND f.product_id = r.pid",
    "ref": "archive_referenceimage AS r JOIN archive_productfile AS f ON f.family = 'ref' AND f.product_id = r.rfid",
    "deep": "archive_referenceimage AS r JOIN archive_productfile AS f ON false",
    "cal": "archive_calibrationimage AS r JOIN archive_productfile AS f ON f.family = 'cal' AND f.product_id = r.cid",
    "raw": "archive_rawimage AS r JOIN archive_productfile AS f ON f.family = 'raw' AND f.product_id = r.exposure_id "
    "AND f.path LIKE '%\\_c' || lpad(r.ccdid::text, 2, '0') || '\\_%'",
}
"""The rows of each family with their files."""
KEYS = {"sci": "pid", "diff": "pid", "ref": "rfid", "deep": "rfid", "cal": "cid", "raw": "id"}
FILE_COLUMNS = (
    Column("meta_id", "long", "Product that the file is of: meta_id of its metadata", ucd="meta.id", indexed=True),
    Column("path", "char", "Path below /ibe/data/ztf/products/", ucd="meta.ref", principal=True),
    Column("suffix", "char", "Kind of file, the end of its name", principal=True),
    Column("size", "long", "Size of the file", "byte", principal=True),
    Column("sha256", "char", "SHA-256 of the file"),
)


def open_images() -> None:
    """Publish the metadata and the files of each family of images."""
    for name, rows in ROWS.items():
        _publish_metadata(FAMILIES[name], rows)
        text = f"Files of {FAMILIES[name].title}, as far as you may have them"
        query = (
            f"SELECT r.{KEYS[name]}::bigint AS meta_id, f.path, f.suffix, f.size, f.sha256::text AS sha256 "
            f"FROM {FILES[name]}"
        )
        uses = (FAMILIES[name].model._meta.db_table, "archive_productfile")
        publish_query(Table(f"{PATH}{name}", text, FILE_COLUMNS), query, 20 * rows, uses)


def columns_of(family: Family) -> tuple[Column, ...]:
    """IBE's columns of a family in IBE's order, then those that only its pages have."""
    known = {column.name for column in family.table.columns}
    return (*family.table.columns, *(column for column in family.page.columns if column.name not in known))


def _publish_metadata(family: Family, rows: int) -> None:
    table = Table(f"{META}{family.name}", family.page.description, columns_of(family))
    query, times = _select(family, table)
    names = {column.name for column in table.columns}
    regions = {"poly": Region(CORNERS, ("ra", "dec"), LARGEST_RADIUS)} if {"poly", *CORNERS} <= names else {}
    shifted: Mapping[str, Shifted] = (
        {"obsdate": Shifted("obsjd", JD_UNIX_EPOCH)} if {"obsdate", "obsjd"} <= names else {}
    )
    publish_query(table, query, rows, _tables_of(family), times, regions=regions, indexable=shifted, as_irsa=True)


def _select(family: Family, table: Table) -> tuple[str, frozenset[str]]:
    """The SELECT that gives a family's columns by their names, and which of them are times."""
    expressions = {
        f"v_{column.name}": family.expressions.get(column.name) or F(column.attribute.replace(".", "__"))
        for column in table.columns
    }
    rows = family.chosen(family.model.objects.order_by()).annotate(**expressions).values_list(*expressions)
    sql, values = rows.query.sql_with_params()
    inner = sql % tuple(adapt(value).getquoted().decode() for value in values)
    times = frozenset(
        name
        for name in (column.name for column in table.columns)
        if isinstance(rows.query.annotations[f"v_{name}"].output_field, DateTimeField)
    )
    listed = ", ".join(
        f"{_typed(column, expressions[f'v_{column.name}'], column.name in times)} AS {column.name}"
        for column in table.columns
    )
    return f"SELECT {listed} FROM ({inner}) AS s", times


def _typed(column: Column, expression: Combinable, is_time: bool) -> str:
    """A column of its declared type; plain columns stay as they are, so that their indexes are used."""
    if is_time:
        return f"(s.v_{column.name} AT TIME ZONE 'UTC')"
    cast = "" if isinstance(expression, F) or column.datatype == "char" else f"::{POSTGRES[column.datatype]}"
    return f"s.v_{column.name}{cast}"


def _tables_of(family: Family) -> tuple[str, ...]:
    related = [family.model._meta.get_field(name).related_model for name in family.made_of]
    return tuple(model._meta.db_table for model in (family.model, *related))
