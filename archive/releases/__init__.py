"""Releases: selecting, previewing, freezing, publishing and withdrawing; each is one verb, called by page and command.

selection  what a draft selects
contents   what a frozen release holds, as rows
rights     the tables that a release opens, and the dates their rows had before
actions    freeze, publish, withdraw
preview    what publishing would change
manifest   the list of files, written as CSV or Parquet
jobs       the actions as user jobs
redating   a program's rule changed: new dates for what is not public
"""

from archive.releases.actions import BadReleaseError, FilesNotWholeError, freeze, publish, released, withdraw, withdrew
from archive.releases.preview import Preview, holdings, preview

__all__ = [
    "BadReleaseError",
    "FilesNotWholeError",
    "Preview",
    "freeze",
    "holdings",
    "preview",
    "publish",
    "released",
    "withdraw",
    "withdrew",
]
