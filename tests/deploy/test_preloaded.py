"""A program in a fork of the process with everything loaded is, to whoever runs it, one that Python was started for."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests import preloaded, servers

WAITS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


@pytest.fixture(scope="module")
def python(django_db_setup) -> list[str]:
    return preloaded.python(servers.environment())


def run(python: list[str], *words: str, variables: dict | None = None, **options) -> subprocess.CompletedProcess:
    environment = servers.environment() | (variables or {})
    return subprocess.run([*python, *words], env=environment, capture_output=True, text=True, check=False, **options)


def test_it_has_its_arguments_folder_variables_and_input(python, tmp_path):
    code = "import os, sys; print(sys.argv, os.getcwd(), os.environ['OWN'], 'PWD_' in os.environ, sys.stdin.read())"
    done = run(python, "-c", code, "a", "b c", variables={"OWN": "value"}, cwd=tmp_path, input="text")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"['-c', 'a', 'b c'] {tmp_path} value False text\n"


def test_scripts_and_modules_are_run(python, tmp_path):
    (tmp_path / "script.py").write_text("import sys; print(__name__, sys.argv[1], sys.path[0])")
    assert run(python, str(tmp_path / "script.py"), "x").stdout == f"__main__ x {tmp_path}\n"
    assert "granian" in run(python, "-m", "granian", "--version").stdout


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("pass", 0, ""), ("raise SystemExit(3)", 3, ""), ("raise SystemExit('why')", 1, "why"), ("1/0", 1, "ZeroDivision"),
     ("import os; os.kill(os.getpid(), 9)", -9, ""), ("import os; os.abort()", -6, "")],
)  # fmt: skip
def test_it_ends_as_the_program_ends(python, code, status, said):
    done = run(python, "-c", code)
    assert done.returncode == status
    assert said in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_it_ends_the_program(python, number):
    process = subprocess.Popen([*python, "-c", WAITS], env=servers.environment(), stdout=subprocess.PIPE, text=True)
    program = Path("/proc") / process.stdout.readline().strip()
    assert program.name != str(process.pid) and program.exists()
    process.send_signal(number)
    assert process.wait(timeout=60) == -number
    servers.wait_until(lambda: not program.exists())


def test_each_begins_with_random_numbers_of_its_own(python):
    code = "import random, secrets; print(random.random(), secrets.token_hex(8))"
    first, second = (run(python, "-c", code).stdout.split() for _ in range(2))
    assert first[0] != second[0] and first[1] != second[1]


def test_settings_that_the_process_does_not_have_are_refused(python):
    done = run(python, "-c", "print('ran')", variables={"ARCHIVE_ROOT": os.devnull})
    assert (done.returncode, done.stdout) == (1, "")
    assert "these settings are not those" in done.stderr
