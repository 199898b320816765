"""The service as it is served, before the validators of the field and the clients that astronomers have."""

import json
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import pyvo
import requests
from astropy.table import Table
from astroquery.ipac.irsa import Irsa
from astroquery.utils.tap.core import TapPlus
from django.contrib.auth.models import User
from django.urls import resolve
from django.utils import timezone

from archive.access import tokens
from archive.access.audit import Actor
from archive.models import QueryJob
from archive.services.vo.formats import FORMATS
from tests.archive.services.vo.tap.conftest import ALERTS, CENTRE, PASSWORD
from tests.servers import portal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed"),
]
ALLOWED = {"LOC"}
"""Stages about tables that this service need not have."""
QUERY = "SELECT TOP 20 candid, objectid, ra, rb, isdiffpos, ssnamenr FROM ztf.ztf_alerts ORDER BY candid"
PUBLIC = ALERTS - ALERTS // 3


@pytest.fixture(scope="module")
def served(sky, tmp_path_factory):
    """The address of TAP."""
    with portal(tmp_path_factory.mktemp("served")) as address:
        yield f"{address}/tap"
    QueryJob.objects.all().delete()


def stilts(*words: str) -> str:
    done = subprocess.run(["stilts", *words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.client("stilts", "taplint")
def test_taplint_finds_nothing_wrong(served):
    report = json.loads(stilts("taplint", f"tapurl={served}", "format=json", "report=EWF"))
    found = [
        f"{one['level']}-{section['code']}-{one['code']} {one.get('text', '')}"
        for section in report["sections"]
        if section["code"] not in ALLOWED
        for one in section.get("reports", ())
        if one["level"] in ("ERROR", "WARNING", "FAILURE", "E", "W", "F")
    ]
    assert found == []


@pytest.mark.client("stilts", "votlint")
@pytest.mark.parametrize("form", ["votable", "votable/td"])
def test_votlint_finds_nothing_wrong(served, form, tmp_path):
    for maxrec in (5, 1000):
        asked = {"LANG": "ADQL", "QUERY": QUERY, "FORMAT": form, "MAXREC": maxrec}
        (tmp_path / "result.vot").write_bytes(requests.get(f"{served}/sync", asked, timeout=30).content)
        assert stilts("votlint", f"votable={tmp_path / 'result.vot'}") == ""
    wrong = requests.get(f"{served}/sync", {"LANG": "ADQL", "QUERY": "SELECT"}, timeout=30)
    (tmp_path / "error.vot").write_bytes(wrong.content)
    assert stilts("votlint", f"votable={tmp_path / 'error.vot'}") == ""


@pytest.mark.client("stilts", "xsdvalidate")
def test_every_document_keeps_to_its_schema(served, tmp_path):
    made = requests.post(f"{served}/async", {"LANG": "ADQL", "QUERY": QUERY, "PHASE": "RUN"}, timeout=30).url
    wrong = requests.post(f"{served}/async", {"LANG": "ADQL", "QUERY": "SELECT", "PHASE": "RUN"}, timeout=30).url
    for job in (made, wrong):
        requests.get(job, {"WAIT": 20}, timeout=30)
    ends = ("capabilities", "availability", "tables", "tables/ztf.ztf_alerts", "async")
    for url in (*(f"{served}/{end}" for end in ends), made, wrong, f"{made}/parameters", f"{made}/results"):
        (tmp_path / "document.xml").write_bytes(requests.get(url, timeout=30).content)
        said = stilts("xsdvalidate", "uselocals=true", f"doc={tmp_path / 'document.xml'}")
        assert not re.search(r"error|fatal", said, re.IGNORECASE), (url, said)


@pytest.mark.client("stilts", "tapquery sync=true", "tapquery sync=false", "tapquery nupload=1", "tapskymatch")
def test_topcat_s_queries_work(served, tmp_path):
    mine, out = tmp_path / "mine.csv", tmp_path / "out.csv"
    mine.write_text("id,ra,dec\n" + "".join(f"{n},{CENTRE[0] + n / 10},{CENTRE[1]}\n" for n in range(3)))
    shared = [f"tapurl={served}", "ofmt=csv", f"out={out}"]
    for sync in ("true", "false"):
        stilts("tapquery", *shared, f"sync={sync}", f"adql={QUERY}")
        assert len(out.read_text().splitlines()) == 21
        joined = (
            "SELECT u.id, a.candid FROM TAP_UPLOAD.up1 AS u JOIN ztf.ztf_alerts AS a ON a.fid = u.id WHERE u.id = 2"
        )
        stilts("tapquery", *shared, f"sync={sync}", f"adql={joined}", "nupload=1", f"upload1={mine}", "ufmt1=csv")
        assert len(out.read_text().splitlines()) == 1 + ALERTS // 2 - ALERTS // 6
    stilts(
        *("tapskymatch", *shared, f"in={mine}", "ifmt=csv", "inlon=ra", "inlat=dec"),
        *("taptable=ztf.ztf_alerts", "taplon=ra", "taplat=dec", "sr=0.3", "find=each-dist"),
    )
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.client(
    "pyvo",
    "TAPService.run_async, uploads",
    "TAPService.submit_job",
    "TAPService.get_job_list",
    "AsyncTAPJob.fetch_result",
    "AsyncTAPJob.delete",
    "TAPService.examples",
)
def test_pyvo_runs_jobs_with_uploads_and_lists_them(served):
    session = requests.Session()
    session.auth = ("tap-partner", PASSWORD)
    service = pyvo.dal.TAPService(served, session=session)
    mine = Table({"id": np.arange(3), "ra": CENTRE[0] + np.arange(3) / 10, "dec": np.full(3, CENTRE[1])})
    found = service.run_async("SELECT u.*, 2 * u.id AS twice FROM TAP_UPLOAD.mine AS u", uploads={"mine": mine})
    assert found["twice"].tolist() == [0, 2, 4]
    job = service.submit_job("SELECT COUNT(*) AS n FROM ztf.ztf_alerts")
    assert job.phase == "PENDING"
    job.run().wait(timeout=20)
    assert job.fetch_result()["n"].tolist() == [ALERTS]
    assert job.job_id in {one.jobid for one in service.get_job_list()}
    with pytest.raises(pyvo.dal.DALServiceError):
        pyvo.dal.AsyncTAPJob(job.url)
    job.delete()
    assert service.get_job_list(phases=["COMPLETED"]) == []
    failed = service.submit_job("SELECT nothing FROM ztf.ztf_alerts").run().wait(timeout=20)
    with pytest.raises(pyvo.dal.DALQueryError, match="nothing"):
        failed.raise_if_error()
    assert len(service.examples) > 3
    failed.delete()


@pytest.mark.client(
    "astroquery",
    "TapPlus.launch_job_async",
    "TapPlus.launch_job, upload",
    "Irsa.query_tap",
    "Irsa.list_catalogs",
    "Irsa.query_region",
)
def test_astroquery_runs_jobs_with_uploads(served, tmp_path):
    client = TapPlus(url=served)
    job = client.launch_job_async("SELECT TOP 7 candid, ra FROM ztf.ztf_alerts")
    assert len(job.get_results()) == 7
    mine = tmp_path / "mine.vot"
    Table({"id": np.arange(3)}).write(mine, format="votable")
    joined = "SELECT id FROM tap_upload.mine WHERE id > 0"
    found = client.launch_job(joined, upload_resource=str(mine), upload_table_name="mine")
    assert len(found.get_results()) == 2
    irsa = type(Irsa)()
    irsa.tap_url = served
    assert irsa.query_tap(QUERY).to_table()["candid"].dtype == np.int64
    assert "ztf.ztf_alerts" in irsa.list_catalogs()
    cone = irsa.query_region(
        f"{CENTRE[0]}d {CENTRE[1]}d",
        catalog="ztf.ztf_alerts",
        spatial="Cone",
        radius="0.5 deg",
        columns="candid,ra,dec",
    )
    assert len(cone) > 10


@pytest.mark.client("curl", "--compressed -d /tap/sync")
def test_curl_gets_text_in_little_space_if_it_asks(served):
    words = ["curl", "-sS", "--compressed", f"{served}/sync", "-d", "LANG=ADQL", "-d", "FORMAT=csv"]
    words += ["--data-urlencode", "QUERY=SELECT COUNT(*) AS n FROM ztf.ztf_alerts", "-w", "%{header_json}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True).stdout
    text, headers = done.split("{", 1)
    assert text == f"n\n{PUBLIC}\n"
    assert json.loads("{" + headers)["content-encoding"] == ["gzip"]


# --- the guide --------------------------------------------------------------------------------------------------
GUIDE = (Path(__file__).parents[5] / "docs" / "guide" / "tap.md").read_text()
BLOCKS = re.findall(r"```(python|sh)\n(.*?)```", GUIDE, re.DOTALL)
CALLS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [text for language, text in BLOCKS if language == "sh" and "export" not in text]


@pytest.fixture(scope="module")
def guided(served):
    """What the guide's calls find around them."""
    owner = User.objects.get(username="tap-partner")
    ends = timezone.now() + timedelta(days=1)
    _, secret = tokens.make(owner, "guide", ["tap"], ends, Actor("test"))
    return {"ZTF": served.removesuffix("/tap"), "ZTF_TOKEN": secret}


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_every_call_of_the_guide_works(guided, monkeypatch, capsys, number):
    for name, value in guided.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Irsa, "_tap", None)
    monkeypatch.setattr(Irsa, "_tap_url", None, raising=False)
    exec(compile(CALLS[number], "tap.md", "exec"), {})  # noqa: S102 (our own guide)
    assert len(capsys.readouterr().out.splitlines()) > 1


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_every_command_of_the_guide_works(guided, tmp_path, number):
    options = {"cwd": tmp_path, "env": os.environ | guided, "stdin": subprocess.DEVNULL}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", COMMANDS[number]], **options, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout and "ERROR" not in done.stdout


def test_the_guide_knows_every_format_and_address():
    table = GUIDE.split("## Formats")[1]
    assert set(re.findall(r"`([a-z/]+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))) == {
        one.names[1] for one in FORMATS
    }
    for address in re.findall(r"`(?:GET|PUT|POST|DELETE) (/tap/[a-z-]+)", GUIDE):
        assert resolve(address if address.endswith(("kept", "tables", "update")) else f"{address}/x")
