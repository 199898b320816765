"""The regions that a request searches: a cone, a box or a polygon, or a cone around each row of an uploaded table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from django.core.files.uploadedfile import UploadedFile

from archive.forms import NO, YES, truth_of
from archive.given.positions import BadPositionError, Position, pair
from archive.requests.numbers import real
from archive.search.name_services import locate
from archive.search.names import NameNotFoundError
from archive.services.protocol.errors import BadRequestError
from archive.sky import shapes
from archive.sky.boxes import Box
from archive.sky.sphere import to_ra_dec
from archive.tables.readers import UnreadableTableError, read_table
from archive.targets.lists import LARGEST_UPLOAD
from lightcurves.gator.catalogs import LARGEST_RADIUS

UNITS = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0}
LONGER = {"arcseconds": "arcsec", "arcminutes": "arcmin", "degree": "deg", "degrees": "deg"}
DEFAULT_RADIUS = 10.0  # arcsec
LARGEST_UPLOADED = 60.0  # arcsec, around each row of a table
MOST_ROWS, MOST_CELLS, LONGEST_CELL = 10_000, 1_000_000, 200
ELLIPSES = ("ratio", "angle")


@dataclass(frozen=True)
class Region:
    """A cone (degrees) or, with corners (ra, dec in turn), the polygon that it surrounds.

    centre : where distances are counted from; none for a polygon
    words : as the answer's header tells it
    """

    ra: float
    dec: float
    radius: float
    words: str
    centre: Position | None = None
    corners: tuple[float, ...] = ()


@dataclass(frozen=True)
class Uploaded:
    """A table's rows, each with its place and radius (degrees); `one_to_one` gives every row its nearest object."""

    table: Table
    ra: np.ndarray
    dec: np.ndarray
    radius: np.ndarray
    one_to_one: bool
    words: str


Where = Region | Uploaded | None


def read(spatial: str, given: Mapping[str, str], upload: UploadedFile | None) -> tuple[Where, tuple[str, ...]]:
    """The region that parameters describe (their values by upper-case name), and the parameters that it takes.

    Raises
    ------
    BadRequestError
    """
    kind = spatial.strip().lower() or ("upload" if upload else "cone" if given.get("OBJSTR", "").strip() else "")
    readers = {"cone": (_cone, ("OBJSTR", "RADIUS", "RADUNITS")), "box": (_box, ("OBJSTR", "SIZE")),
               "polygon": (_polygon, ("POLYGON",))}  # fmt: skip
    if kind == "none":
        return None, ()
    if kind == "upload":
        return _upload(given, upload), ("FILENAME", "URADIUS", "URADUNITS", "ONE_TO_ONE")
    if kind not in readers:
        said = f"spatial={spatial.strip()[:40]}" if spatial.strip() else "spatial is missing"
        raise BadRequestError(f"{said}: use one of Cone, Box, Polygon, Upload, NONE")
    read_one, names = readers[kind]
    return read_one(given), names


def _cone(given: Mapping[str, str]) -> Region:
    place = _centre(given)
    text = given.get("RADIUS", "").strip() or f"{DEFAULT_RADIUS:g}"
    unit = _unit("radunits", given.get("RADUNITS", ""))
    radius = _angle("radius", text, unit, LARGEST_RADIUS)
    words = f"within {text} {unit} of  ra={place.ra:.5f} dec={place.dec:+.5f} Eq J2000 "
    return Region(place.ra, place.dec, radius, words, place)


def _box(given: Mapping[str, str]) -> Region:
    place = _centre(given)
    text = given.get("SIZE", "").strip()
    if not text:
        raise BadRequestError("size is missing: give the box's full width in arcsec, for example size=20")
    width = _angle("size", text, "arcsec", LARGEST_RADIUS)
    box = Box(place.ra, place.dec, width, width)
    corners = np.stack(to_ra_dec(box.corners), axis=1)
    words = f"Box centered at ({place.ra:.6f},{place.dec:.6f}) {text} arcsec wide Eq J2000 "
    return Region(place.ra, place.dec, box.radius, words, place, tuple(corners.ravel().tolist()))


def _polygon(given: Mapping[str, str]) -> Region:
    text = given.get("POLYGON", "").strip()
    example = "for example polygon=10.1 10.1, 10.0 10.1, 10.0 10.0"
    if not text:
        raise BadRequestError(f"polygon is missing: give its vertices, ra dec with commas between, {example}")
    vertices = []
    for part in text.split(","):
        words = part.split()
        if len(words) != 2:
            raise BadRequestError(f"polygon={text[:80]}: {part.strip()[:40]!r} is no vertex: give ra dec, {example}")
        try:
            vertices.append(pair(*words))
        except BadPositionError as error:
            raise BadRequestError(f"polygon={text[:80]}: {error}") from error
    numbers = " ".join(f"{one.ra!r} {one.dec!r}" for one in vertices)
    try:
        shape = shapes.read_polygon(numbers, "polygon=")
    except shapes.BadShapeError as error:
        raise BadRequestError(str(error)) from error
    if shape.radius > LARGEST_RADIUS:
        raise BadRequestError(f"polygon={text[:80]}: reaches farther than {LARGEST_RADIUS:g} degrees from its middle")
    corners = tuple(number for vertex in shape.vertices for number in vertex)
    return Region(*shape.middle, shape.radius, f"Polygon {text} Eq J2000 ", None, corners)


