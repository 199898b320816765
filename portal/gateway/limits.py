"""Limits on what a client may cost: every limit of the gateway."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024**2
AUTH = "/auth"  # before any address (portal.auth.basic.AlwaysChallenged)


@dataclass(frozen=True)
class Lane:
    """A group of threads for some of the addresses, in each process."""

    name: str
    prefixes: tuple[str, ...]
    """Paths that begin so use this lane; the first lane that matches is taken, and no prefix matches all."""
    threads: int
    """Of each process."""
    share: int
    """Requests of one address that run at once."""
    queue: int
    """Requests that wait for a thread."""
    endings: tuple[str, ...] = ()
    """Paths that end so use this lane too."""

    def takes(self, path: str) -> bool:
        path = path.removeprefix(AUTH)
        return path.startswith(self.prefixes) or (bool(self.endings) and path.endswith(self.endings))


@dataclass(frozen=True)
class Limits:
    """Limits of one process; rates in bytes/s, times in s, sizes in bytes."""

    largest_body: int = 200 * MB
    body_grace: float = 10.0
    body_rate: float = 4096.0
    body_seconds: float = 900.0
    answer_grace: float = 20.0
    answer_rate: float = 4096.0
    answer_seconds: float = 7200.0
    spool_memory: int = MB
    """Of one body or answer, before it goes to a temporary file."""
    spool_answer: int = 256 * MB
    """Of one answer that its client has not read yet; then its thread waits."""
    spool_total: int = 4096 * MB
    """Of all temporary files of the process."""
    spool_address: int = 1024 * MB
    """Of those that hold bodies and answers of one address."""
    queue_seconds: float = 30.0
    """That a request waits for a thread before it is refused."""
    open_per_address: int = 64
    """Requests of one address, in whatever state."""
    open_in_all: int = 900
    lanes: tuple[Lane, ...] = (
        Lane("health", ("/health",), threads=1, share=1, queue=100),
        Lane(
            "services",
            ("/tap", "/TAP", "/vo/", "/SIA", "/ibe/", "/api/", "/cgi-bin/", "/ztf/", "/movie", "/query/plot", "/region")
            + ("/cutouts/compare", "/moving/cutouts", "/moving/known", "/sky/region")
            + ("/alerts/public/", "/alerts/partnership/", "/SCS", "/products/", "/data/ZTF/"),
            threads=4,
            share=3,
            queue=64,
            endings=(
                *("/periodogram", "/objects/own", "/figure.pdf"),
                *("/difference.fits", "/chart.png", "/chart.pdf"),
            ),
        ),
        Lane("pages", ("",), threads=4, share=3, queue=64),
    )

    def allowed(self, size: int, grace: float, rate: float) -> float:
        """Seconds within which a client must have moved `size` bytes and the next one."""
        return grace + size / rate
