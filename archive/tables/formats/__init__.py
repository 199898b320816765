"""Writers of rows: every format as a stream, piece by piece.

    votable, binary2
                 VOTable with its serialisations
    kernels      loops over bytes, compiled
    ipac         IPAC tables
    spooled      formats whose head needs the end of the rows
    row_text     separated text and bare HTML
    arrow_batches
                 PostgreSQL's binary COPY as Arrow batches
    arrow_files  Arrow streams and Parquet
    errors       why a result cannot be written

HTTP is not known here: archive.tables.responses and archive.tables.streaming answer requests.
"""
