"""A calibration frame that is calibrated while it is read: twenty of them never lie in memory as real numbers."""

from dataclasses import dataclass

import numpy as np


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
        first = rows[0] if isinstance(rows, tuple) else rows
        raw = self.raw[rows]
        out = raw.astype(np.float32)
        out -= self.curve[first, None]
        if self.bias is not None:
            out -= self.bias[rows]
        if self.level != 1.0:
            out *= np.float32(1.0 / self.level)
        if self.pattern is not None:
            out /= self.pattern[rows]
        if np.isfinite(self.saturation):
            high = raw >= self.saturation
            if high.any():
                out[high] = np.nan
        return out
