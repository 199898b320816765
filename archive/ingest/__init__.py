"""Taking files into the archive: raw frames, ZTF's own products, alert packets, metadata tables.

Each kind has a module; `take` chooses by the file's name. A file that cannot be taken is refused with its reason
and changes nothing.
"""

from archive.ingest.errors import Refused
from archive.ingest.files import Source, Taken, take

__all__ = ["Refused", "Source", "Taken", "take"]
