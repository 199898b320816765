"""Forced points at a place, for plots beside other light curves: of one person's finished ones, and those of files."""

from __future__ import annotations

import math

from archive.models import UserJob
from archive.sky.sphere import separation
from archive.survey.times import MJD_ZERO
from processing.forced import told
from processing.forced.jobs import KIND, of_user, result

NEAR = 1.0  # arcsec
MOST_JOBS = 20
LIMIT_SNR, LIMIT_SIGMAS = 3.0, 5.0  # below the first a flux is given as a limit of so many sigmas
MAG_PER_RELATIVE_FLUX = 1.0857
COLUMNS = (
    *("job", "pid", "jd", "mjd", "exptime", "filtercode", "image"),
    *("flux", "fluxerr", "mag", "magerr", "limitmag", "procstatus"),
)


def points_at(user, ra: float, dec: float, within: float = NEAR) -> list[dict]:
    """Points of somebody's own light curves within arcseconds of a place (deg), newest job first, each image once; and
    those that came as files of IRSA's service (`job` is None).

    Only light curves all whose files are still open to the current reader are taken, and points that they may see.
    """
    reach = within / 3600
    near = of_user(user).filter(
        kind=KIND,
        phase=UserJob.Phase.COMPLETED,
        parameters__dec__gte=dec - reach,
        parameters__dec__lte=dec + reach,
    )
    points, seen = [], set()
    for job in near[:MOST_JOBS]:
        place = job.parameters
        if 3600 * separation(place["ra"], place["dec"], ra, dec) > within:
            continue
        found = result(job)
        if found is None or not found.open_to_current_reader():
            continue
        for row in found.rows:
            if row["pid"] not in seen:
                seen.add(row["pid"])
                points.append({"job": str(job.pk), **point(row)})
    for row in told.near(ra, dec, within):
        if row["pid"] not in seen:
            seen.add(row["pid"])
            points.append({"job": None, **point(row)})
    return sorted(points, key=lambda point: point["jd"])


def point(row: dict) -> dict:
    """One row in fluxes on a common zero point (uJy) and magnitudes.

    A signal-to-noise ratio of 3 makes a magnitude; below it a limit of 5 sigma stands (ZTF's own advice).
    """
    flux, error, zero = row.get("forcediffimflux"), row.get("forcediffimfluxunc"), row.get("zpdiff")
    values = dict.fromkeys(COLUMNS[1:]) | {
        "pid": row["pid"], "jd": row["jd"], "mjd": row["jd"] - MJD_ZERO,
        "exptime": row.get("exptime"), "filtercode": f"z{row['filter'][-1]}",
        "image": row["image"], "procstatus": row.get("procstatus"),
    }  # fmt: skip
    if flux is None or not error or zero is None:
        return values
    unit = 10 ** (-0.4 * (zero - 23.9))
    values |= {"flux": flux * unit, "fluxerr": error * unit}
    if flux > LIMIT_SNR * error:
        mag = zero - 2.5 * math.log10(flux)
        return values | {"mag": mag, "magerr": MAG_PER_RELATIVE_FLUX * error / flux}
    return values | {"limitmag": zero - 2.5 * math.log10(LIMIT_SIGMAS * error)}
