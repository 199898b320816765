"""Tables kept as CADC's clients keep them: pyvo's create_table, load_table, create_index, remove_table."""

from __future__ import annotations

import io
import threading

import numpy
import pytest
import pyvo
import requests
from django.db import connection, connections

from archive.models import UserTable
from archive.services.vo import job_runner
from tests.archive.services.vo.tap.conftest import PASSWORD

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
DEFINITION = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:table xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1">
  <name>mine</name>
  <column><name>star</name><description>Name</description>
    <dataType xsi:type="vs:VOTableType" arraysize="*">char</dataType></column>
  <column><name>ra</name><unit>deg</unit><ucd>pos.eq.ra</ucd>
    <dataType xsi:type="vs:VOTableType">double</dataType></column>
  <column><name>n</name><dataType xsi:type="vs:TAPType">BIGINT</dataType></column>
</vosi:table>
"""
ROWS = "star\tra\tn\nMira\t34.8\t12\nAlgol\t47.0\t13\n"


@pytest.fixture
def service(server):
    """The service as a partner's, and nothing of theirs left."""
    pyvo.utils.activate_features("cadc-tb-upload")
    session = requests.Session()
    session.auth = ("tap-partner", PASSWORD)
    yield pyvo.dal.TAPService(f"{server}/tap", session=session)
    session.delete(f"{server}/tap/tables/mine", timeout=60)


@pytest.fixture
def worker():
    """A worker that carries out jobs as they come."""
    over = threading.Event()

    def work():
        while not over.wait(0.1):
            job_runner.run_next()
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.client(
    "pyvo", "TAPService.create_table", "TAPService.load_table", "TAPService.create_index", "TAPService.remove_table"
)
def test_pyvo_keeps_a_table_by_its_definition_loads_it_and_asks_it(service, worker):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    described = service.search("SELECT * FROM tap_schema.columns WHERE table_name LIKE 'user%mine'").to_table()
    assert list(described["column_name"]) == ["star", "ra", "n"]
    assert list(described["datatype"]) == ["char", "double", "long"] and described["unit"][1] == "deg"
    name = described["table_name"][0]
    service.load_table("mine", io.BytesIO(ROWS.encode()))
    rows = service.search(f"SELECT star, ra, n FROM {name} ORDER BY n").to_table()
    assert [tuple(row) for row in rows] == [("Mira", 34.8, 12), ("Algol", 47.0, 13)]
    service.create_index("mine", "n", unique=True)
    assert _indexes() == [("n", True)]
    assert (
        service.search(f"SELECT indexed FROM tap_schema.columns WHERE table_name = '{name}' AND column_name = 'n'")[
            "indexed"
        ][0]
        == 1
    )
    service.remove_table("mine")
    assert not UserTable.objects.using("default").exists()


def _indexes() -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, i.indisunique FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid "
            "JOIN pg_namespace AS s ON s.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid "
            "AND a.attnum = i.indkey[0] WHERE s.nspname = 'tap_user' AND c.relname ~ '^t[0-9]+$'"
        )
        return cursor.fetchall()


@pytest.mark.client("pyvo", "TAPService.create_index")
def test_an_index_of_values_that_are_not_unique_is_an_error_with_the_reason(service, worker):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    service.load_table("mine", io.BytesIO(b"star\tra\tn\na\t1\t7\nb\t2\t7\n"))
    with pytest.raises(pyvo.dal.DALQueryError, match="could not create unique index"):
        service.create_index("mine", "n", unique=True)


def test_rows_that_an_index_does_not_take_are_refused_with_the_reason(service, worker):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    service.create_index("mine", "n", unique=True)
    service.create_index("mine", "star")
    service.load_table("mine", io.BytesIO(ROWS.encode()))
    random = "".join(map(chr, numpy.random.default_rng(1).integers(33, 126, 20_000))).replace("\\", "x")
    for rows, says in ((ROWS, "duplicate key value"), (f"star\tra\tn\n{random}\t1\t1\n", "index row")):
        answer = service._session.post(
            f"{service.baseurl}/load/mine", rows.encode(), headers={"Content-Type": "text/tab-separated-values"}
        )
        assert answer.status_code == 400 and says in answer.text, answer.text
    assert UserTable.objects.using("default").get().rows == 2


