"""The coverage of images in parts: the same sky as computed in one, whatever is known already."""

import numpy as np
import pytest

from archive.services.hips import coverage, kept
from archive.survey.camera import Camera, ccd_quadrant, pixel_to_plane, plane_to_sky
from archive.survey.fields import field_grid

FIELDS = slice(1, None, 60)  # of the grid, from its southern end over the pole's


@pytest.fixture(scope="module")
def survey() -> tuple[np.ndarray, np.ndarray]:
    """Fields of all quadrants at many declinations, across right ascension 0: field numbers and corners."""
    grid, camera = field_grid()[FIELDS], Camera()
    x, y = np.array([1, camera.nx, camera.nx, 1]), np.array([1, 1, camera.ny, camera.ny])
    places = [pixel_to_plane(camera, *ccd_quadrant(rcid), x, y) for rcid in camera.rcids]
    corners = [
        np.stack(plane_to_sky(east[:, None], north[:, None], grid["ra"], grid["dec"]), axis=-1).swapaxes(0, 1)
        for east, north in np.array(places)
    ]
    return np.tile(grid["field"], len(corners)), np.concatenate(corners)


def test_parts_by_field_are_the_same_sky_as_all_footprints_at_once(survey):
    whole = coverage.of_footprints(survey[1])
    parts = kept.of_fields(*survey, kept.Parts({}))
    assert parts.moc == whole and whole.sky_fraction > 0.01
    assert coverage.written(parts.moc, "fits") == coverage.written(whole, "fits")
    assert kept.read(parts.written()).moc == whole


def test_what_is_known_is_not_computed_again_in_whatever_order_it_comes(survey, monkeypatch):
    fields, corners = survey
    known = kept.read(kept.of_fields(fields, corners, kept.Parts({})).written())
    asked = []
    compute = coverage.of_footprints
    monkeypatch.setattr(coverage, "of_footprints", lambda part: asked.append(len(part)) or compute(part))
    order = np.random.default_rng(1).permutation(len(fields))
    assert kept.of_fields(fields[order], corners[order], known).moc == compute(corners) and asked == []
    moved = corners.copy()
    moved[fields == fields[0]] += [0.5, 0]
    changed = kept.of_fields(fields, moved, known)
    assert asked == [64] and changed.moc == compute(moved)
    assert kept.of_fields(fields[fields != fields[0]], moved[fields != fields[0]], changed).moc == compute(
        moved[fields != fields[0]]
    )


def test_nothing_is_covered_by_nothing():
    nothing = kept.of_fields(np.empty(0, int), np.empty((0, 4, 2)), kept.Parts({}))
    assert nothing.moc.empty() and kept.read(nothing.written()).ranges == {}
