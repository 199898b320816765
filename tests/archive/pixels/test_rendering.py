"""Pictures of images: the means that previews are made of."""

import numpy as np
import pytest

from archive.pixels.rendering import averaged


@pytest.mark.parametrize("kind", [np.float32, np.int16, ">f4"])
@pytest.mark.parametrize("step", [2, 3, 4])
def test_means_of_pixels_are_numpys_and_leave_out_what_is_no_number(kind, step):
    data = np.random.default_rng(3).normal(300, 40, (50, 41)).astype(kind)
    if np.dtype(kind).kind == "f":
        data[7, 9] = np.nan
        data[: 2 * step, : 2 * step] = np.nan
    ny, nx = 50 // step, 41 // step
    blocks = data[: ny * step, : nx * step].reshape(ny, step, nx, step).astype(np.float64)
    with np.errstate(invalid="ignore"):
        truth = np.nanmean(blocks.swapaxes(1, 2).reshape(ny, nx, -1), axis=2)
    np.testing.assert_allclose(averaged(data, step), truth, rtol=1e-5)
