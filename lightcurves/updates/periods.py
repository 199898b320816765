"""Periods of all variable stars of a place, or of chosen objects, once for every set of closed programs that matters.

A tier's period is found by reading as somebody of that tier reads: row-level security decides which points go in, so
no period can hold a point that those who are shown it may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from django.db import models, transaction
from django.utils import timezone
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from archive.access.reading import Reader, reading
from archive.sky.sphere import unit_vectors
from lightcurves.models import Source, SourcePeriod, SourceStatistics
from lightcurves.periods import PeriodConfig, PeriodResult, UnusableLightCurveError, find_period
from lightcurves.storage import read, store

STARS_AT_ONCE = 200
Tier = tuple[int, ...]
Star = tuple[int, ...]


class PointsChangedError(RuntimeError):
    """Rights of points changed while they were searched: what was found may hold points that are closed now."""


@dataclass(frozen=True)
class CatalogConfig:
    """Selection of the stars that are searched, and the configuration of the search.

    least_points : good points that one of a star's light curves needs
    least_chisq : reduced chi-square about the mean from which a light curve is variable
    """

    least_points: int = 30
    least_chisq: float = 3.0
    search: PeriodConfig = field(default_factory=PeriodConfig)


@dataclass(frozen=True)
class Found:
    """One star's period in one tier."""

    star: Star
    tier: Tier
    result: PeriodResult
    n_points: int


def search_place(
    field: int,
    rcid: int,
    config: CatalogConfig = CatalogConfig(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Found]:
    """Periods of the variable stars of a field's quadrant, of all filters together."""
    return _search(Source.objects.filter(field=field, rcid=rcid), config, progress, variables_only=True)


def search_objects(
    oids: Sequence[int],
    config: CatalogConfig = CatalogConfig(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Found]:
    """Periods of chosen objects, each together with the objects at its place; variable or not."""
    members = {member.pk for source in Source.objects.filter(pk__in=list(oids)) for member in store.siblings(source)}
    return _search(Source.objects.filter(pk__in=members), config, progress, variables_only=False)


def write(found: Iterable[Found], searched: Iterable[int]) -> int:
    """Replace the periods of the objects that were searched; returns the number of rows.

    Raises
    ------
    PointsChangedError
        where a tier's readers no longer see the points that went in.
    """
    found, searched = list(found), list(searched)
    _check_points(found)
    now = timezone.now()
    rows = [_row(searched, oid, now) for searched in found for oid in searched.star]
    with transaction.atomic():
        SourcePeriod.objects.filter(oid__in=searched)._raw_delete("default")
        SourcePeriod.objects.bulk_create(rows, batch_size=2000)
    return len(rows)


def _search(sources: models.QuerySet, config: CatalogConfig, progress, variables_only: bool) -> list[Found]:
    """Every tier is read and grouped on its own: a source that is hidden from it joins no stars."""
    oids = list(sources.values_list("oid", flat=True))
    found: list[Found] = []
    work = []
    for tier in _tiers(oids):
        with reading(Reader(frozenset(tier))):
            work.append((tier, _stars(sources, tier, config, variables_only)))
    of, done = sum(len(stars) for _, stars in work), 0
    for tier, stars in work:
        for first in range(0, len(stars), STARS_AT_ONCE):
            some = stars[first : first + STARS_AT_ONCE]
            with reading(Reader(frozenset(tier))):
                curves = read.get([oid for star in some for oid in star])
            found += [searched for star in some if (searched := _found(star, tier, curves, config)) is not None]
            done += len(some)
            progress(done, of)
    return found


def _tiers(oids: list[int]) -> list[Tier]:
    """All unions of the sets of closed programs that these sources' statistics know."""
    rows = SourceStatistics.objects.filter(oid__in=oids).values_list("programs", flat=True).distinct()
    closed = sorted({program for programs in rows for program in programs})
    return [tier for size in range(len(closed) + 1) for tier in combinations(closed, size)]


def _stars(sources: models.QuerySet, tier: Tier, config: CatalogConfig, variables_only: bool) -> list[Star]:
    """The stars that this tier's readers see at the place, as sets of sources, and whose points are more than those of
    a smaller tier. Called while reading as the tier."""
    seen = list(sources.order_by("oid").values_list("oid", "ra", "dec"))
    known = store.statistics([oid for oid, _, _ in seen])
    seen = [row for row in seen if row[0] in known]
    stars = []
    for star in _grouped(seen):
        members = [known[oid] for oid in star]
        full = [member for member in members if (member.ngoodobs or 0) >= config.least_points]
        variable = any((member.chisq or 0) >= config.least_chisq for member in full)
        same = set().union(*(member.programs for member in members)) == set(tier)
        if full and same and (variable or not variables_only):
            stars.append(star)
    return stars


def _grouped(seen: list[tuple[int, float, float]]) -> list[Star]:
    """Sources that lie within SAME_PLACE of each other."""
    if not seen:
        return []
    oids, ra, dec = (np.array(column) for column in zip(*seen, strict=True))
    points = unit_vectors(ra, dec)
    pairs = cKDTree(points).query_pairs(np.radians(store.SAME_PLACE), output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(oids), len(oids)))
    _, group = connected_components(links, directed=False)
    order = np.argsort(group, kind="stable")
    parts = np.split(oids[order], np.flatnonzero(np.diff(group[order])) + 1)
    return [tuple(part.tolist()) for part in parts]


def _found(star: Star, tier: Tier, curves: read.LightCurves, config: CatalogConfig) -> Found | None:
    mine = np.concatenate([np.arange(*_span(curves, oid)) for oid in star])
    columns = {name: curves.columns[name][mine] for name in ("oid", "filtercode", "hjd", "mag", "magerr", "catflags")}
    good = columns["catflags"] == 0
    hjd, mag, err, band, oid = (columns[name][good] for name in ("hjd", "mag", "magerr", "filtercode", "oid"))
    try:
        return Found(star, tier, find_period(hjd, mag, err, band, config.search, oid), len(mine))
    except UnusableLightCurveError:
        return None  # constant, or all of one moment: it has no period, and gets no row


def _span(curves: read.LightCurves, oid: int) -> tuple[int, int]:
    k = int(np.searchsorted(curves.oids, oid))
    if k == len(curves.oids) or curves.oids[k] != oid:
        return 0, 0
    return int(curves.offsets[k]), int(curves.offsets[k + 1])


def _check_points(found: list[Found]) -> None:
    for tier in sorted({searched.tier for searched in found}):
        mine = [searched for searched in found if searched.tier == tier]
        for some in _slices(mine):
            with reading(Reader(frozenset(tier))):
                curves = read.get([oid for searched in some for oid in searched.star])
            for searched in some:
                n = sum(np.diff(_span(curves, oid))[0] for oid in searched.star)
                if n != searched.n_points:
                    raise PointsChangedError(
                        f"star {searched.star}: {searched.n_points} points were searched, now {n} are open"
                    )


def _slices(found: list[Found]) -> Iterator[list[Found]]:
    for first in range(0, len(found), STARS_AT_ONCE):
        yield found[first : first + STARS_AT_ONCE]


def _row(star: Found, oid: int, now) -> SourcePeriod:
    result = star.result
    return SourcePeriod(
        oid=oid, programs=list(star.tier), star=list(star.star), period=result.period, perioderr=result.period_error,
        confidence=result.confidence, log10fap=result.log_false_alarm / np.log(10), amplitude=result.amplitude,
        rival=result.rival, nobs=result.n_points, nbands=result.n_bands, searched=now,
    )  # fmt: skip
