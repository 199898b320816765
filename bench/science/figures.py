"""From catalogs and truth to figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archive.survey.robust import robust_scatter
from bench.report import Figure
from bench.science import calibration, matching
from bench.science.measuring import Measured

BRIGHT, ZERO_FROM = 17.0, 18.0  # mag
PURITY_SNR = 5.0
MAS_PER_PIXEL = 1012.0
# Bins in which a calibrated magnitude must not lean to one side: brightest, faintest, width (mag); parts of an axis
TREND_MAG, TREND_PARTS, TREND_FAINTEST = (15.0, 19.5, 0.5), 8, 18.5
MIN_IN_BIN = 50


@dataclass(frozen=True)
class Peer:
    """Another program's catalog: x, y (0-based px) and snr of its sources; cpu (s); figures of its own."""

    x: np.ndarray
    y: np.ndarray
    snr: np.ndarray
    cpu: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Quadrant:
    """One simulated quadrant, measured; peers by name."""

    seeing: float
    truth: object
    measured: Measured
    peers: dict[str, Peer]

    @cached_property
    def ours(self) -> Peer:
        from processing.science import tpv

        m = self.measured
        own = {
            calibration.WCS_LABEL: calibration.wcs_error(
                self.truth, lambda x, y: tpv.pixel_to_sky(m.wcs, x, y), self.truth.shape
            ),
            calibration.PSF_LABEL: calibration.misplaced(self.truth, m.psf),
        }
        return Peer(m.catalog["xpos"] - 1.0, m.catalog["ypos"] - 1.0, m.catalog["snr"], m.cpu, own)

    @cached_property
    def everyone(self) -> dict[str, Peer]:
        """All programs, ours first."""
        return {"ours": self.ours, **self.peers}

    @property
    def finders(self) -> dict[str, Peer]:
        """Those that find sources."""
        return {name: peer for name, peer in self.everyone.items() if len(peer.x)}

    @cached_property
    def matches(self) -> dict[str, matching.Match]:
        return {name: matching.match(self.truth, peer.x, peer.y) for name, peer in self.finders.items()}


def robust(values) -> float:
    """Standard deviation from the median absolute deviation; NaN of nothing."""
    return robust_scatter(values) if len(values) else float("nan")


def compared(q: Quadrant) -> dict[str, np.ndarray]:
    """Found clean stars: mag, colour, x, y (px), error and limit (mag), snr, dx, dy (sky minus truth) and
    place_limit (mas). The error is about the frame's own zero point, whose error stands by itself."""
    from processing.science import tpv

    truth, table, found = q.truth, q.measured.catalog, q.measured.measurements
    match = q.matches["ours"]
    stars = np.flatnonzero(truth.star & (match.distance < matching.MATCH))
    stars = stars[table["flags"][match.entry[stars]] == 0]
    entry = match.entry[stars]
    mag = table["mag"][entry] + found["zp"] + found["zp_colour"] * truth.colour[stars]
    error = mag - truth.mag[stars]
    ra, dec = tpv.pixel_to_sky(tpv.from_header(truth.wcs), truth.x[stars], truth.y[stars])
    return {
        "mag": truth.mag[stars], "colour": truth.colour[stars], "x": truth.x[stars], "y": truth.y[stars],
        "error": error - np.median(error[truth.mag[stars] < ZERO_FROM]), "limit": truth.limit[stars],
        "place_limit": MAS_PER_PIXEL * truth.place_limit[stars], "snr": table["snr"][entry],
        "dx": (table["ra"][entry] - ra) * np.cos(np.radians(dec)) * 3.6e6, "dy": (table["dec"][entry] - dec) * 3.6e6,
    }  # fmt: skip


def compared_all(quadrants: list[Quadrant]) -> dict[str, np.ndarray]:
    """The same of all quadrants together."""
    pairs = [compared(q) for q in quadrants]
    return {key: np.concatenate([pair[key] for pair in pairs]) for key in pairs[0]}


def of_type(kind, quadrants: list[Quadrant]) -> dict[str, Figure]:
    """All figures of one type of field."""
    every = compared_all(quadrants)
    return (
        scatter_figures(kind, every)
        | trend_figures(every)
        | detection_figures(quadrants)
        | depth_figures(kind, quadrants)
        | astrometry_figures(every, quadrants)
        | calibration_figures(quadrants)
        | cost_figures(kind, quadrants)
    )


