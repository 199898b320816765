"""This machine: folders, free ports, secrets, the user that servers run as."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# Folder of everything that is not code: database, product tree, job results, secrets
VAR = Path(os.environ.get("ZTF_VAR", PROJECT / "var")).resolve()
ENVIRONMENT_FILE = VAR / "env"
SERVICE_ACCOUNT = "ztf"
"""Whom our programs run as when root starts them; deploy/setup.sh makes it."""
UMASK = 0o027  # what we write is closed to other users of the machine: it may be proprietary

SERVERS = ("postgres", "redis")  # have accounts of their own
OWN_FOLDERS = ("archive", "exports", "jobs", "log", "run", "cache", "cache/home", "static", "demo", "secrets")
CLOSED = 0o711

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


def provide_var() -> None:
    """Make var/ where there is none; PostgreSQL and Redis, whose folders are below, may pass through it."""
    for folder in (*reversed(VAR.parents), VAR):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(CLOSED)


def service_user() -> pwd.struct_passwd | None:
    """The account our own programs run as when we are root: whoever has var/ already, else ours. None: our own."""
    if os.geteuid() == 0 and VAR.exists() and VAR.stat().st_uid != 0:
        return pwd.getpwuid(VAR.stat().st_uid)
    return server_user(SERVICE_ACCOUNT)


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a file in a folder of the programs' account, which must not lead us elsewhere by a link."""
    return os.open(path, flags | os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)


def hand_over() -> None:
    """Give var/ to the account that our programs run as, and close it to everybody else.

    Others may pass through it, because PostgreSQL and Redis have their folders below; they see nothing of it.

    Raises
    ------
    SetupError
        where that account cannot read the checkout.
    """
    user = service_user()
    provide_var()
    if user is not None and not _reachable(PROJECT, user):
        raise SetupError(
            f"the account {user.pw_name!r}, which the programs run as, cannot enter {PROJECT}: put the checkout where "
            "it can, for example below /opt, or run these commands as an ordinary user"
        )
    for folder in (VAR / name for name in OWN_FOLDERS):
        if not folder.exists():
            folder.mkdir()
            _give(folder, user)
    mine = VAR.stat()
    if stat.S_IMODE(mine.st_mode) == CLOSED and (user is None or mine.st_uid == user.pw_uid):
        return
    for path in VAR.iterdir():
        if path.name not in SERVERS and not path.is_symlink():
            _give(path, user)
    if user is not None:
        os.chown(VAR, user.pw_uid, user.pw_gid)
    VAR.chmod(CLOSED)


def _give(path: Path, user: pwd.struct_passwd | None) -> None:
    """Owner and mode of everything below a path."""
    for entry in [path, *(path.rglob("*") if path.is_dir() else ())]:
        if entry.is_symlink():
            continue
        entry.chmod(stat.S_IMODE(entry.lstat().st_mode) & ~0o027)
        if user is not None:
            os.chown(entry, user.pw_uid, user.pw_gid, follow_symlinks=False)


def act_as_owner() -> None:
    """Give up root's rights for those of the account that the product tree belongs to; others stay who they are.

    Commands write into the same folders as the programs, so they do it as the same account.
    """
    os.umask(UMASK)
    # The product tree
    tree = Path(os.environ.get("ARCHIVE_ROOT", VAR / "archive"))
    if os.geteuid() != 0 or not tree.exists() or tree.stat().st_uid == 0:
        return
    user = pwd.getpwuid(tree.stat().st_uid)
    os.environ.update(caches(user))
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def caches(user: pwd.struct_passwd | None) -> dict[str, str]:
    """The folders of compiled code for programs that may not write beside their sources."""
    if user is None:
        return {}
    cache = VAR / "cache"
    kinds = {"HOME": "home", "PYTHONPYCACHEPREFIX": "python", "NUMBA_CACHE_DIR": "numba"}
    return {name: str(cache / folder) for name, folder in kinds.items()}


def clean_environment(home: Path) -> dict[str, str]:
    """Our environment without settings that would lead PostgreSQL's tools elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8", "HOME": str(home)}


def service_folder(name: str, user: pwd.struct_passwd | None) -> Path:
    """A folder that `user` owns and can reach: var/NAME, or /var/lib/ztf-… below a closed home."""
    folder = VAR / name
    if user is not None and not _reachable(VAR, user):
        moved_folder().mkdir(exist_ok=True)
        moved_folder().chmod(CLOSED)
        folder = moved_folder() / name
    make_folder(folder, user, CLOSED)
    return folder


def moved_folder() -> Path:
    """The place of this checkout's servers' folders when it is below a folder that their accounts cannot enter."""
    tag = hashlib.sha256(str(VAR).encode()).hexdigest()[:10]
    return Path("/var/lib") / f"ztf-{tag}"


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
        path.parent.chmod(0o700)  # hand_over gives it its owner
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
        if os.geteuid() == 0:  # the programs read it under the account that var/ was handed to
            owner = VAR.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    temporary.replace(path)


def read_environment() -> dict[str, str]:
    """The environment that the services wrote for the programs that use them."""
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
