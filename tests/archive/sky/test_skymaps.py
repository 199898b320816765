"""Regions and probability maps that people bring: areas against truth, coverage of footprints, refusals in words."""

import gzip
import io

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy_healpix import HEALPix, nside_to_level
from mocpy import MOC

from archive.sky.skymaps import BadRegionError, covered, read
from archive.sky.sphere import separation

RA, DEC, SIGMA = 55.0, 33.0, 3.0
NSIDE = 128


def gauss(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    return np.exp(-(separation(ra, dec, RA, DEC) ** 2) / 2 / SIGMA**2)


def as_fits(columns: list[fits.Column], **cards) -> bytes:
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(cards)
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(buffer)
    return buffer.getvalue()


def flat(order: str = "ring", scale: float = 1.0, **cards) -> bytes:
    grid = HEALPix(NSIDE, order=order)
    lon, lat = grid.healpix_to_lonlat(np.arange(grid.npix))
    probability = gauss(lon.deg, lat.deg)
    probability *= scale / probability.sum()
    told = {"PIXTYPE": "HEALPIX", "ORDERING": "NESTED" if order == "nested" else "RING", "NSIDE": NSIDE, "OBJECT": "S1"}
    return as_fits([fits.Column("PROB", "1024E", array=probability.reshape(-1, 1024))], **told | cards)


def multi_order() -> bytes:
    """Fine cells around the peak, coarse ones elsewhere, as observatories of gravitational waves give them."""
    coarse, fine = HEALPix(32, order="nested"), HEALPix(256, order="nested")
    lon, lat = coarse.healpix_to_lonlat(np.arange(coarse.npix))
    near = separation(lon.deg, lat.deg, RA, DEC) < 12
    children = (np.flatnonzero(near)[:, None] * 64 + np.arange(64)).ravel()
    uniq = np.concatenate(
        [4 * 4 ** nside_to_level(32) + np.flatnonzero(~near), 4 * 4 ** nside_to_level(256) + children]
    )
    lon_f, lat_f = fine.healpix_to_lonlat(children)
    density = np.concatenate([gauss(lon.deg[~near], lat.deg[~near]), gauss(lon_f.deg, lat_f.deg)])
    area = np.concatenate(
        [np.full((~near).sum(), 4 * np.pi / coarse.npix), np.full(len(children), 4 * np.pi / fine.npix)]
    )
    density /= (density * area).sum()
    return of_cells(uniq, density)


def of_cells(uniq, density) -> bytes:
    """A multi-order map with all the words of an observatory's header; some are those of a MOC."""
    told = {
        "PIXTYPE": "HEALPIX", "ORDERING": "NUNIQ", "COORDSYS": "C", "MOCORDER": 8, "INDXSCHM": "EXPLICIT",
        "OBJECT": "S1", "INSTRUME": "H1,L1", "DISTMEAN": 130.0, "CREATOR": "BAYESTAR",
    }  # fmt: skip
    names = {"PROBDENSITY": density, "DISTMU": np.ones(len(uniq)), "DISTSIGMA": np.ones(len(uniq))}
    columns = [fits.Column(name, "D", array=values) for name, values in names.items()]
    return as_fits([fits.Column("UNIQ", "K", array=uniq), *columns], **told)


@pytest.mark.parametrize(
    "content",
    [flat(), flat("nested"), gzip.compress(flat()), multi_order()],
    ids=["ring", "nested", "gzip", "multi-order"],
)
def test_half_and_nine_tenths_lie_within_the_areas_of_a_gaussian(content):
    region = read(content)
    assert region.is_map and [one.percent for one in region.outlines] == [50, 90]
    truth = [2 * np.pi * SIGMA**2 * np.log(1 / (1 - level)) for level in (0.5, 0.9)]
    assert [one.area for one in region.outlines] == pytest.approx(truth, rel=0.02)
    assert region.parts.sum() == pytest.approx(0.99, abs=0.005)
    assert separation(region.ra, region.dec, RA, DEC) < 0.5


def test_what_a_footprint_covers_is_the_integral_over_it():
    region = read(flat())
    half = 1.0  # deg, of a square around the peak
    east = half / np.cos(np.radians(DEC))
    square = [(RA + x * east, DEC + y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    elsewhere = [(ra + 90, dec) for ra, dec in square]
    found = covered(region, np.array([square, elsewhere, square]))
    assert found.parts[0] == pytest.approx(4 * half**2 / (2 * np.pi * SIGMA**2), rel=0.08)
    assert found.parts[1] == 0 and found.parts[2] == found.parts[0]
    assert region.parts[found.cells].sum() == pytest.approx(found.parts[0]), "twice over is not twice as much"


def test_of_a_wide_region_no_image_is_lost():
    radius, half = 65.0, 0.43  # deg; a third of the sky, and images of one readout channel
    moc = MOC.from_cone(lon=RA * u.deg, lat=DEC * u.deg, radius=radius * u.deg, max_depth=7)
    region = read(moc.to_string("ascii").encode())
    assert region.cell < half
    ra, dec = RA + np.linspace(-30, 30, 300), np.linspace(-15, 60, 300)
    sides = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    corners = np.stack(
        [ra[:, None] + sides[:, 0] / np.cos(np.radians(dec))[:, None], dec[:, None] + sides[:, 1]], axis=-1
    )
    truth = (2 * half) ** 2 / (2 * np.pi * np.degrees(1) ** 2 * (1 - np.cos(np.radians(radius))))
    parts = covered(region, corners).parts / truth
    assert parts.min() > 0.6 and parts.max() < 1.4 and parts.mean() == pytest.approx(1, abs=0.03)


def test_the_deepest_cell_of_all_is_a_place():
    region = read(of_cells([2**62 - 1], [12 * 4.0**29 / 4 / np.pi]))
    ra, dec = HEALPix(2**29, order="nested").healpix_to_lonlat(12 * 4**29 - 1)
    assert separation(region.ra, region.dec, ra.deg, dec.deg) < 0.03


@pytest.mark.parametrize("form", ["ascii", "json", "fits", "old fits"])
def test_a_moc_is_read_in_each_of_its_forms(form):
    moc = MOC.from_cone(lon=RA * u.deg, lat=DEC * u.deg, radius=5 * u.deg, max_depth=9)
    if form in ("ascii", "json"):
        content = moc.to_string(form).encode()
    else:
        buffer = io.BytesIO()
        moc.serialize("fits", v1_compatible=form == "old fits").writeto(buffer)
        content = buffer.getvalue()
    region = read(content)
    assert not region.is_map and region.outlines[0].area == pytest.approx(moc.sky_fraction * 41252.96, rel=1e-4)
    assert region.parts.sum() == pytest.approx(1)
    assert region.circle[2] == pytest.approx(5, abs=0.2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "none of them"), (b"hello", "none of them"), (b'{"3": [1,', "none of them"),
        (b"3/", "covers nothing"), (flat()[:20_000], "has 14240 left"), (flat(scale=2.0), "add up to 2, not to 1"),
        (flat(NSIDE=100), "NSIDE = 100"), (flat(NSIDE=2048), "NSIDE = 2048: at most 1024 in a flat map; give"),
        (flat(COORDSYS="G"), "COORDSYS = G"), (b"\x1f\x8bzz", "gzip file is broken"),
        (as_fits([fits.Column("PROB", "E", array=[0.5, 0.5])], NSIDE=1), "it has 2 values; NSIDE = 1 has 12 cells"),
        (as_fits([fits.Column("FLUX", "E", array=[1.0])], NSIDE=1), "it has no column PROB; its columns are FLUX"),
        (as_fits([fits.Column("UNIQ", "K", array=[-5]), fits.Column("PROBDENSITY", "D", array=[1.0])]), "UNIQ"),
        (as_fits([fits.Column("UNIQ", "K", array=[2**62]), fits.Column("PROBDENSITY", "D", array=[1.0])]), "order 30"),
        (gzip.compress(bytes(300 * 1024**2)), "more than 268435456 bytes"),
    ],
)  # fmt: skip
def test_what_is_none_of_them_is_refused_in_words(content, says):
    with pytest.raises(BadRegionError, match="give a MOC") as refused:
        read(content)
    assert says in str(refused.value)
