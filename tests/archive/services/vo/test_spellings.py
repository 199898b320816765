"""IRSA's spellings of addresses, and what programs are told where there is nothing."""

import pytest

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
QUERY = "?query=select+table_name+from+TAP_SCHEMA.tables&format=csv"


@pytest.mark.parametrize("path", ["/TAP", "/TAP/", "/tap", "/tap/"])
def test_tap_s_own_address_tells_programs_its_capabilities_and_people_the_query_page(client, path):
    answer = client.get(path, follow=True)
    assert answer.status_code == 200 and b"<vosi:capabilities" in answer.content
    assert client.get(path, follow=True, headers=BROWSER).request["PATH_INFO"] == "/query/"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"/TAP/sync{QUERY}", "text/csv"), ("/TAP/capabilities", "text/xml"), ("/TAP/availability", "text/xml"),
        ("/TAP/tables", "text/xml"), ("/SIA/capabilities", "text/xml"), ("/SIA/availability", "text/xml"),
        ("/SIA?MAXREC=0", "application/x-votable+xml"), ("/ibe/", "text/html"), ("/ibe/docs/", "text/html"),
        ("/SCS?table=ztf_objects&RA=1&DEC=1&SR=0", "text/xml"),
    ],
)  # fmt: skip
def test_irsa_s_spellings_are_answered(client, path, kind):
    answer = client.get(path, follow=True)
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, kind)


@pytest.mark.parametrize(
    "path",
    ["/TAP/nothing", "/tap/tables/nothing", "/SIA/nothing", "/SCS/nothing", "/ibe/nothing", "/ibe/search/ztf/nothing/x",
     "/cgi-bin/Gator/nothing", "/cgi-bin/nothing", "/vo/nothing", "/api/nothing", "/ztf/nothing", "/nothing",
     "/data/ZTF/x"],
)  # fmt: skip
def test_programs_are_told_shortly_that_there_is_nothing(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "html" not in answer["Content-Type"] and len(answer.content) < 1000
    assert client.get(path, headers=BROWSER).status_code == 404
