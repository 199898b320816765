"""The journal of a mirror: answers and unfinished files lie in a folder until all of it is done."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pandas as pd
from django.conf import settings

from archive.files.atomic import whole_file


class AlreadyRunningError(RuntimeError):
    """Another process makes the same mirror."""


class Journal:
    """The folder of one request at one server."""

    def __init__(self, server: str, digest: str):
        name = sha256(f"{server} {digest}".encode()).hexdigest()[:16]
        self.folder = settings.ARCHIVE_ROOT / ".mirror" / name

    @contextmanager
    def opened(self) -> Iterator[Journal]:
        """Only one process at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunningError(f"{self.folder}: another process makes this mirror") from error
            yield self

    def table(self, name: str, ask: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A table that was asked for and taken before, or else asked for now."""
        path = self._path(name)
        return pd.read_parquet(path) if path.is_file() else ask()

    def keep(self, name: str, table: pd.DataFrame) -> None:
        """Remember an answer whose rows were taken; one that was refused is asked for again the next time."""
        path = self._path(name)
        if not path.is_file():
            with whole_file(path) as temporary:
                table.to_parquet(temporary)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def file(self, name: str) -> Path:
        """The path of a file until it is taken into the archive."""
        return self.folder / "files" / name

    def remove(self) -> None:
        """All is done."""
        shutil.rmtree(self.folder)
