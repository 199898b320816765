"""A tree's names resolved: every table and column found, every expression's type and length known.

    resolver    tables, columns, stars and joins by name
    scopes      the tables and columns that one SELECT sees
    types       PostgreSQL type, unit and UCD of expressions
    lengths     bounds on texts and on all that a query makes

What is resolved is not rewritten here.
"""
