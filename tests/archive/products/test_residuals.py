"""Residuals kept in the database come back as they were, and average as plain Python does."""

from types import SimpleNamespace

import numpy as np
import pytest

from archive.models import ScienceImage
from archive.products import residuals as quality
from tests.factories import science_image

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def residuals(rng) -> SimpleNamespace:
    """Random maps, one cell without stars."""
    values = {name: rng.normal(0, 20, (8, 8)) for name in ("ra", "dec", "mag")}
    values |= {"places": rng.integers(1, 50, (8, 8)), "lights": rng.integers(1, 50, (8, 8))}
    values["mag"][2, 3], values["lights"][2, 3] = np.nan, 0
    for name in ("by_mag", "by_colour"):
        values |= {name: rng.normal(0, 9, 12), f"{name}_stars": rng.integers(1, 90, 12)}
    return SimpleNamespace(**values)


def test_residuals_come_back_to_a_tenth_and_registering_twice_keeps_one_row():
    image, found = science_image(), residuals(np.random.default_rng(1))
    quality.register(image, "current", residuals(np.random.default_rng(2)))
    quality.register(image, "current", found)
    assert image.residuals.count() == 1
    kept = quality.of_image(image)
    assert np.allclose(kept["mag"].values, found.mag.ravel(), atol=0.051, equal_nan=True)
    assert kept["ra"].stars.tolist() == found.places.ravel().tolist()
    quality.register(image, "current", None)
    assert quality.of_image(image) == {}


def test_the_mean_of_many_images_is_weighted_with_their_stars():
    rng = np.random.default_rng(3)
    every = [residuals(rng) for _ in range(4)]
    every[0].mag[2, 3], every[0].lights[2, 3] = 7.0, 5  # the only one with stars in this cell
    images = [science_image() for _ in range(4)]
    for image, one in zip(images, every, strict=True):
        quality.register(image, "current", one)
    found = quality.mean_of(ScienceImage.objects.filter(pk__in=[image.pk for image in images]))
    expected = np.average([one.dec for one in every], axis=0, weights=[one.places for one in every])
    assert np.allclose(found["dec"].values, expected.ravel(), atol=0.06)
    assert found["mag"].values[2 * 8 + 3] == 7.0 and found["mag"].stars[2 * 8 + 3] == 5


def test_percentiles_are_those_of_numpy():
    images = [science_image(seeing=1.5 + 0.1 * number) for number in range(11)]
    rows = ScienceImage.objects.filter(pk__in=[image.pk for image in images])
    seeing = next(one for one in quality.spreads_of(rows) if one.name == "seeing")
    assert seeing.count == 11
    expected = np.percentile([image.seeing for image in images], [5, 50, 95])
    assert np.allclose([seeing.low, seeing.median, seeing.high], expected)
    assert next(one for one in quality.spreads_of(rows) if one.name == "psf_fwhm").median is None
