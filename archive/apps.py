import numpy as np
from django.apps import AppConfig
from psycopg2.extensions import AsIs, Float, register_adapter


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self):
        # What they register: entries in the audit, checks of the database, what a queue does first
        from archive.access import accounts, checks  # noqa: F401
        from archive.jobs import user_jobs  # noqa: F401

        _let_numpy_numbers_through()


def _let_numpy_numbers_through() -> None:
    """psycopg2 writes a number's repr, which for NumPy's is a Python expression that PostgreSQL does not know."""
    for kind in (np.float64, np.float32):
        register_adapter(kind, lambda value: Float(float(value)))
    for whole in (np.int64, np.int32, np.int16, np.uint8):
        register_adapter(whole, lambda value: AsIs(int(value)))
    register_adapter(np.bool_, lambda value: AsIs(bool(value)))
