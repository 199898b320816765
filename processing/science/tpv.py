"""The TPV projection: a tangent plane with polynomial distortion, as in ZTF's headers.

pixel -> (CRPIX, CD) -> intermediate (u, v), deg -> polynomials PV1, PV2 -> tangent plane (xi, eta), deg ->
sky. Axis 1 is a polynomial in (u, v), axis 2 the same in (v, u). The terms, with r = sqrt(u^2 + v^2):
0: 1, 1: x, 2: y, 3: r, 4: x2, 5: xy, 6: y2, 7: x3, 8: x2y, 9: xy2, 10: y3, 11: r3, 12: x4 ... 16: y4.
Source: the TPV convention in the Registry of FITS Conventions; Calabretta & Greisen 2002, A&A 395, 1077
(tangent plane).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# Powers (x, y) of each polynomial term; the radial terms 3 and 11 have none.
POWERS = {
    0: (0, 0), 1: (1, 0), 2: (0, 1), 4: (2, 0), 5: (1, 1), 6: (0, 2), 7: (3, 0), 8: (2, 1), 9: (1, 2), 
    10: (0, 3), 12: (4, 0), 13: (3, 1), 14: (2, 2), 15: (1, 3), 16: (0, 4),
}  # fmt: skip
RADIAL = {3: 1, 11: 3}
N_TERMS = 17
# Newton's steps stop when the tangent-plane residual is below 1e-13 deg = 0.4 nano-arcsec.
INVERSION_TOLERANCE = 1e-13
INVERSION_STEPS = 20


@dataclass(frozen=True)
class Tpv:
    """crpix: (2,) FITS pixels, 1-based; crval: (2,) deg, ICRS; cd: (2, 2) deg/pixel; pv: (2, 17)."""

    crpix: np.ndarray
    crval: np.ndarray
    cd: np.ndarray
    pv: np.ndarray


def identity_terms() -> np.ndarray:
    """PV coefficients (2, 17) of an undistorted tangent plane."""
    pv = np.zeros((2, N_TERMS))
    pv[:, 1] = 1.0
    return pv


def terms_up_to(degree: int) -> list[int]:
    """Numbers of the polynomial terms up to a total degree (1 to 4)."""
    if degree not in (1, 2, 3, 4):
        raise ValueError(f"degree={degree}: a TPV fit has degree 1, 2, 3 or 4")
    return [k for k, (i, j) in POWERS.items() if i + j <= degree]


def design_matrix(x: np.ndarray, y: np.ndarray, terms: list[int]) -> np.ndarray:
    """Columns of the polynomial terms at (x, y): shape (n, len(terms))."""
    xp = [np.ones_like(x), x, x * x, x**3, x**4]
    yp = [np.ones_like(y), y, y * y, y**3, y**4]
    return np.stack([xp[POWERS[k][0]] * yp[POWERS[k][1]] for k in terms], axis=1)


def _polynomial(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray):
    """Value and derivatives with respect to x and y."""
    value, dx, dy = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for k, (i, j) in POWERS.items():
        c = coefficients[k]
        if c == 0.0:
            continue
        value += c * x**i * y**j
        if i:
            dx += c * i * x ** (i - 1) * y**j
        if j:
            dy += c * j * x**i * y ** (j - 1)
    for k, power in RADIAL.items():
        c = coefficients[k]
        if c == 0.0:
            continue
        r = np.hypot(x, y)
        value += c * r**power
        # d(r^p)/dx = p r^(p-2) x, which is 0 (p=3) or undefined (p=1) at the origin
        factor = np.where(r > 0, c * power * np.where(r > 0, r, 1.0) ** (power - 2), 0.0)
        dx += factor * x
        dy += factor * y
    return value, dx, dy


def project(ra: np.ndarray, dec: np.ndarray, crval: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sky (deg, ICRS) to tangent plane (xi, eta), deg; NaN on the far hemisphere."""
    a, d = np.radians(np.asarray(ra, float) - crval[0]), np.radians(np.asarray(dec, float))
    d0 = np.radians(crval[1])
    cosine = np.sin(d) * np.sin(d0) + np.cos(d) * np.cos(d0) * np.cos(a)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.where(cosine > 0, cosine, np.nan)
        xi = np.cos(d) * np.sin(a) / cosine
        eta = (np.sin(d) * np.cos(d0) - np.cos(d) * np.sin(d0) * np.cos(a)) / cosine
    return np.degrees(xi), np.degrees(eta)


