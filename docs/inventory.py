"""The code's inventory of itself: rooms, variables of the environment, limits, commands, as Markdown.

The pages include what stands here, and tests/docs/test_inventory.py fails where something has no meaning written beside
it; so nothing is missing that exists, and nothing is told that does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("archive", "lightcurves", "processing", "portal", "deploy", "bench")
SETTINGS = ROOT / "portal" / "settings.py"
LIMITS = "# --- limits"


@dataclass(frozen=True)
class Room:
    """A package: its dotted name, the first line of its docstring, and the rest."""

    name: str
    title: str
    text: str

    @property
    def depth(self) -> int:
        return self.name.count(".")


@dataclass(frozen=True)
class Variable:
    """A variable of the environment: its default as the code writes it, and what it means."""

    name: str
    default: str
    meaning: str


def packages() -> Iterator[Path]:
    """Every package of ours but migrations and commands, from the top."""
    for name in PACKAGES:
        for path in sorted((ROOT / name).rglob("__init__.py")):
            if not {"migrations", "management", "commands", "node_modules"} & set(path.parts):
                yield path


def rooms() -> list[Room]:
    """All packages with their docstrings."""
    found = []
    for path in packages():
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
        title, _, text = said.partition("\n")
        found.append(Room(".".join(path.parent.relative_to(ROOT).parts), title, text.strip("\n")))
    return found


def rooms_page() -> str:
    """The rooms as headings, each with what lives in it."""
    parts = []
    for room in rooms():
        folder = room.name.replace(".", "/") + "/"
        parts.append(f"{'##' if room.depth == 0 else '###'} `{folder}`\n\n{room.title}\n")
        if room.text:
            parts.append(f"```text\n{room.text}\n```\n")
    return "\n".join(parts)


def variables(path: Path = SETTINGS) -> list[Variable]:
    """The variables that a module reads from the environment, in order, each once."""
    text = path.read_text()
    lines = text.splitlines()
    found: dict[str, Variable] = {}
    for node in ast.walk(ast.parse(text)):
        name = _variable(node)
        if name is None:
            continue
        default = next((ast.unparse(word.value) for word in node.keywords if word.arg == "default"), "")
        if not default and len(node.args) > 1:
            default = ast.unparse(node.args[1])
        if name not in found or not found[name].meaning:
            found[name] = Variable(name, default, meaning(lines, node.lineno))
    return sorted(found.values(), key=lambda variable: variable.name)


def _variable(node: ast.AST) -> str | None:
    """The variable that a call reads: env.str("NAME", ...), env("NAME"), os.environ.get("NAME", ...)."""
    if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
        return None
    called, name = ast.unparse(node.func), node.args[0].value
    read = called.startswith("env.") or called in ("env", "os.environ.get", "_database", "getenv", "os.getenv")
    return name if read and isinstance(name, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", name) else None


def meaning(lines: list[str], number: int) -> str:
    """The comment behind a line (counted from 1), or the block of comments right above it."""
    behind = re.search(r"\s# (.+)$", lines[number - 1])
    if behind:
        return behind.group(1)
    row, above = number - 2, []
    while row >= 0 and lines[row].strip().startswith("# ") and "---" not in lines[row]:
        above.insert(0, lines[row].strip()[2:])
        row -= 1
    return " ".join(above)


def settings_table() -> str:
    """The variables of the environment as a table."""
    known = {variable.name: variable for path in READERS for variable in variables(path)}
    rows = [
        f"| `{variable.name}` | {f'`{variable.default}`' if variable.default else 'none'} | {variable.meaning} |"
        for _, variable in sorted(known.items())
    ]
    return "| variable | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


READERS = (
    SETTINGS,
    ROOT / "portal" / "auth" / "providers.py",
    ROOT / "deploy" / "cluster.py",
    ROOT / "deploy" / "machine.py",
    ROOT / "deploy" / "processes.py",
    ROOT / "deploy" / "cleaning.py",
)


def limits() -> list[Variable]:
    """The numbers of the settings' part on limits, each with its meaning."""
    text = SETTINGS.read_text()
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines, 1) if line.startswith(LIMITS))
    last = next((n for n, line in enumerate(lines, 1) if n > first and line.startswith("# ---")), len(lines) + 1)
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and first < node.lineno < last:
            names = ", ".join(f"`{ast.unparse(target)}`" for target in _targets(node.targets[0]))
            found.append(Variable(names, ast.unparse(node.value), meaning(lines, node.lineno)))
    return found


def _targets(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple) else [target]


def limits_table() -> str:
    """The limits as a table."""
    rows = [f"| {limit.name} | `{_short(limit.default)}` | {limit.meaning} |" for limit in limits()]
    return "| setting | value | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _short(value: str) -> str:
    value = re.sub(r"env\.\w+\('(\w+)', default=([^)]*)\)", r"\2 (\1)", value)
    return value if len(value) <= 90 else value[:87] + "..."


def commands() -> dict[str, str]:
    """The commands of manage.py, each with its own help."""
    found = {}
    for path in sorted(ROOT.glob("*/**/management/commands/*.py")):
        if path.stem == "__init__" or ".venv" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "help":
                words = (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))
                found[path.stem] = "".join(words)
    return found


def commands_table() -> str:
    """The commands as a table; `manage.py COMMAND --help` has the options of each."""
    rows = [f"| `manage.py {name}` | {text} |" for name, text in commands().items()]
    return "| command | does |\n|---|---|\n" + "\n".join(rows) + "\n"
