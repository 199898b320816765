"""Period searches for people who wait: each in a process of its own that ends with its time, or with its client.

Few run at once. The kernels know no time limit; the process that they run in has one (`archive.sandbox`). No Django.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import BinaryIO

import numpy as np

from archive import sandbox
from archive.sandbox.client import Kind
from lightcurves.irsa import periodogram as irsa
from lightcurves.periods.choices import Peak, Spectrum

SEARCHES = Kind("period searches", ("lightcurves.searches",), at_once=1)
LIMITS = sandbox.Limits(memory=1024**3, cpu=90, seconds=180.0, answer=64 * 1024**2)


class TooCostlyError(ValueError):
    """A search that does not end within its time."""


def periodogram(t, mag, err, band, method: str, fmin: float | None, fmax: float, curve=None) -> Spectrum:
    """As lightcurves.periods.multiband.periodogram.

    Raises
    ------
    ValueError
        also where the search takes longer than it may.
    sandbox.TryLaterError
    """
    columns = [*(np.asarray(one, np.float64) for one in (t, mag, err)), _codes(band, t), _codes(curve, t)]
    found = _in_child("viewer", columns, method=method, fmin=fmin, fmax=fmax)
    return Spectrum(**found | {"peaks": tuple(Peak(**one) for one in found["peaks"])})


def _codes(labels, t) -> np.ndarray:
    """Labels as numbers, in their order; without labels all are one."""
    if labels is None:
        return np.zeros(len(t))
    return np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1].astype(np.float64)


def irsa_periodogram(t, y, asked: irsa.Asked, band=None, curve=None) -> irsa.Answer:
    """As lightcurves.irsa.periodogram.compute.

    Raises
    ------
    irsa.BadRequestError
    sandbox.TryLaterError
    """
    columns = [np.asarray(t), np.asarray(y), _codes(band, t), _codes(curve, t)]
    try:
        return irsa.Answer(**_in_child("irsa_of", columns, asked=asdict(asked)))
    except ValueError as reason:
        raise irsa.BadRequestError(str(reason)) from reason


def warm_up() -> None:
    """Load every kernel, in the server of the children: once confined, they may open no file."""
    from lightcurves.periods import multiband, warmup  # noqa: F401 (both are what children use)

    warmup.warm_up()


def viewer(source: BinaryIO, method: str, fmin: float | None, fmax: float) -> dict:
    """In the child."""
    from lightcurves.periods import multiband

    t, mag, err, band, curve = np.frombuffer(source.read(), np.float64).reshape(5, -1)
    found = multiband.periodogram(t, mag, err, band, method, fmin, fmax, curve)
    return asdict(found)


def irsa_of(source: BinaryIO, asked: dict) -> dict:
    """In the child."""
    t, y, band, curve = np.frombuffer(source.read(), np.float64).reshape(4, -1)
    return asdict(irsa.compute(t, y, irsa.Asked(**asked), band, curve))


def _in_child(function: str, columns: list[np.ndarray], **arguments) -> dict:
    content = np.stack([np.asarray(one, np.float64) for one in columns]).tobytes()
    try:
        return sandbox.run(f"lightcurves.searches:{function}", content, LIMITS, SEARCHES, **arguments)
    except sandbox.TryLaterError:
        raise
    except sandbox.RefusedError as reason:
        raise ValueError(str(reason)) from reason
    except sandbox.SandboxError as reason:
        raise TooCostlyError(f"the search was stopped: {reason}; try fewer points or a narrower range") from reason
