"""IForest1: the isolation forest on single points."""

from __future__ import annotations

from detectors.iforest import IForest, Trees


class IForest1(IForest):
    """Isolation forest on single points: :class:`~detectors.iforest.IForest` with window 1.

    Parameters
    ----------
    n_estimators, max_samples, random_state, trees
        As in :class:`~detectors.iforest.IForest`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = IForest1().fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    source = "Liu, Ting and Zhou, ICDM 2008; on points as in TSB-UAD"
    blind_to = "shapes: each point is looked at alone"

    def __init__(
        self,
        n_estimators: int = 100,
        max_samples: int = 256,
        random_state: int | None = 0,
        trees: Trees = "own",
    ) -> None:
        super().__init__(1, n_estimators, max_samples, random_state, trees=trees)
