"""One file over a bad line."""

import hashlib
import os
from types import SimpleNamespace

import pytest
import requests

from archive.ingest.mirror.fetch import FetchFailedError, NotThereError, TooLargeError, fetch, forget
from archive.ingest.mirror.http import BadCredentialsError, Credentials, RateLimit, ThrottledSession, credentials
from archive.ingest.mirror.remote import Remote, RemoteFailedError
from archive.ingest.mirror.request import BadMirrorRequestError, MirrorRequest, Quadrant
from tests.archive.ingest.mirror.gate import BLOCK, gate

CONTENT = os.urandom(20 * BLOCK)
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
PATH = "/ibe/data/ztf/products/one.fits"
QUICK = RateLimit(delay=0.0, pause=0.01)


@pytest.fixture
def server():
    with gate() as found:
        found.files[PATH] = (CONTENT, ETAG)
        yield found


@pytest.fixture
def session(server):
    made = ThrottledSession(server.address, rate=QUICK)
    made.trust_env = False
    return made


def ranges(server) -> list[str]:
    return [asked for _, _, asked, _ in server.asked]


def test_a_file_that_is_cut_off_goes_on_where_it_stopped(server, session, tmp_path):
    server.cut = 2
    seen = []
    done = fetch(session, server.address + PATH, tmp_path / "one.fits", seen.append)
    assert done.path.read_bytes() == CONTENT
    assert (done.received, sum(seen), server.sent[PATH]) == (len(CONTENT),) * 3
    assert ranges(server) == ["", f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]
    assert fetch(session, server.address + PATH, done.path).received == 0  # it is here, until it is taken
    assert len(ranges(server)) == 3
    forget(done.path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, session, tmp_path):
    server.cut = 99
    with pytest.raises(FetchFailedError, match="one.fits"):
        fetch(session, server.address + PATH, tmp_path / "one.fits")
    assert {path.suffix for path in tmp_path.iterdir()} == {".part", ".state"}
    other = CONTENT[::-1]
    server.cut, server.files[PATH] = 0, (other, f'"{hashlib.sha256(other).hexdigest()}"')
    assert fetch(session, server.address + PATH, tmp_path / "one.fits").path.read_bytes() == other


def test_the_rest_of_another_version_is_not_joined_to_what_came_before(server, session, tmp_path):
    """A server that gives a part whatever If-Range asks, and an ETag that is no checksum."""
    server.cut, server.blind, server.files[PATH] = 99, True, (CONTENT, '"1"')
    with pytest.raises(FetchFailedError):
        fetch(session, server.address + PATH, tmp_path / "one.fits")
    other = CONTENT[::-1]
    server.cut, server.files[PATH] = 0, (other, '"2"')
    assert fetch(session, server.address + PATH, tmp_path / "one.fits").path.read_bytes() == other
    assert ranges(server)[-2:] == [f"bytes={len(CONTENT) - BLOCK}-", ""] or ranges(server)[-1] == ""


def test_a_server_that_is_too_slow_is_given_up_by_the_total_time(server, tmp_path):
    session = ThrottledSession(
        server.address, rate=RateLimit(delay=0, pause=0.01, attempts=2, slowest=1e6, patience=0.1)
    )
    session.trust_env, server.pause = False, 0.05
    with pytest.raises(FetchFailedError, match="slower than 1e\\+06 bytes/s"):
        fetch(session, server.address + PATH, tmp_path / "one.fits")
    assert len(server.asked) == 2
    with pytest.raises(requests.ConnectionError, match="slower than"):
        session.get(server.address + PATH)


@pytest.mark.parametrize("untold", [False, True])
def test_a_file_that_is_larger_than_may_be_is_refused_and_nothing_of_it_stays(server, session, tmp_path, untold):
    server.untold = untold
    with pytest.raises(TooLargeError, match=f"at most {5 * BLOCK} are taken|more than {5 * BLOCK} bytes"):
        fetch(session, server.address + PATH, tmp_path / "one.fits", most=5 * BLOCK)
    assert len(server.asked) == 1
    assert not (tmp_path / "one.fits.part").exists()
    assert fetch(session, server.address + PATH, tmp_path / "one.fits").path.read_bytes() == CONTENT


def test_bytes_that_are_not_what_the_server_tells_are_not_taken(server, session, tmp_path):
    server.files[PATH] = (CONTENT[:-1] + b"!", ETAG)
    with pytest.raises(FetchFailedError, match="its SHA-256 is not"):
        fetch(session, server.address + PATH, tmp_path / "one.fits")
    assert not (tmp_path / "one.fits").exists()


