"""Every VOTable that the archive gives is valid: stilts votlint on the documents of every service, errors too."""

import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from archive.models import ScienceImage
from archive.services.vo.dal import cone
from archive.services.vo.obscore.identifiers import prefix
from lightcurves.models import Source

pytestmark = pytest.mark.slow
SHAPES = "SELECT TOP 3 POINT(ra, dec) AS p, CIRCLE(ra, dec, 0.1) AS c, {} AS g FROM ztf.ztf_current_meta_sci"
NO_POINT = "SELECT pid, CASE WHEN qid = 1 THEN POINT(ra, dec) END AS p FROM ztf.ztf_current_meta_sci"
QUERIES = [
    SHAPES.format("CENTROID(CIRCLE(ra, dec, 0.1))"),
    NO_POINT,
    "SELECT TOP 5 * FROM ivoa.obscore",
    "SELECT TOP 5 * FROM ztf.ztf_objects",
    "SELECT TOP 5 * FROM ztf.ztf_current_meta_raw",
    "SELECT TOP 5 * FROM tap_schema.columns",
    "SELECT nothing",
]


def votlint(content: bytes, folder: Path) -> str:
    """What stilts says of a document."""
    file = folder / "document.vot"
    file.write_bytes(content)
    command = ["stilts", "votlint", f"votable={file}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL).stdout


@pytest.mark.client("stilts", "votlint")
@pytest.mark.parametrize("form", ["votable", "votable/td"])
@pytest.mark.parametrize("query", QUERIES)
def test_results_of_tap_are_valid(portal, tmp_path, query, form):
    asked = {"LANG": "ADQL", "QUERY": query, "FORMAT": form}
    assert votlint(requests.get(f"{portal}/tap/sync", asked, timeout=60).content, tmp_path) == ""


@pytest.mark.client("stilts", "votlint", "tpipe")
@pytest.mark.parametrize("shape", ["POLYGON(ra1, dec1, ra2, dec2, ra3, dec3)", "BOX(ra, dec, 1, 1)"])
def test_polygons_are_valid_and_the_same_in_both_serialisations(portal, tmp_path, shape):
    """votlint itself runs out of memory on arrays of any length in BINARY2, also on those that stilts writes."""
    read = []
    for form in ("votable/td", "votable"):
        asked = {"LANG": "ADQL", "QUERY": SHAPES.format(shape), "FORMAT": form}
        content = requests.get(f"{portal}/tap/sync", asked, timeout=60).content
        if form == "votable/td":
            assert votlint(content, tmp_path) == ""
        (tmp_path / "shapes.vot").write_bytes(content)
        command = ["stilts", "tpipe", f"in={tmp_path / 'shapes.vot'}", "ofmt=csv"]
        read.append(subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout)
    assert read[0] == read[1] and len(read[0].splitlines()) == 4


@pytest.mark.client("stilts", "votlint")
def test_documents_of_every_other_service_are_valid(portal, tmp_path):
    image = ScienceImage.objects.filter(programid=1).order_by("pid").first()
    source = Source.objects.order_by("oid").first()
    place = f"{image.ra},{image.dec}"
    round_it = f"POS=CIRCLE+{image.ra}+{image.dec}+0.1"
    star = f"POS=CIRCLE+{source.ra}+{source.dec}+0.01"
    paths = [
        *(f"/vo/scs/{name}?RA={image.ra}&DEC={image.dec}&SR=0.3&VERB=3" for name in cone.tables()),
        f"/SIA?{round_it}&MAXREC=5",
        f"/SIA?{round_it}&MAXREC=5&RESPONSEFORMAT=votable/b2",
        "/SIA?MAXREC=0",
        "/SIA?POS=nowhere",
        "/SIA/nothing",
        "/tap/nothing",
        "/vo/scs/ztf_objects?RA=1",
        f"/vo/datalink/links?ID={quote(prefix('sci') + str(image.pid))}",
        "/vo/datalink/links?ID=x",
        f"/cgi-bin/ZTF/nph_light_curves?{star}&FORMAT=VOTABLE",
        "/cgi-bin/ZTF/nph_light_curves?POS=x&FORMAT=VOTABLE",
        f"/images/?position={place}&format=votable",
        f"/alerts/?position={place}&format=votable",
        f"/objects/?position={source.ra},{source.dec}&format=votable",
        "/images/?position=nowhere&format=votable",
    ]
    wrong = {}
    for path in paths:
        if said := votlint(requests.get(portal + path, timeout=60).content, tmp_path):
            wrong[path] = said
    assert wrong == {}
