"""PostgreSQL, beyond what Django's ORM does: COPY, bulk upserts, prepared statements, a pool of connections.

    pool      read-only connections that wait for the next query
    upsert    many rows at once: COPY into a temporary table, then one statement
    arrays    query results as NumPy columns
    records   PostgreSQL's binary COPY of structured arrays
    prepared  statements that PostgreSQL plans once a session

Nothing here knows a table of the archive.
"""
