"""Names in tables that people bring stay what they are: in queries, results, TAP_SCHEMA and VOSI; dialects of text."""

import gzip
import io
import json
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from astropy.table import Table
from django.contrib.auth.models import User

from archive.models import UserTable
from archive.services.vo.adql import as_written
from archive.services.vo.tap import user_tables
from archive.tables.reserved_words import RESERVED
from tests.archive.services.vo.tap.test_tap import rows
from tests.archive.services.vo.tap.test_uploads import MARK, ask

pytestmark = pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.VOWarning")
NAMES = (
    "RA", "Dec", "ra", "My Column", "größe", "size", "select", "window", "_RAJ2000", "2mass", 'a"b', "B-V", "e_Bmag",
    "x'y",
    "дек", "DISTANCE", "a b c", "Timestamp", "c1", "C1",
)  # fmt: skip


def made(names=NAMES) -> Table:
    return Table({name: [float(n), n + 0.5] for n, name in enumerate(names)})


def votable(table: Table) -> bytes:
    content = io.BytesIO()
    table.write(content, format="votable")
    return content.getvalue()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def parquet(table: Table) -> bytes:
    content = io.BytesIO()
    table.to_pandas().to_parquet(content)
    return content.getvalue()


def separated(table: Table) -> bytes:
    lines = [list(table.colnames), *(map(str, row) for row in table.iterrows())]
    return "\n".join(",".join(quoted(cell) for cell in line) for line in lines).encode()


@MARK
@pytest.mark.parametrize("write", [votable, parquet, separated])
def test_columns_keep_their_names_and_answer_to_them_in_quotes(client, sky, write):
    content = write(made())
    status, text = ask(client, "SELECT * FROM TAP_UPLOAD.mine", content)
    assert status == 200, text
    assert [one["name"] for one in json.loads(text)["columns"]] == list(NAMES)
    for n, name in enumerate(NAMES):
        status, text = ask(
            client, f"SELECT u.{quoted(name)} FROM TAP_UPLOAD.mine AS u ORDER BY {quoted(name)}", content
        )
        assert status == 200, text
        found = json.loads(text)
        assert ([one["name"] for one in found["columns"]], found["data"]) == ([name], [[n], [n + 0.5]])


@MARK
def test_without_quotes_a_name_of_another_case_is_found_and_two_are_ambiguous(client, sky):
    assert ask(client, "SELECT e_bmag FROM TAP_UPLOAD.mine", votable(made()))[0] == 200
    assert ask(client, "SELECT ra FROM TAP_UPLOAD.mine", votable(made()))[0] == 200  # the one that is written so
    status, text = ask(client, "SELECT Ra FROM TAP_UPLOAD.mine", votable(made()))
    assert status == 400 and "ambiguous" in text


@MARK
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"ra,ra\n1,2\n", "have one name"), (b"ra,,b\n1,2,3\n", "column 2 has no name"),
        (b"1.5,2.5\n3,4\n", "no names of columns"),
        (b"xmin,b\n1,2\n", "a column of that name"), (f"{'x' * 64},b\n1,2\n".encode(), "at most 63 bytes"),
        (b"PK\x03\x04", "ZIP archive"), (b"<html></html>", "web page"), (b'{"a": 1}', "JSON"),
        (b"\x1f\x8b\x08junk", "gzip"),
        (b"a,b\n1\n4,5\n", "row 1 has 1 values"), (b"a,b\n1,2,3\n", "row 1 has 3 values"),
        (b"x,y;z\n1,2;3\n", "divided by ';' and by ','"),
        (b"\xff\xfea", "UTF-16"), (b"a,b\n\xff,1\n", "utf-8"), (b"", "it is empty"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_the_true_reason(client, sky, content, says):
    status, text = ask(client, "SELECT * FROM TAP_UPLOAD.mine", content)
    assert status == 400 and says in text


@MARK
@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"ra,dec,flux;err\n1,2,3\n4,5,6\n", ["ra", "dec", "flux;err"]),
        (b'name,ra,"notes; remarks"\na,1,"x; y"\n', ["name", "ra", "notes; remarks"]),
        (b"ra;dec\n10,5;20,25\n", ["ra", "dec"]),
    ],
)
def test_a_delimiter_within_a_name_divides_nothing(client, sky, content, names):
    status, text = ask(client, "SELECT * FROM TAP_UPLOAD.mine", content)
    assert status == 200, text
    assert [one["name"] for one in json.loads(text)["columns"]] == names


TEXT = "name,RA,Dec\na,10.5,-3.25\nb,11.5,4.25\n"
DIALECTS = {
    "comma": TEXT, "semicolon": TEXT.replace(",", ";"), "tab": TEXT.replace(",", "\t"), "blank": TEXT.replace(",", " "),
    "bar": TEXT.replace(",", "|"), "decimal comma": TEXT.replace(",", ";").replace(".", ","), "BOM": "\ufeff" + TEXT,
    "header behind #": "# made by somebody\n# " + TEXT.replace(",", " "), "CRLF": TEXT.replace("\n", "\r\n"),
    "comment before": "# a list\n" + TEXT, "CR": TEXT.replace("\n", "\r"), "no end": TEXT.rstrip(),
}  # fmt: skip


