"""The documentation: Sphinx with MyST, built without warnings, served by the portal under /help/."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import clients  # noqa: E402 (beside this file)
import inventory  # noqa: E402 (beside this file)
import results  # noqa: E402 (beside this file)

project = "Open ZTF science data system"
author = "The open ZTF science data system developers"
copyright = "2026, the open ZTF science data system developers"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]
language = "en"
html_theme = "alabaster"
html_theme_options = {"description": "Raw frames in, a searchable archive out", "fixed_sidebar": True}
html_favicon = "../static/portal/icon.svg"
# The look of the portal, of which this is a part
KIT = ("tokens.css", "bar.css", "theme.js", "scheme.js", "switch.js")
html_static_path = ["_static", "../static/portal/icon.svg", *(f"../static/ui/{name}" for name in KIT)]
html_css_files = ["tokens.css", "bar.css"]
html_js_files = [("theme.js", {"priority": 100})]
templates_path = ["_templates"]
# The search box would need a script within the page, which the portal's policy forbids.
html_sidebars = {"**": ["about.html", "navigation.html"]}
html_copy_source = False

GENERATED = HERE / "_generated"


def _growth(path):
    """The survey's light curves on disk and in time, scaled from what was measured on one field."""
    measured = json.loads(path.read_text())["figures"]
    cold, parquet = measured["cold bytes per detection"], measured["Parquet bytes per detection"]["value"]
    append, packed = measured["append"]["value"], measured["compaction"]["value"]
    scan = measured["scan of Parquet (DuckDB, mean of each curve)"]["value"]
    rows, arrays = cold["peer"]["a row per detection"], cold["peer"]["arrays per object"]
    survey, night, tera = 1e12, 1.9e8, 1e12  # detections; of a night of 1000 exposures; bytes
    lines = [
        ("10^12 detections, a row each", f"{rows * survey / tera:.0f} TB"),
        ("10^12 detections, arrays per object", f"{arrays * survey / tera:.0f} TB"),
        ("10^12 detections, packed chunks", f"{cold['value'] * survey / tera:.0f} TB"),
        ("10^12 detections, HATS Parquet", f"{parquet * survey / tera:.0f} TB"),
        ("a night of 1000 exposures (1.9×10^8 detections), as rows until it is packed",
         f"{measured['hot bytes per detection']['value'] * night / 1e9:.0f} GB"),
        ("the same, packed", f"{cold['value'] * night / 1e9:.1f} GB"),
        ("appending that night, one connection", f"{night / append / 60:.0f} min"),
        ("packing that night, one worker", f"{night / packed / 60:.0f} min"),
        ("a scan of 10^12 detections, two cores", f"{survey / scan / 3600:.0f} h"),
        ("the same on 64 cores, if it divides evenly", f"{survey / scan / 60 * 2 / 64:.0f} min"),
    ]  # fmt: skip
    return "| what | from this run |\n|---|---|\n" + "".join(f"| {what} | {value} |\n" for what, value in lines)


GENERATED.mkdir(exist_ok=True)
for _name, _text in {
    "rooms": inventory.rooms_page(),
    "settings": inventory.settings_table(),
    "limits": inventory.limits_table(),
    "commands": inventory.commands_table(),
    "client_calls": clients.table(),
}.items():
    (GENERATED / f"{_name}.md").write_text(_text)
for _path in results.RESULTS.glob("*.json"):
    (GENERATED / f"{_path.stem}.md").write_text(results.table(_path))
(GENERATED / "lightcurves_growth.md").write_text(_growth(results.RESULTS / "lightcurves.json"))
