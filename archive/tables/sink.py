"""Files that leave as they are written."""

from __future__ import annotations

import io


class Sink(io.RawIOBase):
    """A file that is taken away in pieces while it is written."""

    def __init__(self):
        super().__init__()
        self.pieces: list[bytes] = []
        self.length = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        piece = bytes(data)
        self.pieces.append(piece)
        self.length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self.length

    def take(self) -> bytes:
        """The bytes written since the last call."""
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)
