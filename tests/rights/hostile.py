"""Files that strangers send to reach what is not theirs, and a watch over what a server opens because of them."""

from __future__ import annotations

import ctypes
import os
import select
import socket
from dataclasses import dataclass, field
from pathlib import Path

CANARY = "canary-of-a-closed-file"
SERIALISATIONS = ("BINARY", "BINARY2", "FITS", "PARQUET")
SCHEMES = ("file", "http", "ftp")
IN_ACCESS, IN_OPEN, IN_NONBLOCK = 0x1, 0x20, 0o4000


def votable(serialisation: str, href: str) -> bytes:
    """A VOTable whose data lie elsewhere."""
    kind = ' type="VOTable-remote-file"' if serialisation == "PARQUET" else ""
    data = f'<{serialisation}{kind}><STREAM href="{href}"/></{serialisation}>'
    fields = "".join(
        f'<FIELD name="{name}" datatype="double" ucd="pos.eq.{name}" unit="deg"/>' for name in ("ra", "dec")
    )
    return (
        '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        f'{fields}<FIELD name="text" datatype="char" arraysize="*"/><DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>'
    ).encode()


def entity(href: str) -> bytes:
    """A VOTable that draws a file in as an entity."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "{href}">]><VOTABLE version="1.4"><RESOURCE>'
        '<TABLE><FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/>'
        '<FIELD name="text" datatype="char" arraysize="*"/><DATA><TABLEDATA><TR><TD>1</TD><TD>2</TD><TD>&x;</TD></TR>'
        "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def expanding_entities() -> bytes:
    """A VOTable of a kilobyte whose entities stand for a thousand million characters."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE V [<!ENTITY e0 "xxxxxxxxxx">{levels}]><VOTABLE><DESCRIPTION>&e9;'
        "</DESCRIPTION></VOTABLE>"
    ).encode()


@dataclass
class Watch:
    """A file that nobody should open, and two servers that nobody should call, on this machine.

    inotify tells of every process that opens the file, whoever it is.
    """

    folder: Path
    sockets: dict[str, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = self.folder / "canary"
        self.file.write_text(CANARY)
        self.file.chmod(0o644)
        for folder in (self.folder, *self.folder.parents):
            if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o077 == 0:
                folder.chmod(0o711)
        for scheme in ("http", "ftp"):
            self.sockets[scheme] = socket.create_server(("127.0.0.1", 0))
        libc = ctypes.CDLL(None, use_errno=True)
        self._notify = libc.inotify_init1(IN_NONBLOCK)
        assert self._notify >= 0
        assert libc.inotify_add_watch(self._notify, os.fsencode(self.file), IN_OPEN | IN_ACCESS) >= 0

    def hrefs(self) -> dict[str, str]:
        ports = {scheme: one.getsockname()[1] for scheme, one in self.sockets.items()}
        return {
            "file": f"file://{self.file}",
            "http": f"http://127.0.0.1:{ports['http']}/canary",
            "ftp": f"ftp://127.0.0.1:{ports['ftp']}/canary",
        }

    def seen(self) -> list[str]:
        """The files and calls since the last look."""
        found = []
        try:
            if os.read(self._notify, 4096):
                found.append("file")
        except BlockingIOError:
            pass
        waiting, _, _ = select.select(list(self.sockets.values()), [], [], 0)
        for scheme, one in self.sockets.items():
            if one in waiting:
                one.accept()[0].close()
                found.append(scheme)
        return found

    def close(self) -> None:
        os.close(self._notify)
        for one in self.sockets.values():
            one.close()
