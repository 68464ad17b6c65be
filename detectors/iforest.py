"""IForest: windows that few random cuts isolate."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from detectors.core import SEED, Alignment, Array, Rule, WindowDetector, Windows, one_of, whole


class IForest(WindowDetector):
    """Isolation forest on sliding windows.

    Random trees cut small samples of the windows at random values of random positions. The score is
    2^(-mean depth / expected depth), near 1 for windows that are isolated early. Trees follow the same law as those
    of scikit-learn's ``IsolationForest`` and score alike. Windows are read from the series itself, only at the
    positions that a tree asks for. Values are float64: neither small units nor a high level hide anything.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.contract.WindowDetector`.
    n_estimators : int
        Trees.
    max_samples : int
        Windows drawn for each tree, without replacement; all of them if there are fewer.
    random_state : int or None
        Seed of the samples and of the cuts.

    References
    ----------
    Liu, Ting and Zhou, "Isolation forest", ICDM 2008.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = IForest(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 2
    source = "Liu, Ting and Zhou, ICDM 2008"
    conformance = "invariance"
    blind_to = "unusual combinations of usual values: cuts are parallel to the axes"
    exempt: ClassVar[dict[str, str]] = {
        "huge value fitted": "where a sample holds it, it takes the first cuts of a tree"
    }
    rules: ClassVar[dict[str, Rule]] = {
        "n_estimators": whole(1),
        "max_samples": whole(1),
        "random_state": SEED | one_of(None),
    }

    def __init__(
        self,
        window: int | Literal["auto"] = "auto",
        n_estimators: int = 100,
        max_samples: int = 256,
        random_state: int | None = 0,
        align: Alignment = "centre",
    ) -> None:
        super().__init__(window, align)
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.random_state = random_state

    def _fit_windows(self, windows: Windows) -> None:
        from detectors.kernels.forest import Forest

        self.forest_ = Forest.grow(windows, self.n_estimators, self.max_samples, self.random_state)

    def _score_windows(self, windows: Windows) -> Array:
        return np.concatenate([self.forest_.score(piece, windows.window) for piece in windows.pieces])
