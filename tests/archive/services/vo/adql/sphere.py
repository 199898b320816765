"""The sphere in plain numpy: what CONTAINS and its like have to say, by other ways than PostgreSQL's functions go.

Positions are (n, 2) degrees. A polygon's inside is where its border winds around, seen from there.
"""

from __future__ import annotations

import numpy as np


def vectors(ra, dec) -> np.ndarray:
    """Unit vectors, (..., 3)."""
    a, d = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d) + 0 * a], axis=-1)


def positions(v: np.ndarray) -> np.ndarray:
    """Degrees of vectors, (..., 2)."""
    return np.stack(
        [np.degrees(np.arctan2(v[..., 1], v[..., 0])) % 360, np.degrees(np.arctan2(v[..., 2], np.hypot(*v.T[:2]).T))],
        axis=-1,
    )


def distance(ra, dec, ra2, dec2) -> np.ndarray:
    """Degrees, by cross and dot product."""
    u, v = np.broadcast_arrays(vectors(ra, dec), vectors(ra2, dec2))
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=-1), np.sum(u * v, axis=-1)))


def inside(ra, dec, polygon) -> np.ndarray:
    """Whether positions lie within a polygon (k, 2): its border winds an odd number of times around them.

    Where the border winds around the antipode, the position lies outside.
    """
    p, v = np.atleast_2d(vectors(ra, dec)), vectors(*np.asarray(polygon, float).T)
    east = np.cross([0.0, 0.0, 1.0], p)
    flat = np.linalg.norm(east, axis=1) < 1e-12
    east[flat] = [1.0, 0.0, 0.0]
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(p, east)
    angle = np.arctan2(v @ east.T, v @ north.T)  # of each vertex around each position
    turned = (np.roll(angle, -1, axis=0) - angle + np.pi) % (2 * np.pi) - np.pi
    winds = np.rint(turned.sum(axis=0) / (2 * np.pi)).astype(int) % 2 == 1
    return winds & (p @ v.sum(axis=0) > 0)


def border(polygon, steps: int = 400) -> np.ndarray:
    """Vectors along a polygon's border, (k * steps, 3)."""
    v = vectors(*np.asarray(polygon, float).T)
    along = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    points = (v + along * (np.roll(v, -1, axis=0) - v)).reshape(-1, 3)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def border_distance(ra: float, dec: float, polygon) -> float:
    """Degrees from a position to the border, by golden-section search along each side (unimodal or at an end)."""
    p, v = vectors(ra, dec), vectors(*np.asarray(polygon, float).T)
    found = 180.0
    for a, b in zip(v, np.roll(v, -1, axis=0), strict=True):
        t = np.linspace(0, 1, 201)
        for _ in range(6):
            points = a + t[:, None] * (b - a)
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            apart = np.linalg.norm(points - p, axis=1)
            k = int(apart.argmin())
            t = np.linspace(t[max(k - 1, 0)], t[min(k + 1, 200)], 201)
        found = min(found, float(np.degrees(2 * np.arcsin(min(1.0, apart.min() / 2)))))
    return found


def borders_cross(one, two) -> bool:
    """Whether sides of two polygons cross: solved for where the planes of two sides meet."""
    v, u = vectors(*np.asarray(one, float).T), vectors(*np.asarray(two, float).T)
    for a, b in zip(v, np.roll(v, -1, axis=0), strict=True):
        for c, d in zip(u, np.roll(u, -1, axis=0), strict=True):
            line = np.cross(np.cross(a, b), np.cross(c, d))
            length = np.linalg.norm(line)
            if length < 1e-18:
                continue
            if any(_on_arc(sign * line / length, a, b) and _on_arc(sign * line / length, c, d) for sign in (1, -1)):
                return True
    return False


def _on_arc(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> bool:
    middle = a + b
    return x @ middle >= (a @ middle) * (1 - 1e-15)


def contains(a: tuple, b: tuple) -> bool | None:
    """Whether geometry a lies within b; None where it is so near to the border that rounding decides.

    Geometries are ("point", (ra, dec)), ("circle", (ra, dec, r)) or ("polygon", [(ra, dec), ...]).
    """
    (kind, x), (outer, y) = a, b
    radius = x[2] if kind == "circle" else 0.0
    if outer == "circle":
        if kind == "polygon":
            far = _farthest(y, x)
            return _surely(y[2] - far)
        return True if y[2] >= 180 else _surely(y[2] - radius - distance(*x[:2], *y[:2]))
    if kind == "polygon":
        near = min(border_distance(*one, y) for one in x)
        near = min([near] + [border_distance(*one, x) for one in y])
        if near < 1e-7:
            return None
        return bool(inside(*np.asarray(x).T, y).all()) and not borders_cross(x, y)
    near = border_distance(*x[:2], y)
    if abs(near - radius) < 1e-7:
        return None
    return bool(inside(*x[:2], y)[0]) and near >= radius


def intersects(a: tuple, b: tuple) -> bool | None:
    """Whether two geometries have a point in common; None where rounding decides."""
    if a[0] == "point":
        return contains(a, b)
    if b[0] == "point" or (a[0] == "polygon" and b[0] == "circle"):
        return intersects(b, a)
    (kind, x), (_, y) = a, b
    if b[0] == "circle":
        return _surely(x[2] + y[2] - distance(*x[:2], *y[:2]))
    if kind == "circle":
        near = border_distance(*x[:2], y)
        return True if inside(*x[:2], y)[0] and near > 1e-7 else _surely(x[2] - near)
    near = min([border_distance(*one, y) for one in x] + [border_distance(*one, x) for one in y])
    if near < 1e-7:
        return None
    return borders_cross(x, y) or bool(inside(*np.asarray(x).T, y).any() or inside(*np.asarray(y).T, x).any())


def _farthest(circle, polygon) -> float:
    """Distance of the polygon's farthest point from a circle's centre."""
    ra, dec = circle[:2]
    opposite = ((ra + 180) % 360, -dec)
    if inside(*opposite, polygon)[0]:
        return 180.0
    return 180.0 - border_distance(*opposite, polygon)


def _surely(margin) -> bool | None:
    return None if abs(margin) < 1e-7 else bool(margin > 0)


def box(ra: float, dec: float, width: float, height: float) -> list[tuple[float, float]]:
    """Corners of a box: where the great circles through the ends of its arms, at right angles to them, meet."""
    c = vectors(ra, dec)
    east = vectors(ra + 90, 0.0)
    north = np.cross(c, east)
    sides = {}
    for axis, size in (("x", width), ("y", height)):
        along = east if axis == "x" else north
        for sign in (-1, 1):
            half = np.radians(size / 2) * sign
            sides[axis, sign] = -np.sin(half) * c + np.cos(half) * along  # normal of the side's great circle
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        line = np.cross(sides["x", x], sides["y", y])
        line *= np.sign(line @ c) / np.linalg.norm(line)
        corners.append(tuple(float(one) for one in positions(line)))
    return corners
