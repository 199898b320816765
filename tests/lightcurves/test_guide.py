"""Every call of the guide to light curves, run as it stands against the portal as it is served."""

import re
import shlex
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings
from django.db import connections

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from archive.releases.actions import publish
from lightcurves.download import served
from lightcurves.models import Source
from tests import preloaded, servers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
GUIDE = (settings.BASE_DIR / "docs" / "guide" / "lightcurves.md").read_text()


@pytest.fixture(scope="module")
def stars(six_stars, django_db_blocker):
    """The star whose points the guide prints is of a reference; a public release has its files."""
    with django_db_blocker.unblock():
        Source.objects.filter(pk=655213300000004).update(rfid=655120250)
        made = Release.objects.create(
            name="dr1", title="One", first_night=date(2020, 9, 1), last_night=date(2020, 9, 30)
        )
        made.programs.set([1])
        publish(freeze(made, Actor.on_this_machine()), Actor.on_this_machine())
        served.write("dr1")
        return six_stars


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)


def test_the_guide_s_calls_work(stars, tmp_path):
    (tmp_path / "stars.csv").write_text(f"name,ra,dec\none,{stars.ra[4]},{stars.dec[4]}\n")
    connections.close_all()
    with servers.portal(tmp_path) as address:
        variables = servers.environment() | {"ZTF": address, "NO_PROXY": "*", "no_proxy": "*"}
        ours = shlex.join(preloaded.python(variables))
        for text in blocks("sh"):
            script = text.replace("python manage.py", f"{ours} {settings.BASE_DIR}/manage.py")
            script = re.sub(r"^curl ", "curl -sSf ", script, flags=re.M)
            done = subprocess.run(
                ["bash", "-ec", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, (text, done.stdout[-500:], done.stderr[-1500:])
        for text in blocks("python"):
            begin = f"ZTF = {address!r}\n"
            done = subprocess.run(
                [sys.executable, "-c", begin + text], cwd=tmp_path, env=variables | {"MPLBACKEND": "Agg"},
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0 and done.stdout, (text, done.stderr[-1500:])
    assert (tmp_path / "curves.parquet").read_bytes()[:4] == b"PAR1"
    name = "ztf_000655_zr_c13_q3_match.pytable"
    assert all((tmp_path / edition / name).is_file() for edition in ("matchfiles", "partnership"))
