"""The documentation: Sphinx with MyST, built without warnings, served by the portal under /help/."""

import json
from pathlib import Path

project = "Open ZTF science data system"
author = "The open ZTF science data system developers"
copyright = "2026, the open ZTF science data system developers"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]
html_theme = "alabaster"
html_theme_options = {"description": "Raw frames in, a searchable archive out", "fixed_sidebar": True}
html_favicon = "../static/portal/icon.svg"
html_static_path = ["_static"]
# The search box would need a script within the page, which the portal's policy forbids.
html_sidebars = {"**": ["about.html", "navigation.html"]}
html_copy_source = False

HERE = Path(__file__).parent
GENERATED = HERE / "_generated"


def _figures(path):
    """The last run of a bench as a table; the pages include it, so that they say what was measured."""
    found = json.loads(path.read_text())
    lines = ["| figure | measured | asked | number | peers |", "|---|---|---|---|---|"]
    for name, one in found["figures"].items():
        asked = "" if one["target"] is None else f"{'≤' if one['better'] == 'lower' else '≥'} {one['target']:g}"
        peers = ", ".join(f"{peer} {value:.4g}" for peer, value in one["peer"].items())
        lines.append(f"| {name} | {one['value']:.4g} {one['unit']} | {asked} | {one['n']} | {peers} |")
    head = f"`python -m bench {path.stem}`, commit {found['commit']}, {found['machine']}.\n\n"
    notes = f"\n```text\n{found['notes']}\n```\n" if found["notes"] else ""
    return head + "\n".join(lines) + "\n" + notes


GENERATED.mkdir(exist_ok=True)
for _results in (HERE.parent / "bench" / "results").glob("*.json"):
    (GENERATED / f"{_results.stem}.md").write_text(_figures(_results))
