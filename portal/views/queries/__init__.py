"""Pages of ADQL: the editor, queries that run by themselves.

page        the editor and a query's plot
jobs        queries that run by themselves
"""