def pair() -> Table:
    return Table({"name": ["a", "b"], "RA": [10.5, 11.5], "Dec": [-3.25, 4.25]})


def ecsv() -> str:
    text = io.StringIO()
    pair().write(text, format="ascii.ecsv")
    return text.getvalue()


@MARK
@pytest.mark.parametrize("name", [*DIALECTS, "ECSV", "UTF-16", "gzip", "VOTable, gzip"])
def test_every_dialect_of_text_is_read(client, sky, name):
    more = {
        "ECSV": lambda: ecsv().encode(), "UTF-16": lambda: TEXT.encode("utf-16"),
        "gzip": lambda: gzip.compress(TEXT.encode()), "VOTable, gzip": lambda: gzip.compress(votable(pair())),
    }  # fmt: skip
    content = more[name]() if name in more else DIALECTS[name].encode()
    status, text = ask(client, 'SELECT name, "RA", "Dec" FROM TAP_UPLOAD.mine ORDER BY name', content)
    assert status == 200, text
    assert json.loads(text)["data"] == [["a", 10.5, -3.25], ["b", 11.5, 4.25]]


@pytest.fixture
def owner(sky, client):
    user = User.objects.create_user("tap-names")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    yield user
    for table in UserTable.objects.all():
        user_tables.drop(table)
    user.delete()


@pytest.mark.parametrize("name", ["MyStars", "My Stars", "Größen", "select", "stars-2", "2stars"])
def test_a_kept_table_keeps_its_name_and_its_columns(client, owner, name):
    answer = client.put(f"/tap/tables/{quote(name)}", votable(made()))
    assert answer.status_code == 201, answer.content
    assert UserTable.objects.get().name == name
    full = f"user_tap_names_{owner.pk}.{as_written(name)}"

    def rows(query):
        answer = client.get("/tap/sync", {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json"})
        assert answer.status_code == 200, answer.getvalue()
        return json.loads(answer.getvalue())["data"]

    assert rows(f"SELECT COUNT(*) AS n FROM user_tap_names_{owner.pk}.{quoted(name)}") == [[2]]
    escaped = full.replace("'", "''")
    listed = rows(f"SELECT column_name FROM tap_schema.columns WHERE table_name = '{escaped}' ORDER BY column_index")
    assert [one for (one,) in listed] == [as_written(one) for one in NAMES]
    for (column,) in listed:  # as it stands there, a query takes it
        assert len(rows(f"SELECT {column} FROM {full}")) == 2
    for address in ("/tap/tables", f"/tap/tables/user_tap_names_{owner.pk}.{quote(name)}"):
        tree = ElementTree.fromstring(client.get(address).content)
        assert {as_written(one) for one in NAMES} <= {one.text for one in tree.iter("name")}
        assert full in {one.text for one in tree.iter("name")}
    other = client.put(f"/tap/tables/{quote(name.swapcase())}", votable(made()))
    assert (other.status_code == 400) == (name.swapcase().lower() == name.lower())
    assert client.delete(f"/tap/tables/{quote(name)}").status_code == 200


@pytest.mark.parametrize("name", ["a.b", 'a"b', " a", "x" * 61])
def test_names_of_tables_that_cannot_be_addressed_are_refused(client, owner, name):
    answer = client.put(f"/tap/tables/{quote(name)}", votable(made()))
    assert answer.status_code == 400 and "no table name" in answer.content.decode()


@pytest.mark.django_db
def test_the_reserved_words_are_postgresql_s_too(sky):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT upper(word) FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
        assert {word for (word,) in cursor.fetchall()} <= RESERVED
    assert as_written("ra") == "ra" and as_written("RA") == '"RA"' and as_written("size") == '"size"'


@pytest.mark.parametrize("name", ["ztf_alerts", "ztf.ztf_alerts", "ZTF_ALERTS"])
def test_a_table_is_described_under_its_name_without_schema_too(client, sky, name):
    known = rows(client, "SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name = 'ztf.ztf_alerts'")
    assert rows(client, f"SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name = '{name}'") == known
    assert rows(client, f"SELECT column_name FROM TAP_SCHEMA.columns WHERE '{name}' = table_name") == known
    assert rows(client, f"SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name IN ('x', '{name}')") == known
    assert rows(client, f"SELECT table_name FROM TAP_SCHEMA.tables WHERE table_name = '{name}'") == [["ztf.ztf_alerts"]]


@pytest.mark.parametrize("name", ["nothing", "columns'", "tap_schema.nothing", ""])
def test_a_name_of_no_table_describes_nothing(client, sky, name):
    query = "SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name = '{}'"
    assert rows(client, query.format(name.replace("'", "''"))) == []


@pytest.mark.client("astroquery", "Irsa.list_columns", "Irsa.list_catalogs")
def test_astroquery_lists_the_columns_of_a_bare_name(server):
    from astroquery.ipac.irsa import Irsa

    client = type(Irsa)()
    client.tap_url = f"{server}/TAP"
    assert "objectid" in client.list_columns("ztf_alerts")
    assert "ztf.ztf_alerts" in client.list_catalogs()
