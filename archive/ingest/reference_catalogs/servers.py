"""Reference catalogs from the network: one region of sky, tile by tile, each remembered once it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import astropy.units as u
import pandas as pd
import pyvo
import structlog
from astropy.coordinates import SkyCoord
from astroquery.vizier import VizierClass
from django.db import transaction

from archive import sandbox
from archive.ingest.mirror.http import RateLimit, ThrottledSession
from archive.ingest.reference_catalogs import refcats
from archive.models import PanstarrsStar, RefcatTile
from archive.survey.camera import Camera, ccd_quadrant, pixel_to_plane
from archive.survey.fields import field_centre
from archive.survey.tiles import Tile, tiles_covering
from archive.tables import readers

log = structlog.get_logger("archive.refcats")
POINTING_MARGIN = 0.1  # deg around a field
MOST_ROWS = 3_000_000  # of a tile; in the middle of the Galaxy it has some 1.5 million
MEMORY = 1 << 30  # bytes, of a tile's columns
LONGEST_JOB = 3600.0  # s that a server may take for a tile
ONCE = RateLimit(delay=0.0, attempts=1)  # `RetryPolicy` asks again


class FetchFailedError(ConnectionError):
    """A server gave no answer; the message says which, and what to do without it."""


@dataclass(frozen=True)
class Server:
    """A server of a catalog. depth : HEALPix order of a tile, small enough for one answer; limit : faintest
    magnitude asked for (G for Gaia, r for Pan-STARRS)."""

    address: str
    depth: int
    limit: float
    ask: Callable[[str, Tile, float], pd.DataFrame]


@dataclass(frozen=True)
class RetryPolicy:
    """The number of times a tile is asked for, and the pauses between (s)."""

    pauses: tuple[float, ...] = field(default=(2.0, 10.0))


def fetch(
    catalog: str,
    region: tuple[float, float, float],
    server: Server | None = None,
    retries: RetryPolicy | None = None,
    again: bool = False,
) -> Iterator[tuple[int, int]]:
    """Fetch what is not here yet of a region; yields (tiles done, tiles in all) as it goes.

    Parameters
    ----------
    region : (ra, dec, radius), ICRS degrees
    again : fetch tiles that are here already too

    Raises
    ------
    FetchFailedError
        if a tile cannot be had; those before it are kept, and the next call goes on from there.
    """
    server, retries = server or SERVERS[catalog], retries or RetryPolicy()
    tiles = tiles_covering(*region, server.depth)
    fetched = RefcatTile.objects.filter(catalog=catalog, depth=server.depth, limit__gte=server.limit)
    known = set() if again else set(fetched.values_list("cell", flat=True))
    missing = [tile for tile in tiles if tile.cell not in known]
    here = len(tiles) - len(missing)
    yield here, len(tiles)
    for number, tile in enumerate(missing, start=here + 1):
        if catalog == refcats.SCORES:
            _require_stars(tile)
        table = _with_retries(catalog, server, tile, retries)
        with transaction.atomic():
            rows = refcats.store(catalog, table) if len(table) else 0
            RefcatTile.objects.update_or_create(
                catalog=catalog,
                depth=tile.depth,
                cell=tile.cell,
                defaults={"rows": rows, "limit": server.limit, "server": server.address},
            )
        yield number, len(tiles)


def region_of_field(field_id: int, camera: Camera = Camera()) -> tuple[float, float, float]:  # noqa: B008 (frozen)
    """Centre and radius (deg) of everything that the camera sees of a field."""
    x, y = (1, camera.nx, camera.nx, 1), (1, 1, camera.ny, camera.ny)
    far = 0.0
    for rcid in camera.rcids:
        for column, row in zip(x, y, strict=True):
            xi, eta = pixel_to_plane(camera, *ccd_quadrant(rcid), column, row)
            far = max(far, float(xi) ** 2 + float(eta) ** 2)
    ra, dec = field_centre(field_id)
    return ra, dec, far**0.5 + POINTING_MARGIN


def gaia_query(tile: Tile, limit: float) -> str:
    """ADQL for the stars of a tile."""
    return (
        "SELECT source_id, ra, dec, pmra, pmdec, ra_error, dec_error, phot_g_mean_mag, bp_rp "  # noqa: S608 (numbers)
        "FROM gaiadr3.gaia_source "
        f"WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {tile.ra:.8f}, {tile.dec:.8f}, {tile.radius:.8f})) "
        f"AND phot_g_mean_mag < {limit:g}"
    )


def ask_gaia(address: str, tile: Tile, limit: float) -> pd.DataFrame:
    """Gaia's archive, by TAP."""
    session = ThrottledSession(address, rate=ONCE)
    job = pyvo.dal.TAPService(address, session=session).submit_job(gaia_query(tile, limit), maxrec=MOST_ROWS)
    try:
        job.run().wait(phases={"COMPLETED", "ERROR", "ABORTED"}, timeout=LONGEST_JOB)
        job.raise_if_error()
        answer = session.get(job.result_uri)
        answer.raise_for_status()
    finally:
        job.delete()
    return table_of(answer.content)


