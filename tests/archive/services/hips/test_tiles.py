"""Tiles against the images they are made of, by other means than ours."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix
from mocpy import MOC
from scipy.ndimage import map_coordinates

from archive.services.hips import coverage, tiles
from archive.services.hips.config import HipsConfig

ORDER = 9
RNG = np.random.default_rng(7)


def tan(ra=51.3, dec=18.5, side=700, scale=1.0, angle=0.0, pv=()) -> WCS:
    header = fits.Header({"CTYPE1": "RA---TPV" if pv else "RA---TAN", "CTYPE2": "DEC--TPV" if pv else "DEC--TAN"})
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = ra, dec, side / 2, side / 2
    s, c = np.sin(np.radians(angle)) * scale / 3600, np.cos(np.radians(angle)) * scale / 3600
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -c, s, s, c
    for name, value in pv:
        header[name] = value
    return WCS(header, naxis=2)


DISTORTED = (("PV1_1", 1.0), ("PV1_4", 0.004), ("PV1_6", -0.002), ("PV2_1", 1.0), ("PV2_5", 0.003))


def smooth(side=700) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return (1000 + 300 * np.sin(x / 23.0) * np.cos(y / 31.0)).astype(np.float32)


@pytest.mark.parametrize(
    "wcs",
    [
        tan(),
        tan(angle=37.0),
        tan(ra=0.01),
        tan(dec=89.95),
        tan(dec=-75.0, angle=200),
        tan(dec=41.81),
        tan(pv=DISTORTED),
    ],
    ids=["plain", "rotated", "across RA 0", "pole", "south", "at the edge of the polar cap", "TPV"],
)
def test_a_thousand_positions_have_the_images_own_interpolated_value(wcs):
    image = smooth() + RNG.normal(0, 5, (700, 700)).astype(np.float32)
    cells = tiles.touched(wcs, image.shape, ORDER)
    made = {cell: tiles.make(ORDER, int(cell), [tiles.Source(image, None, wcs)]) for cell in cells}
    x, y = RNG.uniform(2, 697, (2, 1000))
    ra, dec = wcs.all_pix2world(x, y, 0)
    pixels = lonlat_to_healpix(ra * tiles.u.deg, dec * tiles.u.deg, 2 ** (ORDER + 9), order="nested")
    places = tiles._interleaved(np.arange(tiles.SIDE))
    difference = []
    for pixel in pixels:
        tile, place = made[pixel >> 18], pixel & (2**18 - 1)
        at = [int(np.searchsorted(places, place >> shift & 0x15555)) for shift in (1, 0)]
        ra, dec = (angle.to_value("deg") for angle in healpix_to_lonlat([pixel], 2 ** (ORDER + 9), order="nested"))
        expected = map_coordinates(image, np.array(wcs.all_world2pix(ra, dec, 0))[::-1], order=1)
        difference.append(tile[at[0], at[1]] - expected[0])
    assert np.abs(difference).max() < 0.02  # of a noise of 5


def test_every_place_of_an_image_lies_in_one_of_its_tiles():
    wcs = tan(angle=20.0, side=1500)
    cells = tiles.touched(wcs, (1500, 1500), ORDER)
    ra, dec = wcs.all_pix2world(*RNG.uniform(0, 1499, (2, 20_000)), 0)
    assert set(lonlat_to_healpix(ra * tiles.u.deg, dec * tiles.u.deg, 2**ORDER, order="nested")) <= set(cells)


def test_overlapping_images_are_averaged_by_weight_and_absent_pixels_left_out():
    wcs, one = tan(), np.full((700, 700), 1.0, np.float32)
    cell = int(tiles.touched(wcs, one.shape, ORDER)[4])
    weight = np.full(one.shape, 3, np.int16)
    both = tiles.make(ORDER, cell, [tiles.Source(one, weight, wcs), tiles.Source(5 * one, weight // 3, wcs)])
    assert np.nanmax(np.abs(both - 2.0)) < 1e-6
    half = weight.copy()
    half[::7] = 0
    part = tiles.make(ORDER, cell, [tiles.Source(np.where(half > 0, one, np.nan), None, wcs)])
    assert np.isnan(part).sum() > np.isnan(both).sum()
    assert np.nanmax(np.abs(part - 1.0)) < 1e-6


def test_a_level_and_a_zero_point_are_taken_off_before_averaging():
    image = np.full((700, 700), 130.0, np.float32)
    cell = int(tiles.touched(tan(), image.shape, ORDER)[4])
    tile = tiles.make(ORDER, cell, [tiles.Source(image, None, tan(), level=100.0, factor=2.0)])
    assert np.nanmedian(tile) == 60.0


def test_a_parent_is_the_mean_of_four_pixels_and_its_children_lie_where_they_lie_on_the_sky():
    order, cell = 8, 6400
    parents_ra, parents_dec = tiles.sky(order, cell)
    children = {place: tiles.sky(order + 1, cell * 4 + place)[1].astype(np.float32) for place in range(4)}
    assert np.abs(tiles.parent(children) - parents_dec).max() < 2e-5
    lonely = tiles.parent({2: children[2]})
    assert np.isfinite(lonely).sum() == 256**2
    assert np.isnan(tiles.parent({0: np.full((512, 512), np.nan, np.float32)})).all()


def test_files_are_oriented_as_hips_tiles_are():
    """The northern corner of a cell is the end of both its axes; reproject's tiles have it there too."""
    tile = np.zeros((512, 512), np.float32)
    ra, dec = tiles.sky(9, 25471)
    assert np.unravel_index(dec.argmax(), dec.shape) == (511, 511)
    assert np.unravel_index(ra.argmax(), ra.shape) == (0, 511)  # the eastern corner is the end of x
    tile[0, 511] = 1000.0
    with fits.open(tiles.io.BytesIO(tiles.fits_bytes(tile, 9, 25471, "DN"))) as hdus:
        assert hdus[0].data[0, 0] == 1000.0  # East, at the first row of a file whose rows grow upwards
    assert np.array_equal(tiles.from_fits(tiles.fits_bytes(tile, 9, 25471, "DN")), tile)
    picture = tiles.Image.open(tiles.io.BytesIO(tiles.picture_bytes(tile, HipsConfig().stretches["zr"], "png")))
    assert np.unravel_index(np.asarray(picture)[..., 0].argmax(), (512, 512)) == (511, 0)


