"""Why a stretch of a series scores as it does: what a detector that can tell returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from numpy.typing import ArrayLike

from detectors.core.arrays import Array

BEYOND = 1000  # nats that are told as they are


@dataclass(frozen=True)
class Explanation:
    """What contributes most to the score of a stretch, and the nearest normal window.

    Attributes
    ----------
    component : str
        Part of the anomaly score that contributes most to the stretch, e.g. ``"shape"``.
    span : int
        Length in points of the windows of the scale that contributes most. Of a duration, that of the run.
    start, stop : int
        Half-open rows, in the scored series, of the most anomalous window or run of that which overlaps the stretch.
    surprise : float
        Of this window, in nats: minus the logarithm of the share of normal windows that score as high.
    shares : dict
        (span, component) -> its share of the stretch's score; they sum to 1.
    nearest : (stop - start,) array
        Values of the fitted window nearest to this one. Windows that overlap it do not count. Of a duration, as many
        from the first row of the fitted run that is nearest, fewer where the fitted data end.
    piece, row : int
        Its place in the fitted data: number of the piece, and first row there.

    Examples
    --------
    >>> import numpy as np
    >>> from detectors import Explanation
    >>> shares = {(16, "shape"): 0.8, (16, "distance"): 0.2}
    >>> print(Explanation("shape", 16, 200, 216, 6.9, shares, np.zeros(16), 0, 40))
    shape of windows of 16 points: 80% of the score, 6.9 nats at rows 200 to 215
    """

    component: str
    span: int
    start: int
    stop: int
    surprise: float
    shares: dict[tuple[int, str], float]
    nearest: Array
    piece: int
    row: int

    def __str__(self) -> str:
        share = self.shares[self.span, self.component]
        what = "a run" if self.component == "duration" else "windows"
        said = f"{self.component} of {what} of {self.span} points: {share:.0%} of the score, "
        # Beside windows that repeat exactly any other is without measure: no digit of such a figure means anything.
        nats = f"{self.surprise:.1f}" if self.surprise < BEYOND else f"over {BEYOND:,}"
        return said + f"{nats} nats at rows {self.start} to {self.stop - 1}"


@runtime_checkable
class Explains(Protocol):
    """A detector with a method ``explain``: ask with ``isinstance(detector, Explains)``.

    Examples
    --------
    >>> from detectors import LOF, Explains, ScaleFlow
    >>> isinstance(ScaleFlow(), Explains), isinstance(LOF(), Explains)
    (True, False)
    """

    def explain(self, x: ArrayLike, start: int, stop: int) -> Explanation:
        """Why rows ``start`` up to ``stop`` of ``x`` score as they do."""
        ...
