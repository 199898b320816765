"""Many rows as NumPy columns: through COPY, which is several times faster than instances or tuples."""

from __future__ import annotations

import io

import numpy as np
from django.db import connections, models

_HEADER = 19  # bytes: signature, flags, length of the (empty) extension
_TRAILER = 2
_TYPES = {
    "FloatField": ">f8",
    "BigIntegerField": ">i8",
    "IntegerField": ">i4",
    "SmallIntegerField": ">i2",
}


def read_columns(rows: models.QuerySet, *names: str) -> np.ndarray:
    """Columns of a query that hold numbers and no NULL.

    The rows are those that the current reader sees, as with any other way of reading them.

    Returns
    -------
    structured array (n,), big-endian, a field for each name

    Raises
    ------
    ValueError
        where a value is NULL: the rows then differ in length.

    Source of the layout: PostgreSQL documentation, COPY, "Binary Format".
    """
    kinds = [_TYPES[rows.model._meta.get_field(name).get_internal_type()] for name in names]
    sql, parameters = rows.values_list(*names).query.sql_with_params()
    connection = connections[rows.db]
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(sql, parameters).decode()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT binary)", buffer)
    fields = [part for n, kind in enumerate(kinds) for part in ((f"length{n}", ">i4"), (names[n], kind))]
    layout = np.dtype([("fields", ">i2"), *fields])
    size = buffer.getbuffer().nbytes - _HEADER - _TRAILER
    table = np.frombuffer(buffer.getbuffer(), layout, size // layout.itemsize, _HEADER)
    if size % layout.itemsize or any((table[f"length{n}"] != np.dtype(k).itemsize).any() for n, k in enumerate(kinds)):
        raise ValueError(f"{', '.join(names)}: a value is NULL; exclude such rows")
    return table[list(names)]
