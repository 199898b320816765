"""Images around places on grids alike: North up, East left, above their sky, at one zero point, with one stretch."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from PIL import Image

from archive.models import ReferenceImage, ScienceImage
from archive.pixels.aligned import aligned, grid
from archive.pixels.cutouts import BadCutoutError
from archive.pixels.rendering import Rendering, levels, limits
from archive.targets.cutouts import CutoutsRefusedError, Piece
from archive.targets.lists import Target

LARGEST_SIDE = 600  # arcsec, and pixels of a frame before it is enlarged
SAMPLED = 400_000  # values of all frames together that their limits are found from
FILTERS = {"zg": "g", "zr": "r", "zi": "i"}
NO_PIXELS = "no pixel of the image lies here"
log = structlog.get_logger("archive.targets")


@dataclass(frozen=True)
class Frame:
    """One image on the grid: values above its sky, scaled to a common zero point; y to the North."""

    image: ScienceImage | ReferenceImage
    data: np.ndarray
    target: Target

    @property
    def when(self):
        """The time of the image; of a reference that of its first."""
        return self.image.obsdate if isinstance(self.image, ScienceImage) else self.image.startobsdate

    @property
    def label(self) -> str:
        """Filter, date and seeing."""
        parts = [FILTERS[self.image.filtercode], f"{self.when:%Y-%m-%d %H:%M}" if self.when else ""]
        parts.append(f"seeing {self.image.seeing:.1f} arcsec" if self.image.seeing else "")
        return "  ".join(filter(None, parts))

    @property
    def empty(self) -> bool:
        """Whether no pixel of the image lies on the grid."""
        return not np.isfinite(self.data).any()


def check_size(size: float) -> None:
    """Refuse frames that are larger than pictures are made.

    Raises
    ------
    CutoutsRefusedError
    """
    if size * 3600 > LARGEST_SIDE:
        raise CutoutsRefusedError(
            f"size={size}: pictures with North up are at most {LARGEST_SIDE / 3600:.4g} degrees wide"
        )


def common_zero_point(pieces: Iterable[Piece]) -> float | None:
    """The zero point that frames are scaled to: that of the first image that has one."""
    known = (piece.image.magzp for piece in pieces if piece.image is not None)
    return next((magzp for magzp in known if magzp is not None), None)


def frame(piece: Piece, size: float, zero_point: float | None) -> Frame:
    """One cutout that has a file, `size` degrees wide around its own target, scaled where its zero point is known.

    Raises
    ------
    CutoutsRefusedError
        for a file whose pixels have no place on the sky.
    """
    assert piece.file is not None and piece.image is not None
    try:
        data = aligned(piece.file, grid(piece.target.ra, piece.target.dec, size))
    except BadCutoutError as error:
        raise CutoutsRefusedError(str(error)) from error
    known = data[np.isfinite(data)]
    data = data - np.float32(np.median(known) if known.size else 0)
    own = piece.image.magzp
    if own is not None and zero_point is not None:
        data = data * np.float32(10 ** (0.4 * (zero_point - own)))
    return Frame(piece.image, data, piece.target)


def frame_or_reason(piece: Piece, size: float, zero_point: float | None) -> Frame | str:
    """A frame as of `frame`, or in words why there is none: a damaged file spoils its own cutout, not the others."""
    try:
        made = frame(piece, size, zero_point)
    except (CutoutsRefusedError, OSError) as error:
        return reason_of(piece, error)
    return NO_PIXELS if made.empty else made


def reason_of(piece: Piece, error: Exception) -> str:
    """The reason that hinders a cutout, in words for people; a file that cannot be read is logged."""
    assert piece.file is not None
    if not isinstance(error, OSError):
        return str(error)
    log.warning("cutout failed", file=piece.file.path, reason=str(error))
    return f"{piece.file.name} cannot be read"


def common_limits(shown: Sequence[Frame], rendering: Rendering) -> tuple[float, float]:
    """The values drawn darkest and brightest in all frames: as asked, otherwise by zscale of all of them together."""
    step = max(1, sum(one.data.size for one in shown) // SAMPLED)
    return limits(np.concatenate([one.data.ravel()[::step] for one in shown]), rendering)


def grey(one: Frame, low: float, high: float, rendering: Rendering) -> np.ndarray:
    """A frame as uint8, first row North."""
    return levels(one.data, low, high, rendering.stretch)[::-1]


def png(one: Frame, low: float, high: float, rendering: Rendering) -> bytes:
    """A frame as a grey PNG of its own pixels."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey(one, low, high, rendering))).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
