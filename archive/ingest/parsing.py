"""A foreign file read in the sandbox: what it says, or why it is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archive import sandbox
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError

MIB = 1 << 20
SLOWEST = 5 * MIB  # bytes a second of CPU, with checksums, on a busy machine
LARGEST_MEMORY = 8 << 30  # bytes
SMALL = 4 * MIB  # bytes; a larger file has a child of its own
TOGETHER = 32 * MIB  # bytes that one child reads


def parse(function: str, copy: Copy, **arguments: Any) -> Any:
    """The value of a function of archive.sandbox.readers.products for a file; limits grow with the file's size.

    Raises
    ------
    RefusedError
    """
    try:
        with copy.opened() as handle:
            return sandbox.run(_named(function), handle, _limits(copy.size), sandbox.INGEST, **arguments)
    except sandbox.SandboxError as error:
        raise _refusal(copy, error) from error


def parse_many(function: str, copies: Sequence[Copy], **arguments: Any) -> list[Any | RefusedError]:
    """The function's value for each of some files from one hand, in their order; small ones share a child.

    Where a child dies, its files are read one by one: only the one that is to blame is refused.
    """
    found: list[Any | RefusedError] = []
    for group in _groups(copies):
        found += _together(function, group, arguments) if len(group) > 1 else [_alone(function, group[0], arguments)]
    return found


def _groups(copies: Sequence[Copy]) -> Iterator[list[Copy]]:
    group: list[Copy] = []
    for copy in copies:
        together = sum(one.size for one in group) + copy.size
        if group and (together > TOGETHER or max(copy.size, group[-1].size) > SMALL):
            yield group
            group = []
        group.append(copy)
    if group:
        yield group


def _together(function: str, group: list[Copy], arguments: dict) -> list[Any | RefusedError]:
    contents = [copy.place.read_bytes() for copy in group]
    limits = _limits(sum(copy.size for copy in group))
    try:
        found = sandbox.run_many(_named(function), contents, limits, sandbox.INGEST, **arguments)
    except sandbox.TryLaterError as error:
        return [_refusal(copy, error) for copy in group]
    except sandbox.SandboxError:
        return [_alone(function, copy, arguments) for copy in group]
    pairs = zip(group, found, strict=True)
    return [_refusal(copy, one) if isinstance(one, sandbox.RefusedError) else one for copy, one in pairs]


def _alone(function: str, copy: Copy, arguments: dict) -> Any | RefusedError:
    try:
        return parse(function, copy, **arguments)
    except RefusedError as reason:
        return reason


def _named(function: str) -> str:
    return f"archive.sandbox.readers.products.{function}"


def _limits(size: int) -> sandbox.Limits:
    cpu = 30 + size // SLOWEST
    memory = min(1024 * MIB + 3 * size, LARGEST_MEMORY)
    return sandbox.Limits(memory=memory, cpu=cpu, seconds=2.0 * cpu + 60, answer=1024 * MIB)


def _refusal(copy: Copy, error: sandbox.SandboxError) -> RefusedError:
    if isinstance(error, sandbox.RefusedError) and error.kind != "BadFileError":
        return RefusedError(f"{copy.name}: cannot be read ({error.kind}: {error})")
    return RefusedError(f"{copy.name}: {error}", ours=isinstance(error, sandbox.TryLaterError))