def _centre(given: Mapping[str, str]) -> Position:
    text = given.get("OBJSTR", "").strip()
    wrong = "Either wrong or missing coordinate/object name"  # the words that IRSA's clients look for
    if not text:
        raise BadRequestError(f"{wrong}: objstr is missing; give a position or a name, for example objstr=M31")
    try:
        found = locate(text)
    except (BadPositionError, NameNotFoundError) as error:
        raise BadRequestError(f"{wrong}: objstr={text[:80]}: {error}") from error
    if found.ra is None or found.dec is None:
        raise BadRequestError(f"{wrong}: objstr={text[:80]}: moves and has no place of its own")
    return Position(found.ra, found.dec)


def _unit(name: str, text: str) -> str:
    word = text.strip().lower() or "arcsec"
    unit = LONGER.get(word, word)
    if unit not in UNITS:
        raise BadRequestError(f"{name}={text.strip()[:40]}: use one of {', '.join(UNITS)}")
    return unit


def _angle(name: str, text: str, unit: str, largest: float) -> float:
    """A positive angle in degrees."""
    value = real(text)
    degrees = 0.0 if value is None else value * UNITS[unit]
    if not 0 < degrees <= largest * (1 + 1e-12):
        raise BadRequestError(f"{name}={text[:40]}: must lie above 0, up to {largest / UNITS[unit]:g} {unit}")
    return degrees


def _upload(given: Mapping[str, str], upload: UploadedFile | None) -> Uploaded:
    if upload is None:
        raise BadRequestError("filename is missing: send a table as a file of that name, with columns ra and dec")
    if upload.size > LARGEST_UPLOAD:
        raise BadRequestError(f"filename: the table has {upload.size} bytes; at most {LARGEST_UPLOAD} are read")
    try:
        table = read_table(upload.read(), MOST_ROWS)
    except UnreadableTableError as error:
        raise BadRequestError(f"filename: {error}") from error
    if not len(table):
        raise BadRequestError("filename: the table has no rows")
    if len(table) > MOST_ROWS or len(table) * len(table.colnames) > MOST_CELLS:
        raise BadRequestError(f"filename: at most {MOST_ROWS} rows and {MOST_CELLS} cells are read; divide the table")
    places = _places(table)
    radius, words = _radii(given, table)
    text = given.get("ONE_TO_ONE", "").strip()
    if (one_to_one := truth_of(text)) is None:
        raise BadRequestError(f"one_to_one={text[:40]}: use one of {' '.join(YES + NO)}")
    return Uploaded(table, *places, radius, one_to_one, f"{words} of each of {len(table)} uploaded rows Eq J2000 ")


def _column(table: Table, wanted: str) -> str | None:
    """The column of this name, in any case."""
    found = [name for name in table.colnames if name.lower() == wanted]
    if len(found) > 1:
        raise BadRequestError(f"filename: columns {' and '.join(found)}: each may be the {wanted}; leave one of them")
    return found[0] if found else None


def _places(table: Table) -> tuple[np.ndarray, np.ndarray]:
    axes = []
    for axis in ("ra", "dec"):
        if (name := _column(table, axis)) is None:
            raise BadRequestError(f"filename: the table has no column {axis}; it has {', '.join(table.colnames)[:200]}")
        axes.append(table[name])
    found = []
    for number, (ra, dec) in enumerate(zip(*axes, strict=True), start=1):
        try:
            found.append(pair(str(ra), str(dec)))
        except BadPositionError as error:
            raise BadRequestError(f"filename: row {number}: {error}") from error
    return np.array([one.ra for one in found]), np.array([one.dec for one in found])


def _radii(given: Mapping[str, str], table: Table) -> tuple[np.ndarray, str]:
    """The radius of each row, degrees: `uradius`, or without it the table's column major (arcsec)."""
    text, unit = given.get("URADIUS", "").strip(), _unit("uradunits", given.get("URADUNITS", ""))
    if text in ("", "0") and (major := _column(table, "major")) is not None:
        if ellipse := next((name.lower() for name in table.colnames if name.lower() in ELLIPSES), None):
            raise BadRequestError(
                f"filename: the table has a column {ellipse}: ellipses are not searched; give uradius"
            )
        return _column_of_radii(table[major]), "within major"
    text = text or f"{DEFAULT_RADIUS:g}"
    return np.full(len(table), _angle("uradius", text, unit, LARGEST_UPLOADED / 3600)), f"within {text} {unit}"


def _column_of_radii(column) -> np.ndarray:
    for number, value in enumerate(column, start=1):
        _angle(f"filename: row {number}: major", str(value), "arcsec", LARGEST_UPLOADED / 3600)
    return np.array([float(value) for value in column]) / 3600
