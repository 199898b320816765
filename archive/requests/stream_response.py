"""A streamed response that closes what it holds, whatever happens to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

from django.http import StreamingHttpResponse


class _Held:
    """Pieces of a response with what is to be closed after them; Django closes what it streams from."""

    def __init__(self, pieces: Iterable[bytes | str], close: Callable[[], None]):
        self._pieces, self._close = pieces, close

    def __iter__(self) -> Iterator[bytes | str]:
        return iter(self._pieces)

    def close(self) -> None:
        """Close the pieces, then what they were read from, also where the first one fails."""
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.callback(getattr(self._pieces, "close", lambda: None))


def stream_response(
    pieces: Iterable[bytes | str], close: Callable[[], None], content_type: str, headers: dict[str, str] | None = None
) -> StreamingHttpResponse:
    """A response of these pieces; `close` (a database connection's, mostly) is called when it ends, however it ends."""
    return StreamingHttpResponse(_Held(pieces, close), content_type=content_type, headers=headers)
