"""ADQL's functions in PostgreSQL, each with its signature, unit and UCD.

    standard        the language's own
    user_functions  the IVOA's catalogue, GAVO's names, Q3C's
    units           IN_UNIT and conversions of the spectrum

Geometry has a room of its own; a function that stands in none of the tables is refused.
"""
