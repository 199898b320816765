"""Every document of these services under STILTS' validators: votlint, datalinklint, xsdvalidate, taplint."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from archive.services.vo.obscore.identifiers import prefix
from archive.services.vo.registry.oai import VERBS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed: run make setup-dev"),
]
OTHER_SCHEMAS = Path("/usr/lib/python3/dist-packages/gavo/resources/schemata")
RECORDS = "verb=ListRecords&metadataPrefix="


def stilts(*arguments: str) -> str:
    run = subprocess.run(["stilts", *arguments], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def findings(report: str) -> list[str]:
    """Errors, warnings and failures of a report."""
    return [line for line in report.splitlines() if re.match(r"(E|W|F)-|ERROR|WARNING|Error", line)]


@pytest.fixture
def fetched(server, tmp_path):
    """A document of the server's as a file."""

    def fetch(path: str, status: int = 200) -> str:
        answer = requests.get(server + path, timeout=30)
        assert answer.status_code == status, answer.text[:300]
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.xml"
        file.write_bytes(answer.content)
        return str(file)

    return fetch


@pytest.mark.client("stilts", "votlint")
def test_every_votable_is_valid(fetched, archive):
    place = f"{archive.open.ra} {archive.open.dec}"
    documents = {
        "/vo/sia2/query?" + urlencode({"POS": f"CIRCLE {place} 0.1"}): 200,
        "/vo/sia2/query?" + urlencode({"POS": f"CIRCLE {place} 0.1", "RESPONSEFORMAT": "votable/b2"}): 200,
        "/vo/sia2/query?MAXREC=1": 200,
        "/vo/sia2/query?POS=nothing": 400,
        f"/vo/scs/ztf_objects?RA={archive.open.ra}&DEC={archive.open.dec}&SR=0.1&VERB=3": 200,
        "/vo/scs/ztf_alerts?RA=1&DEC=100&SR=1": 400,
    }
    for path, status in documents.items():
        assert findings(stilts("votlint", "validate=true", f"votable={fetched(path, status)}")) == [], path


@pytest.mark.client("stilts", "votlint", "datalinklint")
def test_links_of_every_family_are_valid(fetched, archive):
    products = {"sci": archive.open.pid, "diff": archive.open.pid, "ref": archive.reference.rfid}
    products |= {"cal": archive.calibration.cid, "alert": 77, "raw": 10**9}
    asked = [("ID", f"{prefix(family)}{number}") for family, number in products.items()] + [("ID", "nonsense")]
    file = fetched("/vo/datalink/links?" + urlencode(asked))
    assert findings(stilts("votlint", "validate=true", f"votable={file}")) == []
    assert findings(stilts("datalinklint", f"votable={file}")) == []


@pytest.mark.client("stilts", "xsdvalidate")
@pytest.mark.parametrize("service", ["sia2", "soda", "datalink"])
def test_capabilities_and_availability_are_valid(fetched, service):
    for document in ("capabilities", "availability"):
        file = fetched(f"/vo/{service}/{document}")
        assert findings(stilts("xsdvalidate", "uselocals=true", f"doc={file}")) == []


@pytest.fixture(scope="module")
def schemas(tmp_path_factory) -> list[str]:
    """Schemas that STILTS does not bring, of the Debian package python3-gavo, each finding the others beside it."""
    if not OTHER_SCHEMAS.is_dir():
        pytest.skip("python3-gavo, whose schemas are needed, is not installed")
    folder = tmp_path_factory.mktemp("schemas")
    spaces = {}
    for path in OTHER_SCHEMAS.glob("*.xsd"):
        text = re.sub(r'schemaLocation="https?://[^"]*/([^"/]+\.xsd)"', r'schemaLocation="\1"', path.read_text())
        (folder / path.name).write_text(text)
        if found := re.search(r'targetNamespace\s*=\s*"([^"]+)"', text):
            spaces[path.stem] = found[1]
    wanted = ("RegistryInterface", "VORegistry", "ConeSearch", "VOResource", "VODataService", "TAPRegExt")
    wanted += ("VOSICapabilities", "OAI-PMH", "oai_dc", "simpledc20021212")
    return [f"schemaloc={spaces[name]}={folder / name}.xsd" for name in wanted]


@pytest.mark.client("stilts", "xsdvalidate")
@pytest.mark.parametrize(
    "path",
    [f"/vo/registry/oai?{RECORDS}ivo_vor", f"/vo/registry/oai?{RECORDS}oai_dc", "/vo/scs/ztf_alerts/capabilities"]
    + [f"/vo/registry/oai?verb={verb}" for verb in ("Identify", "ListSets", "ListMetadataFormats", "nothing")],
)
def test_records_for_the_registry_are_valid(fetched, schemas, path):
    report = stilts("xsdvalidate", *schemas, f"doc={fetched(path)}")
    assert [line for line in findings(report) if "Unused custom schema" not in line] == []


@pytest.mark.client("stilts", "taplint")
def test_observations_are_as_the_data_models_have_them(server, archive):
    report = stilts("taplint", "stages=TMS OBS LOC", f"tapurl={server}/tap")
    assert [line for line in findings(report) if re.match(".-(OBS|LOC)", line)] == []


@pytest.mark.client("stilts", "coneskymatch servicetype=cone")
def test_stilts_matches_a_table_with_cones(server, archive, tmp_path):
    stars, found = tmp_path / "stars.csv", tmp_path / "found.csv"
    stars.write_text(f"name,ra,dec\nhere,{archive.open.ra},{archive.open.dec}\nthere,10,-80\n")
    stilts(
        "coneskymatch", f"in={stars}", "ifmt=csv", "ra=ra", "dec=dec", "sr=0.01", "servicetype=cone", "find=each",
        f"serviceurl={server}/vo/scs/ztf_current_meta_sci", f"out={found}", "ofmt=csv",
    )  # fmt: skip
    lines = found.read_text().splitlines()
    assert len(lines) == 3 and str(archive.open.pid) in lines[1] and lines[2].startswith("there")


def test_every_verb_of_the_registry_answers(server):
    whole = {"ListRecords": "&metadataPrefix=ivo_vor", "ListIdentifiers": "&metadataPrefix=oai_dc"}
    whole["GetRecord"] = f"&metadataPrefix=ivo_vor&identifier={prefix('sci').rpartition('?')[0]}"
    for verb in VERBS:
        text = requests.get(f"{server}/vo/registry/oai?verb={verb}{whole.get(verb, '')}", timeout=30).text
        assert f"<oai:{verb}>" in text and "<oai:error" not in text, verb
    for wrong, code in {
        "verb=ListRecords": "badArgument",
        "verb=GetRecord&identifier=ivo://x&metadataPrefix=ivo_vor": "idDoesNotExist",
        "verb=ListRecords&metadataPrefix=x": "cannotDisseminateFormat",
        "verb=ListRecords&metadataPrefix=oai_dc&until=2001-01-01": "noRecordsMatch",
        "verb=ListRecords&metadataPrefix=oai_dc&from=yesterday": "badArgument",
        "verb=ListRecords&resumptionToken=x": "badResumptionToken",
        "verb=Identify&verb=ListSets": "badVerb",
        "verb=Identify&more=1": "badArgument",
    }.items():
        assert f'code="{code}"' in requests.get(f"{server}/vo/registry/oai?{wrong}", timeout=30).text, wrong
