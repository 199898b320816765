"""The rule for a job that ended without a result: its worker died, or failed with what is no refusal.

It begins again; after ATTEMPTS it ends as failed (ERROR) and says why. Jobs of users, query jobs and pipeline jobs
follow it. Whether a worker lives is told by a lock in PostgreSQL that ends with it; schedules
look every minute, so that no job stays EXECUTING without one.
"""

from __future__ import annotations

ATTEMPTS = 3
DIED = "its worker ended"


def failure(error: BaseException) -> str:
    """The reason, for users, that a job whose worker failed has no result; the error's own words are for the log."""
    return f"its worker failed ({type(error).__name__})"


def begins_again(attempts: int, once: bool = False) -> bool:
    """Whether a job that was begun so many times begins again. `once`: it never does."""
    return not once and attempts < ATTEMPTS
