"""Whether a series is the one published under its name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets._tsb_uad import fingerprint, fingerprints


def is_published(dataset: str, series: str, values: NDArray[np.float64], labels: NDArray[np.uint8]) -> bool:
    """Whether values and labels are those published under a name; true where nothing is known of it.

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> mine = np.array([0.5, 1.5]), np.array([0, 1], dtype=np.uint8)
    >>> datasets.is_published("MGAB", "1.test.out", *mine), datasets.is_published("MGAB", "mine.out", *mine)
    (False, True)
    """
    known = fingerprints().get(dataset, {}).get(series)
    return known is None or fingerprint((values, labels, None))["sha256_6"] == known["sha256_6"]
