"""Python programs in forks of a process that has everything loaded: they begin at once, not after seconds of imports.

    command = [*preloaded.python(environment), "manage.py", "ingest", path]

is, for whoever runs it, `python manage.py ingest PATH` in that environment: it has the arguments, the folder, the open
files and the environment that it is given, ends as the program ends, passes SIGTERM on, and whoever kills it kills the
program and all that it started. `-c TEXT` and `-m MODULE` work as well. A shell's limits (ulimit) do not reach it.

The process that is forked has read the settings and has started the server that parses foreign files; a program whose
settings would be others is refused. It ends with the process that started it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

LONGEST_ORDER = 1 << 17
LOADED = (
    "archive.ingest", "archive.ingest.mirror.run", "granian.cli", "granian.server.mp", "lightcurves.told.taking",
    "processing.forced.told",
)  # fmt: skip
"""Modules beside those that a queue loads."""
_started: dict[tuple, str] = {}


def python(environment: dict[str, str]) -> list[str]:
    """What stands in a command for `python`, to be run in this environment or with further variables in it."""
    known = _settings(environment)
    if known not in _started:
        _started[known] = _start(environment)
    return [sys.executable, "-IS", __file__, _started[known]]


def _settings(environment: dict[str, str]) -> tuple:
    """The variables that settings are read from, as they are there."""
    from deploy.processes import settings_variables

    return tuple((name, environment.get(name)) for name in settings_variables())


def _start(environment: dict[str, str]) -> str:
    import atexit
    import secrets
    from pathlib import Path

    address = f"ztf-tests-{secrets.token_hex(8)}"
    command = [sys.executable, "-m", "tests.preloaded", address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1], **pipes)
    atexit.register(_end, process)
    if process.stdout.read(5) != b"ready":
        raise RuntimeError("the process with everything loaded did not start")
    return address


def _end(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.wait(timeout=60)


# --- the program's place among the processes ---------------------------------------------------------------------
def stand_in(address: str, words: list[str]) -> None:
    """Order a program, pass signals on, end as it ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(f"\0{address}")
        order = json.dumps([words, dict(os.environ), os.getcwd()]).encode()  # noqa: PTH109 (nothing else is loaded)
        if len(order) > LONGEST_ORDER:
            raise SystemExit(f"{len(order)} bytes of arguments and environment; at most {LONGEST_ORDER}")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: server.send(str(number).encode()))
        socket.send_fds(server, [order], [0, 1, 2])
        for handle in (0, 1, 2):  # who reads what the program writes sees its end
            os.close(handle)
        code = int(server.recv(100) or -signal.SIGKILL)
    if code < 0:
        with suppress(OSError):  # of SIGKILL there is no other way
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


# --- the process that is forked ----------------------------------------------------------------------------------
@dataclass
class Program:
    """One that runs, and its connection to what stands in for it."""

    pid: int
    handle: int  # of the process
    connection: socket.socket


