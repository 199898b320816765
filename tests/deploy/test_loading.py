"""A command loads what it needs: heavy libraries wait until they are used."""

import json
import subprocess
import sys

import pytest

HEAVY = ("astropy", "bokeh", "fitsio", "numba", "pandas", "pyarrow", "scipy", "sqlglot")
LOADED = "import django, json, sys; django.setup(); print(json.dumps([n for n in {} if n in sys.modules]))"


@pytest.fixture(scope="module")
def loaded_by_every_command() -> list[str]:
    found = subprocess.run(
        [sys.executable, "-c", LOADED.format(HEAVY)], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(found.stdout)


@pytest.mark.parametrize("library", HEAVY)
def test_no_command_loads_a_heavy_library_before_it_needs_it(loaded_by_every_command, library):
    assert library not in loaded_by_every_command
