"""The quality of images beyond single numbers: residuals against the reference catalogs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import connections
from django.db.models import QuerySet

from archive.models import ImageResiduals, ScienceImage
from archive.models.quality import TENTHS
from archive.models.versions import CURRENT
from archive.releases.rights import keep_open, own_date

SMALLEST, LARGEST = -(2**15), 2**15 - 1
PAIRS = {"ra": "places", "dec": "places", "mag": "lights", "by_mag": "by_mag_stars", "by_colour": "by_colour_stars"}


@dataclass(frozen=True)
class Residual:
    """One map or run: values (mas or mmag, NaN without stars) and the stars behind them."""

    name: str
    values: np.ndarray
    stars: np.ndarray


def register(image: ScienceImage, version: str, residuals) -> None:
    """Keep an image's residuals (`processing.science.photometry.residuals.Residuals`); None: it has none any more."""
    if residuals is None:
        ImageResiduals.objects.filter(image=image, version_id=version).delete()
        return
    values = {name: _tenths(getattr(residuals, name)) for name in PAIRS}
    stars = {name: np.ravel(getattr(residuals, name)).tolist() for name in set(PAIRS.values())}
    row, _ = ImageResiduals.objects.update_or_create(
        image=image,
        version_id=version,
        defaults=values | stars | {"programid": image.programid, "public_date": own_date(image)},
    )
    keep_open(row)


def _tenths(values: np.ndarray) -> list[int | None]:
    """Integers of a tenth of a unit; what does not fit is kept at the limit."""
    return [
        None if np.isnan(value) else int(np.clip(np.rint(value * TENTHS), SMALLEST, LARGEST))
        for value in np.ravel(values)
    ]


def of_image(image: ScienceImage, version: str = CURRENT) -> dict[str, Residual]:
    """An image's residuals by name; empty if there are none, or the reader may not see them."""
    row = ImageResiduals.objects.filter(image=image, version_id=version).first()
    if row is None:
        return {}
    return {name: _residual(name, getattr(row, name), getattr(row, stars)) for name, stars in PAIRS.items()}


def mean_of(images: QuerySet[ScienceImage], version: str = CURRENT) -> dict[str, Residual]:
    """Means over many images, weighted with their stars: what is left when single frames' errors have averaged out.

    The database sums; a hundred thousand images cost one query. Runs as the reader of the context.
    """
    rows = ImageResiduals.objects.filter(image__in=images, version_id=version)
    chosen, parameters = rows.order_by().values("pk").query.sql_with_params()
    result = {}
    with connections[rows.db].cursor() as cursor:
        for name, stars in PAIRS.items():
            cursor.execute(
                f"""
                SELECT sum(value * n)::float8 / nullif(sum(n) FILTER (WHERE value IS NOT NULL), 0), sum(n)
                FROM archive_imageresiduals, unnest({name}, {stars}) WITH ORDINALITY AS u(value, n, place)
                WHERE id IN ({chosen}) GROUP BY place ORDER BY place
                """,  # noqa: S608 (names from PAIRS, the rest is bound)
                parameters,
            )
            found = cursor.fetchall()
            if found:
                result[name] = _residual(name, *zip(*found, strict=True))
    return result


def _residual(name: str, values, stars) -> Residual:
    numbers = np.array([np.nan if value is None else value for value in values], float) / TENTHS
    return Residual(name, numbers, np.array(stars, int))


@dataclass(frozen=True)
class Spread:
    """A quality number over a set of images: how many have it, its percentiles."""

    name: str
    unit: str
    count: int
    low: float | None
    median: float | None
    high: float | None


# name -> (SQL of one image's value, unit)
NUMBERS = {
    "seeing": ("seeing", "arcsec"),
    "maglimit": ("maglimit", "mag"),
    "magzp": ("magzp", "mag"),
    "magzprms": ("magzprms", "mag"),
    "clrcoeff": ("clrcoeff", ""),
    "nmatches": ("nmatches", ""),
    "airmass": ("airmass", ""),
    **{
        name: (f"(quality->>'{name}')::float8", unit)
        for name, unit in {
            "background": "DN",
            "noise": "DN",
            "saturated_percent": "%",
            "overscan_level": "DN",
            "overscan_scatter": "DN",
            "psf_sources": "",
            "sex_sources": "",
            "psf_fwhm": "pix",
            "psf_ellipticity": "",
            "psf_stars": "",
            "astrometry_matches": "",
            "astrometry_rms_ra": "arcsec",
            "astrometry_rms_dec": "arcsec",
            "astrometry_chi2": "",
            "scale_change": "%",
            "zp_unc": "mag",
            "residual_map_ra": "mas",
            "residual_map_dec": "mas",
            "residual_map_mag": "mmag",
            "residual_trend_mag": "mmag",
            "residual_trend_colour": "mmag",
            "spike_pixels": "",
            "bad_pixels": "",
        }.items()
    },
}
PERCENTILES = (0.05, 0.5, 0.95)


def spreads_of(images: QuerySet[ScienceImage]) -> list[Spread]:
    """5, 50 and 95 percentiles of the quality numbers of science images, in one query."""
    chosen, parameters = images.order_by().values("pk").query.sql_with_params()
    asked = ", ".join(
        f"count({sql}), percentile_cont(array[{', '.join(map(str, PERCENTILES))}]) WITHIN GROUP (ORDER BY {sql})"
        for sql, _ in NUMBERS.values()
    )
    with connections[images.db].cursor() as cursor:
        # Names and expressions are those of NUMBERS; what the reader asked for is bound.
        cursor.execute(f"SELECT {asked} FROM archive_scienceimage WHERE pid IN ({chosen})", parameters)  # noqa: S608
        row = cursor.fetchone()
    return [
        Spread(name, unit, row[2 * k], *(row[2 * k + 1] or (None,) * 3))
        for k, (name, (_, unit)) in enumerate(NUMBERS.items())
    ]
