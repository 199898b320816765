"""The camera: 16 CCDs of four quadrants behind the 48-inch Schmidt, where they lie and where they look.

The focal-plane layout is in degrees on the plane tangent to the sky at the boresight, east and north
positive. CCDs run east to west in four rows from south to north (CCD 1 is the south-east corner); quadrants
are
1 = north-east, 2 = north-west, 3 = south-west, 4 = south-east of their CCD. In every quadrant pixel x runs
west and y runs south, so CD1_1 < 0 and CD2_2 < 0 as in the survey's headers.

The layout file gives corners as coordinates on a sphere whose origin is the boresight. Measured: taken so,
it agrees with the centres of 168,317 real reference images to 0.003 deg rms in each axis; taken as a plane,
to twice that.
"""

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from archive.survey.data_files import survey_data_file

FULL_NX, FULL_NY = 3072, 3080
CCD_IDS = tuple(range(1, 17))
QUADRANT_IDS = (1, 2, 3, 4)
QUADRANT_EAST_NORTH = {1: (+0.5, +0.5), 2: (-0.5, +0.5), 3: (-0.5, -0.5), 4: (+0.5, -0.5)}
"""Centre of a quadrant from the centre of its CCD, in quadrant widths and heights."""


@dataclass(frozen=True)
class Filter:
    """One survey filter: fid 1, code `zg`, header name `ZTF_g`, band `g`."""

    fid: int
    code: str
    name: str
    band: str


FILTERS = (Filter(1, "zg", "ZTF_g", "g"), Filter(2, "zr", "ZTF_r", "r"), Filter(3, "zi", "ZTF_i", "i"))
WAVELENGTHS = {"zg": (4.09e-7, 5.52e-7), "zr": (5.60e-7, 7.32e-7), "zi": (7.03e-7, 8.87e-7)}
"""Ends of the pass bands, m."""

FILTER_BY_FID = {filter_.fid: filter_ for filter_ in FILTERS}
FILTER_BY_CODE = {filter_.code: filter_ for filter_ in FILTERS}


@dataclass(frozen=True)
class Site:
    """The telescope's site: degrees east and north (WGS84), metres above sea level."""

    longitude: float = -116.8598
    latitude: float = 33.3573
    altitude: float = 1668.0


@dataclass(frozen=True)
class Camera:
    """The detector's numbers; the defaults are the survey's header constants."""

    nx: int = FULL_NX
    ny: int = FULL_NY
    overscan: int = 30
    """columns of each overscan strip"""
    pixel_scale: float = 1.012 / 3600
    """deg per pixel"""
    gain: float = 6.0
    """electrons per DN"""
    read_noise: float = 9.0
    """electrons"""
    dark_current: float = 1.0
    """electrons per second at operating temperature, the header's upper bound"""
    saturation: float = 58647.0
    """DN, in a science image"""
    ccds: tuple[int, ...] = CCD_IDS
    layout_scale: float = 1.0
    """factor on the focal-plane layout, 1 for the real camera"""
    site: Site = field(default_factory=Site)

    def scaled(self, nx: int, ny: int, ccds: tuple[int, ...] = CCD_IDS) -> "Camera":
        """A smaller detector of the same camera: same pixels, the whole layout shrunk by nx/3072, fewer CCDs.

        Raises
        ------
        ValueError
            if a size is not positive or a CCD number is not 1 to 16.
        """
        if nx < 1 or ny < 1:
            raise ValueError(f"nx={nx}, ny={ny}: a quadrant needs at least one pixel, for example 1024 x 1024")
        for ccdid in ccds:
            rcid(ccdid, 1)
        return replace(self, nx=nx, ny=ny, ccds=tuple(ccds), layout_scale=nx / FULL_NX)

    @property
    def rcids(self) -> tuple[int, ...]:
        """Readout channels of the CCDs in use."""
        return tuple(rcid(ccdid, qid) for ccdid in self.ccds for qid in QUADRANT_IDS)


