"""ADQL 2.1 to PostgreSQL with Q3C, by white lists at every level. Pure: no Django, no database.

translate  the whole way: parse, check, resolve names, rewrite
grammar    from text to a tree of ADQL's nodes
names      tables, columns, types, lengths
functions  the language's functions and users' own
geometry   shapes and conditions on the sphere
rewriting  the resolved tree as PostgreSQL's
catalog    the tables that a query may name
features   the language as services declare it
sql        small pieces of PostgreSQL's expressions
"""

from archive.services.vo.adql.catalog import Abbreviated, Catalog, Column, Parts, Region, Shifted, Table
from archive.services.vo.adql.errors import ADQLError
from archive.services.vo.adql.features import FEATURES, known_functions, signatures
from archive.services.vo.adql.translate import Translation, translate
from archive.tables.reserved_words import as_written

__all__ = [
    "FEATURES",
    "ADQLError",
    "Abbreviated",
    "Catalog",
    "Column",
    "Parts",
    "Region",
    "Shifted",
    "Table",
    "Translation",
    "as_written",
    "known_functions",
    "signatures",
    "translate",
]
