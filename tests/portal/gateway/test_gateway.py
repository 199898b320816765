"""Slow, idle and vanishing clients cost threads nothing, and everybody else waits for nobody."""

import json
import time
from contextlib import ExitStack

import pytest

from archive.requests.disconnect import Connection
from portal.gateway.address import client_address, network_of
from portal.gateway.spool import Budget
from tests.portal.gateway.small import LIMITS

pytestmark = pytest.mark.slow
HEALTH_SECONDS = 1.0


def health(served) -> float:
    before = time.monotonic()
    assert served.ask("/health") == (200, b"ok")
    return time.monotonic() - before


def _half_header(served):
    connection = served.connect()
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    return connection


RUDE = {
    "that send nothing": lambda served: served.connect(),
    "whose header never ends": _half_header,
    "whose body never comes": lambda served: served.send("/echo", "Content-Length: 1000\r\n", "POST", b"x"),
    "whose chunks never end": lambda served: served.send(
        "/echo", "Transfer-Encoding: chunked\r\n", "POST", b"1\r\nx\r\n"
    ),
    "that never read their answer": lambda served: served.send("/large", receive_buffer=4096),
    "that never read a file": lambda served: served.send("/file", receive_buffer=4096),
}


@pytest.mark.parametrize("many", [False, True], ids=["of one address", "of as many addresses"])
@pytest.mark.parametrize("kind", RUDE)
def test_health_answers_within_a_second_beside_two_hundred_clients(served, kind, many, monkeypatch):
    with ExitStack() as stack:
        for number in range(200):
            monkeypatch.setattr(served, "address", f"198.51.100.{number if many else 1}")
            stack.enter_context(RUDE[kind](served))
        monkeypatch.undo()
        assert max(health(served) for _ in range(5)) < HEALTH_SECONDS
    wait_until(lambda: served.ask("/short")[0] == 200)


def test_a_body_that_comes_too_slowly_is_refused(served):
    with served.send("/echo", "Content-Length: 100000\r\n", "POST", b"x" * 100) as connection:
        before = time.monotonic()
        status, content = served.receive(connection)
    assert status == 408
    assert "1000 bytes/s" in json.loads(content)["detail"]
    assert time.monotonic() - before < LIMITS.body_seconds


def test_a_body_that_trickles_fast_enough_still_ends_in_time(served):
    """Ten bytes every 10 ms hold the minimum rate; the total time ends it all the same."""
    before = time.monotonic()
    with served.send("/echo", "Content-Length: 900000\r\n", "POST") as connection:
        connection.settimeout(0.01)
        answer = b""
        while not answer and time.monotonic() - before < 3 * LIMITS.body_seconds:
            connection.sendall(b"x" * 20)
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
    assert b" 408 " in answer
    assert time.monotonic() - before > LIMITS.body_seconds - 0.5


def test_a_body_that_states_too_great_a_length_is_refused_before_it_comes(served):
    status, content = served.ask("/echo", "Content-Length: 1000001\r\n", "POST")
    assert status == 413
    assert "1000000" in json.loads(content)["detail"]


def test_a_body_in_chunks_is_bounded_too(served):
    chunk = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
    with served.send("/echo", "Connection: close\r\nTransfer-Encoding: chunked\r\n", "POST") as connection:
        try:
            for _ in range(40):
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("extra", ["Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"])
def test_the_health_check_which_is_not_counted_takes_no_body(served, extra):
    assert served.ask("/health", extra, "POST", b"1\r\nx\r\n")[0] == 413
    assert served.ask("/health", "Content-Length: 0\r\n", "POST")[0] == 200


def test_a_body_in_chunks_arrives_whole(served):
    chunk = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
    assert served.ask("/echo", "Transfer-Encoding: chunked\r\n", "POST", 5 * chunk + b"0\r\n\r\n") == (200, b"500000")


def test_a_slow_reader_is_let_go_and_its_answer_closed(served):
    before = closed(served)
    with served.send("/large", receive_buffer=4096) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        wait_until(lambda: closed(served) > before)


