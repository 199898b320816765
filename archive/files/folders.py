"""Folders of the product tree, as far as a reader sees files in them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connections

from archive.access.reading import current_reader
from archive.models import ProductFile

MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class Entry:
    """A file, or a folder (whose name ends in a slash, without a size)."""

    name: str
    size: int | None = None


def entries(folder: str) -> list[Entry]:
    """A folder's entries by name; empty where there is none or nothing in it may be seen.

    Parameters
    ----------
    folder : str
        Relative to the tree's root, with a slash at its end; "" is the root.

    Raises
    ------
    ValueError
        for a folder of more than MOST_ENTRIES entries.
    """
    connection = connections["default" if current_reader() is None else "reader"]
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, {"folder": folder, "most": MOST_ENTRIES + 1})
        names = [name for (name,) in cursor.fetchall()]
    if len(names) > MOST_ENTRIES:
        raise ValueError(f"{folder}: more than {MOST_ENTRIES} entries")
    files = [folder + name for name in names if not name.endswith("/")]
    sizes = dict(ProductFile.objects.filter(path__in=files).values_list("path", "size"))
    return [Entry(name, sizes.get(folder + name)) for name in names]


# One step of the index for each entry, however many files lie below it: the next path is the first one behind all
# that begin with the entry before. "~" sorts behind every character of a path. The operators ~>~ and ~<~ compare
# bytes, and the index that serves LIKE serves them.
_ENTRIES = """
WITH RECURSIVE found (name, n) AS (
  (SELECT regexp_replace(substr(path, length(%(folder)s) + 1), '/.*', '/'), 1
   FROM archive_productfile WHERE path ~>~ %(folder)s AND path ~<~ (%(folder)s || '~')
   ORDER BY path USING ~<~ LIMIT 1)
  UNION ALL
  SELECT next.name, found.n + 1 FROM found CROSS JOIN LATERAL (
    SELECT regexp_replace(substr(path, length(%(folder)s) + 1), '/.*', '/') AS name
    FROM archive_productfile
    WHERE path ~>~ (%(folder)s || found.name || CASE WHEN right(found.name, 1) = '/' THEN '~' ELSE '' END)
      AND path ~<~ (%(folder)s || '~')
    ORDER BY path USING ~<~ LIMIT 1
  ) AS next
  WHERE found.n < %(most)s
)
SELECT name FROM found ORDER BY name COLLATE "C"
"""
