"""The kernel of bilinear interpolation: an image's values added to another grid."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True)
def accumulate(image, weight, x, y, places_y, places_x, factor, total, weights):
    """Add an image's interpolated values, times their weight, to a grid.

    Parameters
    ----------
    image, weight : float32 arrays (ny, nx)
        Pixels that are not finite or whose weight is not positive count as absent, and so does every place beside
        one: no value is made of fewer than four pixels.
    x, y : arrays (nodes along y, nodes along x)
        Pixel coordinates of the nodes, from 0.
    places_y, places_x : arrays
        Where the nodes lie on the grid.
    factor : float
        Multiplies the values.
    total, weights : float64 arrays (rows, columns) of the grid
        Are added to.
    """
    ny, nx = image.shape
    rows, columns = total.shape
    nodes = places_x.shape[0]
    row_x, row_y = np.empty(nodes), np.empty(nodes)
    below = 0
    for j in range(rows):
        while below < places_y.shape[0] - 2 and places_y[below + 1] <= j:
            below += 1
        part = (j - places_y[below]) / (places_y[below + 1] - places_y[below])
        for k in range(nodes):
            row_x[k] = x[below, k] * (1 - part) + x[below + 1, k] * part
            row_y[k] = y[below, k] * (1 - part) + y[below + 1, k] * part
        left = 0
        for i in range(columns):
            while left < nodes - 2 and places_x[left + 1] <= i:
                left += 1
            part = (i - places_x[left]) / (places_x[left + 1] - places_x[left])
            fx = row_x[left] * (1 - part) + row_x[left + 1] * part
            fy = row_y[left] * (1 - part) + row_y[left + 1] * part
            if not (fx >= 0 and fy >= 0 and fx <= nx - 1 and fy <= ny - 1):
                continue
            ix, iy = min(int(fx), nx - 2), min(int(fy), ny - 2)
            dx, dy = fx - ix, fy - iy
            value, known = 0.0, 0.0
            for corner in range(4):
                cx, cy = corner & 1, corner >> 1
                share = (dx if cx else 1 - dx) * (dy if cy else 1 - dy)
                if share == 0:
                    continue
                one, its_weight = image[iy + cy, ix + cx], weight[iy + cy, ix + cx]
                if not (np.isfinite(one) and its_weight > 0):
                    known = -1.0
                    break
                value += share * one
                known += share * its_weight
            if known > 0:
                total[j, i] += factor * value * known
                weights[j, i] += known
