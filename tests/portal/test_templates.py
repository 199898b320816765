"""What pages are made of: tables, colours and number formats come from the kit alone (docs/architecture/design.md)."""

import re
from pathlib import Path

from django.conf import settings

BASE = Path(settings.BASE_DIR)
KIT = BASE / "templates" / "ui"
PAGES = [one for one in sorted((BASE / "templates").rglob("*.html")) if KIT not in one.parents]
SHEETS = [*sorted((BASE / "static").rglob("*.css")), *sorted((BASE / "docs" / "_static").glob("*.css"))]
COPIES = {  # what another service's clients take to pieces stays as that service writes it
    "irsa/folder.html", "irsa/tables.html", "forced/accepted.html", "forced/requests.html", "portal/alert_nights.html",
}  # fmt: skip
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b(?![\w-]*[^{}]*\{)|\b(?:rgba?|hsla?|oklch|light-dark)\(", re.I)
FORMAT = re.compile(r"\|\s*(floatformat|stringformat|intcomma|localize|unlocalize)\b")
STYLE = re.compile(r"\sstyle=[\"'](?!--)")  # a number for the sheet, as --fill, is no style of its own
PAINTED = re.compile(r"\b(?:fill|stroke|bgcolor|color)=[\"']#")


def found(pattern: re.Pattern, files: list[Path], without: frozenset | set = frozenset()) -> list[str]:
    """Where a pattern occurs, as file:line."""
    places = []
    for file in files:
        name = str(file.relative_to(BASE / "templates" if BASE / "templates" in file.parents else BASE))
        lines = file.read_text().splitlines()
        places += [f"{name}:{k}" for k, line in enumerate(lines, 1) if name not in without and pattern.search(line)]
    return places


def test_tables_are_drawn_by_the_kit():
    assert found(re.compile(r"<table\b"), PAGES, COPIES) == []


def test_numbers_are_written_by_the_presentation():
    """`digits`, `significant` and `shown` of portal.templatetags.archive."""
    assert found(FORMAT, [*PAGES, *KIT.glob("*.html")]) == []


def test_no_template_has_a_style_or_a_colour_of_its_own():
    assert found(STYLE, [*PAGES, *KIT.glob("*.html")]) == []
    assert found(PAINTED, [*PAGES, *KIT.glob("*.html")]) == []


def test_colours_stand_in_the_tokens_alone():
    sheets = [one for one in SHEETS if one.name != "tokens.css" and "vendor" not in one.parts]
    assert len(sheets) > 10
    assert found(COLOUR, sheets) == []
