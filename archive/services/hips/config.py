"""The config of the HiPS of the references: every number it turns on."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.services.hips.tiles import Stretch

FILTERS = {"zg": "g", "zr": "r", "zi": "i"}


@dataclass(frozen=True)
class HipsConfig:
    """The settings by which references become tiles.

    order : finest order; 9 has 0.8 arcsec pixels, for references of 1 arcsec
    formats : of tiles, the first is the one that viewers should take; FITS is always among them
    zero_points : mag to which all references of a filter are scaled
    stretches : DN at these zero points, above the sky
    publisher : who gives the HiPS out, as an IVOA authority
    """

    order: int = 9
    formats: tuple[str, ...] = ("jpeg", "fits")
    zero_points: dict[str, float] = field(default_factory=lambda: {"zg": 26.325, "zr": 26.275, "zi": 25.660})
    stretches: dict[str, Stretch] = field(
        default_factory=lambda: {
            "zg": Stretch(-6.0, 1000.0, 6.0),
            "zr": Stretch(-6.0, 1000.0, 6.0),
            "zi": Stretch(-6.0, 1000.0, 6.0),
        }
    )
    publisher: str = "open.ztf"
    unit: str = "DN"