def rcid(ccdid: int, qid: int) -> int:
    """Readout channel 0 to 63 of a CCD (1 to 16) and quadrant (1 to 4)."""
    if ccdid not in CCD_IDS:
        raise ValueError(f"ccdid={ccdid}: CCDs are numbered 1 to 16")
    if qid not in QUADRANT_IDS:
        raise ValueError(f"qid={qid}: quadrants are numbered 1 to 4")
    return 4 * (ccdid - 1) + qid - 1


def ccd_quadrant(rcid: int) -> tuple[int, int]:
    """CCD and quadrant of a readout channel: 50 is CCD 13, quadrant 3."""
    if not 0 <= rcid <= 63:
        raise ValueError(f"rcid={rcid}: readout channels are numbered 0 to 63")
    return rcid // 4 + 1, rcid % 4 + 1


def filter_of(key: int | str) -> Filter:
    """A filter by fid (1), code ('zg') or name ('ZTF_g')."""
    for filter_ in FILTERS:
        if key in (filter_.fid, filter_.code, filter_.name):
            return filter_
    raise ValueError(f"filter={key!r}: use fid 1, 2, 3, code zg, zr, zi or name ZTF_g, ZTF_r, ZTF_i")


def filter_named(text: str) -> Filter | None:
    """The filter that somebody means by zr, r or ZTF_r, in any case; None if it is none of ZTF's."""
    folded = text.strip().casefold()
    return next((one for one in FILTERS if folded in (one.code, one.band, one.name.casefold())), None)


@cache
def ccd_layout() -> dict[int, tuple[float, float, float]]:
    """Centre (east, north; deg on the tangent plane) and rotation (deg, east through north) of the 16 CCDs.

    Source: the corner table of the quadrants, whose east-west column is positive east and whose `Quad`
    column is the readout channel. (The table of the CCDs, beside it, is positive west.)
    """
    table = np.loadtxt(survey_data_file("ztf_ccd_quad_layout.tbl"), delimiter=",", skiprows=1)
    longitude, latitude = np.radians(table[:, 0]), np.radians(table[:, 1])
    east = np.degrees(np.tan(longitude))
    north = np.degrees(np.tan(latitude) / np.cos(longitude))
    centres = np.array([(east[table[:, 3] == i].mean(), north[table[:, 3] == i].mean()) for i in range(64)])
    layout = {}
    for ccdid in CCD_IDS:
        ne, nw, sw, se = centres[4 * (ccdid - 1) : 4 * ccdid]
        eastward = (ne - nw) + (se - sw)
        centre = (ne + nw + sw + se) / 4
        rotation = float(np.degrees(np.arctan2(eastward[1], eastward[0])))
        layout[ccdid] = (float(centre[0]), float(centre[1]), rotation)
    return layout


def quadrant_centre(camera: Camera, ccdid: int, qid: int) -> tuple[float, float]:
    """Centre of a quadrant on the tangent plane, deg east and north of the boresight.

    The four quadrants of a CCD abut exactly; the gaps between CCDs come from the layout file.
    """
    rcid(ccdid, qid)
    u, v = QUADRANT_EAST_NORTH[qid]
    return _on_plane(camera, ccdid, u * camera.nx * camera.pixel_scale, v * camera.ny * camera.pixel_scale)


def pixel_to_plane(camera: Camera, ccdid: int, qid: int, x, y):
    """Pixel (x, y), 1-based centres as in FITS, to (east, north) on the tangent plane, deg, undistorted."""
    rcid(ccdid, qid)
    u, v = QUADRANT_EAST_NORTH[qid]
    east = (u * camera.nx - (np.asarray(x) - (camera.nx + 1) / 2)) * camera.pixel_scale
    north = (v * camera.ny - (np.asarray(y) - (camera.ny + 1) / 2)) * camera.pixel_scale
    return _on_plane(camera, ccdid, east, north)


def _on_plane(camera, ccdid, east, north):
    """From the CCD's own axes to the focal plane's."""
    centre_east, centre_north, rotation = ccd_layout()[ccdid]
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    return (
        centre_east * camera.layout_scale + c * east - s * north,
        centre_north * camera.layout_scale + s * east + c * north,
    )


