"""python -m bench NAME [--quick]; without a name: what there is."""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import pkgutil
import sys
from pathlib import Path

from django.db.utils import ProgrammingError

from bench.servers import NotReadyError, require

UNDEFINED_TABLE = "42P01"  # SQLSTATE
HELPERS = {
    "__main__", "clusters", "periods_catalog", "periods_stars", "probe", "provenance", "report", "seeds", "served",
    "servers", "strangers", "variable_stars", "watch",
}  # fmt: skip


def names() -> list[str]:
    """The measurements there are."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in modules if module.name not in HELPERS)


def main(words: list[str] | None = None) -> int:
    """Run one measurement; what it lacks is said in one line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--quick", action="store_true", help="smaller inputs, within two minutes")
    parser.add_argument("--fuzz", type=int, metavar="N", help="adql: ask N random queries")
    parser.add_argument("--minutes", type=float, metavar="M", help="api, mutations: try random ones for so long")
    parser.add_argument("--truth", type=Path, metavar="FOLDER", help="realbogus: where detections.parquet stands")
    arguments = parser.parse_args(words)
    if arguments.name is None:
        for name in names():
            print(f"  {name:14} {importlib.import_module(f'bench.{name}').__doc__.splitlines()[0]}")
        return 0
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    own = {name: value for name in ("fuzz", "minutes", "truth") if (value := getattr(arguments, name))}
    try:
        module = importlib.import_module(f"bench.{arguments.name}")
        if unknown := sorted(set(own) - set(inspect.signature(module.run).parameters)):
            parser.error(f"{arguments.name} takes no --{unknown[0]}")
        require(getattr(module, "NEEDS", ()))
        module.run(quick=arguments.quick, **own)
    except NotReadyError as reason:
        print(f"bench {arguments.name}: {reason}", file=sys.stderr)
        return 1
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", "") != UNDEFINED_TABLE:
            raise
        print(f"bench {arguments.name}: the database has no tables yet: run `make demo`", file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        how = "`make setup-dev` installs what measurements need"
        print(f"bench {arguments.name}: {missing}: {how}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
