"""The files of the field grid and the focal-plane layout: data of the `ztffields` distribution.

Only its files are read. Importing the package itself would pull in geopandas.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

DISTRIBUTION = "ztffields"


@cache
def survey_data_file(name: str) -> Path:
    """Path of one data file of the survey, for example `ztf_fields.txt`.

    Raises
    ------
    FileNotFoundError
        if the distribution is not installed or holds no such file.
    """
    try:
        path = Path(str(distribution(DISTRIBUTION).locate_file(f"ztffields/data/{name}")))
    except PackageNotFoundError as error:
        raise FileNotFoundError(
            f"{name}: the distribution '{DISTRIBUTION}' with it is not installed (see requirements.txt)"
        ) from error
    if not path.is_file():
        raise FileNotFoundError(f"{name}: not among the data files of '{DISTRIBUTION}' ({path} does not exist)")
    return path
