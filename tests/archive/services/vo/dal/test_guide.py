"""The guide to the Virtual Observatory: every call in it works, every parameter and setting of it is there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from astroquery.ipac.irsa import Irsa
from django.conf import settings

from archive.services.vo.dal.sia import CONDITIONS
from archive.services.vo.obscore.identifiers import prefix

GUIDE = (Path(__file__).parents[5] / "docs" / "guide" / "vo.md").read_text()
BLOCKS = re.findall(r"```(python|)\n(.*?)```", GUIDE, re.DOTALL)
CALLS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [text for language, text in BLOCKS if not language]
served = pytest.mark.django_db(databases=["default", "reader"])


def here(text: str, server: str, archive) -> str:
    """An example as it is for the tests' archive."""
    text = text.replace("http://127.0.0.1:8000", server).replace("18.628", repr(archive.open.dec))
    text = text.replace("51.145", repr(archive.open.ra))
    return re.sub(r"ivo://org.example.ztf/ztf\?sci/\d+", f"{prefix('sci')}{archive.open.pid}", text)


@pytest.mark.client("pyvo", "calls of the guide to the Virtual Observatory")
@pytest.mark.client("astroquery", "calls of the guide to the Virtual Observatory")
@served
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_every_call_finds_something(server, archive, number):
    names: dict = {}
    kept = Irsa.sia_url, Irsa.tap_url
    exec(compile(here(CALLS[number], server, archive), "vo.md", "exec"), names)  # noqa: S102 (our own guide)
    Irsa.sia_url, Irsa.tap_url, Irsa._sia, Irsa._tap = *kept, None, None
    found = [
        names[name] for name in ("rows", "found", "links", "images", "collections", "near", "part") if name in names
    ]
    assert found and all(len(one) for one in found if hasattr(one, "__len__"))


@served
@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_every_command_is_answered(server, archive, tmp_path, number):
    command = here(COMMANDS[number], server, archive)
    program = command.split()[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "stars.csv").write_text(f"ra,dec\n{archive.open.ra},{archive.open.dec}\n")
    run = subprocess.run(
        command.replace("curl ", "curl -sSf "), shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=os.environ | {"no_proxy": "127.0.0.1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-500:]
    text = run.stdout + "".join(path.read_text() for path in tmp_path.glob("matched.csv"))
    assert "ERROR" not in text and len(text.splitlines()) > 1


def cells(heading: str, first: str) -> set[str]:
    table = GUIDE.split(f"## {heading}\n")[1].split(f"| {first} |")[1].split("\n\n")[0]
    return {re.search(r"`([A-Z_]+)`", line)[1] for line in table.splitlines() if line.startswith("| `")}


def test_every_parameter_and_every_setting_is_described():
    assert cells("Images: SIA2", "parameter") == set(CONDITIONS)
    known = {name for name in dir(settings) if name.startswith("VO_")} | {"SITE_ADDRESS"}
    assert cells("In the registry", "variable") == known
