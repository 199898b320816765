"""What the portal has loaded before its first request: importing pages in it would keep /health waiting."""

import subprocess
import sys

from django.conf import settings

from tests import servers

LOOK = """
import sys
import portal.asgi
before = set(sys.modules)
from django.urls import resolve, reverse
from tests.addresses import patterns
count = sum(1 for _ in patterns())
resolve("/"), resolve("/tap/sync"), reverse("home")
ours = ("archive", "lightcurves", "portal", "processing")
print(count, sorted(name for name in set(sys.modules) - before if name.split(".")[0] in ours))
"""


def test_every_page_is_loaded_before_the_first_request(django_db_setup):
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=servers.environment(), cwd=settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, late = done.stdout.strip().splitlines()[-1].split(" ", 1)
    assert int(count) > 100
    assert late == "[]"
