"""ADQL 2.1 to PostgreSQL with Q3C, by white lists at every level. Pure: no Django, no database."""

from archive.vo.adql.catalog import Catalog, Column, Parts, Region, Shifted, Table
from archive.vo.adql.errors import ADQLError
from archive.vo.adql.features import FEATURES, known_functions, signatures
from archive.vo.adql.translate import Translation, translate

__all__ = [
    "FEATURES",
    "ADQLError",
    "Catalog",
    "Column",
    "Parts",
    "Region",
    "Shifted",
    "Table",
    "Translation",
    "known_functions",
    "signatures",
    "translate",
]
