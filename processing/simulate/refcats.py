"""Reference catalogs of a simulated sky: what Gaia and Pan-STARRS would list, errors and limits too."""

import numpy as np
from astropy.table import Table

from processing.simulate.randomness import stream
from processing.simulate.sky import Kind, Sky

GAIA_FAINTEST = 20.7
GAIA_COMPLETE_TO = 20.0
GAIA_GALAXY_SHARE = 0.15
"""Part of the small galaxies that a Gaia-like catalog lists."""
PS1_FLOOR = 0.006
PS1_LIMIT_5SIGMA = {"g": 23.3, "r": 23.2, "i": 23.1, "z": 22.3}
MISSING = -999.0


def gaia_catalog(sky: Sky, seed: int) -> Table:
    """Gaia-like catalog: source_id, ra, dec (deg, epoch 2016.0), errors (mas), proper motions, G, BP-RP.

    The G magnitude and colour are simple functions of g-r, close to the published transformations.
    """
    rng = stream(seed, "gaia")
    s = sky.sources
    g_r = (s["g"] - s["r"]).astype("f8")
    g_mag = s["r"] + 0.02 - 0.10 * g_r - 0.12 * np.clip(g_r - 0.8, 0, None)
    kept_galaxy = (s["kind"] == Kind.GALAXY) & (s["radius"] < 1.5) & (rng.random(len(s)) < GAIA_GALAXY_SHARE)
    pointlike = (s["kind"] != Kind.GALAXY) & (s["kind"] != Kind.SUPERNOVA)
    share = np.interp(g_mag, [GAIA_COMPLETE_TO, GAIA_FAINTEST], [0.99, 0.6], right=0.0)
    rows = np.flatnonzero((pointlike | kept_galaxy) & (rng.random(len(s)) < share))
    s, g_mag, g_r = s[rows], g_mag[rows], g_r[rows]
    position_error = 0.03 * 10 ** (0.2 * np.clip(g_mag - 14.0, -2.0, None))
    motion_error = 1.05 * position_error
    noise = rng.standard_normal((4, len(rows)))
    return Table(
        {
            "source_id": s["id"],
            "ra": s["ra"] + noise[0] * position_error / 3.6e6 / np.cos(np.radians(s["dec"])),
            "dec": s["dec"] + noise[1] * position_error / 3.6e6,
            "ra_error": position_error.astype("f4"),
            "dec_error": position_error.astype("f4"),
            "pmra": (s["pmra"] + noise[2] * motion_error).astype("f4"),
            "pmdec": (s["pmdec"] + noise[3] * motion_error).astype("f4"),
            "pmra_error": motion_error.astype("f4"),
            "pmdec_error": motion_error.astype("f4"),
            "phot_g_mean_mag": g_mag.astype("f4"),
            "bp_rp": (0.35 + 1.25 * g_r + rng.normal(0, 0.02, len(rows))).astype("f4"),
        },
        meta={"epoch": 2016.0},
    )


def panstarrs_catalog(sky: Sky, seed: int) -> Table:
    """Pan-STARRS-like catalog: objid, ra, dec (deg), g r i z mags and errors (-999 if missing), sgscore (1 =
    star).

    Positions are of the mean epoch 2014.0, with 20 mas of noise; magnitudes are means, of variables too.
    Supernovae are not in it. Objects without a 5-sigma r are left out.
    """
    rng = stream(seed, "panstarrs")
    s = sky.sources[sky.sources["kind"] != Kind.SUPERNOVA]
    years = -2.0
    columns = {
        "objid": s["id"],
        "ra": s["ra"] + (s["pmra"] * years + rng.normal(0, 20.0, len(s))) / 3.6e6 / np.cos(np.radians(s["dec"])),
        "dec": s["dec"] + (s["pmdec"] * years + rng.normal(0, 20.0, len(s))) / 3.6e6,
    }
    for band, limit in PS1_LIMIT_5SIGMA.items():
        true = s[band].astype("f8")
        error = np.hypot(PS1_FLOOR, 0.2 * 10 ** (0.4 * (true - limit)))
        measured = true + error * rng.standard_normal(len(s))
        seen = error < 0.25
        columns[f"{band}mag"] = np.where(seen, measured, MISSING).astype("f4")
        columns[f"{band}mag_error"] = np.where(seen, error, MISSING).astype("f4")
    columns["sgscore"] = _star_score(rng, s).astype("f4")
    table = Table(columns)
    return table[table["rmag"] > 0]


def _star_score(rng, sources):
    """1 for a clear star, 0 for a clear galaxy, more and more undecided towards the faint end."""
    truth = np.where(sources["kind"] == Kind.GALAXY, 0.0, 1.0)
    doubt = np.clip(0.02 * 10 ** (0.25 * (sources["r"] - 18.0)), 0.005, 0.45)
    return np.abs(truth - np.clip(np.abs(rng.normal(0, doubt)), 0, 1))
