"""Pictures turned north up and east left."""

import numpy as np
import pytest

from archive.pixels.orientation import centred, north_up

PIXEL = 1.012 / 3600


def sky(matrix, turning, step=1e-3):
    """Columns and rows, in the turned picture, by which a step to the north and to the east leads away from a pixel."""
    cd = np.array(matrix).reshape(2, 2)
    ny, nx = 21, 21
    found = []
    for offset in ([0, step], [step, 0]):  # xi, eta: north, east
        dx, dy = np.linalg.solve(cd, offset)
        dx, dy = dx / np.hypot(dx, dy) * 9, dy / np.hypot(dx, dy) * 9
        image = np.zeros((ny, nx))
        image[round(10 + dy), round(10 + dx)] = 1
        row, column = np.unravel_index(np.argmax(turning(image)), (ny, nx))
        found.append((column - 10, row - 10))
    return found


@pytest.mark.parametrize("across", [1, -1])
@pytest.mark.parametrize("along", [1, -1])
@pytest.mark.parametrize("swapped", [False, True])
def test_north_is_up_and_east_is_left_whatever_the_camera_s_axes(across, along, swapped):
    matrix = (0, across * PIXEL, along * PIXEL, 0) if swapped else (across * PIXEL, 0, 0, along * PIXEL)
    turning = north_up(matrix)
    (north, east) = sky(matrix, turning)
    assert north == (0, 9) and east == (-9, 0)
    assert turning.north == pytest.approx(0) and turning.east == pytest.approx(90)
    assert turning.scale == pytest.approx(1.012)


def test_ztf_s_frame_with_its_rotation_keeps_an_angle_that_the_compass_shows():
    """x to the west and y to the south, turned by 5 degrees."""
    c, s = np.cos(np.radians(5)) * PIXEL, np.sin(np.radians(5)) * PIXEL
    turning = north_up((-c, -s, s, -c))
    assert (turning.swapped, turning.mirrored, turning.flipped) == (False, False, True)
    assert abs(turning.north) == pytest.approx(5) and turning.east - turning.north == pytest.approx(90)
    (north, _) = sky((-c, -s, s, -c), turning)
    assert north[0] == pytest.approx(-9 * np.sin(np.radians(turning.north)), abs=1)


def test_a_matrix_that_maps_to_nowhere_is_refused():
    with pytest.raises(ValueError, match="singular"):
        north_up((0, 0, 0, 1))


@pytest.mark.parametrize(
    ("shape", "place", "row", "column"),
    [
        ((63, 53), (22, 1500), 0, 10), ((63, 53), (3050, 1500), 0, 0), ((55, 63), (1500, 24), 8, 0),
        ((55, 63), (None, None), 4, 0), ((63, 63), (1, 1), 0, 0),
    ],
)  # fmt: skip
def test_a_stamp_at_the_edge_stands_around_its_target(shape, place, row, column):
    stamp = np.ones(shape, np.float32)
    square = centred(stamp, 63, *place)
    assert square.shape == (63, 63) and np.isfinite(square).sum() == stamp.size
    assert np.isfinite(square[row : row + shape[0], column : column + shape[1]]).all()
