"""The confinement of a child: no root, no network, no files but its own, no processes, bounded memory and time.

Each layer holds without the others. What a kernel does not grant is left out and told by `layers` (`manage.py check
--deploy` shows it): Landlock came with Linux 5.13, user namespaces are switched off in some places.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import signal
import socket
import sys
import sysconfig
from itertools import pairwise
from pathlib import Path

import py_landlock as landlock
import pyseccomp as seccomp

NOBODY = "nobody"
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_THREAD = 0x10000000, 0x40000000, 0x08000000, 0x00010000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
PACKAGES = ("archive", "lightcurves", "processing")  # of the project: what functions may still have to load
LANDLOCK_SINCE = {  # rights that older kernels do not know
    landlock.AccessFs.REFER: 2,
    landlock.AccessFs.TRUNCATE: 3,
    landlock.AccessFs.IOCTL_DEV: 5,
}
ALLOWED = (
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "close", "lseek", "fstat", "newfstatat",
    "statx", "stat", "lstat", "fcntl", "dup", "dup2", "dup3", "ftruncate", "fallocate", "memfd_create", "access",
    "faccessat", "faccessat2", "open", "openat", "readlink", "readlinkat", "getdents64", "getcwd", "mmap", "munmap",
    "mremap", "mprotect", "madvise", "brk", "mlock", "munlock", "membarrier", "mincore", "msync", "futex",
    "set_robust_list", "get_robust_list", "rseq", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "getcpu", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getrusage",
    "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
    "uname", "sysinfo", "getrlimit", "arch_prctl", "getrandom", "poll", "ppoll", "epoll_create1", "epoll_ctl",
    "epoll_wait", "eventfd2", "pipe2", "exit", "exit_group", "set_tid_address",
)  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)
_granted: dict[str, bool] = {}


def give_up() -> None:
    """Once, in the fork server, what it needs no more: network, root, files. Its children have none of it either."""
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, these are the first to go
    folders = [os.open(folder, os.O_PATH | os.O_CLOEXEC) for folder in _code()]
    _granted["network namespace"] = _leave_network()
    if os.geteuid() == 0:
        _leave_root()
    _granted["ordinary user"] = os.geteuid() != 0
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs is refused")
    _granted["files by Landlock"] = _shut_files(folders)


def confine(kept: set[int], memory: int, limits: dict) -> None:
    """In a child: what must hold before a byte of a stranger's file is looked at; `kept` are its descriptors."""
    edges = [-1, *sorted({0, 1, 2} | kept), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
    for before, after in pairwise(edges):
        if after > before + 1:  # an empty range would be taken for all
            os.closerange(before + 1, after)
    _limit(memory, limits)
    _granted["system calls by seccomp"] = _shut_calls(files=_granted["files by Landlock"])


def die_with(parent: int) -> None:
    """End when the fork server ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def layers(source) -> dict[str, bool]:
    """The layers that hold in this child: as the kernel answered, and as trying shows."""
    return _granted | {
        "no socket": _refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
        "no file": _refused(lambda: os.open("/etc/passwd", os.O_RDONLY)),
        "no process": _refused(os.fork),
    }


def _refused(attempt) -> bool:
    try:
        made = attempt()
    except OSError:
        return True
    if made == 0 and attempt is os.fork:
        os._exit(0)
    return False


def address_space() -> int:
    """Bytes that this process has mapped."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _leave_network() -> bool:
    flags = CLONE_NEWNET | CLONE_NEWIPC | (0 if os.geteuid() == 0 else CLONE_NEWUSER)
    return _libc.unshare(flags) == 0


def _leave_root() -> None:
    account = pwd.getpwnam(NOBODY)
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # it may look at itself below /proc


def _limit(memory: int, limits: dict) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory + limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["written"]),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        # Threads, with those of all other processes of this user: parsers are told to start none, or a whole file would
        # be refused where the user has many. seccomp refuses processes.
        (resource.RLIMIT_NPROC, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu"], limits["cpu"] + 1))


def _shut_files(folders: list[int]) -> bool:
    """Landlock: from now on nothing is opened but what lies in these folders, for reading."""
    try:
        version = landlock.get_abi_version()
    except (landlock.LandlockNotAvailableError, landlock.LandlockDisabledError):
        return False
    handled = sum(int(right) for right in landlock.AccessFs if LANDLOCK_SINCE.get(right, 1) <= version)
    reading = int(landlock.AccessFs.READ_FILE | landlock.AccessFs.READ_DIR)
    rules = landlock.create_ruleset(landlock.RulesetAttr(handled_access_fs=handled))
    for folder in folders:
        landlock.add_rule(rules, landlock.PathBeneathAttr(allowed_access=reading, parent_fd=folder))
        os.close(folder)
    landlock.restrict_self(rules, None)
    os.close(rules)
    return True


def _code() -> list[str]:
    """Folders with Python's and our own code, the system's libraries, and time zones."""
    project = Path(__file__).resolve().parents[2]
    named = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    named += [str(Path(sys.base_prefix) / "lib"), "/lib", "/lib64", "/usr/lib", "/usr/share/zoneinfo"]
    named += [str(project / name) for name in PACKAGES]
    return [folder for folder in dict.fromkeys(named) if Path(folder).is_dir()]


def _shut_calls(files: bool) -> bool:
    """seccomp: what is not in the list is refused; without Landlock that holds for opening any file, too."""
    try:
        rules = seccomp.SyscallFilter(seccomp.ERRNO(1))
    except (OSError, RuntimeError):
        return False
    closed = set() if files else {"open", "openat"}
    native = seccomp.Arch.NATIVE
    for name in [*ALLOWED, "tgkill", "clone", "clone3", "prlimit64", "kill"]:
        if name in closed or not _has(native, name):
            continue
        if name in ("tgkill", "kill"):
            rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, os.getpid()))
        elif name == "clone":
            rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
        elif name == "clone3":
            rules.add_rule(seccomp.ERRNO(38), name)  # not there: libraries turn to clone
        elif name == "prlimit64":
            rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.EQ, 0))  # asking, not setting
        else:
            rules.add_rule(seccomp.ALLOW, name)
    rules.load()
    return True


def _has(machine: int, name: str) -> bool:
    """Whether this kind of machine has a system call of that name."""
    try:
        return seccomp.resolve_syscall(machine, name) >= 0
    except (OSError, ValueError):
        return False
