"""A tree whose names are resolved, rewritten as PostgreSQL's.

    rewriter    functions and conditions
    moments     times that a query writes as texts
    indexable   conditions on computed columns, repeated on indexed ones

Nothing is looked up in the catalog here.
"""
