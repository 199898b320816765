"""From a query's text to a tree that is ADQL and nothing else.

    dialect     sqlglot's PostgreSQL, cut down to ADQL's words
    diagnosis   where a query stops being ADQL, in words
    whitelist   node classes and arguments that a tree may have

Names are not looked up here, and nothing is written as PostgreSQL's.
"""
