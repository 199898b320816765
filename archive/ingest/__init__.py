"""Taking files into the archive: raw frames, ZTF's own products, alert packets, metadata tables.

    door        found without following links, copied once while they are hashed
    parsing     read in the sandbox (archive.sandbox.readers has the functions)
    values      the table of values: type, range and vocabulary of everything that becomes a row
    identity    name, header, metadata and content are of one exposure, field, filter, CCD, quadrant
    files       one file, by what its name says it is
    companions, alerts, tars, metadata, rows
                the kinds of files and tables
    quarantine  what was not taken, and why

A file that cannot be taken is refused with its reason, changes nothing, and lies in quarantine.
"""

from archive.ingest.errors import RefusedError
from archive.ingest.files import Source, Taken, ingest, ingest_each

__all__ = ["RefusedError", "Source", "Taken", "ingest", "ingest_each"]
