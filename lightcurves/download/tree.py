"""A tree of files that is written as a whole, and of which what has not changed is taken over from an earlier one.

What is taken over is the earlier file itself (a hard link): its times and its inode stay, and with them whatever a
mirror knows of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

STATES = ".files.json"  # beside what is served; no list names it


@dataclass(frozen=True)
class Known:
    """A file of a tree (an empty path: there was nothing to write) and the state of what it was made of."""

    path: str
    state: str
    md5: str


class Tree:
    """A folder that is being written, maybe after an earlier one of the same layout.

    A file is known by a key that says what it holds, whatever the release is called in its path.
    """

    def __init__(self, folder: Path, earlier: Path | None = None):
        self.folder = folder
        self.earlier = earlier
        self.files: dict[str, Known] = {}
        self._before: dict[str, Known] = {}
        if earlier is not None and (told := earlier / STATES).is_file():
            self._before = {key: Known(**one) for key, one in json.loads(told.read_text()).items()}

    def put(self, key: str, path: Path, state: Callable[[], str], write: Callable[[Path], int]) -> bool:
        """See that a file is there; returns whether it is: `write` may find that there is nothing (0) to write.

        state : of all that it is made of, asked where there is an earlier tree or one may come
        """
        now, before = state(), self._before.get(key)
        if before is not None and before.state == now:
            self._take(key, path, before, now)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            if write(path):
                md5 = md5_of(path)
                if before is not None and before.md5 == md5:  # made of other rows, and the same to the last bit
                    path.unlink()
                    self._take(key, path, before, now)
                else:
                    self.files[key] = Known(str(path.relative_to(self.folder)), now, md5)
            else:
                path.unlink()
                self.files[key] = Known("", now, "")
        return bool(self.files[key].path)

    def _take(self, key: str, path: Path, before: Known, state: str) -> None:
        name = ""
        if before.path:
            assert self.earlier is not None
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(self.earlier / before.path)
            name = str(path.relative_to(self.folder))
        self.files[key] = Known(name, state, before.md5)

    def write_sums(self, path: Path, before: str = "") -> None:
        """Write the MD5 of every file below the folder of `path`, as md5sum does; `before` stands before each name."""
        sums = {self.folder / one.path: one.md5 for one in self.files.values() if one.path}
        found = sorted(one for one in path.parent.rglob("*") if one.is_file())
        lines = [f"{sums.get(one) or md5_of(one)}  {before}{one.relative_to(path.parent)}\n" for one in found]
        path.write_text("".join(lines))

    def remember(self) -> None:
        """Write down what the files were made of, for the tree that comes after."""
        text = json.dumps({key: asdict(one) for key, one in self.files.items()})
        (self.folder / STATES).write_text(text)


def md5_of(path: Path) -> str:
    """MD5 of a file, as lists of sums have it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
