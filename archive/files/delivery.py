"""Files of the tree over HTTP: whole or in part, resumable, the same for the portal and every adapter.

Source: RFC 9110, sections 8.8 (validators), 13 (conditional requests) and 14 (ranges).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date

from archive.models import ProductFile

BLOCK = 1 << 18
MIME_TYPES = {
    ".fits": "application/fits", ".fit": "application/fits", ".fz": "application/fits", ".gz": "application/gzip",
    ".txt": "text/plain; charset=utf-8", ".tbl": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8",
    ".psf": "text/plain; charset=utf-8", ".tar": "application/x-tar", ".avro": "application/avro",
    ".parquet": "application/vnd.apache.parquet", ".h5": "application/x-hdf5", ".json": "application/json",
}  # fmt: skip
BINARY = "application/octet-stream"
_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*")


def visible_file(path: str) -> ProductFile | None:
    """The file of a path, as far as the current reader may see it; None too where the tree does not hold it."""
    file = ProductFile.objects.filter(path=path).first()
    return file if file is not None and file.on_disk.is_file() else None


def mime_type(name: str) -> str:
    """Content-Type of a file by its name: what it is, also compressed within (.fits.fz is FITS)."""
    return MIME_TYPES.get(Path(name).suffix.lower(), BINARY)


def deliver(request: HttpRequest, file: ProductFile, attachment: bool = False) -> HttpResponseBase:
    """A file of the tree, as `deliver_path` or, where so configured, by nginx that stands before us.

    Raises
    ------
    archive.files.storage.DamagedFileError
        if its bytes are not those that are registered.
    """
    path = file.whole()  # this may read the row again: before its checksum is told
    if settings.ACCEL_REDIRECT:
        return _handed_over(file, attachment)
    return deliver_path(request, path, file.sha256, file.name if attachment else "")


def deliver_path(request: HttpRequest, path: Path, tag: str, attachment: str = "") -> HttpResponseBase:
    """A file, or the range of its bytes that the request asks for; nothing but the header fields for HEAD.

    Parameters
    ----------
    tag : changes with the file's content
    attachment : the name to save it under; empty: to be shown

    A range that begins behind the end is answered 416, several ranges at once with the whole file, and so is a range
    whose `If-Range` names another state of the file. A client that has the file already is told so (304), and
    one that wants another state of it (`If-Match`, `If-Unmodified-Since`) as well (412).
    """
    state = path.stat()
    headers = {
        "ETag": f'"{tag}"',
        "Last-Modified": http_date(state.st_mtime),
        "Accept-Ranges": "bytes",
        **private(),
    }
    if _is_another(request, headers["ETag"], state.st_mtime):
        return HttpResponse(status=412, headers=headers)
    if _is_known(request, headers["ETag"], state.st_mtime):
        return HttpResponse(status=304, headers=headers)
    try:
        span = _span(request, state.st_size, headers["ETag"], state.st_mtime)
    except IndexError:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{state.st_size}"})
    start, stop = span or (0, state.st_size)
    headers |= {"Content-Type": mime_type(path.name), "Content-Length": str(stop - start)}
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{state.st_size}"
    headers |= _disposition(attachment)
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    response = StreamingHttpResponse(_blocks(path, start, stop), status=status, headers=headers)
    response.file_span = (path, start, stop)  # the gateway sends it without holding a thread meanwhile
    return response


def _handed_over(file: ProductFile, attachment: bool) -> HttpResponse:
    """Tell nginx, which stands before us, to send the file itself: ranges, validators and all.

    Rights were looked at before; the location that it names is nginx's own and answers nobody from outside.
    """
    headers = {"X-Accel-Redirect": settings.ACCEL_REDIRECT + file.location, "Content-Type": mime_type(file.name)}
    return HttpResponse(headers=headers | _disposition(file.name if attachment else "") | private())


def _disposition(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}


def private() -> dict[str, str]:
    """Shared caches must not keep what depends on the reader."""
    return {"Cache-Control": "private, max-age=3600", "Vary": "Cookie, Authorization"}


def _blocks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (block := file.read(min(BLOCK, stop - start))):
            start += len(block)
            yield block


def _is_another(request: HttpRequest, etag: str, changed: float) -> bool:
    """Whether a client wants a state of the file that is not this one (RFC 9110, 13.1.1 and 13.1.4)."""
    if tags := request.headers.get("If-Match"):
        return tags.strip() != "*" and etag not in [tag.strip() for tag in tags.split(",")]
    until = _moment(request.headers.get("If-Unmodified-Since", ""))
    return until is not None and int(changed) > until


def _is_known(request: HttpRequest, etag: str, changed: float) -> bool:
    if tags := request.headers.get("If-None-Match"):
        return tags.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since = _moment(request.headers.get("If-Modified-Since", ""))
    return since is not None and int(changed) <= since


def _span(request: HttpRequest, size: int, etag: str, changed: float) -> tuple[int, int] | None:
    """First byte and the one behind the last; None for the whole file; IndexError if there is no such byte."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if request.method not in ("GET", "HEAD") or found is None or found.groups() == ("", ""):
        return None
    condition = request.headers.get("If-Range", "").strip()
    if condition and condition != etag and _moment(condition) != int(changed):
        return None
    first, last = found.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise IndexError
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None  # not a range at all: such a field is ignored
    if int(first) >= size:
        raise IndexError
    return int(first), min(size, int(last) + 1) if last else size


def _moment(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError):
        return None
