"""The scripts of the guide's ten tasks, run as they stand there."""

import csv
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.conf import settings

from archive.models import Membership, ScienceImage
from tests import preloaded, servers

GUIDE = Path(settings.BASE_DIR) / "docs" / "guide" / "tasks.md"
BLOCK = re.compile(r"^## (?P<title>[^\n]+)\n(?P<text>.*?)(?=^## |\Z)", re.M | re.S)
CODE = re.compile(r"^```(python|sh)\n(.*?)^```", re.M | re.S)
TASKS = {found["title"]: CODE.findall(found["text"]) for found in BLOCK.finditer(GUIDE.read_text())}
pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def carry_out(variables, tmp_path):
    """Run a task's script in an empty folder; gives what it wrote to the screen."""

    def run(title: str) -> str:
        written, ours = "", shlex.join(preloaded.python(servers.environment()))
        for language, code in TASKS[title]:
            of_machine = "manage.py" in code
            code = code.replace("python manage.py", f"{ours} {settings.BASE_DIR}/manage.py")
            command = [sys.executable, "-c", code] if language == "python" else ["bash", "-ec", code]
            env = variables | (servers.environment() if of_machine else {"PYTHONPATH": ""})
            done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
            written += done.stdout
        return written

    run.folder = tmp_path
    return run


def test_there_are_ten_tasks_and_each_has_a_script():
    assert len(TASKS) == 10 and all(TASKS.values())


def test_all_r_images_of_m31_in_a_month(carry_out, archive):
    lines = carry_out("Find all r images of a place").splitlines()
    assert sorted(int(line.split()[0]) for line in lines) == sorted(archive.october)


def test_ten_cutouts(carry_out):
    carry_out("Download ten cutouts")
    with tarfile.open(carry_out.folder / "cutouts.tar") as tar:
        assert len([name for name in tar.getnames() if name.endswith(".fits")]) == 10


def test_a_colleague_gets_access_and_loses_it(carry_out):
    written = carry_out("Give a colleague access to program 2")
    assert "until 2030-06-30" in written.splitlines()[0]
    assert Membership.objects.filter(user__username="colleague").exists()
    assert not Membership.now().filter(user__username="colleague").exists()


def test_a_release_is_published_and_withdrawn(carry_out, archive):
    def open_now():
        return ScienceImage.objects.using("default").filter(pk__in=archive.closed, public_date__isnull=False).count()

    assert open_now() == 0
    carry_out("Publish a release")
    with (carry_out.folder / "autumn.csv").open() as file:
        files = list(csv.DictReader(file))
    assert open_now() == len(files) == 3
    carry_out("Withdraw it")
    assert open_now() == 0


def test_a_token_opens_what_its_owner_may_see(carry_out, archive):
    assert carry_out("Use a token in a script").split()[0] == str(len(archive.closed))


def test_every_file_of_a_search(carry_out, archive):
    carry_out("Download everything that a search found")
    assert len(list(carry_out.folder.rglob("*.fits"))) == len(archive.october)


def test_a_light_curve(carry_out, archive):
    oid, points, _ = carry_out("Look at a light curve").split()
    assert (int(oid), int(points)) == (archive.oid, 36)


def test_images_of_an_asteroid(carry_out):
    assert carry_out("Find an asteroid's images").startswith("6 images of (310)")


def test_a_query(carry_out):
    assert re.search(r"zr\s+36", carry_out("Ask in ADQL"))
