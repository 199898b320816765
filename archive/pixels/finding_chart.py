"""A finding chart: the sky around a place, North up and East left, on one page to take to the telescope."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from PIL import Image, ImageDraw, ImageFont

from archive.models import ProductFile
from archive.pixels import rendering
from archive.pixels.aligned import aligned, grid
from archive.pixels.cutouts import NoOverlapError

SMALLEST, LARGEST = 0.005, 0.5  # deg
SIDE = 1200  # pixels of the picture
MARGIN, HEAD, FOOT = 60, 150, 120
GAP, ARM = 26, 60  # pixels of the crosshair from the place, and its length
FORMATS = {"png": "image/png", "pdf": "application/pdf"}
DPI = 150.0
BARS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # arcsec that a scale bar may have
INK, ACCENT, PAPER = (20, 20, 24), (190, 18, 60), (255, 255, 255)


@dataclass(frozen=True)
class Chart:
    """A chart to be drawn. ra, dec : ICRS degrees; size : full width, deg; name : of the object, for the head"""

    ra: float
    dec: float
    size: float
    name: str = ""
    rendering: rendering.Rendering = rendering.Rendering()
    dark_on_light: bool = True


def drawn(chart: Chart, file: ProductFile, of: str) -> Image.Image:
    """A chart of an image; `of` names the image in the foot.

    Raises
    ------
    archive.pixels.cutouts.NoOverlapError
        where the image has no pixel of it.
    """
    data = aligned(file, grid(chart.ra, chart.dec, chart.size, scale=chart.size * 3600 / SIDE))
    if not np.isfinite(data).any():
        raise NoOverlapError(f"ra={chart.ra:.6f}, dec={chart.dec:.6f}: lies outside of this image")
    sheet = Image.new("RGB", (SIDE + 2 * MARGIN, SIDE + HEAD + FOOT), PAPER)
    sheet.paste(_sky(data, chart), (MARGIN, HEAD))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle([MARGIN, HEAD, MARGIN + SIDE - 1, HEAD + SIDE - 1], outline=INK, width=2)
    _head(draw, chart)
    _crosshair(draw)
    _compass(draw)
    _bar(draw, chart)
    draw.text((MARGIN, HEAD + SIDE + 72), of, fill=INK, font=_font(24))
    return sheet


def encoded(sheet: Image.Image, form: str) -> bytes:
    """A chart as PNG, or as a PDF of one page."""
    buffer = io.BytesIO()
    if form == "pdf":
        sheet.save(buffer, "PDF", resolution=DPI, title="Finding chart")
    else:
        sheet.save(buffer, "PNG", dpi=(DPI, DPI))
    return buffer.getvalue()


def bar_of(size: float) -> int:
    """The length of a chart's scale bar, arcsec: about a fifth of the chart, and a round number."""
    return min(BARS, key=lambda one: abs(np.log(one / (size * 3600 / 5))))


def _sky(data: np.ndarray, chart: Chart) -> Image.Image:
    limits = rendering.limits(data, chart.rendering)
    grey = rendering.levels(data, *limits, chart.rendering.stretch)[::-1]
    grey = 255 - grey if chart.dark_on_light else grey
    grey[~np.isfinite(data)[::-1]] = 235 if chart.dark_on_light else 40
    return Image.fromarray(grey).convert("RGB").resize((SIDE, SIDE))


def _head(draw: ImageDraw.ImageDraw, chart: Chart) -> None:
    place = SkyCoord(chart.ra, chart.dec, unit=units.deg)
    words = place.to_string("hmsdms", sep=":", precision=2, pad=True).split()
    title = chart.name or f"{words[0]} {words[1]}"
    draw.text((MARGIN, 30), title, fill=INK, font=_font(44))
    text = f"RA {words[0]}  Dec {words[1]}  (ICRS)    {chart.ra:.6f}  {chart.dec:+.6f} deg"
    draw.text((MARGIN, 96), text, fill=INK, font=_font(28))


def _crosshair(draw: ImageDraw.ImageDraw) -> None:
    """Two arms that leave the object itself free."""
    x, y = MARGIN + SIDE / 2, HEAD + SIDE / 2
    draw.line([x + GAP, y, x + GAP + ARM, y], fill=ACCENT, width=4)
    draw.line([x, y - GAP, x, y - GAP - ARM], fill=ACCENT, width=4)


def _compass(draw: ImageDraw.ImageDraw) -> None:
    x, y, arm = MARGIN + SIDE - 50, HEAD + SIDE - 50, 90
    draw.rectangle([x - arm - 50, y - arm - 50, x + 30, y + 30], fill=PAPER, outline=INK)
    for dx, dy, word, place in ((0, -arm, "N", (-10, -arm - 42)), (-arm, 0, "E", (-arm - 34, -16))):
        draw.line([x, y, x + dx, y + dy], fill=INK, width=4)
        across = 9
        tip = [(x + dx, y + dy), (x + dx * 0.8 - across * (dy != 0), y + dy * 0.8 - across * (dx != 0)),
               (x + dx * 0.8 + across * (dy != 0), y + dy * 0.8 + across * (dx != 0))]  # fmt: skip
        draw.polygon(tip, fill=INK)
        draw.text((x + place[0], y + place[1]), word, fill=INK, font=_font(30))


def _bar(draw: ImageDraw.ImageDraw, chart: Chart) -> None:
    arcsec = bar_of(chart.size)
    length = arcsec / (chart.size * 3600) * SIDE
    y = HEAD + SIDE + 40
    draw.line([MARGIN, y, MARGIN + length, y], fill=INK, width=4)
    for x in (MARGIN, MARGIN + length):
        draw.line([x, y - 10, x, y + 10], fill=INK, width=4)
    words = f"{arcsec // 60} arcmin" if arcsec >= 60 else f"{arcsec} arcsec"
    draw.text((MARGIN + length + 20, y - 18), words, fill=INK, font=_font(28))
    size = f"{chart.size * 60:.3g} arcmin wide"
    draw.text((MARGIN + SIDE - draw.textlength(size, font=_font(28)), y - 18), size, fill=INK, font=_font(28))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
