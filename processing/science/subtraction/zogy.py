"""Image subtraction by proper statistics (Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27: "ZOGY").

With N = science, R = reference, P their PSFs, F their flux scales and s the noise of their skies, in Fourier
space (equations 13, 14, 12 and 25 to 33 there):

    D = (Fr Pr N - Fn Pn R) / sqrt(sn^2 Fr^2 |Pr|^2 + sr^2 Fn^2 |Pn|^2)
    S = Kn N - Kr R, the matched-filter image
    Scorr = S / sqrt(V(S)), V with the noise of the sources and of the registration

Tiles are worked through one by one, each with its own PSFs; they overlap so that no edge shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft
from numba import njit

from processing.science.coadd.resample import FAST


@dataclass(frozen=True)
class SubtractConfig:
    """tile: px; margin: overlap on each side (px); half: half size of the PSF stamps (px); stamp: half size
    of the stamps of the difference's PSF (px); min_registration: error of the registration assumed at least,
    per axis (px)."""

    tile: int = 768
    margin: int = 32
    half: int = 11
    stamp: int = 12
    min_registration: float = 0.03


@dataclass(frozen=True)
class Subtraction:
    """difference: float32 (ny, nx), DN of the science image; scorr: float32 (ny, nx), significance of a
    point source; psfs: float32 (rows, columns, 2 stamp + 1, 2 stamp + 1), PSF of the difference in each
    tile, of sum 1; noise: of the difference where there is sky only, mean of the tiles (DN)."""

    difference: np.ndarray
    scorr: np.ndarray
    psfs: np.ndarray
    noise: float

    def tile_of(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the tile of a pixel."""
        rows, columns = self.psfs.shape[:2]
        ny, nx = self.difference.shape
        row, column = int((y + 0.5) / ny * rows), int((x + 0.5) / nx * columns)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def psf_at(self, x: float, y: float) -> np.ndarray:
        """PSF of the difference near a pixel."""
        return self.psfs[self.tile_of(x, y)]


PsfAt = Callable[[float, float], np.ndarray]
"""(x, y), 0-based pixels -> stamp (2 half + 1, 2 half + 1) of the PSF centred on its middle pixel, sum 1."""


class Transforms(NamedTuple):
    """Fourier transforms of science image, reference and their PSFs."""

    n_hat: np.ndarray
    r_hat: np.ndarray
    pn: np.ndarray
    pr: np.ndarray


class Spectra(NamedTuple):
    """Of D, of both parts of S, of their filters, of the PSF of D."""

    d_hat: np.ndarray
    sn_hat: np.ndarray
    sr_hat: np.ndarray
    kn: np.ndarray
    kr: np.ndarray
    pd: np.ndarray


@njit(fastmath=FAST, cache=True)
def _filter_kernel(transforms, sn2, sr2, flux, floor, spectra):
    """All of ZOGY's spectra at once, with Fn = Fr = 1. `flux`: flux scale of D."""
    n_hat, r_hat, pn, pr = transforms
    d_hat, sn_hat, sr_hat, kn, kr, pd = spectra
    rows, columns = n_hat.shape
    for j in range(rows):
        for i in range(columns):
            a, b = pn[j, i], pr[j, i]
            power_n = a.real * a.real + a.imag * a.imag
            power_r = b.real * b.real + b.imag * b.imag
            total = max(sn2 * power_r + sr2 * power_n, floor)
            root = np.float32(1.0) / np.sqrt(total)
            d_hat[j, i] = (b * n_hat[j, i] - a * r_hat[j, i]) * root / flux
            pd[j, i] = a * b * root / flux
            kn[j, i] = np.conj(a) * (power_r / total)
            kr[j, i] = np.conj(b) * (power_n / total)
            sn_hat[j, i] = kn[j, i] * n_hat[j, i]
            sr_hat[j, i] = kr[j, i] * r_hat[j, i]


@njit(fastmath=FAST, cache=True)
def _significance_kernel(s_n, s_r, variance, dx2, dy2, top, left, out):
    """Scorr of the middle of a tile: registration enters through the gradients of both filtered images."""
    rows, columns = out.shape
    last_row, last_column = s_n.shape[0] - 1, s_n.shape[1] - 1
    half = np.float32(0.5)
    for y in range(rows):
        j = y + top
        above, below = min(j + 1, last_row), max(j - 1, 0)
        for x in range(columns):
            i = x + left
            right, before = min(i + 1, last_column), max(i - 1, 0)
            nx, ny = half * (s_n[j, right] - s_n[j, before]), half * (s_n[above, i] - s_n[below, i])
            rx, ry = half * (s_r[j, right] - s_r[j, before]), half * (s_r[above, i] - s_r[below, i])
            v = variance[j, i] + dx2 * (nx * nx + rx * rx) + dy2 * (ny * ny + ry * ry)
            out[y, x] = (s_n[j, i] - s_r[j, i]) / np.sqrt(max(v, np.float32(1e-20)))


