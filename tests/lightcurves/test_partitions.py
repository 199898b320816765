"""Pixels that become files, and the objects around them that their margins hold."""

import numpy as np
import pytest
from cdshealpix import nested

from archive.sky.sphere import separation
from lightcurves.hats.partitions import EDGE_ORDER, LAST_ORDER, MARGIN, Pixel, margin, pixels
from lightcurves.storage.healpix import ORDER, number


def test_pixels_divide_until_none_holds_too_many():
    rng = np.random.default_rng(3)
    ra = np.concatenate([rng.uniform(0, 360, 3000), rng.normal(100, 0.2, 7000) % 360])
    dec = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, 3000))), rng.normal(20, 0.2, 7000)])
    ordered = np.sort(number(ra, dec))
    found = pixels(ordered, most=500)
    assert sum(one.last - one.first for one in found) == 10_000
    assert all(one.last - one.first <= 500 for one in found)
    for one in found:
        inside = ordered[one.first : one.last] >> (2 * (ORDER - one.order))
        assert np.all(inside == one.number)
    assert len({one.order for one in found}) > 2


def outline(pixel: Pixel, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions along a pixel's border."""
    lon, lat = nested.vertices(np.array([pixel.number], dtype=np.uint64), pixel.order, steps)
    return np.ravel(lon.deg), np.ravel(lat.deg)


# At the equator, in a corner where eight base pixels' borders meet, at both poles and across RA 0.
@pytest.mark.parametrize(("ra", "dec"), [(10.0, 0.5), (45.0, 41.8), (123.0, 89.97), (300.0, -89.99), (0.001, 30.0)])
def test_a_margin_holds_all_that_is_near_a_pixel_and_nothing_far_from_it(ra, dec):
    """Against the distance to a border that is drawn in steps of a tenth of an arcsecond."""
    middle = number(ra, dec)[0]
    pixel = Pixel(LAST_ORDER, int(middle >> (2 * (ORDER - LAST_ORDER))), 0, 0)
    border_ra, border_dec = outline(pixel, 4000)
    rng = np.random.default_rng(8)
    at = rng.integers(0, len(border_ra), 1000)
    around = np.radians(rng.uniform(0, 360, 1000))
    away = rng.uniform(0, 2 * MARGIN, 1000) / 3600
    star_dec = border_dec[at] + away * np.cos(around)
    star_ra = (border_ra[at] + away * np.sin(around) / np.cos(np.radians(border_dec[at]))) % 360
    cells = np.sort(number(star_ra, np.clip(star_dec, -90, 90)))
    found = np.zeros(len(cells), dtype=bool)
    found[margin(pixel, cells)] = True
    lon, lat = nested.healpix_to_lonlat(cells.astype(np.uint64), ORDER)
    distance = np.array([separation(a, d, border_ra, border_dec).min() for a, d in zip(lon.deg, lat.deg, strict=True)])
    outside = cells >> (2 * (ORDER - LAST_ORDER)) != pixel.number
    assert np.all(found[outside & (3600 * distance <= MARGIN)])
    assert not np.any(found[~outside]) and np.all(3600 * distance[found] < 1.01 * MARGIN)
    assert found.sum() > 100


def test_cells_that_are_looked_through_are_wider_than_the_margin_everywhere():
    rng = np.random.default_rng(9)
    numbers = rng.integers(0, 12 * 4**EDGE_ORDER, 20_000).astype(np.uint64)
    lon, lat = nested.vertices(numbers, EDGE_ORDER, 1)
    # The distance of opposite sides, from the area of the cell and its longest side.
    side = max(
        separation(lon.deg[:, k], lat.deg[:, k], lon.deg[:, (k + 1) % 4], lat.deg[:, (k + 1) % 4]).max()
        for k in range(4)
    )
    area = 41252.96 / (12 * 4**EDGE_ORDER)
    assert 3600 * area / side > MARGIN * 1.01