def test_a_reader_at_a_fair_rate_gets_every_byte_though_the_writer_is_faster(served):
    """40 MB against a spool of 20: the writer waits, the order stays, nothing is lost."""
    status, content = served.ask("/large")
    assert status == 200
    found = unchunked(content)
    assert len(found) == 40_000_000
    assert all(found[n * 100_000 : n * 100_000 + 4] == n.to_bytes(4, "big") for n in range(400))


def test_a_file_is_sent_from_its_span(served):
    status, content = served.ask("/file")
    assert status == 200
    assert len(content) == 256 * 100_000 - 1000
    assert content[:24] == bytes(range(1000 % 256, 256))[:24]


def test_an_answer_that_breaks_off_does_not_look_whole(served):
    _, content = served.ask("/broken")
    assert not content.endswith(b"0\r\n\r\n")


def test_what_runs_for_a_client_is_cancelled_when_it_leaves(served):
    before = cancelled(served)
    connection = served.send("/query")
    time.sleep(0.5)
    connection.close()
    wait_until(lambda: cancelled(served) == before + 1)


def test_pages_do_not_wait_for_services(served):
    ended = cancelled(served)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(served.send("/query"))
        time.sleep(0.2)
        before = time.monotonic()
        assert served.ask("/short") == (200, b"short")
        assert time.monotonic() - before < HEALTH_SECONDS
        assert health(served) < HEALTH_SECONDS
    wait_until(lambda: cancelled(served) >= ended + 2)


def test_a_lane_that_is_full_refuses_with_a_time_to_try_again(served):
    ended = cancelled(served)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(served.send("/query"))
        time.sleep(0.3)
        with served.send("/query", "Connection: close\r\n") as connection:
            answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: " in answer
    wait_until(lambda: cancelled(served) >= ended + 2)


def test_an_address_has_its_share_and_others_theirs(served):
    def waiting(address: str):
        return served.send("/echo", f"X-Forwarded-For: {address}\r\nContent-Length: 9\r\n", "POST")

    with ExitStack() as stack:
        for _ in range(LIMITS.open_per_address):
            stack.enter_context(waiting("192.0.2.1"))
        time.sleep(0.3)
        assert served.ask("/short", "X-Forwarded-For: 192.0.2.1\r\n")[0] == 429
        assert served.ask("/short", "X-Forwarded-For: 192.0.2.2\r\n")[0] == 200
        assert served.ask("/health", "X-Forwarded-For: 192.0.2.1\r\n")[0] == 200


def test_the_address_is_the_one_that_our_own_proxy_saw(served):
    assert served.ask("/who", "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n") == (200, b"192.0.2.7")


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ("203.0.113.9", 0, "10.0.0.1"),
        ("203.0.113.9", 1, "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", 1, "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("203.0.113.9", 2, "10.0.0.1"),
        ("rubbish", 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_only_entries_of_our_own_proxies_are_believed(forwarded, proxies, expected):
    assert client_address("10.0.0.1", forwarded, proxies) == expected


def test_an_ipv6_client_is_known_by_its_network():
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::4")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"


def closed(served) -> int:
    return int(served.ask("/seen")[1].split()[1])


def cancelled(served) -> int:
    return int(served.ask("/seen")[1].split()[0])


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def unchunked(content: bytes) -> bytes:
    found, place = [], 0
    while size := int(content[place : (end := content.index(b"\r\n", place))], 16):
        found.append(content[end + 2 : end + 2 + size])
        place = end + 2 + size + 2
    return b"".join(found)


def test_one_address_does_not_take_the_room_of_all_for_bodies_and_answers():
    budget = Budget(100, 60)
    one, other = budget.of("192.0.2.1"), budget.of("192.0.2.2")
    assert one.reserve(60) and not one.reserve(1)
    assert other.reserve(40) and not other.reserve(1)
    one.release(60)
    assert other.reserve(20) and not other.reserve(1) and one.reserve(40)


def test_what_cannot_be_cancelled_keeps_nothing_else_running():
    connection, told = Connection(), []

    def fails():
        raise OSError("the database takes no more connections")

    one, another = connection.cancelling(lambda: told.append(1)), connection.cancelling(lambda: told.append(2))
    with one, connection.cancelling(fails), another, pytest.raises(OSError, match="no more connections"):
        connection.leave()
    assert sorted(told) == [1, 2] and connection.gone
