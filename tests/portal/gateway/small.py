"""A small application behind the gateway, with limits that a test can wait for; served by `granian`."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from archive.requests import disconnect
from portal.gateway.app import Gateway
from portal.gateway.limits import Lane, Limits

LIMITS = Limits(
    largest_body=1_000_000,
    body_grace=1.0,
    body_rate=1000.0,
    body_seconds=4.0,
    answer_grace=3.0,
    answer_rate=1_000_000.0,
    answer_seconds=60.0,
    spool_memory=100_000,
    spool_answer=20_000_000,
    spool_total=30_000_000,
    spool_address=25_000_000,
    queue_seconds=2.0,
    open_per_address=20,
    open_in_all=40,
    lanes=(
        Lane("health", ("/health",), threads=1, share=1, queue=100),
        Lane("services", ("/query",), threads=2, share=2, queue=3),
        Lane("pages", ("",), threads=2, share=2, queue=10),
    ),
)
HELD = Path(tempfile.mkstemp()[1])
HELD.write_bytes(bytes(range(256)) * 100_000)
seen = {"cancelled": 0, "closed": 0}
lock = threading.Lock()


def application(environ: dict, start_response):
    path = environ["PATH_INFO"]
    if path == "/short":
        return _text(start_response, "short")
    if path == "/echo":
        return _text(start_response, str(len(environ["wsgi.input"].read())))
    if path == "/who":
        return _text(start_response, environ["REMOTE_ADDR"])
    if path == "/seen":
        return _text(start_response, f"{seen['cancelled']} {seen['closed']}")
    if path == "/query":
        return _query(start_response)
    if path == "/large":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return Blocks(400)
    if path == "/broken":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return Blocks(400, fails_after=100)
    if path == "/file":
        start_response("200 OK", [("Content-Type", "x/y"), ("Content-Length", str(HELD.stat().st_size - 1000))])
        answer = Blocks(0)
        answer.file_span = (HELD, 1000, HELD.stat().st_size)
        return answer
    return _text(start_response, "ok")


class Blocks:
    """An answer of many blocks of 100,000 bytes; counts when it is closed."""

    def __init__(self, count: int, fails_after: int | None = None):
        self._count, self._fails_after = count, fails_after

    def __iter__(self):
        for number in range(self._count):
            if number == self._fails_after:
                raise RuntimeError("this answer breaks on purpose")
            yield number.to_bytes(4, "big") * 25_000

    def close(self) -> None:
        with lock:
            seen["closed"] += 1


def _text(start_response, text: str) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]


def _query(start_response) -> list[bytes]:
    """Computes for a minute, unless it is cancelled because its client left."""
    stop = threading.Event()
    with disconnect.current().cancelling(stop.set):
        if stop.wait(60):
            with lock:
                seen["cancelled"] += 1
            raise disconnect.ClientGoneError("cancelled")
    return _text(start_response, "computed")


gateway = Gateway(application, LIMITS, proxies=1)