def ask_panstarrs(address: str, tile: Tile, limit: float) -> pd.DataFrame:
    """Pan-STARRS1 (II/349) of VizieR: mean PSF magnitudes."""
    columns = ["objID", "RAJ2000", "DEJ2000"]
    columns += [name for band in "griz" for name in (f"{band}mag", f"e_{band}mag")]
    return _vizier(address, "II/349/ps1", columns, tile, {"rmag": f"<{limit:g}"})


def ask_scores(address: str, tile: Tile, limit: float) -> pd.DataFrame:
    """Star/galaxy scores of Pan-STARRS sources (PS1-PSC, II/381) of VizieR."""
    return _vizier(address, "II/381", ["**"], tile, {})


def _vizier(address: str, catalog: str, columns: list[str], tile: Tile, filters: dict) -> pd.DataFrame:
    vizier = VizierClass(columns=columns, column_filters=filters, vizier_server=address, row_limit=-1, timeout=300)
    vizier._session = ThrottledSession(f"https://{address}", rate=ONCE)  # which bounds what comes
    centre = SkyCoord(tile.ra * u.deg, tile.dec * u.deg)
    answer = vizier.query_region_async(centre, radius=tile.radius * u.deg, catalog=catalog, cache=False)
    answer.raise_for_status()
    return table_of(answer.content) if b"<TABLE" in answer.content else pd.DataFrame()


def table_of(content: bytes) -> pd.DataFrame:
    """A server's answer as a table, read in the sandbox like everything that comes from elsewhere.

    Raises
    ------
    ConnectionError
        for what is no such table; the tile may be asked for again.
    """
    limits = sandbox.Limits(memory=MEMORY + 12 * len(content), cpu=60 + len(content) // 1_000_000, seconds=1800.0)
    asked = {"most_rows": MOST_ROWS, "most_bytes": MEMORY}
    try:
        found = sandbox.run("archive.sandbox.readers.uploads.tables:parse", content, limits, sandbox.INGEST, **asked)
    except sandbox.SandboxError as error:
        raise ConnectionError(f"no table came: {error}") from error
    return refcats.frame_of(readers.unpacked(found))


SERVERS = {
    "gaia": Server("https://gea.esac.esa.int/tap-server/tap", 5, 20.5, ask_gaia),
    "panstarrs": Server("vizier.cds.unistra.fr", 6, 21.5, ask_panstarrs),
    "psc": Server("vizier.cds.unistra.fr", 6, 99.0, ask_scores),
}


def _require_stars(tile: Tile) -> None:
    """Scores are kept with the stars: without these a tile would be done and empty."""
    if not PanstarrsStar.objects.within(tile.ra, tile.dec, tile.radius).exists():
        raise FetchFailedError(
            f"psc: no Pan-STARRS star is known at {tile.ra:.3f}, {tile.dec:+.3f}; scores are kept with the stars, "
            "so fetch or load panstarrs of this region first"
        )


def _with_retries(catalog: str, server: Server, tile: Tile, retries: RetryPolicy) -> pd.DataFrame:
    for pause in (*retries.pauses, None):
        try:
            return server.ask(server.address, tile, server.limit)
        except (OSError, pyvo.DALQueryError, pyvo.DALServiceError) as error:  # what sockets and clients raise
            log.warning("no answer", catalog=catalog, server=server.address, tile=tile.cell, reason=str(error)[:200])
            problem = error
        if pause is not None:
            time.sleep(pause)
    raise FetchFailedError(
        f"{catalog}: {server.address} gave no answer for the tile at {tile.ra:.3f}, {tile.dec:+.3f} ({problem}); "
        f"try again later, it goes on from there; or, without a network, load files that were fetched elsewhere: "
        f"manage.py refcat load {catalog} FILE"
    )
