"""PostgreSQL, beyond what Django's ORM does: COPY, bulk upserts, prepared statements, a pool of connections.

    pool      read-only connections that wait for the next query
    upsert    many rows at once: COPY into a temporary table, then one statement
    copy      PostgreSQL's COPY: binary as NumPy records, CSV, text
    copy_stream
              a SELECT's rows by binary COPY while the database still delivers them
    prepared  statements that PostgreSQL plans once a session

Nothing here knows a table of the archive.
"""
