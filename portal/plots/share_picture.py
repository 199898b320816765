"""The picture that stands for the archive where its pages are shared: a drawn light curve, no data of anybody's."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, LEFT = 1200, 630, 80  # the size that previews of links take
GROUND, INK, QUIET, LINE = "#0f141b", "#d9e0e9", "#9dabbd", "#2c3846"
BANDS = (("#4ade80", 0.0, 0.62), ("#f87171", -0.55, 0.5), ("#fbbf24", -0.9, 0.42))  # colour, shift (mag), depth (mag)
POINTS, SCATTER, SEED = 260, 0.025, 20180317
TOP, BOTTOM = 300, 560  # of the curves, pixels


def share_picture() -> bytes:
    """The picture as PNG."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(picture)
    draw.text((LEFT, 84), "ZTF archive", INK, ImageFont.load_default(84))
    draw.text((LEFT, 196), "Images, light curves and alerts of the", QUIET, ImageFont.load_default(34))
    draw.text((LEFT, 238), "Zwicky Transient Facility", QUIET, ImageFont.load_default(34))
    draw.line((LEFT, BOTTOM + 24, WIDTH - LEFT, BOTTOM + 24), LINE, 2)
    lots = np.random.default_rng(SEED)
    for colour, shift, depth in BANDS:
        phases = lots.uniform(0, 2, POINTS)
        mags = shift + eclipses(phases, depth) + lots.normal(0, SCATTER, POINTS)
        xs = LEFT + phases / 2 * (WIDTH - 2 * LEFT)
        ys = TOP + (mags + 1.0) / 1.75 * (BOTTOM - TOP)
        for x, y in zip(xs, ys, strict=True):
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), colour)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def eclipses(phases: np.ndarray, depth: float) -> np.ndarray:
    """Magnitudes below the brightest of an eclipsing binary, by phase: a deep eclipse at 0, a shallow one at 1/2."""
    from_primary = np.abs((phases + 0.5) % 1 - 0.5)
    from_secondary = np.abs(phases % 1 - 0.5)
    dips = depth * np.exp(-((from_primary / 0.06) ** 2)) + 0.4 * depth * np.exp(-((from_secondary / 0.06) ** 2))
    return dips + 0.06 * (1 - np.cos(4 * np.pi * phases)) / 2
