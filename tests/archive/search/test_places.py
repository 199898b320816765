"""Names that no table knows: this archive's own objects, and Sesame where it is switched on."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from archive.search.name_services import locate
from archive.search.names import NameNotFoundError

pytestmark = pytest.mark.django_db


class Sesame(BaseHTTPRequestHandler):
    """Answers as CDS does: known is only SN 2011fe."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        known = b"%J 210.774200 +54.273700 = 14:03:05.80 +54:16:25.3\n" if "2011fe" in self.path else b"#!Not found\n"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(known)

    def log_message(self, *arguments):
        """No noise."""


@pytest.fixture
def sesame(settings):
    server = HTTPServer(("127.0.0.1", 0), Sesame)
    Sesame.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SESAME_SERVERS = [f"http://127.0.0.1:{server.server_port}/"]
    yield server
    server.shutdown()


def test_bright_stars_are_known_by_name():
    place = locate("vega")
    assert (place.kind, place.name) == ("star", "Vega")
    assert place.ra == pytest.approx(279.2347, abs=1e-3) and place.dec == pytest.approx(38.7837, abs=1e-3)


def test_an_unknown_name_goes_nowhere_unless_sesame_is_switched_on(settings):
    assert settings.SESAME_SERVERS == []
    with pytest.raises(NameNotFoundError, match="is not known here") as reason:
        locate("SN 2011fe")
    assert "Sesame" not in str(reason.value)


def test_sesame_is_asked_once_for_a_name(sesame):
    for _ in range(2):
        place = locate("SN 2011fe")
        assert (place.kind, place.ra, place.dec) == ("sesame", 210.7742, 54.2737)
    assert len(Sesame.asked) == 1


def test_what_nobody_knows_is_said_of_both(sesame):
    with pytest.raises(NameNotFoundError, match="is not known here.*nor does Sesame"):
        locate("no such star")
    assert not any("vega" in asked.lower() for asked in Sesame.asked)


def test_a_server_that_does_not_answer_is_named(settings):
    settings.SESAME_SERVERS = ["http://127.0.0.1:9/"]
    with pytest.raises(NameNotFoundError, match="nor does Sesame"):
        locate("SN 2012fr")
