"""One file over HTTP: what was cut off goes on where it stopped, if it is still the same file.

Source: RFC 9110, sections 13.1.5 (If-Range) and 14 (ranges).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import requests
from urllib3.exceptions import HTTPError

from archive.files.atomic import put_in_place
from archive.files.storage import checksum
from archive.ingest.door import LARGEST_OTHER
from archive.ingest.mirror.http import RateLimit, ThrottledSession

BLOCK = 1 << 18
ABSENT = (401, 403, 404, 410)
SHA256 = re.compile(r'"([0-9a-f]{64})"')
_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+)")


class NotThereError(LookupError):
    """The server has no such file, or does not open it to us."""


class CutOffError(ConnectionError):
    """An answer that ended early."""


class FetchFailedError(ConnectionError):
    """A file did not come whole; what came is kept for the next time."""


class TooLargeError(FetchFailedError):
    """A file that is larger than its kind may be; nothing of it is kept."""


@dataclass(frozen=True)
class Fetched:
    """A file that came whole: where it lies, what the server said of it, how many bytes came this time."""

    path: Path
    size: int
    etag: str
    received: int


def fetch(
    session: ThrottledSession,
    url: str,
    path: Path,
    seen: Callable[[int], None] = lambda count: None,
    most: int = LARGEST_OTHER,
) -> Fetched:
    """Fetch a file to `path`; until it is whole it lies beside it as `….part`.

    What the server said of it stays beside it as `….state`, so that a file which came whole, and was not taken because
    the run was killed, is not fetched again; `forget` removes both.

    Parameters
    ----------
    seen : is told of every piece's bytes
    most : bytes that it may have

    Raises
    ------
    NotThereError, FetchFailedError
    """
    part, state = path.with_name(f"{path.name}.part"), _state(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and state.is_file():
        known = json.loads(state.read_text())
        if known["size"] == path.stat().st_size:
            return Fetched(path, known["size"], known["etag"], 0)
    received, problem = 0, ""

    def count(size: int) -> None:
        nonlocal received
        received += size
        seen(size)

    for attempt in range(session.rate.attempts):
        if attempt:
            time.sleep(min(60.0, session.rate.pause * 2**attempt))
        try:
            known = _continue(session, url, part, state, count, most)
        except CutOffError as error:
            problem = str(error)
            continue
        except requests.RequestException as error:  # the session has been patient already
            raise FetchFailedError(f"{url}: {error}") from error
        if problem := _wrong(part, known):
            if part.stat().st_size >= (known["size"] or 0):  # not a beginning of it
                part.unlink()
            continue
        put_in_place(part, path)
        return Fetched(path, path.stat().st_size, known["etag"], received)
    raise FetchFailedError(f"{url}: {problem}")


def forget(path: Path) -> None:
    """Remove a fetched file, taken or refused, and what was said of it."""
    path.unlink(missing_ok=True)
    _state(path).unlink(missing_ok=True)


def _state(path: Path) -> Path:
    return path.with_name(f"{path.name}.state")


def _continue(
    session: ThrottledSession, url: str, part: Path, state: Path, seen: Callable[[int], None], most: int
) -> dict:
    """Ask for what is missing; returns what the server said of the file."""
    known = json.loads(state.read_text()) if state.is_file() and part.is_file() else {}
    validator = known.get("etag") or known.get("modified")
    start = part.stat().st_size if validator else 0
    headers = {"Accept-Encoding": "identity"}
    headers |= {"Range": f"bytes={start}-", "If-Range": str(validator)} if start else {}
    with session.get(url, headers=headers, stream=True) as answer:
        if answer.status_code in ABSENT:
            raise NotThereError(f"{url}: {answer.status_code} {answer.reason}")
        if answer.status_code == 416:
            if start == known.get("size"):
                return known
            part.unlink()
            raise CutOffError("what is here is no beginning of it")
        answer.raise_for_status()
        before, known = known, _told(answer, start)
        if answer.status_code == 206 and not _same(before, known):
            part.unlink()
            state.unlink(missing_ok=True)
            raise CutOffError("the rest that came is of another version")
        if (known["size"] or 0) > most:
            part.unlink(missing_ok=True)
            raise TooLargeError(f"{url}: has {known['size']} bytes; at most {most} are taken")
        state.write_text(json.dumps(known))
        with part.open("ab" if answer.status_code == 206 else "wb") as file:
            try:
                _receive(answer, file, session.rate, seen, most)
            except HTTPError as error:
                raise CutOffError(str(error)) from error
            except TooLargeError:
                part.unlink()
                raise
        return known


def _receive(answer: requests.Response, file: IO[bytes], rate: RateLimit, seen: Callable[[int], None], most: int):
    """Write what comes; what came before an early end counts: `iter_content` would lose the unfinished block."""
    begun, received, size = time.monotonic(), 0, file.tell()
    while block := answer.raw.read1(BLOCK, decode_content=False):
        file.write(block)
        seen(len(block))
        received += len(block)
        if size + received > most:
            raise TooLargeError(f"{answer.url}: has more than {most} bytes")
        if time.monotonic() - begun > rate.seconds(received):
            raise CutOffError(f"comes slower than {rate.slowest:g} bytes/s")


def _same(before: dict, now: dict) -> bool:
    """Whether what the server tells of a file is what it told when its beginning came."""
    if before.get("size") is not None and now["size"] != before["size"]:
        return False
    if before.get("etag") or now["etag"]:
        return before.get("etag") == now["etag"]
    return before.get("modified") == now["modified"]


def _told(answer: requests.Response, start: int) -> dict:
    """Size and validators of the whole file; a weak ETag vouches for no byte."""
    if (encoding := answer.headers.get("Content-Encoding", "identity")) != "identity":
        raise requests.RequestException(f"the file comes as {encoding}, which was not asked for")
    size = answer.headers.get("Content-Length")
    if answer.status_code == 206:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != start:
            raise requests.RequestException(f"another range came: {answer.headers.get('Content-Range')!r}")
        size = found[2]
    etag = answer.headers.get("ETag", "")
    return {
        "size": int(size) if size is not None else None,
        "etag": "" if etag.startswith("W/") else etag,
        "modified": answer.headers.get("Last-Modified", ""),
    }


def _wrong(part: Path, known: dict) -> str:
    size = part.stat().st_size
    if known["size"] is not None and size != known["size"]:
        return f"{size} of {known['size']} bytes came"
    if (told := SHA256.fullmatch(known["etag"])) and checksum(part) != told[1]:
        return f"its SHA-256 is not {told[1][:12]}…, which the server tells"
    return ""
