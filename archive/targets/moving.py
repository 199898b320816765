"""The cutouts of a moving object: of each image that it was in, around the place where it was predicted then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from archive.moving.dynamics.errors import DynamicsError
from archive.moving.dynamics.orbit import Orbit
from archive.moving.elements import orbit_from_elements, resolve_orbit
from archive.moving.search import images_of
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError, Piece, check_total, main_files
from archive.targets.lists import Target


@dataclass(frozen=True)
class Body:
    """A moving object as it was asked for: a name or a line of elements, or single elements."""

    name: str
    elements: Mapping[str, str] = field(default_factory=dict)

    @property
    def orbit(self) -> Orbit:
        """Its orbit.

        Raises
        ------
        archive.moving.dynamics.errors.DynamicsError
        """
        name = self.name.strip()
        return orbit_from_elements(self.elements, name or "your orbit") if self.elements else resolve_orbit(self.name)


def of_body(body: Body, request: CutoutRequest, most: int) -> list[Piece]:
    """The cutouts of a moving object, newest first, as far as the reader may see them.

    Raises
    ------
    CutoutsRefusedError
        for an orbit that cannot be used, for references, for more than `most` cutouts, or too large ones together.
    """
    if request.family == "ref":
        raise CutoutsRefusedError("family='ref': a reference has no moving objects; use sci or diff")
    try:
        orbit = body.orbit
        seen = images_of(orbit, request.since, request.until)[::-1]
    except DynamicsError as error:
        raise CutoutsRefusedError(str(error)) from error
    seen = [one for one in seen if request.filtercode in (None, "", one.filtercode)]
    files = {one.product_id: one for one in main_files(request.family, [one.pid for one in seen])}
    seen = [one for one in seen if one.pid in files][: request.newest]
    if len(seen) > most:
        raise CutoutsRefusedError(f"more than {most} cutouts of {orbit.name}; give a filter, dates, or newest=10")
    place = Target(orbit.name, 0.0, 0.0)
    found = [Piece(1, replace(place, ra=one.ra, dec=one.dec), one.image, files[one.pid]) for one in seen]
    check_total(found, request)
    return found
