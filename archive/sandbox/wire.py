"""The encoding of a child's answer: JSON, with the numbers of arrays as raw blocks after it.

A broken child may write anything. Reading makes no object but numbers, text, lists, dictionaries and arrays of numbers
or text, and believes no length before the bytes are there.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import numpy as np

OUT_OF_MEMORY, TOO_LONG = 77, 78  # exit codes of children that said so
LONGEST_MESSAGE = 1000  # characters
_HEAD = struct.Struct("<8sQ")
_MAGIC = b"ztfwire1"
_NUMBERS = re.compile(r"[<>|]?(b1|[iu][1248]|f[248]|c8|c16)")


class BrokenCopyError(ValueError):
    """Bytes that are no whole answer."""


def value(returned: Any) -> dict[str, Any]:
    """The answer for a value that a function returned."""
    return {"value": returned}


def refusal(error: BaseException) -> dict[str, Any]:
    """The answer for an error that it raised."""
    return {"error": {"kind": type(error).__name__, "message": str(error)[:LONGEST_MESSAGE]}}


def encoded(tree: dict) -> list[bytes | memoryview]:
    """An answer's pieces in order."""
    blocks: list[bytes | memoryview] = []
    text = json.dumps(_write(tree, blocks, [0])).encode("utf-8", "surrogatepass")
    return [_HEAD.pack(_MAGIC, len(text)), text, *blocks]


def decode(content: bytes) -> dict[str, Any]:
    """{"value": …} or {"error": {"kind", "message"}} of an answer's bytes.

    Raises
    ------
    BrokenCopyError
    """
    if len(content) < _HEAD.size:
        raise BrokenCopyError("it ends early")
    magic, length = _HEAD.unpack_from(content)
    if magic != _MAGIC or length > len(content) - _HEAD.size:
        raise BrokenCopyError("it begins wrongly")
    blocks = memoryview(content)[_HEAD.size + length :]
    try:
        found = _read(json.loads(content[_HEAD.size : _HEAD.size + length]), blocks)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as reason:
        raise BrokenCopyError(str(reason)[:LONGEST_MESSAGE]) from reason
    if not isinstance(found, dict) or not found.keys() & {"value", "error"}:
        raise BrokenCopyError("it says nothing")
    return found


def _write(value: Any, blocks: list, used: list[int]) -> Any:
    """A value as JSON has it; each dictionary of its own stands under "d", so that keys are never taken for marks."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"d": {str(key): _write(one, blocks, used) for key, one in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_write(one, blocks, used) for one in value]
    if isinstance(value, np.generic):
        return _write(value.item(), blocks, used)
    if isinstance(value, bytes):
        return {"b": _block(value, blocks, used)}
    if isinstance(value, np.ndarray):
        return _write_array(value, blocks, used)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _write_array(value: np.ndarray, blocks: list, used: list[int]) -> dict:
    shape = list(value.shape)
    if value.dtype.kind in "biufc":
        flat = np.ascontiguousarray(value).reshape(-1)
        return {"a": [value.dtype.str, shape, _block(flat.view(np.uint8).data, blocks, used)]}
    if value.dtype.kind == "S":
        texts = [one.decode("utf-8", "replace") for one in value.ravel().tolist()]
        return {"t": [texts, shape, "S"]}
    if value.dtype.kind == "U":
        return {"t": [value.ravel().tolist(), shape, "U"]}
    if value.dtype.kind == "O":
        return {"o": [[_write(one, blocks, used) for one in value.ravel()], shape]}
    raise TypeError(f"an array of {value.dtype} cannot be sent")


def _block(content: bytes | memoryview, blocks: list, used: list[int]) -> list[int]:
    extent = [used[0], len(content)]
    blocks.append(content)
    used[0] += len(content)
    return extent


def _read(value: Any, blocks: memoryview) -> Any:
    if isinstance(value, list):
        return [_read(one, blocks) for one in value]
    if not isinstance(value, dict):
        return value
    ((mark, what),) = value.items()
    if mark == "d":
        return {key: _read(one, blocks) for key, one in what.items()}
    if mark == "b":
        return bytes(_piece(what, blocks))
    if mark == "a":
        kind, shape, extent = what
        if not _NUMBERS.fullmatch(kind):
            raise BrokenCopyError(f"{kind[:20]} is no kind of number")
        return np.frombuffer(_piece(extent, blocks), np.dtype(kind)).reshape(shape)
    if mark == "t":
        texts, shape, kind = what
        made = np.array(texts, dtype="U") if texts else np.empty(0, "U1")
        return (made if kind == "U" else np.char.encode(made, "utf-8")).reshape(shape)
    if mark == "o":
        items, shape = what
        made = np.empty(len(items), object)
        made[:] = [_read(one, blocks) for one in items] if items else []
        return made.reshape(shape)
    raise BrokenCopyError(f"{mark[:20]} is no mark")


def _piece(extent: list[int], blocks: memoryview) -> memoryview:
    start, length = extent
    if start < 0 or length < 0 or start + length > len(blocks):
        raise BrokenCopyError("it ends early")
    return blocks[start : start + length]
