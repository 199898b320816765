"""One target in time: its images in a filter on one grid, with one stretch, as an animated PNG or GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive.models import ReferenceImage, ScienceImage
from archive.pixels.aligned import aligned, grid
from archive.pixels.cutouts import BadCutoutError
from archive.pixels.rendering import Rendering, levels, limits
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError, of_target
from archive.targets.lists import Target

MOST_FRAMES = 200
LARGEST_SIDE = 600  # arcsec, and pixels of a frame before it is enlarged
SMALLEST_SHOWN = 256  # pixels; smaller frames are enlarged by whole numbers
FRAME_MS, REST_MS = 250, 1000  # each frame; the last one
LABEL_HEIGHT, LABEL_SIZE = 18, 12
FORMATS = {"apng": "image/png", "gif": "image/gif", "png": "image/png"}
FILTERS = {"zg": "g", "zr": "r", "zi": "i"}


@dataclass(frozen=True)
class Frame:
    """One image on the grid: values above its sky, scaled to the zero point of the first; y to the North."""

    image: ScienceImage | ReferenceImage
    data: np.ndarray

    @property
    def label(self) -> str:
        """Filter, date and seeing."""
        when = self.image.obsdate if isinstance(self.image, ScienceImage) else self.image.startobsdate
        parts = [FILTERS[self.image.filtercode], f"{when:%Y-%m-%d %H:%M}" if when else ""]
        parts.append(f"seeing {self.image.seeing:.1f} arcsec" if self.image.seeing else "")
        return "  ".join(filter(None, parts))


def frames(target: Target, request: CutoutRequest) -> list[Frame]:
    """The images of a target in time, oldest first, as far as the reader may see them.

    Raises
    ------
    CutoutsRefusedError
        without a filter, with none or too many images, or too large a size.
    """
    if not request.filtercode:
        raise CutoutsRefusedError(f"filtercode: a movie shows one filter; give one of {', '.join(FILTERS)}")
    if request.size * 3600 > LARGEST_SIDE:
        raise CutoutsRefusedError(f"size={request.size}: a movie is at most {LARGEST_SIDE / 3600:.4g} degrees wide")
    pieces = [piece for piece in of_target(target, request) if piece.file is not None]
    if len(pieces) > MOST_FRAMES:
        raise CutoutsRefusedError(f"{len(pieces)} images: a movie has at most {MOST_FRAMES}; give dates, or newest=100")
    onto = grid(target.ra, target.dec, request.size)
    magzp = pieces[0].image.magzp if pieces and pieces[0].image is not None else None
    made = [_frame(piece, onto, magzp) for piece in reversed(pieces)]
    made = [frame for frame in made if np.isfinite(frame.data).any()]
    if not made:
        raise CutoutsRefusedError(f"{target.name}: no image in {request.filtercode} that you may see has pixels here")
    return made


def _frame(piece, onto, zero_point: float | None) -> Frame:
    try:
        data = aligned(piece.file, onto)
    except BadCutoutError as error:
        raise CutoutsRefusedError(str(error)) from error
    known = data[np.isfinite(data)]
    data = data - np.float32(np.median(known) if known.size else 0)
    own = piece.image.magzp
    return Frame(
        piece.image, data if None in (own, zero_point) else data * np.float32(10 ** (0.4 * (zero_point - own)))
    )


def animation(shown: Sequence[Frame], form: str, rendering: Rendering = Rendering()) -> bytes:  # noqa: B008 (frozen)
    """Frames as an animated PNG (`apng`), GIF (`gif`), or the last of them as a still PNG (`png`).

    All are drawn with the same limits: those asked for, or zscale of all frames together.
    """
    if form not in FORMATS:
        raise CutoutsRefusedError(f"form={form!r}: use one of {', '.join(FORMATS)}")
    low, high = limits(np.stack([frame.data for frame in shown]), rendering)
    chosen = shown[-1:] if form == "png" else shown
    pictures = [_picture(frame, low, high, rendering) for frame in chosen]
    buffer = io.BytesIO()
    if form == "png":
        pictures[0].save(buffer, "PNG")
        return buffer.getvalue()
    durations = [FRAME_MS] * (len(pictures) - 1) + [REST_MS]
    options = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0}
    pictures[0].save(buffer, "PNG" if form == "apng" else "GIF", **options)
    return buffer.getvalue()


def _picture(frame: Frame, low: float, high: float, rendering: Rendering) -> Image.Image:
    """A frame with its label below."""
    grey = levels(frame.data, low, high, rendering.stretch)[::-1]
    enlarge = max(1, -(-SMALLEST_SHOWN // grey.shape[1]))
    grey = np.kron(grey, np.ones((enlarge, enlarge), np.uint8))
    sheet = Image.new("L", (grey.shape[1], grey.shape[0] + LABEL_HEIGHT), 0)
    sheet.paste(Image.fromarray(grey))
    font = ImageFont.load_default(LABEL_SIZE)
    ImageDraw.Draw(sheet).text((4, grey.shape[0] + 2), frame.label, fill=255, font=font)
    return sheet
