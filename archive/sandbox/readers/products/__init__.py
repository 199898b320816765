"""Readers of a survey's files: ZTF's own products, alert packets, light curves, tables of other archives.

    fitsfile, texts, avrofile
                images and catalogs, their companions, alert packets
    matchfiles, releases, curvetables, forced
                light curves and forced photometry
    metadata, tabular
                tables of metadata and of other archives

Which values may become a row is decided by archive.ingest.
"""
