"""The field grid: 1776 fixed pointings, the primary grid (1 to 881) and the one between (1001 to 1895)."""

from functools import cache

import numpy as np

from archive.survey.data_files import survey_data_file

CALIBRATION_FIELD = 0
"""Field number that bias and flat frames carry."""

FIELD_DTYPE = np.dtype(
    [("field", "i4"), ("ra", "f8"), ("dec", "f8"), ("ebv", "f4"), ("gallong", "f8"), ("gallat", "f8")]
)


class UnknownFieldError(LookupError):
    """The field number is not in the grid."""


@cache
def field_grid() -> np.ndarray:
    """All fields by number: field, ra, dec (deg, ICRS), ebv (mag), gallong, gallat (deg). Read-only."""
    columns = np.loadtxt(survey_data_file("ztf_fields.txt"), delimiter=",", skiprows=1, usecols=range(6))
    grid = np.empty(len(columns), FIELD_DTYPE)
    for index, name in enumerate(FIELD_DTYPE.names or ()):
        grid[name] = columns[:, index]
    grid.sort(order="field")
    grid.setflags(write=False)
    return grid


def field_centre(field: int) -> tuple[float, float]:
    """Right ascension and declination of a field's boresight, deg, ICRS.

    Raises
    ------
    UnknownFieldError
        if the number is not in the grid (calibration frames carry field 0, which has no centre).
    """
    grid = field_grid()
    row = int(np.searchsorted(grid["field"], field))
    if row == len(grid) or grid["field"][row] != field:
        raise UnknownFieldError(f"field={field}: not in the grid; fields run from 1 to 881 and from 1001 to 1895")
    return float(grid["ra"][row]), float(grid["dec"][row])
