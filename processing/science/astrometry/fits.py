"""Least-squares fits of a projection to matched stars, with clipping. Pure."""

from dataclasses import replace

import numpy as np

from processing.science import tpv

# Stars per free parameter of one axis below which a lower degree is fitted.
STARS_PER_TERM = 4


def _robust_lstsq(design, target, weight, clip):
    """Weighted least squares with clipping at `clip` robust sigmas. Returns coefficients (k, 2) and the
    kept rows."""
    keep = np.ones(len(target), bool)
    for _ in range(8):
        w = (weight * keep)[:, None]
        solution = np.linalg.lstsq(design * w, target * w, rcond=None)[0]
        deviation = np.hypot(*(target - design @ solution).T) * weight
        limit = clip * np.median(deviation[keep]) / 1.1774  # median of a Rayleigh distribution
        new = deviation <= max(limit, 1e-9 * weight.max())
        if new.sum() < design.shape[1] + 1 or np.array_equal(new, keep):
            break
        keep = new
    return solution, keep


def refit_pointing(wcs: tpv.Tpv, x, y, xi, eta, weight: np.ndarray, clip: float) -> tpv.Tpv:
    """Move CRVAL, turn and scale CD, keep the distortion.

    x, y : pixels of stars; xi, eta : their places in the tangent plane at CRVAL (deg); weight : of each
    """
    u, v = tpv.intermediate(wcs, x, y)
    terms = list(tpv.POWERS)
    p = tpv.design_matrix(u, v, terms) @ wcs.pv[0, terms]
    q = tpv.design_matrix(v, u, terms) @ wcs.pv[1, terms]
    solution, _ = _robust_lstsq(np.column_stack([np.ones_like(p), p, q]), np.column_stack([xi, eta]), weight, clip)
    crval = np.array(tpv.deproject(solution[0, 0], solution[0, 1], wcs.crval))
    return replace(wcs, crval=crval, cd=solution[1:].T @ wcs.cd)


def fit_distortion(
    wcs: tpv.Tpv, x, y, xi, eta, weight: np.ndarray, degree: int, clip: float
) -> tuple[tpv.Tpv, np.ndarray]:
    """Fit the terms up to a degree; higher ones stay as they were guessed, for few stars cannot tell them."""
    terms = tpv.terms_up_to(degree)
    higher = [k for k in tpv.POWERS if k not in terms]
    u, v = tpv.intermediate(wcs, x, y)
    pv = np.zeros((2, tpv.N_TERMS))
    pv[:, higher] = wcs.pv[:, higher]
    first, second = tpv.design_matrix(u, v, terms), tpv.design_matrix(v, u, terms)
    xi = xi - tpv.design_matrix(u, v, higher) @ pv[0, higher] if higher else xi
    eta = eta - tpv.design_matrix(v, u, higher) @ pv[1, higher] if higher else eta
    keep = np.ones(len(x), bool)
    for _ in range(8):
        w = weight * keep
        pv[0, terms] = np.linalg.lstsq(first * w[:, None], xi * w, rcond=None)[0]
        pv[1, terms] = np.linalg.lstsq(second * w[:, None], eta * w, rcond=None)[0]
        deviation = np.hypot(xi - first @ pv[0, terms], eta - second @ pv[1, terms]) * weight
        new = deviation <= max(clip * np.median(deviation[keep]) / 1.1774, 1e-9 * weight.max())
        if new.sum() < len(terms) + 2 or np.array_equal(new, keep):
            break
        keep = new
    return replace(wcs, pv=pv), keep


def degree_for(n: int, largest: int) -> int:
    """Degree of the distortion that n stars can tell, `largest` at most."""
    for degree in range(largest, 1, -1):
        if n >= STARS_PER_TERM * len(tpv.terms_up_to(degree)):
            return degree
    return 1
