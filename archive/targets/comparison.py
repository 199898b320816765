"""One place in several epochs, filters and kinds of image, side by side with one orientation, scale and stretch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive.pixels.rendering import Rendering
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError, Piece, main_files, of_target
from archive.targets.frames import (
    FILTERS,
    NO_PIXELS,
    Frame,
    check_size,
    common_limits,
    common_zero_point,
    frame_or_reason,
    grey,
)
from archive.targets.lists import Target

KINDS = {"sci": "science", "diff": "difference", "ref": "reference"}
MOST_EPOCHS = 12
MOST_CELLS = 60
BARS = (180, 120, 60, 30, 20, 10, 5, 2, 1)  # arcsec, of the scale bar
CELL, GAP, LABEL, MARGIN = 160, 6, 16, 40  # pixels of the sheet


@dataclass(frozen=True)
class Row:
    """Images of one filter and kind, oldest first; None where an epoch has none of that kind."""

    filtercode: str
    kind: str
    frames: list[Frame | None]

    @property
    def title(self) -> str:
        return f"{FILTERS[self.filtercode]} {KINDS[self.kind]}"


@dataclass(frozen=True)
class Comparison:
    """Rows of frames around a place; `bar` is the scale bar's length, arcsec; `left_out` says why some have none."""

    rows: list[Row]
    size: float
    bar: int
    left_out: tuple[str, ...] = ()

    @property
    def frames(self) -> list[Frame]:
        """All that there are."""
        return [one for row in self.rows for one in row.frames if one is not None]


def compare(
    target: Target,
    size: float,
    filters: Sequence[str],
    kinds: Sequence[str],
    epochs: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Comparison:
    """The newest `epochs` science images of each filter, their difference images, and the reference.

    Raises
    ------
    CutoutsRefusedError
        for a size or a number that is too large, or where no image has pixels.
    """
    check_size(size)
    if not 1 <= epochs <= MOST_EPOCHS:
        raise CutoutsRefusedError(f"epochs={epochs}: give 1 to {MOST_EPOCHS}")
    cells = len(filters) * sum(1 if kind == "ref" else epochs for kind in kinds)
    if cells > MOST_CELLS:
        raise CutoutsRefusedError(
            f"epochs={epochs}: {cells} pictures, at most {MOST_CELLS}; give fewer epochs, filters or kinds"
        )
    request = CutoutRequest(size=size, since=since, until=until, newest=epochs)
    found = [
        (code, kind, pieces)
        for code in filters
        for kind, pieces in _of_filter(target, replace(request, filtercode=code), kinds)
    ]
    zero_point = common_zero_point(piece for _, _, pieces in found for piece in pieces if piece is not None)
    left_out: list[str] = []
    rows = []
    for code, kind, pieces in found:
        drawn = [frame_or_reason(piece, size, zero_point) if piece is not None else NO_PIXELS for piece in pieces]
        left_out += [one for one in drawn if isinstance(one, str) and one != NO_PIXELS]
        rows.append(Row(code, kind, [one if isinstance(one, Frame) else None for one in drawn]))
    rows = [row for row in rows if any(row.frames)]
    if not rows:
        none = f"{target.name}: no image that you may see has pixels here"
        raise CutoutsRefusedError("; ".join([none, *left_out[:1]]))
    bar = next((one for one in BARS if one <= size * 3600 / 3), BARS[-1])
    return Comparison(rows, size, bar, tuple(left_out))


def _of_filter(target: Target, request: CutoutRequest, kinds: Sequence[str]) -> list[tuple[str, list[Piece | None]]]:
    """The rows of a filter by kind: its epochs are those of its science images."""
    epochs = [piece for piece in reversed(of_target(target, request)) if piece.file is not None]
    found: list[tuple[str, list[Piece | None]]] = []
    for kind in kinds:
        if kind == "sci":
            found.append((kind, list(epochs)))
        elif kind == "diff":
            files = {
                file.product_id: file for file in main_files("diff", [one.image.pk for one in epochs if one.image])
            }
            found.append((kind, [_with(one, files.get(one.image.pk)) for one in epochs if one.image]))
        else:
            of_all_time = replace(request, family="ref", since=None, until=None, newest=1)
            found.append((kind, [one for one in of_target(target, of_all_time) if one.file is not None]))
    return found


def _with(piece: Piece, file) -> Piece | None:
    return replace(piece, file=file) if file is not None else None


def sheet(shown: Comparison, rendering: Rendering = Rendering()) -> bytes:  # noqa: B008 (frozen)
    """All of a comparison as one PNG, with a scale bar and the directions of North and East."""
    low, high = common_limits(shown.frames, rendering)
    columns = max(len(row.frames) for row in shown.rows)
    height = CELL + 2 * LABEL + GAP
    picture = Image.new("L", (columns * (CELL + GAP) + GAP, len(shown.rows) * height + MARGIN), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(11)
    for number, row in enumerate(shown.rows):
        for column, one in enumerate(row.frames):
            if one is None:
                continue
            x, y = GAP + column * (CELL + GAP), GAP + number * height
            pixels = Image.fromarray(np.ascontiguousarray(grey(one, low, high, rendering)))
            picture.paste(pixels.resize((CELL, CELL), Image.Resampling.NEAREST), (x, y))
            when = f"{one.when:%Y-%m-%d %H:%M}" if one.when else ""
            draw.text((x, y + CELL + 1), row.title, fill=0, font=font)
            draw.text((x, y + CELL + 1 + LABEL), when, fill=0, font=font)
    _scale(draw, font, shown, picture.height - MARGIN // 2)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _scale(draw: ImageDraw.ImageDraw, font, shown: Comparison, y: int) -> None:
    length = shown.bar / (shown.size * 3600) * CELL
    draw.line([(GAP, y), (GAP + length, y)], fill=0, width=3)
    draw.text((GAP + length + GAP, y - 8), f'{shown.bar}"   North up, East left', fill=0, font=font)