def scatter_figures(kind, every) -> dict[str, Figure]:
    figures = {}
    for faint in range(15, 22):
        stars = (every["mag"] > faint - 1) & (every["mag"] <= faint)
        # Neighbours are no part of the limit: the target is for stars that have none.
        name, target = f"{faint - 1}-{faint} mag", None if kind.crowded else 1.15
        signed = {"median error": 1e3 * float(np.median(every["error"][stars])) if stars.any() else float("nan")}
        figures[f"scatter, {name}"] = Figure(
            1e3 * robust(every["error"][stars]), "mmag", n=int(stars.sum()), peer=signed
        )
        ratio = robust((every["error"] / every["limit"])[stars])
        figures[f"scatter over limit, {name}"] = Figure(ratio, "", target, n=int(stars.sum()))
    return figures


def trend(error, position, edges) -> tuple[float, float]:
    """The median of the bin where it is largest, with its sign, and the standard error of that median."""
    worst = (0.0, float("nan"))
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        values = error[(position > low) & (position <= high)]
        if len(values) >= MIN_IN_BIN:
            median = float(np.median(values)), 1.2533 * robust(values) / np.sqrt(len(values))
            worst = max(worst, median, key=lambda pair: abs(pair[0]))
    return worst


def trend_figures(every) -> dict[str, Figure]:
    """Calibrated magnitude minus truth: the worst bin."""
    figures = {}
    low, high, step = TREND_MAG
    chosen = (every["mag"] > low) & (every["mag"] < TREND_FAINTEST)
    axes = {"mag": (np.arange(low, high + step / 2, step), every["mag"] > low)}
    axes["colour"] = (np.linspace(*np.percentile(every["colour"][chosen], (2, 98)), TREND_PARTS + 1), chosen)
    for axis in ("x", "y"):
        axes[axis] = (np.linspace(0, every[axis].max(), TREND_PARTS + 1), chosen)
    for axis, (edges, use) in axes.items():
        worst, sigma = trend(every["error"][use], every[axis][use], edges)
        label = f"bias with {axis}, worst bin"
        peer = {"signed": 1e3 * worst, "its standard error": 1e3 * sigma}
        target = 5 if np.isfinite(sigma) else None  # too few stars in every bin say nothing
        figures[label] = Figure(1e3 * abs(worst), "mmag", target, n=int(use.sum()), peer=peer)
    return figures


def _shares(quadrants, counts):
    """Counted (found, total) over all quadrants -> share by program, and the total."""
    shares = {}
    for name in quadrants[0].finders:
        found, total = np.sum([counts(q, name) for q in quadrants], axis=0)
        shares[name] = found / max(total, 1)
    return shares, int(total)


def detection_figures(quadrants) -> dict[str, Figure]:
    """Completeness by magnitude and purity beside the peers', of whole catalogs and above the same S/N."""
    figures = {}
    for faint in range(17, 23):
        for label, least in (("", -np.inf), (f" at S/N {PURITY_SNR:g}", PURITY_SNR)):
            shares, total = _shares(
                quadrants,
                lambda q, name, f=faint, s=least: matching.completeness(
                    q.truth, q.matches[name], f - 1, f, q.everyone[name].snr > s
                ),
            )
            ours = shares.pop("ours")
            goal = max(shares.values(), default=None)
            figures[f"completeness{label}, {faint - 1}-{faint} mag"] = Figure(ours, "", goal, "higher", total, shares)
    for label, least in (("", -np.inf), (f" at S/N {PURITY_SNR:g}", PURITY_SNR)):
        shares, total = _shares(quadrants, lambda q, name, s=least: _pure(q, name, s))
        ours = shares.pop("ours")
        figures[f"purity{label}"] = Figure(ours, "", max(shares.values(), default=0.96), "higher", total, shares)
    return figures


def _pure(q, name, least):
    counted = q.everyone[name].snr > least
    return int((q.matches[name].genuine & counted).sum()), int(counted.sum())


def depth_figures(kind, quadrants) -> dict[str, Figure]:
    """The 5-sigma limit of each frame's catalog, whose errors count its neighbours, and what is found above it."""
    limit = [q.measured.measurements["maglim"] for q in quadrants]
    counts = [
        matching.completeness(q.truth, q.matches["ours"], m - 1.25, m - 0.75)
        for q, m in zip(quadrants, limit, strict=True)
    ]
    photon = [float(np.interp(0.217, *_sorted(q.truth.limit, q.truth.mag))) for q in quadrants]
    found, total = np.sum(counts, axis=0)
    label = "completeness one magnitude above the limit"
    return {
        "5-sigma limit, median": Figure(
            float(np.median(limit)), "mag", better="higher", n=len(limit), peer={"photons": float(np.median(photon))}
        ),
        label: Figure(found / total, "", 0.95, "higher", int(total)),
        f"{label}, worst frame": Figure(min(f / t for f, t in counts), "", 0.95, "higher", len(counts)),
    }


