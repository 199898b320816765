"""python -m deploy VERB [PART…]: the parts of the system on this machine.

up       start what is stopped, and start anew what runs older code, packages or settings
down     stop
status   show what runs
prepare  give var/ to the account that the programs run as, and close it to others
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import urllib.error
import urllib.request

from deploy import machine, processes
from deploy.broker import Broker
from deploy.cluster import Cluster

SERVERS = {"postgres": ("DATABASE_URL", Cluster), "redis": ("CELERY_BROKER_URL", Broker)}


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `deploy status | head` ends quietly
    os.umask(machine.UMASK)
    machine.provide_var()
    parser = argparse.ArgumentParser(
        prog="deploy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = {"up": up, "down": down, "status": status, "prepare": prepare}
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("parts", nargs="*", help="postgres redis portal worker beat queue; all without a name")
    arguments = parser.parse_args()
    programs = {program.name: program for program in processes.programs()}
    unknown = set(arguments.parts) - set(SERVERS) - set(programs)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join([*SERVERS, *programs])}")
    chosen = arguments.parts or [*SERVERS, *programs]
    try:
        verbs[arguments.verb](chosen, programs)
    except machine.SetupError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    return 0


def up(chosen: list[str], programs: dict[str, processes.Program]) -> None:
    for name in chosen:
        if name in SERVERS:
            variable, kind = SERVERS[name]
            if variable not in os.environ:  # otherwise a server elsewhere serves us
                kind().up()
    if set(chosen) & set(programs):
        machine.hand_over()
    for name in chosen:
        if name in programs and not (programs[name].pid() and programs[name].is_current()):
            programs[name].down()  # children that outlived a killed parent still hold its port
            if name == "portal" and not machine.port_is_free(processes.PORT):
                taken = f"port {processes.PORT} is taken: choose another, for example PORT=8001 make serve"
                raise machine.SetupError(taken)
            programs[name].up()
    if "portal" in chosen:
        _wait_for_portal(programs["portal"])


def down(chosen: list[str], programs: dict[str, processes.Program]) -> None:
    for name in reversed(chosen):
        if name in programs:
            programs[name].down()
        elif SERVERS[name][0] not in os.environ:
            SERVERS[name][1]().down()


def status(chosen: list[str], programs: dict[str, processes.Program]) -> None:
    for name in chosen:
        if name in programs:
            pid = programs[name].pid()
            old = "" if pid is None or programs[name].is_current() else ", of older code or settings"
            print(f"{name:9} {f'running, process {pid}{old}' if pid else 'stopped'}")
        elif SERVERS[name][0] in os.environ:
            print(f"{name:9} elsewhere ({SERVERS[name][0]} is set)")
        else:
            print(f"{name:9} {'running' if SERVERS[name][1]().ready() else 'stopped'}")


def prepare(chosen: list[str], programs: dict[str, processes.Program]) -> None:
    machine.hand_over()


def _wait_for_portal(portal: processes.Program, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    address = f"http://127.0.0.1:{processes.PORT}/health"
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310 (an address of ours)
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            reason = error
        if portal.pid() is None or time.monotonic() > deadline:
            raise machine.SetupError(
                f"the portal does not answer at {address} ({reason}); see {processes.LOG}/portal.log"
            )
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
