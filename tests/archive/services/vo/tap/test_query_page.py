"""The query page: works without script, shows what went wrong and where, and how to ask the same from a script."""

from urllib.parse import parse_qs, urlsplit

import pytest

from portal.views.queries.page import DOWNLOADS, EXAMPLES, PREVIEW_ROWS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.mark.parametrize("example", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_every_example_runs(client, sky, example):
    response = client.get("/query/", {"query": example})
    assert response.status_code == 200
    assert response.context["result"].fields


def test_the_first_rows_are_shown_and_all_are_offered(client, sky):
    response = client.get("/query/", {"query": "SELECT candid, rb FROM ztf.ztf_alerts ORDER BY candid"})
    text = response.content.decode()
    assert len(response.context["result"].rows) == PREVIEW_ROWS
    assert "there are more" in text
    assert "1000000000000001" in text
    assert "None" not in text
    for name, url in response.context["downloads"]:
        assert parse_qs(urlsplit(url).query)["RESPONSEFORMAT"] == [dict(DOWNLOADS)[name]]
    csv = client.get(response.context["downloads"][1][1]).getvalue()
    assert csv.count(b"\n") == 20_001


def test_the_snippets_ask_the_same_whatever_is_quoted_in_the_query(client, sky):
    query = "SELECT TOP 1 'it''s \\ \"\"\"' AS x FROM ztf.ztf_alerts"
    python, curl = (text for _, text in client.get("/query/", {"query": query}).context["snippets"])
    line = python.split("run_sync(", 1)[1].split(").to_table", 1)[0]
    assert eval(line).strip() == query  # noqa: S307 (our own snippet)
    assert "'QUERY=SELECT TOP 1" in curl


def test_an_error_is_shown_with_its_line_and_column(client, sky):
    response = client.get("/query/", {"query": "SELECT candid,\n  magg FROM ztf.ztf_alerts"})
    assert response.status_code == 400
    text = response.content.decode()
    assert "Line 2, column 3: unknown column magg in" in text
    assert 'data-line="2" data-column="3"' in text
    assert "\n  ^" in text


def test_an_error_of_the_database_leaves_the_page_whole(client, sky):
    response = client.get("/query/", {"query": "SELECT 1/(fid-fid) AS x FROM ztf.ztf_alerts"})
    assert response.status_code == 400
    assert "division by zero" in response.content.decode()
    assert "</html>" in response.content.decode()


def test_text_from_the_query_cannot_become_markup(client, sky):
    response = client.get(
        "/query/", {"query": "SELECT TOP 1 '<script>alert(1)</script>' AS \"<b>\" FROM ztf.ztf_alerts"}
    )
    assert "<script>alert" not in response.content.decode()
    assert "<b>" not in response.content.decode()


def test_the_empty_page_lists_tables_with_their_columns(client, sky):
    text = client.get("/query/").content.decode()
    assert "ztf.ztf_current_meta_sci" in text
    assert "Real-bogus score" in text
