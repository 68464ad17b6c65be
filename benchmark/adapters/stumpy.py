"""stumpy's matrix profiles: ``stumpy:stump``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from benchmark.adapters.borrowed import Borrowed, class_of
from benchmark.adapters.names import Listed
from benchmark.adapters.options import argument_defaults, arguments, check, keep_compiled, silence
from benchmark.adapters.samples import OverWindows
from detectors import Array, Windows
from detectors.core import min_length_for_profile

PROFILES = {
    "stump": "",
    "aamp": "",
    "scrump": "",
    "scraamp": "",
    "gpu_stump": "a GPU that numba can use",
    "gpu_aamp": "a GPU that numba can use",
    "stumped": "a Dask client: take stump",
    "aamped": "a Dask client: take aamp",
    "mstump": "a series of several dimensions: take stump",
    "maamp": "a series of several dimensions: take aamp",
    "stumpi": "a stream of values: take stump",
    "aampi": "a stream of values: take aamp",
}


class _Profile(OverWindows):
    """Distance from each window to its nearest neighbour in the fitted pieces, excluding the window itself."""

    exempt: ClassVar[dict[str, str]] = {}
    reserved: ClassVar[tuple[str, ...]] = ("T_A", "T_B", "ignore_trivial")
    defaults: ClassVar[dict[str, Any]] = {"window": "auto", "align": "centre", "options": None}
    rules: ClassVar[dict[str, Any]] = {}

    def min_length(self) -> int:
        """Return the length at which every window has another one outside its exclusion zone."""
        return min_length_for_profile(self)

    def check_options(self, options: dict[str, Any]) -> None:
        """Check the names and types of options only, as a function cannot check values without data."""
        check(self.spec, options, argument_defaults(self.model), ("m",), self.reserved, owner=type(self).__name__)

    def _fit_windows(self, windows: Windows) -> None:
        if self.window_ < 3:
            raise ValueError(f"window must be at least 3 points for a matrix profile, got {self.window_}")

    def _score_windows(self, windows: Windows) -> Array:
        place = self._place(x := windows.pieces[0])
        joins = [] if place is None else [self._profile(self.fitted_pieces_[place[0]])[place[1] :][: len(windows)]]
        for number, piece in enumerate(self.fitted_pieces_):
            if len(piece) >= self.window_ and (place is None or number != place[0]):
                joins.append(self._profile(x, piece))
        return np.asarray(np.min(joins, axis=0))

    def _profile(self, x: Array, other: Array | None = None) -> Array:
        self.seed_generators()
        join = {} if other is None else {"T_B": other.copy(), "ignore_trivial": False}
        with silence():
            found = self.model(x.copy(), m=self.window_, **self.given, **join, **(self.options or {}))
        if hasattr(found, "update"):  # scrump and scraamp refine a profile step by step
            found.update()
            return np.asarray(found.P_, dtype=float)
        return np.asarray(found[:, 0], dtype=float)


def entries() -> Iterator[Listed]:
    """List the functions that compute a matrix profile."""
    for name, needs in PROFILES.items():
        there = name.startswith("gpu") and importlib.import_module("numba.cuda").is_available()
        yield Listed("stumpy", name, "stumpy", refused=f"it needs {needs}" if needs and not there else "")


def detector(entry: Listed, model: Callable[..., Any]) -> type[Borrowed]:
    """Make the detector class. scrump and scraamp sample diagonals, after a first pass that covers all windows."""
    keep_compiled()
    given = {name: True for name in ("pre_scrump", "pre_scraamp") if name in arguments(model)}
    return class_of(_Profile, entry, model, bool(given), source=entry.spec.replace(":", "."), given=given)
