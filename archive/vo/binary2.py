"""BINARY2, the fast VOTable serialisation: big-endian values after one bit per null (VOTable 1.4, 5.4)."""

import struct

import numpy as np

_NUMPY = {
    "boolean": "S1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


def _null_mask(column):
    if isinstance(column, np.ma.MaskedArray):
        return np.ma.getmaskarray(column)
    if isinstance(column, np.ndarray) and column.dtype != object:
        return np.zeros(len(column), dtype=bool)
    return np.fromiter((value is None for value in column), dtype=bool, count=len(column))


def _numbers(field, column, null):
    """Values of a single-valued column as big-endian array; nulls are NaN, 0 or a blank."""
    kind = _NUMPY[field.datatype]
    if field.datatype == "boolean":
        return np.array([b" " if n else (b"T" if v else b"F") for v, n in zip(column, null, strict=True)], "S1")
    filler = np.nan if field.datatype in ("float", "double") else 0
    if isinstance(column, np.ma.MaskedArray):
        return column.filled(filler).astype(kind)
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column.astype(kind)
    return np.array([filler if n else v for v, n in zip(column, null, strict=True)]).astype(kind)


def _text(field, value):
    if value is None:
        return b""
    text = value if isinstance(value, str) else str(value)
    return text.encode("utf-16-be") if field.datatype == "unicodeChar" else text.encode("ascii", "replace")


def _variable(field, column, null):
    """Each value of an array or text column as bytes, with its count in front where the size varies."""
    cells = []
    fixed = field.arraysize != "*"
    for value, missing in zip(column, null, strict=True):
        if field.is_text:
            data = _text(field, None if missing else value)
            width = 2 if field.datatype == "unicodeChar" else 1
            if fixed:
                size = int(field.arraysize) * width
                data = data[:size].ljust(size, b"\x00")
        else:
            kind = np.dtype(_NUMPY[field.datatype])
            numbers = np.asarray([] if missing else value, dtype=kind)
            if fixed:
                numbers = (
                    np.resize(numbers, int(field.arraysize)) if numbers.size else np.zeros(int(field.arraysize), kind)
                )
            data, width = numbers.tobytes(), kind.itemsize
        cells.append(data if fixed else struct.pack(">i", len(data) // width) + data)
    return cells


def _flags(nulls):
    """Null bits, most significant first: uint8 array (n_rows, ceil(n_fields / 8))."""
    return np.packbits(np.stack(nulls, axis=1), axis=1)


def encode_rows(fields, columns):
    """Bytes of one batch of rows.

    Parameters
    ----------
    fields : list of Field
    columns : list of sequences or (masked) arrays of equal length

    Returns
    -------
    bytes
    """
    nulls = [_null_mask(column) for column in columns]
    flags = _flags(nulls)
    if all(field.arraysize is None for field in fields):
        parts = [(f"c{k}", _NUMPY[field.datatype]) for k, field in enumerate(fields)]
        table = np.empty(len(flags), dtype=[("flags", "u1", (flags.shape[1],)), *parts])
        table["flags"] = flags
        for k, (field, column, null) in enumerate(zip(fields, columns, nulls, strict=True)):
            table[f"c{k}"] = _numbers(field, column, null)
        return table.tobytes()
    cells = [[row.tobytes() for row in flags]]
    for field, column, null in zip(fields, columns, nulls, strict=True):
        if field.arraysize is None:
            numbers = _numbers(field, column, null)
            size, data = numbers.dtype.itemsize, numbers.tobytes()
            cells.append([data[i : i + size] for i in range(0, len(data), size)])
        else:
            cells.append(_variable(field, column, null))
    return b"".join(b"".join(row) for row in zip(*cells, strict=True))
