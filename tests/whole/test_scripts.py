"""Download scripts are run as people run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archive.models import ProductFile, ScienceImage
from tests.servers import Client

pytestmark = pytest.mark.slow
QUERY = {"field": 557, "ccdid": 8, "qid": 1}
RUN = {"curl": ["sh"], "wget": ["sh"], "python": [sys.executable]}


def expected(programs) -> set[str]:
    images = ScienceImage.objects.filter(field=557, rcid=28, programid__in=programs)
    rows = ProductFile.objects.filter(family__in=("sci", "diff"), product_id__in=images.values("pid"))
    return set(rows.values_list("path", flat=True))


def fetched(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".sh"}


def run(kind: str, text: str, folder: Path, **environment) -> subprocess.CompletedProcess:
    script = folder.parent / f"{folder.name}.script"
    script.write_text(text)
    folder.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [*RUN[kind], script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("curl", marks=pytest.mark.client("curl", "the download script")),
        "python",
        pytest.param("wget", marks=pytest.mark.client("wget", "the download script")),
    ],
)
def test_a_script_fetches_what_its_reader_may_see_and_mends_what_is_broken(portal, tmp_path, kind):
    if kind != "python" and shutil.which(kind) is None:
        pytest.skip(f"{kind} is not installed")
    client = Client(portal)
    text = client.get(f"/images/script/{kind}", params=QUERY).text
    client.close()
    folder = tmp_path / "public"
    done = run(kind, text, folder)
    assert done.returncode == 0, done.stderr
    assert fetched(folder) == expected((1,)) != expected((1, 2))
    broken = folder / min(fetched(folder))
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    if kind == "python":  # it keeps what is unfinished under another name
        broken.rename(broken.with_name(broken.name + ".part"))
    assert run(kind, text, folder).returncode == 0 and broken.read_bytes() == whole


def test_with_rights_in_the_environment_it_fetches_what_is_not_public(portal, tmp_path):
    client = Client(portal, "partner", "partnerpartner")
    text = client.get("/images/script/python", params=QUERY).text
    client.close()
    assert "partnerpartner" not in text
    done = run("python", text, tmp_path / "mine", ZTF_USER="partner", ZTF_PASSWORD="partnerpartner")
    assert done.returncode == 0, done.stderr
    assert fetched(tmp_path / "mine") == expected((1, 2))
    refused = run("python", text, tmp_path / "others")
    assert refused.returncode == 1 and fetched(tmp_path / "others") == expected((1,))
