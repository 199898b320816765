"""The sky that images cover as the current reader may see them; the parts of public references are kept.

A field whose footprints are as they were is not computed again (archive.services.hips.kept), so the first who asks does
not wait for a hundred thousand footprints.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import F, Max, Min, Q

from archive.access.reading import ANYONE, reading
from archive.files import storage
from archive.models import Family
from archive.models.images import CORNERS
from archive.search import query
from archive.services.hips import kept
from archive.services.hips.models import Member

if TYPE_CHECKING:
    from mocpy import MOC  # which loads matplotlib: only where it is used

SNAP = 0.03  # deg, half a cell of the coverage's order
AT_MOST_EVERY = 3600  # s, the parts of a filter are computed anew; what is missing meanwhile is computed when asked for


def of_images(family: str, filtercode: str) -> MOC:
    """The sky covered by the images of a family and filter that the current reader may see.

    A survey takes the same fields again: of a field's quadrant whose images lie within SNAP of each other, one stands
    for all. Where they do not, each counts.
    """
    return _parts(family, filtercode).moc


def keep(filtercode: str) -> None:
    """Keep the parts of a filter's public references, as they are now."""
    with reading(ANYONE):
        content = _parts(Family.REF, filtercode).written()
    with storage.new_file(_path(Family.REF, filtercode)) as temporary:
        temporary.write_bytes(content)


def keep_where_changed(filtercode: str) -> None:
    """Keep them if references came or changed since, but not again and again while many come."""
    newest = Member.objects.filter(filtercode=filtercode).aggregate(Max("made"))["made__max"]
    path = storage.absolute(_path(Family.REF, filtercode))
    since = path.stat().st_mtime if path.is_file() else 0.0
    if newest is not None and newest.timestamp() > since and time.time() - since > AT_MOST_EVERY:
        keep(filtercode)


def _path(family: str, filtercode: str) -> str:
    return f"hips/coverage/{family}-{filtercode}.npz"


def _known(family: str, filtercode: str) -> kept.Parts:
    path = storage.absolute(_path(family, filtercode))
    return kept.read(path.read_bytes()) if path.is_file() else kept.Parts({})


def _parts(family: str, filtercode: str) -> kept.Parts:
    """The coverage by field, from what is kept and what is missing there."""
    images = query.images(query.ImageQuery(family=family, filtercode=filtercode)).order_by()
    spread = {f"{name}_{kind.__name__}": kind(name) for name in ("ra", "dec") for kind in (Min, Max)}
    places = images.values("field", "rcid").annotate(one=Min("pk"), **spread)
    near = Q(ra_Max__lt=F("ra_Min") + SNAP, dec_Max__lt=F("dec_Min") + SNAP)
    apart = places.exclude(near).values_list("field", "rcid")
    chosen = places.filter(near).values("one")
    others = [images.filter(field=field, rcid=rcid) for field, rcid in apart]
    found = [row for rows in (images.filter(pk__in=chosen), *others) for row in rows.values_list("field", *CORNERS)]
    table = np.array(found, np.float64).reshape(-1, 9)
    return kept.of_fields(table[:, 0].astype(int), table[:, 1:].reshape(-1, 4, 2), _known(family, filtercode))
