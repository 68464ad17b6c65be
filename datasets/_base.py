"""Series and data sets: values, labels, and where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Source = Literal["local", "cache", "download", "file", "simulated"]


class DataError(Exception):
    """A series that cannot be used; the message names file, row and cure."""

    def __init__(self, message: str, dataset: str = "", series: str = "") -> None:
        super().__init__(message)
        self.dataset = dataset
        self.series = series


@dataclass(frozen=True, eq=False)
class Series:
    """One labelled univariate series.

    Parameters
    ----------
    dataset, name : str
        Names as in TSB-UAD's public layout, e.g. ``"MGAB"`` and ``"1.test.out"``.
    values : (n,) float64 array, finite, read-only
    labels : (n,) uint8 array of 0 and 1, read-only
        1 = anomalous.
    source : {"local", "cache", "download", "file", "simulated"}
    train : (m,) float64 array or None
        Values of a training file that ships apart (NASA-MSL), without anomalies.
    """

    dataset: str
    name: str
    values: NDArray[np.float64]
    labels: NDArray[np.uint8]
    source: Source = "file"
    train: NDArray[np.float64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for array in (self.values, self.labels, self.train):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def simulated(self) -> bool:
        return self.source == "simulated"

    @property
    def n_anomalous(self) -> int:
        return int(self.labels.sum())

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the canonical bytes: little-endian float64 values, uint8 labels, train values if any."""
        h = hashlib.sha256()
        h.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        h.update(np.ascontiguousarray(self.labels, dtype=np.uint8).tobytes())
        if self.train is not None:
            h.update(np.ascontiguousarray(self.train, dtype="<f8").tobytes())
        return h.hexdigest()

    def segments(self) -> list[tuple[int, int]]:
        """Half-open row ranges of consecutive anomalous points."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.labels, [0]]).astype(np.int8)))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