def _wrapped(stamp: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A stamp whose middle pixel stands at the origin of a periodic frame."""
    half = stamp.shape[0] // 2
    frame = np.zeros(shape, np.float32)
    frame[: stamp.shape[0], : stamp.shape[1]] = stamp
    return np.roll(frame, (-half, -half), (0, 1))


def _unwrapped(frame: np.ndarray, half: int) -> np.ndarray:
    """The stamp about the origin of a periodic frame."""
    return np.roll(frame, (half, half), (0, 1))[: 2 * half + 1, : 2 * half + 1]


class _Tile:
    """One tile: its shape, padded for fast Fourier transforms, and these."""

    def __init__(self, shape: tuple[int, int]):
        self.shape = shape
        self.padded = tuple(scipy.fft.next_fast_len(side, real=True) for side in shape)

    def forward(self, image: np.ndarray) -> np.ndarray:
        return scipy.fft.rfft2(image, s=self.padded)

    def back(self, spectrum: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft2(spectrum, s=self.padded, overwrite_x=True)

    def whole_back(self, spectrum: np.ndarray) -> np.ndarray:
        return self.back(spectrum)[: self.shape[0], : self.shape[1]]


def _subtract_tile(science, reference, var_n, var_r, psf_n, psf_r, sn, sr):
    """D, S of science, S of reference, V(S) and PSF of D of one tile; D in DN."""
    tile = _Tile(science.shape)
    pn, pr = tile.forward(_wrapped(psf_n, tile.padded)), tile.forward(_wrapped(psf_r, tile.padded))
    n_hat, r_hat = tile.forward(science), tile.forward(reference)
    flux = np.float32(1.0 / np.sqrt(sn * sn + sr * sr))
    floor = np.float32(1e-6 * (sn * sn + sr * sr))
    spectra = Spectra(*(np.empty_like(n_hat) for _ in range(6)))
    _filter_kernel(Transforms(n_hat, r_hat, pn, pr), np.float32(sn * sn), np.float32(sr * sr), flux, floor, spectra)
    d_hat, sn_hat, sr_hat, kn, kr, pd = spectra
    variance = tile.forward(tile.back(kn) ** 2) * tile.forward(var_n)
    variance += tile.forward(tile.back(kr) ** 2) * tile.forward(var_r)
    return (
        tile.whole_back(d_hat), tile.whole_back(sn_hat), tile.whole_back(sr_hat), tile.whole_back(variance),
        tile.back(pd), 1.0 / float(flux),
    )  # fmt: skip


def subtract(
    science: np.ndarray,
    reference: np.ndarray,
    science_variance: np.ndarray,
    reference_variance: np.ndarray,
    science_psf: PsfAt,
    reference_psf: PsfAt,
    science_noise: float,
    reference_noise: float,
    registration: tuple[float, float],
    config: SubtractConfig | None = None,
) -> Subtraction:
    """Subtract a reference from a science image of the same pixels and flux scale.

    Parameters
    ----------
    science, reference : float32 (ny, nx), DN, sky-subtracted, finite everywhere
    science_variance, reference_variance : float32 (ny, nx), DN^2, with the photon noise of the sources
    science_psf, reference_psf : PSF at a position
    science_noise, reference_noise : of their skies, DN
    registration : error of the reference's place, per axis (px)
    """
    config = config or SubtractConfig()
    ny, nx = science.shape
    rows, columns = (max(1, round(side / config.tile)) for side in (ny, nx))
    side = 2 * config.stamp + 1
    psfs = np.empty((rows, columns, side, side), np.float32)
    difference, scorr = np.empty(science.shape, np.float32), np.empty(science.shape, np.float32)
    dx2, dy2 = (np.float32(max(error, config.min_registration) ** 2) for error in registration)
    noise = 0.0
    for row in range(rows):
        for column in range(columns):
            y0, y1 = row * ny // rows, (row + 1) * ny // rows
            x0, x1 = column * nx // columns, (column + 1) * nx // columns
            top, left = min(y0, config.margin), min(x0, config.margin)
            part = np.s_[y0 - top : min(y1 + config.margin, ny), x0 - left : min(x1 + config.margin, nx)]
            middle = (x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2
            d, s_n, s_r, variance, psf, level = _subtract_tile(
                science[part], reference[part], science_variance[part], reference_variance[part],
                _stamp(science_psf(*middle)), _stamp(reference_psf(*middle)), science_noise, reference_noise,
            )  # fmt: skip
            inner = np.s_[top : top + y1 - y0, left : left + x1 - x0]
            difference[y0:y1, x0:x1] = d[inner]
            out = np.empty((y1 - y0, x1 - x0), np.float32)
            _significance_kernel(s_n, s_r, variance, dx2, dy2, top, left, out)
            scorr[y0:y1, x0:x1] = out
            stamp = _unwrapped(psf, config.stamp)
            psfs[row, column] = stamp / stamp.sum()
            noise += level / (rows * columns)
    return Subtraction(difference, scorr, psfs, noise)


def _stamp(stamp: np.ndarray) -> np.ndarray:
    """A PSF stamp of sum 1 in single precision."""
    return (stamp / stamp.sum()).astype(np.float32)
