"""Limits (edges) of each detector: declared exemptions, and measurements on small synthetic series."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from benchmark.catalogue import registry, trials
from benchmark.detection import planted
from benchmark.errors import counted
from benchmark.metrics import auroc
from benchmark.report import figure
from benchmark.system.packaged import read_text
from detectors import Array, Detector

Property = Callable[[type[Detector]], str]

TITLE = "# Known edges"
HEAD = TITLE + read_text(__package__, "templates/edges.md.in")

wave = partial(trials.wave, 1500)
_figure = partial(figure, digits=1)


def page(classes: Iterable[type[Detector]], before: str = "") -> str:
    """Return the page of known edges in Markdown: a table per detector. Tables of other detectors stay unchanged."""
    sections = {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in re.split(r"^## ", before, flags=re.M)[1:]}
    sections |= {cls.__name__: section(cls) for cls in classes}
    known = [*registry.detectors(), *sections]  # detectors of the package first, then the others
    return "\n".join([HEAD, *(sections[name] for name in sorted(sections, key=known.index))])


def section(cls: type[Detector]) -> str:
    """Return the heading and the table of one detector."""
    rows = [f"| {name} | {describe(cls)} |" for name, describe in PROPERTIES.items()]
    return "\n".join([f"## {cls.__name__}", "", "| edge | what happens |", "|---|---|", *rows, ""])


# -- measurements --------------------------------------------------------------------------------


def least_length(cls: type[Detector]) -> str:
    short, long = (trials.make(cls, window).min_length() for window in (16, 100))
    return counted(short, "point") if short == long else f"{short} points at window 16, {long} at 100"


def constant(cls: type[Detector]) -> str:
    flat, stuck = np.full(300, 3.7), wave()
    stuck[700:760] = stuck[700]
    level = trials.make(cls).fit(flat).score(flat)
    scores = trials.make(cls).fit(stuck if cls.learns_from == "series" else wave()).score(stuck)
    rank = float((scores < np.median(scores[715:745])).mean())
    return f"{_alike(level)}; a stuck stretch ranks at {_figure(rank)}"


def _alike(scores: Array) -> str:
    if np.ptp(scores) == 0:
        return "all points alike"
    return "points differ by rounding" if np.ptp(scores) <= 1e-12 * np.abs(scores).max() else "points differ"


def ties(cls: type[Detector]) -> str:
    x = np.tile(np.round(20 * np.sin(2 * np.pi * np.arange(25) / 25)), 40)
    scores = trials.make(cls).fit(x).score(x)[200:-200].reshape(-1, 25)
    gap = float(np.ptp(scores, axis=0).max())
    if gap == 0:
        return "equal windows get equal scores"
    close = gap <= 1e-5 * max(np.ptp(scores), np.abs(scores).max())
    return "equal windows get scores that differ by rounding" if close else "equal windows get different scores"


def spikes(cls: type[Detector]) -> str:
    kept = {"huge value scored": "scored: no other score changes", "huge value fitted": "fitted: other ranks stay"}
    said = [_promised(cls, name, text) for name, text in kept.items()]
    if cls.learns_from == "normal":
        said[1] = "fitted: not promised, the data must be normal"
    return "; ".join(said)


def scale_and_shift(cls: type[Detector]) -> str:
    return "; ".join(_promised(cls, name, f"any {name}") for name in ("unit", "level"))


def contaminated_fit(cls: type[Detector]) -> str:
    if cls.learns_from == "nothing":
        return "learns nothing"
    clean, odd = wave(), planted.plant(wave(seed=1), tuple(planted.KINDS), 40, seed=0)
    without, spoilt = (auroc(odd.labels, trials.make(cls).fit(x).score(odd.values)) for x in (clean, odd.values))
    return f"AUROC {_figure(without)} fitted without, {_figure(spoilt)} fitted with the anomalies"


def new_data(cls: type[Detector]) -> str:
    detector = trials.make(cls).fit(wave())
    above = detector.score(wave(seed=1)) > np.quantile(detector.score(wave()), 0.95)
    return f"{100 * above.mean():.0f} % of new normal points"


def memory(cls: type[Detector]) -> str:
    return f"about {float(f'{trials.peak_memory(cls) / trials.LONG:.1g}'):.0f} bytes a point"


def kinds(cls: type[Detector]) -> str:
    """Return the AUROC of each kind of planted anomaly, mean of three series, as text."""
    fitted = None if cls.learns_from == "series" else trials.make(cls).fit(wave())
    found = {kind: np.mean([_of_kind(cls, fitted, kind, seed) for seed in range(3)]) for kind in planted.KINDS}
    return ", ".join(f"{kind} {_figure(float(mean))}" for kind, mean in found.items())


def _of_kind(cls: type[Detector], fitted: Detector | None, kind: str, seed: int) -> float:
    odd = planted.plant(wave(seed=seed + 1), (kind,) * 2, 40, seed)
    detector = fitted or trials.make(cls).fit(odd.values)
    return auroc(odd.labels, detector.score(odd.values))


def _promised(cls: type[Detector], name: str, kept: str) -> str:
    if cls.conformance != "invariance":
        return f"{name}: not promised"
    reason = cls.exempt.get(name, "")
    return f"{name}: not kept, {reason}" if reason else kept


PROPERTIES: dict[str, Property] = {
    "least length": least_length,
    "constant series": constant,
    "ties": ties,
    "spikes": spikes,
    "scale and shift": scale_and_shift,
    "contaminated fit": contaminated_fit,
    "new data": new_data,
    "memory": memory,
    "planted": kinds,
    "cannot see": lambda cls: cls.blind_to or "not said",
}
