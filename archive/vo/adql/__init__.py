"""ADQL 2.1 to PostgreSQL with Q3C, by white lists at every level. Pure: no Django, no database."""

from archive.vo.adql.catalog import Catalog, Column, Table
from archive.vo.adql.errors import ADQLError
from archive.vo.adql.functions import known_functions
from archive.vo.adql.translate import Translation, translate

__all__ = ["ADQLError", "Catalog", "Column", "Table", "Translation", "known_functions", "translate"]
