"""A server before a server: slow, failing, or cutting answers off as it is told; it records what was asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests

PASSED_ON = ("Range", "If-Range", "Authorization", "Cookie")
ANSWERED = ("Content-Type", "Content-Length", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges")
BLOCK = 1 << 13


class Gate(ThreadingHTTPServer):
    """Passes requests on to `behind`.

    pause : s after every block of a file; busy : how many requests are answered 503 first; cut : how many answers end
    in the middle; down : nothing else than 500 is answered; curves : CSV of light curves, by position; blind : parts
    are given whatever If-Range says; untold : no file's length is told
    """

    daemon_threads = True

    def __init__(self, behind: str = ""):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.session = behind, requests.Session()
        self.session.trust_env = False
        self.pause, self.busy, self.cut, self.down, self.curves = 0.0, 0, 0, False, ""
        self.blind = self.untold = False
        self.files: dict[str, tuple[bytes, str]] = {}  # path: content and ETag, before anything behind
        self.asked: list[tuple[str, str, str, float]] = []  # method, path, Range, time
        self.questions: dict[str, str] = {}  # by path: the last one with its query
        self.sent: Counter = Counter()
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def takes(self, name: str) -> bool:
        """One of the answers of a kind that are still to be given."""
        with self.lock:
            left = getattr(self, name)
            setattr(self, name, max(0, left - 1))
            return left > 0


@contextmanager
def gate(behind: str = ""):
    """A gate that runs."""
    server = Gate(behind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def log_message(self, *arguments):
        """The record is enough."""

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append((self.command, path, self.headers.get("Range", ""), time.monotonic()))
        self.server.questions[path] = self.path
        if self.server.down:
            self._send(500, {}, b"down")
            return
        if self.server.takes("busy"):
            self._send(503, {"Retry-After": "1"}, b"busy")
            return
        if path.endswith("nph_light_curves") and self.server.curves:
            circle = parse_qs(urlsplit(self.path).query)["POS"][0]
            self._send(200, {"Content-Type": "text/csv"}, self.server.curves.encode() if circle else b"")
            return
        if path in self.server.files:
            self._own(*self.server.files[path])
            return
        if not self.server.behind:
            self._send(404, {}, b"")
            return
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        answer = self.server.session.request(
            self.command, self.server.behind + self.path, headers=headers | {"Accept-Encoding": "identity"}, timeout=60
        )
        told = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
        self._send(answer.status_code, told, answer.content)

    def _own(self, content: bytes, etag: str) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if start and (self.server.blind or self.headers.get("If-Range") == etag):
            told = {"ETag": etag, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            self._send(206, told, content[start:])
            return
        self._send(200, {"ETag": etag}, content)

    def _send(self, status: int, headers: dict, body: bytes) -> None:
        self.send_response(status)
        told = {} if self.server.untold else {"Content-Length": str(len(body))}
        for name, value in (told | headers).items():
            self.send_header(name, value)
        self.close_connection = self.server.untold or self.close_connection
        self.end_headers()
        if self.command == "HEAD":
            return
        is_file = "/ibe/data/" in self.path and status in (200, 206)
        stop = len(body) // 2 if is_file and self.server.takes("cut") else len(body)
        for n in range(0, stop, BLOCK):
            try:
                self.wfile.write(body[n : min(n + BLOCK, stop)])
            except (BrokenPipeError, ConnectionResetError):
                break
            if is_file:
                self.server.sent[urlsplit(self.path).path] += min(BLOCK, stop - n)
                time.sleep(self.server.pause)
        if stop < len(body):
            self.close_connection = True
