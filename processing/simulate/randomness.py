"""One seed, many independent streams: the same keys always give the same numbers."""

import zlib

import numpy as np


def stream(seed: int, *keys: int | str) -> np.random.Generator:
    """A generator for one purpose, for example `stream(plan.seed, "noise", expid, rcid)`.

    Words are turned into numbers by CRC-32, so that the stream does not depend on Python's salted hash.
    """
    return np.random.default_rng(
        [seed, *(zlib.crc32(key.encode()) if isinstance(key, str) else int(key) for key in keys)]
    )