def plane_to_sky(east, north, ra: float, dec: float):
    """Tangent-plane (east, north), deg, about a boresight (ra, dec), deg, to right ascension and
    declination, deg.

    Source: Calabretta & Greisen 2002, section 5.1.3 (TAN), written with vectors.
    """
    xi, eta = np.radians(east), np.radians(north)
    cos_dec, sin_dec = np.cos(np.radians(dec)), np.sin(np.radians(dec))
    depth = cos_dec - eta * sin_dec
    longitude = np.arctan2(xi, depth)
    latitude = np.arctan2(sin_dec + eta * cos_dec, np.hypot(depth, xi))
    return (ra + np.degrees(longitude)) % 360.0, np.degrees(latitude)


def sky_to_plane(ra, dec, ra0: float, dec0: float):
    """Right ascension and declination, deg, to (east, north) on the plane tangent at (ra0, dec0), deg.

    Positions 90 deg or more from the tangent point have no image: NaN.
    """
    longitude, latitude = np.radians(np.asarray(ra) - ra0), np.radians(dec)
    cos_dec, sin_dec = np.cos(np.radians(dec0)), np.sin(np.radians(dec0))
    depth = sin_dec * np.sin(latitude) + cos_dec * np.cos(latitude) * np.cos(longitude)
    depth = np.where(depth > 0, depth, np.nan)
    xi = np.cos(latitude) * np.sin(longitude) / depth
    eta = (cos_dec * np.sin(latitude) - sin_dec * np.cos(latitude) * np.cos(longitude)) / depth
    return np.degrees(xi), np.degrees(eta)


def nominal_wcs(
    camera: Camera, ccdid: int, qid: int, ra: float, dec: float, rotation: float = 0.0
) -> dict[str, object]:
    """Header cards of a quadrant's WCS for a boresight (ra, dec), deg, before any star was seen.

    `rotation` turns the camera about the boresight, deg, east through north. As in the survey's headers
    CRVAL is the centre of the quadrant, and the CD matrix holds what the two tangent planes (boresight's and
    quadrant's) differ by. TPV coefficients are the identity.
    """
    x0, y0 = (camera.nx + 1) / 2, (camera.ny + 1) / 2
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))

    def sky(x, y):
        east, north = pixel_to_plane(camera, ccdid, qid, x, y)
        return plane_to_sky(c * east - s * north, s * east + c * north, ra, dec)

    crval1, crval2 = (float(angle) for angle in sky(x0, y0))
    along_x = np.subtract(*_central_pair(sky, x0, y0, 1.0, 0.0, crval1, crval2))
    along_y = np.subtract(*_central_pair(sky, x0, y0, 0.0, 1.0, crval1, crval2))
    return {
        "WCSAXES": 2,
        "WCSNAME": "ZTF",
        "RADESYS": "ICRS",
        "EQUINOX": 2000.0,
        "CTYPE1": "RA---TPV",
        "CTYPE2": "DEC--TPV",
        "CRPIX1": x0,
        "CRPIX2": y0,
        "CRVAL1": crval1,
        "CRVAL2": crval2,
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CD1_1": float(along_x[0]) / 2,
        "CD1_2": float(along_y[0]) / 2,
        "CD2_1": float(along_x[1]) / 2,
        "CD2_2": float(along_y[1]) / 2,
        "PV1_0": 0.0,
        "PV1_1": 1.0,
        "PV1_2": 0.0,
        "PV2_0": 0.0,
        "PV2_1": 1.0,
        "PV2_2": 0.0,
    }


def _central_pair(sky, x0, y0, dx, dy, crval1, crval2):
    """Tangent-plane positions one step to either side of a pixel."""
    (ra_after, dec_after), (ra_before, dec_before) = sky(x0 + dx, y0 + dy), sky(x0 - dx, y0 - dy)
    return (
        np.array(sky_to_plane(ra_after, dec_after, crval1, crval2)),
        np.array(sky_to_plane(ra_before, dec_before, crval1, crval2)),
    )
