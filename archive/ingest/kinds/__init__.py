"""The kinds of files and tables that are taken in, each with what must hold for it.

    companions  masks, catalogs, logs and pictures beside an image
    alerts      packets
    tars        packets in a tar
    curves      light curves
    forced      forced photometry
    metadata    tables of references
    rows        metadata of another archive as rows of ours

One file as a whole (copy, quarantine, name) is archive.ingest.files' matter; bytes are read in the sandbox only.
"""
