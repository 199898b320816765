"""A streamed response that closes what it holds, whatever happens to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain

from django.http import StreamingHttpResponse

GATHERED = 1 << 16
"""Bytes that are waited for before a response begins: most end within them, and go at once with their length."""


class _Held:
    """Pieces of a response with what is to be closed after them; Django closes what it streams from."""

    def __init__(self, pieces: Iterable[bytes | str], close: Callable[[], None]):
        self._pieces, self._close = pieces, close
        self._first, self._rest = b"", iter(pieces)

    def __iter__(self) -> Iterator[bytes | str]:
        return chain([self._first] if self._first else [], self._rest)

    def gather(self, encode: Callable[[bytes | str], bytes]) -> int | None:
        """Wait for the first pieces; the number of bytes where they are all."""
        for piece in self._rest:
            self._first += encode(piece)
            if len(self._first) >= GATHERED:
                return None
        return len(self._first)

    def close(self) -> None:
        """Close the pieces, then what they were read from, also where the first one fails."""
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.callback(getattr(self._pieces, "close", lambda: None))


def stream_response(
    pieces: Iterable[bytes | str], close: Callable[[], None], content_type: str, headers: dict[str, str] | None = None
) -> StreamingHttpResponse:
    """A response of these pieces; `close` (a database connection's, mostly) is called when it ends, however it ends.

    What fails within the first bytes is raised here, before anything is sent.
    """
    response, held = StreamingHttpResponse(content_type=content_type, headers=headers), _Held(pieces, close)
    try:
        size = held.gather(response.make_bytes)
    except BaseException:
        held.close()
        raise
    if size is not None:
        response["Content-Length"] = str(size)
    response.streaming_content = held
    return response
