"""The PSF as DAOPHOT's text, read as those do who measure with ZTF's files: independent of what wrote it."""

import re

import numpy as np
import pytest
from scipy.integrate import quad

from processing.science.detection import detect
from processing.science.photometry.apertures import aperture_fluxes
from processing.science.psf import daophot
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import PsfConfig, build_psf, select_psf_stars
from tests.processing.science.starfield import GAIN, READ_NOISE, SKY, star_field

RADIUS = PsfConfig().radius


class Reader:
    """ZTF's readers: words of the first line by place, numbers by their look, cubic convolution, linear terms."""

    def __init__(self, text: str):
        words = text.split("\n")[0].split()
        assert words[0] == "GAUSSIAN" and len(words) == 9
        self.side, parameters, self.terms = map(int, words[1:4])
        self.magnitude, self.height, self.x0, self.y0 = map(float, words[5:9])
        numbers = [float(one) for one in re.findall(r"[+-]?\d+\.\d+E[+-]\d+", text.split("\n", 1)[1])]
        self.widths, rest = numbers[:parameters], numbers[parameters:]
        assert len(rest) == self.terms * self.side**2
        self.tables = np.array(rest).reshape(self.terms, self.side, self.side)

    def stamp(self, x: float, y: float) -> np.ndarray:
        """The PSF of a star at a place, pixels from 1, around its nearest pixel; flux 1."""
        half, middle = (self.side - 1) // 4, (self.side - 1) // 2
        dx, dy = x / self.x0 - 1, y / self.y0 - 1
        table = self.tables[0] + self.tables[1] * dx + self.tables[2] * dy
        at = np.arange(-half, half + 1)
        gx, gy = at + round(x) - x, at + round(y) - y
        found = self.height * np.outer(self._gaussian(gy, 1), self._gaussian(gx, 0))
        weights_x, weights_y = self._cubic(2 * gx + middle), self._cubic(2 * gy + middle)
        found += weights_y @ table @ weights_x.T
        found = np.where(np.hypot(*np.meshgrid(gx, gy)) <= half, np.maximum(found, 0), 0)
        return found / found.sum()

    def _gaussian(self, offsets, axis):
        width = self.widths[axis]
        shape = lambda t: np.exp(-np.log(2) * (t / width) ** 2)  # noqa: E731
        return np.array([quad(shape, t - 0.5, t + 0.5)[0] for t in offsets]) / width

    def _cubic(self, places):
        """Catmull and Rom's weights of all samples, for each place."""
        t = np.abs(places[:, None] - np.arange(self.side)[None, :])
        return np.where(t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0))


@pytest.fixture(scope="module")
def psf():
    """Of a field whose PSF is four per cent wider on one side than on the other."""
    field = star_field(n=300, bright=14.5, faint=19, seed=3)
    image = (field.image - SKY).astype(np.float32)
    noise = np.sqrt(READ_NOISE**2 + (SKY + np.maximum(image, 0)) / GAIN).astype(np.float32)
    bad = np.zeros(image.shape, bool)
    sources = detect(image, noise, bad)
    flux, sigma = (v[:, 0] for v in aperture_fluxes(image, noise, bad, sources["x"], sources["y"], GAIN, (4.0,)))
    stars = select_psf_stars(sources, flux, flux / sigma, bad, 1e9)
    return build_psf(image, (1 / noise**2).astype(np.float32), sources["x"][stars], sources["y"][stars], flux[stars])


@pytest.fixture(scope="module")
def text(psf):
    return daophot.as_text(psf, psf.shape, psf.radius)


def residuals(psf, text) -> np.ndarray:
    """Largest difference over the peak, and error of a flux measured with what was read, for stars of all phases.

    Near the middles of the cells whose tables the pipeline's PSF has: it goes from one to the next in a step, not so
    what is read.
    """
    reader, found = Reader(text), []
    rows, columns = psf.splines.shape[:2]
    middles = np.array([((i + 0.5) / columns, (j + 0.5) / rows) for j in range(rows) for i in range(columns)])
    phases = np.random.default_rng(1).uniform(-0.5, 0.5, (8 * len(middles), 2))
    for x, y in np.repeat(middles, 8, axis=0) * psf.shape[::-1] + phases:
        model = psf_stamp(psf, x, y)
        read = reader.stamp(x + 1, y + 1)
        found.append((np.abs(read - model).max() / model.max(), (read * model).sum() / (read**2).sum() - 1))
    return np.abs(found)


def test_who_reads_the_file_has_the_pipeline_s_psf(psf, text):
    largest, flux = residuals(psf, text).T
    assert largest.max() < 0.011 and np.median(largest) < 0.005
    assert flux.max() < 0.004 and np.median(flux) < 0.002


def test_without_its_linear_terms_it_would_be_another(psf, text):
    reader = Reader(text)
    reader.tables[1:] = 0
    model = psf_stamp(psf, 500.0, 256.0)
    assert np.abs(reader.stamp(501, 257) - model).max() > 2 * np.abs(Reader(text).stamp(501, 257) - model).max()


def test_the_lines_are_those_of_daophot(text):
    lines = text.splitlines()
    assert re.fullmatch(r" GAUSSIAN   51    2    3    0   12\.500 +\d+\.\d{3}    256\.5    256\.5", lines[0])
    assert all(re.fullmatch(r" (?:[ -]{1,2}\d\.\d{6}E[+-]\d\d){1,6}", line) for line in lines[1:])
    assert len(lines) == 2 + 3 * -(-51 * 51 // 6) and text.isascii()
    reader = Reader(text)
    assert reader.height > 0 and min(reader.widths) > 0.5 and max(reader.widths) < 2


def test_no_psf_is_a_file_of_zeros():
    text = daophot.as_text(None, (3080, 3072), RADIUS)
    reader = Reader(text)
    assert reader.height == 0 and not reader.tables.any() and (reader.x0, reader.y0) == (1536.5, 1540.5)
