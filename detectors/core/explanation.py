"""The explanation of a score: the return type of ``explain``, for detectors that have this method."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.core.arrays import Array

MOST_NATS = 1000  # larger surprises are shown as "over 1,000 nats"


@dataclass(frozen=True)
class Explanation:
    """The largest contribution to the score of a range of rows, and the nearest normal window.

    Attributes
    ----------
    component : str
        Part of the anomaly score that contributes most to the rows, e.g. ``"shape"``.
    span : int
        Window length, in points, of the scale that contributes most. For durations, the length of the run.
    start, stop : int
        Rows ``start`` to ``stop - 1`` of the scored series: the most anomalous window or run that overlaps the rows.
    surprise : float
        Surprise of this window in nats: minus the logarithm of the share of normal windows that score as high.
    shares : dict
        (span, component) -> its share of the score of the rows; the shares sum to 1.
    nearest : (stop - start,) array
        Values of the fitted window nearest to this one, among those that do not overlap it. For durations, as many
        values from the first row of the nearest fitted run on, fewer where the fitted data end.
    piece, row : int
        Position of ``nearest`` in the fitted data: index of the piece, and first row in it.

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
        text = f"{self.component} of {what} of {self.span} points: {share:.0%} of the score, "
        # Where normal windows repeat exactly, the surprise of any other has no bound, and its digits mean nothing.
        nats = f"{self.surprise:.1f}" if self.surprise < MOST_NATS else f"over {MOST_NATS:,}"
        return text + f"{nats} nats at rows {self.start} to {self.stop - 1}"
