"""A polite HTTP client: a pause between requests, patience with a busy server, credentials that stay with it."""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

AGENT = "ztf-archive-mirror/1 (+manage.py mirror)"
BUSY = (429, 500, 502, 503, 504)
LONGEST_WAIT = 600  # s, that a server may ask for
TIMEOUT = (15, 120)  # s, to connect and between two pieces
LARGEST_ANSWER = 1 << 30  # bytes, of what is no file
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAMES = ("ZTF_USER", "ZTF_PASSWORD", "ZTF_TOKEN")


class BadCredentialsError(ValueError):
    """Credentials that cannot be used; the message says why, and never holds them."""


@dataclass(frozen=True)
class Credentials:
    """A name and a password, or a token; none of them for public data."""

    user: str = ""
    password: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"

    @property
    def given(self) -> bool:
        return bool(self.user or self.token)


@dataclass(frozen=True)
class RateLimit:
    """The limits within which a server is asked.

    delay : s between the starts of two requests; attempts : of a request; pause : s before the second of them, doubled
    before each further one where the server does not say how long to wait; slowest : bytes/s that an answer may come
    at, after `patience` (s) from its beginning
    """

    connections: int = 2
    delay: float = 0.2
    attempts: int = 6
    pause: float = 1.0
    slowest: float = 10_000.0
    patience: float = 120.0

    def seconds(self, size: int) -> float:
        """Seconds that an answer of so many bytes may take."""
        return self.patience + size / self.slowest


def credentials(file: Path | None = None) -> Credentials:
    """Credentials from a file of lines such as ZTF_USER=name, or else from the environment.

    Raises
    ------
    BadCredentialsError
        for a file that others may read, or that says something else.
    """
    values = dict(os.environ)
    if file is not None:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadCredentialsError(f"{file}: others may read it; chmod 600 {file}")
        lines = [line.strip() for line in file.read_text().splitlines() if line.strip() and line[0] != "#"]
        values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
        if unknown := sorted(set(values) - set(NAMES)):
            raise BadCredentialsError(f"{file}: a line that does not begin with {', '.join(NAMES)} ({unknown[0][:20]})")
    found = Credentials(*(values.get(name, "") for name in NAMES))
    if found.user and not found.password:
        raise BadCredentialsError("ZTF_USER is given without ZTF_PASSWORD")
    return found


class ThrottledSession(requests.Session):
    """A session for one server, used by several threads."""

    def __init__(self, server: str, who: Credentials = Credentials(), rate: RateLimit = RateLimit()):  # noqa: B008
        super().__init__()
        self.rate = rate
        self._next, self._lock = 0.0, threading.Lock()
        self.headers["User-Agent"] = AGENT
        patience = Retry(
            total=rate.attempts - 1,
            status_forcelist=BUSY,
            allowed_methods=("GET", "HEAD"),
            backoff_factor=rate.pause,
            backoff_max=60,
            retry_after_max=LONGEST_WAIT,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=patience, pool_maxsize=rate.connections))
        self._sign(server, who)

    def request(self, method, url, **options):  # type: ignore[override]  # by name, all but these two
        """As in requests, not before its turn."""
        with self._lock:
            wait = self._next - time.monotonic()
            self._next = max(self._next, time.monotonic()) + self.rate.delay
        if wait > 0:
            time.sleep(wait)
        options["timeout"] = options.get("timeout") or TIMEOUT
        if options.get("stream"):
            return super().request(method, url, **options)
        with super().request(method, url, **options | {"stream": True}) as answer:
            answer._content = self._content(answer)  # where requests itself keeps a body that was read
            answer._content_consumed = True
            return answer

    def _content(self, answer: requests.Response) -> bytes:
        """A whole body, within bounds of size and time."""
        pieces, size, begun = [], 0, time.monotonic()
        for piece in answer.iter_content(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise requests.ConnectionError(f"{answer.url}: more than {LARGEST_ANSWER} bytes came")
            if time.monotonic() - begun > self.rate.seconds(size):
                raise requests.ConnectionError(f"{answer.url}: comes slower than {self.rate.slowest:g} bytes/s")
        return b"".join(pieces)

    def sign_in(self, address: str, who: Credentials) -> None:
        """Take IRSA's cookie instead of sending the password with every request.

        Raises
        ------
        BadCredentialsError
            if the server gives none.
        """
        self.auth = None
        fields = {"josso_cmd": "login", "josso_username": who.user, "josso_password": who.password}
        self.post(address, data=fields).raise_for_status()
        if "JOSSO_SESSIONID" not in self.cookies:
            raise BadCredentialsError(f"{address}: gave {who.user!r} no cookie; name or password is wrong")

    def _sign(self, server: str, who: Credentials) -> None:
        if not who.given:
            return
        parts = urlsplit(server)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise BadCredentialsError(f"server={server}: credentials are sent over https only")
        if who.token:
            self.headers["Authorization"] = f"Bearer {who.token}"
        else:
            self.auth = (who.user, who.password)
