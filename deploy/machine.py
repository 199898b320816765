"""Where things stand on this machine: folders, free ports, secrets, the user that servers run as."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import socket
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("ZTF_VAR", PROJECT / "var")).resolve()
ENVIRONMENT_FILE = VAR / "env"

# A unix socket's path may have 107 bytes; PostgreSQL adds ".s.PGSQL.65535.lock" to the folder's.
LONGEST_SOCKET_FOLDER = 85


class SetupError(RuntimeError):
    """Something on this machine keeps a part from running; the message says what would help."""


def server_user(name: str) -> pwd.struct_passwd | None:
    """The account a server runs as when we are root (servers never run as root); None: our own."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise SetupError(f"no user {name!r} on this machine: run deploy/setup.sh") from None


def as_user(user: pwd.struct_passwd | None, command: list[str | Path]) -> list[str]:
    """The command line that runs `command` as `user`."""
    words = [str(word) for word in command]
    if user is None:
        return words
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--", *words]


def clean_environment(home: Path) -> dict[str, str]:
    """Our environment without settings that would lead PostgreSQL's tools elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8", "HOME": str(home)}


def service_folder(name: str, user: pwd.struct_passwd | None) -> Path:
    """A folder that `user` owns and can reach: var/NAME, or /var/lib/ztf-… below a closed home."""
    folder = VAR / name
    if user is not None and not _reachable(VAR, user):
        tag = hashlib.sha256(str(VAR).encode()).hexdigest()[:10]
        folder = Path("/var/lib") / f"ztf-{tag}" / name
    make_folder(folder, user)
    return folder


def make_folder(folder: Path, user: pwd.struct_passwd | None, mode: int = 0o755) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(mode)


def socket_folder(preferred: Path, user: pwd.struct_passwd | None) -> Path:
    """`preferred`, or where its path is too long for a socket a private folder that is remembered beside it."""
    if len(os.fsencode(preferred)) <= LONGEST_SOCKET_FOLDER:
        make_folder(preferred, user)
        return preferred
    note = preferred.with_suffix(".path")
    if note.exists() and (folder := Path(note.read_text())).is_dir():
        return folder
    folder = Path(tempfile.mkdtemp(prefix="ztf-"))
    make_folder(folder, user)
    note.write_text(str(folder))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def secret(name: str, size: int = 48) -> str:
    """A secret of this checkout with `size` random bytes, made when first asked for and kept to its owner."""
    path = VAR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        write_private(path, secrets.token_urlsafe(size))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_environment() -> dict[str, str]:
    """What the services wrote for the programs that use them."""
    if not ENVIRONMENT_FILE.exists():
        return {}
    lines = ENVIRONMENT_FILE.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write_environment(**values: str) -> None:
    merged = read_environment() | values
    write_private(ENVIRONMENT_FILE, "".join(f"{key}={value}\n" for key, value in sorted(merged.items())))


def _reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    steps = [parent for parent in [*folder.parents, folder] if parent.exists()]
    return all(
        subprocess.run(as_user(user, ["test", "-x", step]), check=False, cwd="/").returncode == 0 for step in steps
    )
