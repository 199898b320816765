"""A process loads what it needs: heavy libraries wait until they are used."""

import json
import subprocess
import sys

import pytest

HEAVY = ("astropy", "bokeh", "fitsio", "mocpy", "numba", "pandas", "pyarrow", "scipy", "sqlglot")
OF_FEW_REQUESTS = ("bokeh", "mocpy", "numba", "pandas", "scipy")
IDLE = 250  # MB of a web process before its first request
LOOK = """
import json, sys
modules = [name for name in {names} if name in sys.modules]
pages = open("/proc/self/statm").read().split()[1]
print(json.dumps([modules, int(pages) * 4096 / 1e6]))
"""


def after(code: str) -> tuple[list[str], float]:
    """The heavy libraries that a fresh process has then, and its memory in MB."""
    command = [sys.executable, "-c", code + LOOK.format(names=HEAVY)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    modules, memory = json.loads(found.stdout)
    return modules, memory


@pytest.fixture(scope="module")
def of_every_command() -> list[str]:
    return after("import django; django.setup()")[0]


@pytest.mark.parametrize("library", HEAVY)
def test_no_command_loads_a_heavy_library_before_it_needs_it(of_every_command, library):
    assert library not in of_every_command


def test_a_web_process_is_small_before_its_first_request():
    modules, memory = after("import django; django.setup(); from portal.warm import load_pages; load_pages()")
    assert not set(modules) & set(OF_FEW_REQUESTS)
    assert memory < IDLE


def test_the_queue_loads_what_jobs_use_before_it_forks():
    modules, _ = after("import django; django.setup(); from portal.warm import load_jobs; load_jobs()")
    assert {"numba", "pandas", "scipy"} <= set(modules)
