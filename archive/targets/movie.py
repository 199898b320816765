"""One target in time: its images on grids alike, with one stretch, as an animated PNG or GIF, or one by one."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive.pixels.rendering import Rendering
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError, Piece, of_target
from archive.targets.frames import (
    FILTERS,
    NO_PIXELS,
    Frame,
    check_size,
    common_limits,
    common_zero_point,
    frame_or_reason,
    grey,
    png,
)
from archive.targets.lists import Target

MOST_FRAMES = 200
MOST_PLAYED = 16_000_000  # pixels of all frames that are sent one by one
SMALLEST_SHOWN = 256  # pixels; smaller frames are enlarged by whole numbers
FRAME_MS, REST_MS = 250, 1000  # each frame; the last one
LABEL_HEIGHT, LABEL_SIZE = 18, 12
FORMATS = {"apng": "image/png", "gif": "image/gif", "png": "image/png"}


def frames(target: Target, request: CutoutRequest) -> list[Frame]:
    """The images of a target in time, oldest first, as far as the reader may see them.

    Raises
    ------
    CutoutsRefusedError
        without a filter, with none or too many images, or too large a size.
    """
    if not request.filtercode:
        raise CutoutsRefusedError(f"filtercode: a movie shows one filter; give one of {', '.join(FILTERS)}")
    check_size(request.size)
    what = f"{target.name}: no image in {request.filtercode} that you may see has pixels here"
    return frames_of(of_target(target, request), request.size, what)


def frames_of(pieces: Sequence[Piece], size: float, otherwise: str) -> list[Frame]:
    """The frames of cutouts that come newest first, oldest first, without those that cannot be read.

    Raises
    ------
    CutoutsRefusedError
        for too large a size or too many images; with the words `otherwise` where none has pixels.
    """
    check_size(size)
    with_pixels = [piece for piece in pieces if piece.file is not None]
    if len(with_pixels) > MOST_FRAMES:
        raise CutoutsRefusedError(
            f"{len(with_pixels)} images: a movie has at most {MOST_FRAMES}; give dates, or newest=100"
        )
    zero_point = common_zero_point(with_pixels)
    drawn = [frame_or_reason(piece, size, zero_point) for piece in reversed(with_pixels)]
    made = [one for one in drawn if isinstance(one, Frame)]
    if not made:
        why = [one for one in drawn if isinstance(one, str) and one != NO_PIXELS]
        raise CutoutsRefusedError("; ".join([otherwise, *why[:1]]))
    return made


def animation(shown: Sequence[Frame], form: str, rendering: Rendering = Rendering()) -> bytes:  # noqa: B008 (frozen)
    """Frames as an animated PNG (`apng`), GIF (`gif`), or the last of them as a still PNG (`png`).

    All are drawn with the same limits: those asked for, or zscale of all frames together.
    """
    if form not in FORMATS:
        raise CutoutsRefusedError(f"form={form!r}: use one of {', '.join(FORMATS)}")
    low, high = common_limits(shown, rendering)
    chosen = shown[-1:] if form == "png" else shown
    pictures = [_picture(one, low, high, rendering) for one in chosen]
    buffer = io.BytesIO()
    if form == "png":
        pictures[0].save(buffer, "PNG")
        return buffer.getvalue()
    durations = [FRAME_MS] * (len(pictures) - 1) + [REST_MS]
    options = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0}
    pictures[0].save(buffer, "PNG" if form == "apng" else "GIF", **options)
    return buffer.getvalue()


def pictures(shown: Sequence[Frame], rendering: Rendering) -> tuple[tuple[float, float], list[bytes]]:
    """Limits (DN above the sky), and every frame as a PNG drawn with them.

    Raises
    ------
    CutoutsRefusedError
        if they have more than MOST_PLAYED pixels together.
    """
    total = sum(one.data.size for one in shown)
    if total > MOST_PLAYED:
        raise CutoutsRefusedError(
            f"{len(shown)} images of {shown[0].data.shape[0]} pixels a side: {total / 1e6:.0f} million pixels, at most "
            f"{MOST_PLAYED / 1e6:.0f} are played one by one; give a smaller size, dates, or newest=20"
        )
    low, high = common_limits(shown, rendering)
    return (low, high), [png(one, low, high, rendering) for one in shown]


def _picture(one: Frame, low: float, high: float, rendering: Rendering) -> Image.Image:
    """A frame with its label below."""
    shades = grey(one, low, high, rendering)
    enlarge = max(1, -(-SMALLEST_SHOWN // shades.shape[1]))
    shades = np.kron(shades, np.ones((enlarge, enlarge), np.uint8))
    sheet = Image.new("L", (shades.shape[1], shades.shape[0] + LABEL_HEIGHT), 0)
    sheet.paste(Image.fromarray(shades))
    font = ImageFont.load_default(LABEL_SIZE)
    ImageDraw.Draw(sheet).text((4, shades.shape[0] + 2), one.label, fill=255, font=font)
    return sheet
