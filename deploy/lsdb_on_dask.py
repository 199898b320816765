"""Ask a HATS export of light curves through LSDB on Dask: python deploy/lsdb_on_dask.py CATALOG RA DEC [--radius 60].

Without --scheduler a cluster of processes starts on this machine and ends with the script; with it the same question
goes to workers anywhere that reach the catalog (a shared disk, or s3://…). LSDB is no part of the system's own
requirements: requirements-dev.txt has it.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack

import lsdb
import numpy as np
from dask.distributed import Client, LocalCluster


def main() -> None:
    """Print the objects around a position with the number of their points, their mean and their scatter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalog", help="folder or address of the export")
    parser.add_argument("ra", type=float, help="deg")
    parser.add_argument("dec", type=float, help="deg")
    parser.add_argument("--radius", type=float, default=60.0, help="arcsec")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, for example tcp://10.0.0.5:8786")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of the cluster on this machine")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        stack.enter_context(Client(_address(stack, arguments)))
        catalog = lsdb.open_catalog(arguments.catalog)
        found = catalog.cone_search(arguments.ra, arguments.dec, arguments.radius).compute()
    print("objectid,filterid,nepochs,meanmag,magrms")
    for row in found.sort_values("objectid").itertuples():
        mag = np.asarray(row.lightcurve["mag"])[np.asarray(row.lightcurve["catflags"]) == 0]
        rms = mag.std(ddof=1) if len(mag) > 1 else np.nan
        mean = mag.mean() if len(mag) else np.nan
        print(f"{row.objectid},{row.filterid},{row.nepochs},{mean:.4f},{rms:.4f}")


def _address(stack: ExitStack, arguments: argparse.Namespace):
    if arguments.scheduler:
        return arguments.scheduler
    # One thread a worker: the work is in Arrow and NumPy; nothing listens beyond this machine.
    return stack.enter_context(
        LocalCluster(n_workers=arguments.workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    )


if __name__ == "__main__":
    main()
