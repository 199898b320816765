"""The pages' scripts without a page: their own tests, and the rules that no checker knows."""

import os
import re
import subprocess
from pathlib import Path

from django.conf import settings

from archive.tables.pages.choosing import MOST_ROWS

HERE = Path(__file__).parent
STATIC = Path(settings.BASE_DIR) / "static"
OWN = [one for one in sorted(STATIC.rglob("*.js")) if "vendor" not in one.parts]
ASKING = re.compile(r"(?<![\w.])fetch\(|XMLHttpRequest|\bsendBeacon\b|new (WebSocket|EventSource)\b")


def test_what_scripts_compute_is_right():
    """The tests of each module stand beside this file, in the folders of static/."""
    node = Path(settings.BASE_DIR) / ".venv" / "bin" / "node"
    files = sorted(HERE.rglob("*.test.js"))
    assert len(files) > 4
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", *files], cwd=settings.BASE_DIR, capture_output=True, text=True,
        env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_question_to_a_server_goes_through_one_module():
    asking = [str(one.relative_to(STATIC)) for one in OWN if ASKING.search(one.read_text())]
    assert asking == ["ui/ask.js"]
    ending = [str(one.relative_to(STATIC)) for one in OWN if "AbortController" in one.read_text()]
    assert ending == ["ui/ask.js"], "latest() ends the question before"


def test_the_basket_holds_as_many_rows_as_a_condition():
    assert f"export const MOST = {MOST_ROWS};" in (STATIC / "ui" / "basket.js").read_text()
