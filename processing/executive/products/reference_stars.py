"""Reference stars of a region, as the pipelines take them."""

from __future__ import annotations

import numpy as np

from archive.models import GaiaStar, PanstarrsStar
from processing.science.astrometry.solve import ReferenceStars
from processing.science.photometry.zeropoint import Calibrators

FAINTEST_CALIBRATOR = 21.0  # r mag


def gaia_stars(ra: float, dec: float, radius: float, faintest: float | None = None) -> ReferenceStars:
    """Gaia's stars within `radius` degrees, those of G above `faintest` left out."""
    columns = ("ra", "dec", "phot_g_mean_mag", "pmra", "pmdec")
    rows = GaiaStar.objects.within(ra, dec, radius)
    values = _columns(rows if faintest is None else rows.filter(phot_g_mean_mag__lte=faintest), columns)
    return ReferenceStars(values["ra"], values["dec"], values["phot_g_mean_mag"], values["pmra"], values["pmdec"])


def panstarrs_stars(ra: float, dec: float, radius: float) -> Calibrators:
    """Pan-STARRS's stars (not galaxies) within `radius` degrees."""
    rows = PanstarrsStar.objects.within(ra, dec, radius).filter(rmag__lt=FAINTEST_CALIBRATOR, sgscore__gt=0.5)
    values = _columns(rows, ("ra", "dec", "gmag", "rmag", "imag"))
    return Calibrators(values["ra"], values["dec"], values["gmag"], values["rmag"], values["imag"])


def _columns(rows, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    table = np.array(list(rows.order_by().values_list(*names)), dtype=float).reshape(-1, len(names))
    return dict(zip(names, table.T, strict=True))