def deproject(xi: np.ndarray, eta: np.ndarray, crval: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tangent plane (deg) to sky (deg, ICRS, 0 <= ra < 360)."""
    x, y = np.radians(xi), np.radians(eta)
    d0 = np.radians(crval[1])
    depth = np.cos(d0) - y * np.sin(d0)
    ra = crval[0] + np.degrees(np.arctan2(x, depth))
    dec = np.degrees(np.arctan2(np.sin(d0) + y * np.cos(d0), np.hypot(x, depth)))
    return np.mod(ra, 360.0), dec


def intermediate(wcs: Tpv, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """0-based pixels to intermediate coordinates (u, v), deg."""
    dx, dy = np.asarray(x, float) + 1.0 - wcs.crpix[0], np.asarray(y, float) + 1.0 - wcs.crpix[1]
    return wcs.cd[0, 0] * dx + wcs.cd[0, 1] * dy, wcs.cd[1, 0] * dx + wcs.cd[1, 1] * dy


def pixel_scale(wcs: Tpv) -> float:
    """Degrees per pixel at the reference point, the mean of both axes."""
    return float(np.sqrt(abs(np.linalg.det(wcs.cd))))


def pixel_to_sky(wcs: Tpv, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """0-based pixels to (ra, dec), deg, ICRS."""
    u, v = intermediate(wcs, x, y)
    xi = _polynomial(wcs.pv[0], u, v)[0]
    eta = _polynomial(wcs.pv[1], v, u)[0]
    return deproject(xi, eta, wcs.crval)


def sky_to_pixel(wcs: Tpv, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(ra, dec), deg, ICRS, to 0-based pixels; NaN where the position cannot be on the tangent plane."""
    xi, eta = project(ra, dec, wcs.crval)
    u, v = xi.copy(), eta.copy()
    for _ in range(INVERSION_STEPS):
        p, p_u, p_v = _polynomial(wcs.pv[0], u, v)
        q, q_v, q_u = _polynomial(wcs.pv[1], v, u)
        du_, dv_ = xi - p, eta - q
        with np.errstate(invalid="ignore", divide="ignore"):
            determinant = p_u * q_v - p_v * q_u
            u += (du_ * q_v - dv_ * p_v) / determinant
            v += (dv_ * p_u - du_ * q_u) / determinant
        if not np.any(np.hypot(du_, dv_) > INVERSION_TOLERANCE):
            break
    inverse = np.linalg.inv(wcs.cd)
    x = inverse[0, 0] * u + inverse[0, 1] * v + wcs.crpix[0] - 1.0
    y = inverse[1, 0] * u + inverse[1, 1] * v + wcs.crpix[1] - 1.0
    return x, y


def from_header(header: Mapping) -> Tpv:
    """Read a TAN or TPV header (CRPIX, CRVAL, CDi_j, PVi_k).

    Raises
    ------
    ValueError
        if a card is missing or the projection is another one.
    """
    ctype = str(header.get("CTYPE1", "RA---TAN")).strip()
    if ctype not in ("RA---TPV", "RA---TAN"):
        raise ValueError(f"CTYPE1={ctype!r}: RA---TPV or RA---TAN needed")
    needed = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
    missing = [key for key in needed if key not in header]
    if missing:
        raise ValueError(f"header has no {', '.join(missing)}: a WCS needs them")
    value = {key: float(header[key]) for key in needed}
    pv = identity_terms()
    if ctype == "RA---TPV":
        for axis in (1, 2):
            for k in range(N_TERMS):
                default = 1.0 if k == 1 else 0.0
                pv[axis - 1, k] = float(header.get(f"PV{axis}_{k}", default))
    return Tpv(
        np.array([value["CRPIX1"], value["CRPIX2"]]),
        np.array([value["CRVAL1"], value["CRVAL2"]]),
        np.array([[value["CD1_1"], value["CD1_2"]], [value["CD2_1"], value["CD2_2"]]]),
        pv,
    )


def linear_cards(wcs: Tpv, projection: str) -> list[tuple[str, object, str]]:
    """The cards (keyword, value, comment) of a WCS without its distortion; projection: TAN or TPV."""
    return [
        ("WCSAXES", 2, "Number of WCS axes"),
        ("RADESYS", "ICRS", "Coordinate reference system"),
        ("CTYPE1", f"RA---{projection}", "Coord system X axis"),
        ("CTYPE2", f"DEC--{projection}", "Coord system Y axis"),
        ("CRPIX1", float(wcs.crpix[0]), "Coord system X ref pixel"),
        ("CRPIX2", float(wcs.crpix[1]), "Coord system Y ref pixel"),
        ("CRVAL1", float(wcs.crval[0]), "Coord system value at CRPIX1"),
        ("CRVAL2", float(wcs.crval[1]), "Coord system value at CRPIX2"),
        ("CUNIT1", "deg", "Coordinate units for X axis"),
        ("CUNIT2", "deg", "Coordinate units for Y axis"),
        *[(f"CD{i + 1}_{j + 1}", float(wcs.cd[i, j]), "WCS matrix") for i in (0, 1) for j in (0, 1)],
    ]


def header_cards(wcs: Tpv) -> list[tuple[str, object, str]]:
    """The cards (keyword, value, comment) that describe a WCS, as in ZTF's science images."""
    cards = [("WCSNAME", "ZTF", "Name of the WCS coordinate system"), *linear_cards(wcs, "TPV")]
    cards += [
        (f"PV{axis + 1}_{k}", float(wcs.pv[axis, k]), "Projection distortion parameter")
        for axis in (0, 1)
        for k in range(N_TERMS)
        if k not in RADIAL or wcs.pv[axis, k] != 0.0
    ]
    return cards
