"""A streamed response: what it holds is closed once however it ends, and short answers go at once with their length."""

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import StreamingHttpResponse

from archive.requests.stream_response import GATHERED, stream_response

PIECE = b"x" * 1000


@pytest.fixture(autouse=True)
def no_database():
    """The end of a response closes old connections, of which there are none here; as Django's test client has it."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


class Source:
    """Pieces of a response, which count what was taken of them; the piece of number `fails` raises."""

    def __init__(self, count: int, fails: int | None = None):
        self.count, self.fails = count, fails
        self.taken, self.ended = 0, []

    def pieces(self):
        try:
            while self.taken < self.count:
                if self.taken == self.fails:
                    raise ValueError("the rows break off")
                self.taken += 1
                yield PIECE
        finally:
            self.ended.append("pieces")

    def close(self) -> None:
        self.ended.append("connection")


def answer(source: Source) -> StreamingHttpResponse:
    return stream_response(source.pieces(), source.close, "text/plain", {"Cache-Control": "no-store"})


CLOSED = ["pieces", "connection"]
"""The pieces first: they read from the connection."""


def test_an_answer_that_is_read_to_its_end_closes_what_it_holds_once():
    source = Source(200)
    response = answer(source)
    assert b"".join(response) == PIECE * 200
    response.close()
    assert source.ended == CLOSED
    assert response["Content-Type"] == "text/plain" and response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("count", [0, 1, 65])
def test_a_short_answer_has_its_length(count):
    response = answer(Source(count))
    assert response["Content-Length"] == str(1000 * count) and b"".join(response) == PIECE * count


def test_letters_are_counted_as_bytes():
    response = stream_response(iter(["é", "ü"]), lambda: None, "text/plain; charset=utf-8")
    assert response["Content-Length"] == "4" and b"".join(response).decode() == "éü"


def test_a_long_answer_begins_before_its_end_is_computed():
    source = Source(10**9)
    response = answer(source)
    assert source.taken == GATHERED // 1000 + 1 and "Content-Length" not in response
    assert len(next(iter(response))) == 1000 * source.taken
    response.close()
    assert source.ended == CLOSED


def test_a_client_that_leaves_in_the_middle_leaves_nothing_open():
    source = Source(200)
    response = answer(source)
    read = iter(response)
    assert next(read) and next(read) and source.taken == 67
    response.close()
    assert source.ended == CLOSED and source.taken == 67


@pytest.mark.parametrize("count", [3, 200])
def test_an_answer_that_nobody_reads_leaves_nothing_open(count):
    """As those to HEAD, and those that a middleware gives up."""
    source = Source(count)
    answer(source).close()
    assert source.ended == CLOSED


@pytest.mark.parametrize("fails", [0, 1, 64])
def test_what_fails_among_the_first_bytes_is_raised_before_anything_is_sent(fails):
    source = Source(200, fails)
    with pytest.raises(ValueError, match="the rows break off"):
        answer(source)
    assert source.ended == CLOSED


def test_what_fails_later_is_raised_to_the_server_and_closes_all():
    source = Source(200, 100)
    response = answer(source)
    with pytest.raises(ValueError, match="the rows break off"):
        b"".join(response)
    response.close()
    assert source.ended == CLOSED


def test_a_source_that_cannot_be_closed_holds_up_no_connection():
    class Broken:
        def __iter__(self):
            return iter([b"a"])

        def close(self):
            raise ValueError("cannot be closed")

    source = Source(0)
    stream_response(Broken(), source.close, "text/plain").close()
    assert source.ended == ["connection"]
