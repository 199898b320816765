"""From an IRSA-compatible server into this archive: metadata, files, light curves.

    http     a polite client: few requests, patience, credentials
    remote   what the server is asked, in IRSA's own interfaces (astroquery for metadata)
    request  what is to be mirrored: positions, families, files
    fetch    one file, resumed where it was cut off
    journal  what of a mirror is done already
    curves   light curves, and who takes them in
    run      the whole, with progress

Everything comes in through archive.ingest, with the rights that the server tells of.
"""
