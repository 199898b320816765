"""The contents of a tar of cutouts: each as FITS, each as a picture, or all of a target in a filter as a movie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from archive.pixels import rendering
from archive.pixels.rendering import Rendering
from archive.targets.cutouts import CutoutRequest, Piece
from archive.targets.frames import Frame, common_limits, common_zero_point, frame_or_reason, png, reason_of
from archive.targets.movie import MOST_FRAMES, animation

OK = "ok"
NO_IMAGE = "no image that you may see covers it"
TOO_MANY = f"left out: at most {MOST_FRAMES} images of a target in a filter are drawn alike"


@dataclass(frozen=True)
class Entry:
    """One file of a tar, or None and what hinders, with the cutouts that it shows and what became of each."""

    path: str
    content: bytes | None
    pieces: list[tuple[Piece, str]]


def groups(found: Iterable[Piece], content: str) -> Iterator[list[Piece]]:
    """Cutouts that are drawn together: each alone as FITS, else those of a target in a filter."""
    if content == "fits":
        return ([piece] for piece in found)
    alike = sorted(found, key=_group)
    return (list(group) for _, group in groupby(alike, key=_group))


def _group(piece: Piece) -> tuple[int, str]:
    return piece.number, piece.image.filtercode if piece.image is not None else ""


def entries(group: list[Piece], request: CutoutRequest) -> Iterator[Entry]:
    """The files of a group of `groups`; a damaged file spoils its own cutout, not the others."""
    if group[0].file is None:
        yield Entry("", None, [(piece, NO_IMAGE) for piece in group])
    elif request.content == "fits":
        yield _fits(group[0], request.size)
    else:
        yield from _drawn(group, request)


def _fits(piece: Piece, size: float) -> Entry:
    assert piece.file is not None
    try:
        cut = rendering.cutout(piece.file, piece.target.ra, piece.target.dec, size)
        return Entry(piece.path, rendering.fits_bytes(cut), [(piece, OK)])
    except (rendering.BadCutoutError, OSError) as error:
        return Entry("", None, [(piece, reason_of(piece, error))])


def _drawn(group: list[Piece], request: CutoutRequest) -> Iterator[Entry]:
    zero_point = common_zero_point(group)
    made: list[tuple[Piece, Frame]] = []
    missing = [(piece, TOO_MANY) for piece in group[MOST_FRAMES:]]
    for piece in group[:MOST_FRAMES]:
        one = frame_or_reason(piece, request.size, zero_point)
        if isinstance(one, str):
            missing.append((piece, one))
        else:
            made.append((piece, one))
    if missing:
        yield Entry("", None, missing)
    if not made:
        return
    plain = Rendering()
    if request.content == "gif":
        path = f"{made[0][0].path.rpartition('/')[0]}/{made[0][1].image.filtercode}.gif"
        yield Entry(path, animation([one for _, one in made[::-1]], "gif", plain), [(piece, OK) for piece, _ in made])
        return
    low, high = common_limits([one for _, one in made], plain)
    for piece, one in made:
        yield Entry(f"{piece.path.removesuffix('.fits')}.png", png(one, low, high, plain), [(piece, OK)])
