"""One-liners: trivial baselines of one line of code, which every detector should exceed.

Wu and Keogh, "Current time series anomaly detection benchmarks are flawed and are creating the
illusion of progress", TKDE 2021.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from detectors.core import SEED, Array, Detector, Group, WindowDetector, Windows, one_of, parameter, parameters

WU_KEOGH = "after Wu and Keogh, TKDE 2021"


class _OneLiner(Detector):
    """A score that depends on the scored series alone."""

    learns_from = "nothing"
    group: ClassVar[Group] = "one-liner"
    conformance = "invariance"
    source = WU_KEOGH

    def _fit(self, pieces: list[Array]) -> None:
        """Do nothing."""


class TimeIndex(_OneLiner):
    """The row number, a good score if anomalies are late in the file.

    Examples
    --------
    >>> TimeIndex().fit([5.0, 5.0, 9.0]).score([5.0, 5.0, 9.0])
    array([0., 1., 2.])
    """

    exempt: ClassVar[dict[str, str]] = {"spike": "never looks at the values"}
    blind_to = "the values"

    def _score(self, x: Array) -> Array:
        return np.arange(len(x), dtype=np.float64)


class MissingFlag(_OneLiner):
    """1 where a count is missing, else 0.

    A series has missing counts if it contains -1 and all other values are counts: whole, not negative, and not only 0
    and 1. No other code for missing values is recognised.

    Examples
    --------
    >>> counts = [12.0, 40.0, -1.0, 31.0]
    >>> MissingFlag().fit(counts).score(counts)
    array([0., 0., 1., 0.])
    """

    version: ClassVar[int] = 2

    exempt: ClassVar[dict[str, str]] = {"spike": "sees only the code for a missing count"}
    blind_to = "everything but the code -1 among counts"

    def _score(self, x: Array) -> Array:
        missing = x == -1
        others = x[~missing]
        counts = bool((others >= 0).all() and (others == np.round(others)).all() and others.max(initial=0) > 1)
        return missing.astype(np.float64) if counts else np.zeros(len(x))


class AbsDeviation(_OneLiner):
    """|x - median of the series|.

    Examples
    --------
    >>> AbsDeviation().fit([1.0, 2.0, 9.0]).score([1.0, 2.0, 9.0])
    array([1., 0., 7.])
    """

    blind_to = "shapes, and values that are unusual for their place alone"

    def _score(self, x: Array) -> Array:
        return np.abs(x - np.median(x))


class AbsDifference(_OneLiner):
    """|x_t - x_(t-1)|, 0 at the first point.

    Examples
    --------
    >>> AbsDifference().fit([1.0, 2.0, 9.0]).score([1.0, 2.0, 9.0])
    array([0., 1., 7.])
    """

    blind_to = "all that takes more than one step"

    def _score(self, x: Array) -> Array:
        return np.abs(np.diff(x, prepend=x[0]))


class MovingStd(WindowDetector):
    """Standard deviation of the window around a point.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`; "auto" is one period of the fitted values.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = MovingStd(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    learns_from = "nothing"
    group: ClassVar[Group] = "one-liner"
    conformance = "invariance"
    source = WU_KEOGH
    blind_to = "shapes of usual spread, level, and stretches that are too quiet"

    def _fit_windows(self, windows: Windows) -> None:
        """Do nothing: only the window length is learnt."""

    def _score_windows(self, windows: Windows) -> Array:
        return np.concatenate([block.std(axis=1) for _, block in windows.chunks()])


@parameters
class RandomScore(_OneLiner):
    """Uniform random numbers in 0..1: the expected AUROC is .5 on any data.

    Parameters
    ----------
    random_state : int or None
        Seed; equal seeds and lengths give equal scores.

    Examples
    --------
    >>> first, again = (RandomScore(random_state=1).fit([0.0]).score([3.0, 4.0]) for _ in range(2))
    >>> bool((first == again).all())
    True
    """

    source = "chance"
    blind_to = "the values"

    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    exempt: ClassVar[dict[str, str]] = {"spike": "never looks at the values"}

    def _score(self, x: Array) -> Array:
        return np.random.default_rng(self.random_state).uniform(size=len(x))
