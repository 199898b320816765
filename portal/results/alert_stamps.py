"""An alert's stamps as pictures: north up, east left, one scale, the alert in the middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from archive.models import Alert, ScienceImage
from archive.pixels.orientation import Turning, centred, north_up
from archive.products.alert_packets import STAMPS, stamp_of
from archive.survey.camera import Camera, ccd_quadrant, nominal_wcs
from archive.survey.identifiers import split_pid
from archive.tables.alert_fields import measured

SIDE = 63  # pixels of ZTF's stamps
BAR = 10.0  # arcsec
ARROW = 8.0  # pixels of the compass's arrows
CORNER = (57.0, 17.0)  # of the compass
TITLES = {
    "science": "the science image, in which the alert was found",
    "template": "the template, the reference image of the same place",
    "difference": "the difference, science minus template",
}


@dataclass(frozen=True)
class Arrow:
    """From the compass's corner, and where its letter stands; pixels from the top left."""

    letter: str
    x: float
    y: float
    letter_x: float
    letter_y: float


@dataclass(frozen=True)
class Frame:
    """The drawing over each stamp; lengths in pixels."""

    side: int
    scale: float
    bar: float
    arrows: list[Arrow]
    corner: tuple[float, float] = CORNER

    @property
    def width(self) -> float:
        """Arcsec."""
        return self.side * self.scale

    @property
    def middle(self) -> float:
        return self.side / 2

    @property
    def bar_end(self) -> float:
        return round(4 + self.bar, 2)

    @property
    def bar_middle(self) -> float:
        return round(4 + self.bar / 2, 2)


def turning_of(alert: Alert, science: ScienceImage | None) -> Turning:
    """The turning of an alert's stamps: by its image, or as the camera stands where no image is here."""
    if science is not None:
        return north_up((science.cd11, science.cd12, science.cd21, science.cd22))
    rcid = split_pid(alert.pid)[1] if alert.rcid is None else alert.rcid
    cards = nominal_wcs(Camera(), *ccd_quadrant(rcid), alert.ra, min(max(alert.dec, -85.0), 85.0))
    cd11, cd12, cd21, cd22 = (float(str(cards[f"CD{k}"])) for k in ("1_1", "1_2", "2_1", "2_2"))
    return north_up((cd11, cd12, cd21, cd22))


def stamp_pixels(packet: dict, kind: str, turning: Turning) -> np.ndarray | None:
    """One stamp, turned; None where the packet has none of that kind."""
    pixels = stamp_of(packet, kind)
    if pixels is None:
        return None
    x, y = (measured(packet["candidate"].get(name)) for name in ("xpos", "ypos"))
    return turning(centred(pixels, SIDE, x, y))


def frame_of(turning: Turning) -> Frame:
    """Crosshair, compass and scale of an alert's stamps."""
    arrows = []
    for letter, angle in (("N", turning.north), ("E", turning.east)):
        left, up = math.sin(math.radians(angle)), math.cos(math.radians(angle))
        ends = [
            round(at, 2) for reach in (ARROW, ARROW + 3.5) for at in (CORNER[0] - reach * left, CORNER[1] - reach * up)
        ]
        arrows.append(Arrow(letter, *ends))
    return Frame(SIDE, turning.scale, round(BAR / turning.scale, 2), arrows)


def kinds_in(packet: dict) -> list[tuple[str, str]]:
    """The stamps that a packet has, each with a sentence of what it is."""
    return [(kind, TITLES[kind]) for kind, name in STAMPS.items() if packet.get(name)]