class Server:
    """Forks a program for each order, until its standard input closes."""

    def __init__(self, address: str, known: tuple):
        self._known = known
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(f"\0{address}")
        self._listening.listen(64)
        self._programs: list[Program] = []
        self._ready = selectors.DefaultSelector()
        self._ready.register(sys.stdin.fileno(), selectors.EVENT_READ, self._stop)
        self._ready.register(self._listening, selectors.EVENT_READ, self._order)
        self._stopped = False

    def serve(self) -> list[str] | None:
        """In a forked process the words of its program; None at the end."""
        while not self._stopped:
            # Those that were killed end before another begins.
            for key, _ in sorted(self._ready.select(), key=lambda one: one[0].fileobj is self._listening):
                if (words := key.data()) is not None:
                    return words
        return None

    def _stop(self) -> None:
        for one in list(self._programs):
            self._kill(one)
        self._stopped = True

    def _order(self) -> list[str] | None:
        connection, _ = self._listening.accept()
        text, handles, _, _ = socket.recv_fds(connection, LONGEST_ORDER, 3)
        if not text:
            connection.close()
            return None
        words, environment, folder = json.loads(text)
        pid = os.fork()
        if pid == 0:
            connection.close()
            self._become(environment, folder, handles)
            return words
        for handle in handles:
            os.close(handle)
        program = Program(pid, os.pidfd_open(pid), connection)
        self._programs.append(program)
        self._ready.register(program.handle, selectors.EVENT_READ, lambda: self._ended(program))
        self._ready.register(connection, selectors.EVENT_READ, lambda: self._told(program))
        return None

    def _become(self, environment: dict[str, str], folder: str, handles: list[int]) -> None:
        """A new process of its own: nothing of the server's is open in it."""
        for one in self._programs:
            os.close(one.handle)
            one.connection.close()
        self._ready.close()
        self._listening.close()
        os.setsid()
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            os.close(handle)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if _settings(environment) != self._known:
            raise SystemExit("these settings are not those of the process that was forked")
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)

    def _told(self, program: Program) -> None:
        """A signal for the program, or that its place is empty."""
        if program not in self._programs:
            return  # it ended a moment ago
        number = b""
        with suppress(ConnectionResetError):
            number = program.connection.recv(100)
        if number:
            os.kill(program.pid, int(number))
        else:
            self._kill(program)

    def _kill(self, program: Program) -> None:
        with suppress(ProcessLookupError):  # it had not begun yet, or nothing of it is left
            os.killpg(program.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(program.pid, signal.SIGKILL)
        self._ended(program)

    def _ended(self, program: Program) -> None:
        if program not in self._programs:
            return
        _, status = os.waitpid(program.pid, 0)
        with suppress(OSError):  # nobody waits for it any more
            program.connection.send(str(os.waitstatus_to_exitcode(status)).encode())
        for one in (program.handle, program.connection):
            self._ready.unregister(one)
        os.close(program.handle)
        program.connection.close()
        self._programs.remove(program)


class _Elsewhere:
    """The process of a server that another process has started."""

    def poll(self) -> None:
        """It runs."""

    kill = wait = poll


def load() -> None:
    """Everything that a program of ours may need, and a server that parses foreign files for all of them."""
    import django

    django.setup()
    from importlib import import_module

    from django.core.management import get_commands, load_command_class
    from django.db import connections

    from archive import sandbox
    from archive.sandbox import client
    from portal.warm import load_jobs

    load_jobs()
    for name in LOADED:
        import_module(name)
    for name, app in get_commands().items():
        if isinstance(app, str) and app.partition(".")[0] in ("archive", "lightcurves", "processing", "portal"):
            load_command_class(app, name)
    connections.close_all()
    parsers = client.started(sandbox.INGEST).control

    def share() -> None:
        for kind in (sandbox.FILES, sandbox.INGEST):
            client._servers[kind] = client._Server(_Elsewhere(), parsers.dup())

    client._servers.clear()  # a fork closes those that it finds there
    os.register_at_fork(after_in_child=share)


def run(words: list[str]) -> None:
    """What `python` does with its arguments."""
    import runpy
    import types

    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        sys.argv, sys.path[0] = ["-c", *words[2:]], ""
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(compile(words[1], "<string>", "exec"), main.__dict__)
    else:
        sys.argv, sys.path[0] = words, os.path.dirname(os.path.abspath(words[0]))  # noqa: PTH100, PTH120
        runpy.run_path(words[0], run_name="__main__")


def finish(words: list[str]) -> None:
    """Run a program and end as the interpreter does, but without taking apart all that is loaded."""
    import atexit
    import threading

    code: object = None
    try:
        run(words)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 (whatever it is: the program ends with it)
        sys.excepthook(*sys.exc_info())
        code = 1
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code or 0)


def main() -> None:
    import gc

    known = _settings(dict(os.environ))  # before the settings add to it
    load()
    server = Server(sys.argv[1], known)
    gc.collect()
    gc.freeze()  # programs share what is loaded
    sys.stdout.write("ready")
    sys.stdout.flush()
    if (words := server.serve()) is not None:
        finish(words)


if __name__ == "__main__":
    if sys.flags.isolated:
        stand_in(sys.argv[1], sys.argv[2:])
    else:
        main()