def test_a_busy_server_is_waited_for_as_long_as_it_says(server, session, tmp_path):
    server.busy = 2
    fetch(session, server.address + PATH, tmp_path / "one.fits")
    times = [at for _, _, _, at in server.asked]
    assert len(times) == 3
    assert times[1] - times[0] > 0.9
    assert times[2] - times[1] > 0.9


def test_a_server_that_is_down_is_given_up_after_some_attempts(server, session, tmp_path):
    server.down = True
    with pytest.raises(FetchFailedError, match="500"):
        fetch(session, server.address + PATH, tmp_path / "one.fits")
    assert len(server.asked) == QUICK.attempts


def test_what_is_not_there_is_asked_for_once(server, session, tmp_path):
    with pytest.raises(NotThereError, match="404"):
        fetch(session, f"{server.address}{PATH}.not", tmp_path / "one.fits")
    assert len(server.asked) == 1


def test_requests_keep_their_distance(server):
    session = ThrottledSession(server.address, rate=RateLimit(delay=0.2))
    session.trust_env = False
    for _ in range(3):
        session.get(server.address + PATH)
    times = [at for _, _, _, at in server.asked]
    assert times[2] - times[0] > 0.39
    assert session.headers["User-Agent"].startswith("ztf-archive-mirror")


def test_credentials_come_from_a_file_of_mine_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ZTF_TOKEN", "secret")
    assert credentials() == Credentials(token="secret")
    file = tmp_path / "me"
    file.write_text("# mine\nZTF_USER = me\nZTF_PASSWORD=pass=word\n")
    file.chmod(0o644)
    with pytest.raises(BadCredentialsError, match="chmod 600"):
        credentials(file)
    file.chmod(0o600)
    assert credentials(file) == Credentials("me", "pass=word")
    assert "pass=word" not in repr(credentials(file))
    file.write_text("password: x")
    with pytest.raises(BadCredentialsError, match="does not begin with ZTF_USER"):
        credentials(file)


def test_credentials_are_not_sent_in_the_clear():
    with pytest.raises(BadCredentialsError, match="over https only"):
        ThrottledSession("http://irsa.example.org", Credentials("me", "word"))
    assert ThrottledSession("https://irsa.example.org", Credentials("me", "word")).auth == ("me", "word")


def test_a_search_that_fails_says_what_was_asked_and_what_came(server):
    remote = Remote(server.address, rate=QUICK)
    remote.session.trust_env = False
    with pytest.raises(RemoteFailedError, match="search of sci .*field=655.*404"):
        remote.metadata("sci", "field=655")
    server.down = True
    with pytest.raises(RemoteFailedError, match="search of sci .*500"):
        remote.metadata("sci", "field=655")
    with pytest.raises(RemoteFailedError, match="nph_light_curves"):
        remote.light_curves((1.0, 2.0, 0.001))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "nothing is asked for"),
        ({"families": ("cats",)}, "families=cats: use some of sci"),
        ({"radius": 9.0}, "radius=9.0: give 0 to 5 degrees"),
        ({"quadrants": (Quadrant(655),), "suffixes": ("sciimg.fit",)}, "suffixes=sciimg.fit: no file ends so"),
        ({"quadrants": (Quadrant(655),), "light_curves": True}, "light curves are asked for by position"),
        ({"quadrants": (Quadrant(655, filtercode="zx"),)}, "filter=zx: use one of"),
    ],
)
def test_a_request_that_cannot_be_asked_names_the_part(parts, says):
    with pytest.raises(BadMirrorRequestError, match=says):
        MirrorRequest(**parts)


def test_files_are_named_as_in_the_tree():
    request = MirrorRequest(
        ("sci", "ref"),
        ("mskimg.fits", "sciimg.fits", "refimg.fits", "log.txt"),
        quadrants=(Quadrant(655, 13, 3, "zr"),),
    )
    row = SimpleNamespace(filefracday=20200924431759, field=655, filtercode="zr", ccdid=13, qid=3, imgtypecode="o")
    folder, name = "sci/2020/0924/431759", "ztf_20200924431759_000655_zr_c13_o_q3"
    assert request.paths("sci", row) == [f"{folder}/{name}_{end}" for end in ("sciimg.fits", "mskimg.fits", "log.txt")]
    assert request.paths("ref", row)[0] == "ref/000/field000655/zr/ccd13/q3/ztf_000655_zr_c13_q3_refimg.fits"
    assert [one.where for one in request.searches("sci")] == ["field=655 AND ccdid=13 AND qid=3 AND filtercode='zr'"]
