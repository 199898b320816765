"""The sandbox in programs of an account that may not write beside the sources, as where root started them."""

import json
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from deploy.machine import SERVICE_ACCOUNT, as_user

PERIOD = 0.5
SEARCH = f"""
import json
import numpy as np
from lightcurves import searches
t = np.sort(np.random.default_rng(5).uniform(0, 30, 80))
mag = 18 + 0.3 * np.sin(2 * np.pi * t / {PERIOD})
for method in ("ls", "bls"):
    found = searches.periodogram(t, mag, np.full(80, 0.02), ["zr"] * 80, method, 1.0, 4.0)
    print(json.dumps([method, found.peaks[0].period]))
"""


@pytest.fixture
def home():
    """A folder of the account's own, where pytest's are closed to it."""
    user = pwd.getpwnam(SERVICE_ACCOUNT)
    with tempfile.TemporaryDirectory(prefix="ztf-", dir="/var/tmp") as name:
        os.chown(name, user.pw_uid, user.pw_gid)
        yield Path(name)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the sources are the account's own where root does not start the tests")
def test_periods_are_found_by_an_account_that_cannot_write_beside_the_sources(home):
    caches = {"NUMBA_CACHE_DIR": f"{home}/numba", "PYTHONPYCACHEPREFIX": f"{home}/python"}
    done = subprocess.run(
        as_user(pwd.getpwnam(SERVICE_ACCOUNT), [settings.BASE_DIR / ".venv/bin/python", "-c", SEARCH]),
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "ZTF_VAR": str(home), **caches}, cwd=settings.BASE_DIR,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    assert found["ls"] == pytest.approx(PERIOD, rel=0.02)
    assert set(found) == {"ls", "bls"}
    assert any((home / "numba").rglob("*.nbi")), "what was compiled is kept"
