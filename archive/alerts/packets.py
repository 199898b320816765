"""Reading alert packets back from the tree."""

from __future__ import annotations

from itertools import islice

import fastavro

from archive import storage
from archive.models import Alert

STAMPS = {"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"}


def packet_of(alert: Alert) -> dict:
    """The whole packet of an alert, stamps included."""
    with storage.absolute(alert.packet.path).open("rb") as file:
        return next(islice(fastavro.reader(file), alert.packet_index, None))
