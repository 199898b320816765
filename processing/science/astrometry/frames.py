"""A calibration frame that is calibrated while it is read: twenty of them never lie in memory as real numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

NOTHING = np.zeros((1, 1), np.float32)


@njit(cache=True)
def _calibrate(raw, curve, bias, pattern, factor, saturation, out):
    """A bias or pattern of one pixel stands for none."""
    ny, nx = out.shape
    has_bias, has_pattern = bias.shape == out.shape, pattern.shape == out.shape
    for y in range(ny):
        level = curve[y]
        for x in range(nx):
            value = np.float32(raw[y, x])
            light = (value - level - (bias[y, x] if has_bias else np.float32(0.0))) * factor
            if has_pattern:
                light /= pattern[y, x]
            out[y, x] = light if value < saturation else np.float32(np.nan)


@dataclass(frozen=True)
class CalibratedFrame:
    """Rows of (raw - curve - bias) / (level * pattern), NaN where raw reaches saturation.

    raw: array (ny, nx), DN as digitised; curve: float32 (ny,), DN, of the overscan; bias: float32 (ny, nx), DN, or
    None; pattern: float32 (ny, nx), or None; level: what the result is divided by; saturation: raw DN.
    """

    raw: np.ndarray
    curve: np.ndarray
    bias: np.ndarray | None = None
    pattern: np.ndarray | None = None
    level: float = 1.0
    saturation: float = np.inf

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)"""
        return self.raw.shape

    def __getitem__(self, rows) -> np.ndarray:
        """float32 array of these rows; `rows` may also be a pair of slices."""
        raw = np.ascontiguousarray(self.raw[rows])
        out = np.empty(raw.shape, np.float32)
        bias, pattern = (
            NOTHING if image is None else np.ascontiguousarray(image[rows], np.float32)
            for image in (self.bias, self.pattern)
        )
        curve = np.ascontiguousarray(self.curve[rows[0] if isinstance(rows, tuple) else rows], np.float32)
        _calibrate(raw, curve, bias, pattern, np.float32(1.0 / self.level), np.float32(self.saturation), out)
        return out


@dataclass(frozen=True)
class MeanFrame:
    """Plain mean of frames, computed where it is looked at; NaN where any of them is."""

    frames: Sequence[CalibratedFrame]

    def __getitem__(self, rows) -> np.ndarray:
        """float32 array of these rows."""
        return np.asarray(np.mean([frame[rows] for frame in self.frames], axis=0, dtype=np.float32))
