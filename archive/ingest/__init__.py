"""Taking files into the archive: raw frames, ZTF's own products, alert packets, metadata tables.

    door        found without following links, copied once while they are hashed
    parsing     read in the sandbox (archive.sandbox.readers has the functions)
    values      reading what becomes a row by the table of values (value_rules: type, range, vocabulary of each)
    identity    name, header, metadata and content are of one exposure, field, filter, CCD, quadrant
    source      where a file comes from, what it became
    files       one file, by what its name says it is
    kinds       the kinds of files and tables
    keepers     applications that keep light curves and forced points
    quarantine  what was not taken, and why
    mirror      metadata, files and light curves from another archive
    reference_catalogs
                the stars that calibration is done against

A file that cannot be taken is refused with its reason, changes nothing, and lies in quarantine.
"""

from archive.ingest.errors import RefusedError
from archive.ingest.files import ingest, ingest_each
from archive.ingest.source import Source, Taken

__all__ = ["RefusedError", "Source", "Taken", "ingest", "ingest_each"]