def test_an_index_of_texts_that_are_too_long_is_an_error_with_the_reason(service, worker):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    random = "".join(map(chr, numpy.random.default_rng(1).integers(33, 126, 20_000))).replace("\\", "x")
    service.load_table("mine", io.BytesIO(f"star\tra\tn\n{random}\t1\t1\n".encode()))
    with pytest.raises(pyvo.dal.DALQueryError, match="index row"):
        service.create_index("mine", "star")


def test_of_tables_that_come_together_all_are_kept_or_none(service):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    files = {"one": ("one.csv", "a,b\n1,2\n"), "two": ("two.csv", "a,b\n1,2\n")}
    answer = service._session.post(
        f"{service.baseurl}/tables", data={"UPLOAD": "other,param:one;mine,param:two"}, files=files, timeout=60
    )
    assert answer.status_code == 400 and "you have a table of that name" in answer.text
    assert [one.name for one in UserTable.objects.using("default").all()] == ["mine"]


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"table": "mine"}, 400, "INDEX is missing"), ({"table": "mine", "index": "x"}, 400, "no such column"),
        ({"table": "mine", "index": "n", "unique": "yes"}, 400, "UNIQUE=yes"),
        ({"table": "other", "index": "n"}, 404, "is not here"), ({"table": "mine", "index": "n", "x": "1"}, 400, "X"),
    ],
)  # fmt: skip
def test_orders_that_cannot_be_are_refused(service, form, status, says):
    service.create_table("mine", io.BytesIO(DEFINITION.encode()))
    answer = service._session.post(f"{service.baseurl}/table-update", data=form, timeout=60)
    assert answer.status_code == status and says in answer.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("BIGINT", "FLOAT16"), "dataType 'FLOAT16' is not taken"),
        (('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE a [<!ENTITY b "c">]>'), "document type"),
        (("<name>n</name>", "<name>ra</name>"), "have one name"),
        (("double</dataType>", "double</wrong>"), "VOSI table"),
        (('arraysize="*">char', 'arraysize="3">double'), "kept tables hold no arrays"),
    ],
)
def test_definitions_that_cannot_be_are_refused(service, change, says):
    with pytest.raises(requests.HTTPError):
        service.create_table("mine", io.BytesIO(DEFINITION.replace(*change).encode()))
    answer = service._session.put(
        f"{service.baseurl}/tables/mine", data=DEFINITION.replace(*change).encode(), timeout=60
    )
    assert answer.status_code == 400 and says in answer.text


VOTABLE = """<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="star" datatype="char" arraysize="*"/><FIELD name="ra" datatype="double"/><FIELD name="n" datatype="long"/>
<DATA><TABLEDATA><TR><TD>Mira</TD><TD>34.8</TD><TD>12</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""
BODIES = {"VOSI table": DEFINITION, "VOTable": VOTABLE, "text": ROWS}
TYPES = {
    "text/xml": ("VOSI table", "VOTable"), "application/xml": ("VOSI table", "VOTable"),
    "application/x-votable+xml": ("VOTable",), "text/tab-separated-values": ("text",), "text/csv": ("text",),
    "application/fits": (), "application/vnd.apache.parquet": (),
    "application/octet-stream": tuple(BODIES), "text/plain; charset=utf-8": tuple(BODIES),
}  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES)
def test_a_table_of_another_format_than_its_sender_says_is_refused(service, content_type):
    for kind, body in BODIES.items():
        url, headers = f"{service.baseurl}/tables/mine", {"Content-Type": content_type}
        answer = service._session.put(url, data=body.encode(), headers=headers, timeout=60)
        fits = kind in TYPES[content_type]
        assert answer.status_code == (201 if fits else 400), (kind, answer.text)
        assert fits or f"Content-Type={content_type}" in answer.text, answer.text
        if fits:
            load = f"{service.baseurl}/load/mine"
            assert service._session.post(load, data=body, headers=headers, timeout=60).status_code == 200
            odd = service._session.post(load, data=VOTABLE, headers={"Content-Type": "text/csv"}, timeout=60)
            assert odd.status_code == 400 and "Content-Type=text/csv: the body is a VOTable" in odd.text
            service._session.delete(url, timeout=60)