def _sorted(x, y):
    order = np.argsort(x)
    return x[order], y[order]


def astrometry_figures(every, quadrants) -> dict[str, Figure]:
    figures = {}
    bright = every["mag"] < BRIGHT
    ten = (every["snr"] > 8) & (every["snr"] < 12.5)
    for name, which, target in ((f"brighter than {BRIGHT:g} mag", bright, 10), ("at S/N 10", ten, 30)):
        rms = np.hypot(robust(every["dx"][which]), robust(every["dy"][which])) / np.sqrt(2)
        peer = {"limit": float(np.median(every["place_limit"][which]))}
        figures[f"astrometry per axis, {name}"] = Figure(rms, "mas", target, n=int(which.sum()), peer=peer)
    means = [abs(float(np.median(every[axis][bright]))) for axis in ("dx", "dy")]
    figures["astrometry, mean offset of bright stars"] = Figure(max(means), "mas", 5, n=int(bright.sum()))
    for label, unit, target in ((calibration.WCS_LABEL, "mas", 5), (calibration.PSF_LABEL, "%", None)):
        figures |= _own(quadrants, label, unit, target)
    return figures


def _own(quadrants, label, unit, target):
    """A figure that programs have for themselves: medians over the frames."""
    values = {}
    for name, peer in quadrants[0].everyone.items():
        if label in peer.figures:
            values[name] = float(np.median([q.everyone[name].figures[label] for q in quadrants]))
    return {label: Figure(values.pop("ours"), unit, target, n=len(quadrants), peer=values)}


def calibration_figures(quadrants) -> dict[str, Figure]:
    """The zero point: its error in the middle, at its worst, and how it leans with seeing, which a median hides."""
    errors = np.array([1e3 * (q.measured.measurements["zp"] - q.truth.magzp) for q in quadrants])
    seeing = np.array([q.seeing for q in quadrants])
    slope = float(np.polyfit(seeing, errors, 1)[0])
    at_each = {f"at {width:g} px": float(error) for width, error in zip(seeing, errors, strict=True)}
    median, largest = float(np.median(errors)), float(errors[np.abs(errors).argmax()])
    n = len(errors)
    return {
        "zero point minus truth, median": Figure(abs(median), "mmag", 5, n=n, peer={"signed": median}),
        "zero point minus truth, largest": Figure(abs(largest), "mmag", 5, n=n, peer={"signed": largest}),
        "zero point minus truth, from the best seeing to the worst": Figure(
            abs(slope) * float(np.ptp(seeing)), "mmag", 5, n=n, peer={"signed, mmag per px": slope} | at_each
        ),
    }


def cost_figures(kind, quadrants) -> dict[str, Figure]:
    n, steps = len(quadrants), quadrants[0].measured.steps
    figures = {
        f"CPU, {step}": Figure(
            float(np.median([q.measured.steps[step] for q in quadrants])), "s", n=n, statistic="median"
        )
        for step in steps
    }
    peers = {name: float(np.median([q.peers[name].cpu for q in quadrants])) for name in quadrants[0].peers}
    cpu = float(np.median([q.measured.cpu for q in quadrants]))
    figures["CPU, total"] = Figure(cpu, "s", kind.cpu, n=n, peer=peers, statistic="median")
    figures["peak memory"] = Figure(max(q.measured.peak_memory for q in quadrants), "GB", 1.5, n=n)
    return figures


def per_frame(quadrants) -> str:
    """A line for each quadrant and program."""
    lines = ["seeing  program               sources  purity  complete 1 mag above limit  zp - truth (mmag)  CPU (s)"]
    for q in quadrants:
        limit = q.measured.measurements["maglim"]
        for name, peer in q.finders.items():
            found, total = matching.completeness(q.truth, q.matches[name], limit - 1.25, limit - 0.75)
            error = f"{1e3 * (q.measured.measurements['zp'] - q.truth.magzp):+17.1f}" if name == "ours" else " " * 17
            lines.append(
                f"{q.seeing:6.2f}  {name:20}  {len(peer.x):7d}  {q.matches[name].genuine.mean():6.4f}"
                f"  {found / total:26.4f}  {error}  {peer.cpu:7.2f}"
            )
    return "\n".join(lines)
