"""Pages of ADQL: the editor, queries that run by themselves, queries kept under a name.

page        the editor and a query's plot
jobs        queries that run by themselves
saved       queries that people keep
"""
