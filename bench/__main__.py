"""python -m bench NAME [--quick]; without a name: what there is."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path

HELPERS = {
    "__main__", "clusters", "report", "periods_catalog", "periods_stars", "probe", "served", "strangers", "watch",
}  # fmt: skip


def main() -> int:
    names = sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in HELPERS
    )
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names)
    parser.add_argument("--quick", action="store_true", help="smaller inputs, within two minutes")
    parser.add_argument("--fuzz", type=int, metavar="N", help="adql: ask N random queries")
    parser.add_argument("--minutes", type=float, metavar="M", help="api, mutations: try random ones for so long")
    arguments = parser.parse_args()
    if arguments.name is None:
        for name in names:
            print(f"  {name:14} {importlib.import_module(f'bench.{name}').__doc__.splitlines()[0]}")
        return 0
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    own = {name: value for name in ("fuzz", "minutes") if (value := getattr(arguments, name))}
    importlib.import_module(f"bench.{arguments.name}").run(quick=arguments.quick, **own)
    return 0


if __name__ == "__main__":
    sys.exit(main())
