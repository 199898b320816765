"""Whether the client of the current request is still connected, and what is cancelled when it leaves.

The portal's gateway sets the connection of each request. Commands, workers and tests have none: nobody leaves there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import Lock


class ClientGoneError(ConnectionError):
    """The client left before its answer was complete; whatever was computed for it is of no use."""


class Connection:
    """The client's end of one request; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cancellers: list[Callable[[], None]] = []
        self.gone = False

    def leave(self) -> None:
        """Note that the client left, and cancel all that is running for it, also where one of them cannot be."""
        with self._lock, ExitStack() as stack:
            self.gone = True
            for cancel in self._cancellers:
                stack.callback(cancel)

    @contextmanager
    def cancelling(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within this block `cancel` is called, from another thread, when the client leaves.

        The lock makes sure that it is never called after the block has ended.

        Raises
        ------
        ClientGoneError
            if the client has left already.
        """
        with self._lock:
            if self.gone:
                raise ClientGoneError("the client left")
            self._cancellers.append(cancel)
        try:
            yield
        finally:
            with self._lock:
                self._cancellers.remove(cancel)


_NOBODY = Connection()
_current: ContextVar[Connection] = ContextVar("connection", default=_NOBODY)


@contextmanager
def connected(connection: Connection) -> Iterator[None]:
    """Within this block the request of `connection` is being answered."""
    token = _current.set(connection)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Connection:
    """The connection of the request that is being answered; one that nobody leaves where there is no request."""
    return _current.get()


def check() -> None:
    """Raise ClientGoneError if the client has left; long computations in Python call it between two steps."""
    if _current.get().gone:
        raise ClientGoneError("the client left")
