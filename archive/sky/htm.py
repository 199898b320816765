"""Hierarchical triangular mesh: the number of the triangle of the sphere that holds a position. Pure.

Source: Kunszt, Szalay & Thakar (2001), in Mining the Sky, p. 631: eight triangles with numbers 8 to 15, each divided
into four by the middles of its sides; every division appends two bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archive.sky.sphere import unit_vectors

DEPTH = 20  # divisions, as IRSA's tables have it
_UP, _X, _Y = np.eye(3)[2], np.eye(3)[0], np.eye(3)[1]
# The corners of S0 to S3 and N0 to N3, in the order in which their sides run anticlockwise.
_FIRST = np.array(
    [(_X, -_UP, _Y), (_Y, -_UP, -_X), (-_X, -_UP, -_Y), (-_Y, -_UP, _X)]
    + [(_X, _UP, -_Y), (-_Y, _UP, -_X), (-_X, _UP, _Y), (_Y, _UP, _X)]
)
_EDGE = -1e-15  # a point on a side belongs to the first triangle that has it


def number(ra: npt.ArrayLike, dec: npt.ArrayLike, depth: int = DEPTH) -> np.ndarray:
    """Numbers (n,), int64, of positions (n,), degrees: 4 + 2 depth bits each."""
    points = np.atleast_2d(unit_vectors(ra, dec))
    chosen = _first_that_holds(points, np.broadcast_to(_FIRST, (len(points), 8, 3, 3)))
    corners, found = _FIRST[chosen], 8 + chosen
    for _ in range(depth):
        children = _divided(corners)
        chosen = _first_that_holds(points, children)
        corners, found = children[np.arange(len(points)), chosen], 4 * found + chosen
    return found.astype(np.int64)


def _divided(corners: np.ndarray) -> np.ndarray:
    """The four triangles (n, 4, 3, 3) in each of triangles (n, 3, 3): one at each corner, then the middle one."""
    a, b, c = np.moveaxis(corners, 1, 0)
    ab, bc, ca = (_unit(one + other) for one, other in ((a, b), (b, c), (c, a)))
    parts = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (bc, ca, ab)]
    return np.stack([np.stack(part, axis=1) for part in parts], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _first_that_holds(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Index of the triangle (n, k, 3, 3) that holds each point; rounding on a side decides for the nearest."""
    sides = np.cross(triangles, np.roll(triangles, -1, axis=2))
    inside = np.einsum("nksx,nx->nks", sides, points).min(axis=2)
    return np.where((inside >= _EDGE).any(axis=1), (inside >= _EDGE).argmax(axis=1), inside.argmax(axis=1))