def test_pictures_say_where_there_is_no_data():
    tile = np.full((512, 512), np.nan, np.float32)
    tile[100:200, 100:200] = -1000.0
    stretch = HipsConfig().stretches["zg"]
    assert tiles.grey(tile, stretch)[150, 150] == 1 and tiles.grey(tile, stretch)[0, 0] == 0
    png = np.asarray(tiles.Image.open(tiles.io.BytesIO(tiles.picture_bytes(tile, stretch, "png"))))
    assert (png[..., 1] == 255).sum() == 100 * 100
    jpeg = tiles.Image.open(tiles.io.BytesIO(tiles.picture_bytes(tile, stretch, "jpeg")))
    assert jpeg.size == (512, 512)


def test_the_overview_changes_only_where_tiles_are_given():
    tile = np.full((512, 512), 7.0, np.float32)
    first = tiles.allsky({0: tile, 767: tile})
    assert first.shape == (29 * 64, 27 * 64)
    assert (first[:64, :64] == 7).all() and (first[28 * 64 :, 11 * 64 : 12 * 64] == 7).all()
    second = tiles.allsky({30: 2 * tile}, tiles.allsky_from_fits(tiles.allsky_fits(first, "DN")))
    assert (second[64:128, 3 * 64 : 4 * 64] == 14).all()
    assert np.isfinite(second).sum() == 3 * 64 * 64


def test_coverage_of_footprints_holds_every_point_of_them_and_little_more():
    wcs = tan(side=3000, angle=10, dec=70)
    corners = np.array(wcs.all_pix2world([0, 2999, 2999, 0], [0, 0, 2999, 2999], 0)).T[None]
    moc = coverage.of_footprints(corners)
    ra, dec = wcs.all_pix2world(*RNG.uniform(0, 2999, (2, 20_000)), 0)
    inside = moc.contains_lonlat(ra * tiles.u.deg, dec * tiles.u.deg)
    assert inside.mean() > 0.999
    area = moc.sky_fraction * 41253
    assert 0.69 < area < 0.86  # 0.694 square degrees and the cells along its edge
    again = coverage.read(coverage.written(moc, "fits"))
    assert again == moc
    assert MOC.from_string(coverage.written(moc, "txt").decode(), "ascii") == moc
