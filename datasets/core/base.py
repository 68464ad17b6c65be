"""Series and data sets: values, labels and sources."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ZIP_URL = "https://www.thedatum.org/datasets/TSB-UAD-Public.zip"
Source = Literal["local", "cache", "download", "file", "simulated"]


class DataError(Exception):
    """Raised for a series that cannot be used; the message names the file, the row and the next step.

    Examples
    --------
    >>> import datasets
    >>> try:
    ...     datasets.get("MGBA")
    ... except datasets.DataError as error:
    ...     print(error)
    there is no data set 'MGBA': did you mean 'MGAB'?
    """

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
        Values of a separate training file without anomalies (NASA-MSL).

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> series = datasets.Series("mine", "a", np.array([0.0, 9.0, 8.0, 0.0]), np.array([0, 1, 1, 0], dtype=np.uint8))
    >>> len(series), series.n_anomalous, series.segments()
    (4, 2, [(1, 3)])
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
        """The hash of the canonical bytes: little-endian float64 values, uint8 labels, train values if any."""
        h = hashlib.sha256()
        h.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        h.update(np.ascontiguousarray(self.labels, dtype=np.uint8).tobytes())
        if self.train is not None:
            h.update(np.ascontiguousarray(self.train, dtype="<f8").tobytes())
        return h.hexdigest()

    def segments(self) -> list[tuple[int, int]]:
        """Return the half-open row ranges of consecutive anomalous points."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.labels, [0]]).astype(np.int8)))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


@dataclass(frozen=True)
class Facts:
    """Facts on a published series that are known before it is read.

    Attributes
    ----------
    name : str
        File name in TSB-UAD's public layout, e.g. ``"C-1.test.out"``.
    n, n_anomalous, n_segments : int
        Points, anomalous points and runs of anomalous points; 0 = unknown (a user's own file).
    n_train : int
        Points of the separate training file, 0 = there is none.

    Examples
    --------
    >>> import datasets
    >>> datasets.get("NASA-MSL").facts("C-1.test.out")
    Facts(name='C-1.test.out', n=2264, n_anomalous=312, n_segments=2, n_train=2158)
    """

    name: str
    n: int = 0
    n_anomalous: int = 0
    n_segments: int = 0
    n_train: int = 0

    @property
    def train_name(self) -> str:
        """The file name of the training part, ``""`` if there is none."""
        return self.name.replace(".test.", ".train.") if self.n_train else ""


@dataclass(frozen=True)
class Remote:
    """A file on the internet.

    Attributes
    ----------
    name : str
        Name under which the converter receives it, e.g. ``"Dodgers.data"``.
    url : str
        ``https`` address of the file, or of the zip that contains it.
    member : str
        Path inside the zip, without leading folders if they are not needed; ``""`` = the address is the file itself.
    redirect_hosts : tuple of str
        Other hosts to which the publisher may redirect; any other redirect is refused.

    Examples
    --------
    >>> import datasets
    >>> [remote.name for remote in datasets.get("Dodgers").originals("101-freeway-traffic.test.out")]
    ['Dodgers.data', 'Dodgers.events']
    """

    name: str
    url: str
    member: str = ""
    redirect_hosts: tuple[str, ...] = ()


Arrays = tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64] | None]


class Dataset(ABC):
    """Metadata of a data set and simulation of its series; one subclass per file.

    A subclass sets the class attributes and implements :meth:`_simulate`. With :meth:`originals` and
    :meth:`convert` the loader can also use the files of the original publisher.

    Attributes
    ----------
    name : str
        Folder name in TSB-UAD's public layout.
    title, licence, citation, notes : str
        Information for people; ``notes`` is shown with the figures, because it is needed to interpret them.
    urls : tuple of str
        Home pages.
    series : tuple of Facts
        The series, in order.
    zip_url : str
        Address of its zip.
    header : bool
        True if its files have a first line with names; rows without a value are then dropped, as TSB-AD does.

    Examples
    --------
    >>> import datasets
    >>> mgab = datasets.get("MGAB")
    >>> mgab.series_names()[:2]
    ('1.test.out', '2.test.out')
    >>> mgab.simulate("1.test.out").source
    'simulated'
    """

    name: str = ""
    title: str = ""
    licence: str = ""
    citation: str = ""
    notes: str = ""
    urls: tuple[str, ...] = ()
    series: tuple[Facts, ...] = ()
    zip_url: str = ZIP_URL
    header: bool = False

    @property
    def home(self) -> str:
        """The folder of its files, below the data folder and inside the zip."""
        return self.name

    @property
    def size(self) -> int:
        """The number of series that the publisher states."""
        return len(self.series)

    def series_names(self) -> tuple[str, ...]:
        """Return the names of the series, in order."""
        return tuple(facts.name for facts in self.series)

    def facts(self, series: str) -> Facts:
        """Return the facts on one series.

        Raises
        ------
        DataError
            If there is no such series; the message suggests the nearest name.
        """
        for facts in self.series:
            if facts.name == series:
                return facts
        raise DataError(f"{self.name} has no series {series!r}{nearest(series, self.series_names())}", self.name)

    def simulate(self, series: str, seed: int = 0) -> Series:
        """Simulate a series with the length and the number of anomalous points of a real one.

        Equal arguments give equal arrays. The result has ``source="simulated"``.
        """
        facts = self.facts(series)
        values, labels, train = self._simulate(facts, seed)
        return Series(self.name, series, values, labels, "simulated", train)

    @abstractmethod
    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        """Return values (n,) float64, labels (n,) uint8, and train (m,) float64 or None."""

    def originals(self, series: str) -> tuple[Remote, ...]:
        """Return the files of the original publisher that :meth:`convert` needs; ``()`` = none."""
        return ()

    def convert(self, series: str, files: Mapping[str, bytes]) -> Arrays:
        """Convert the original publisher's files to a series that equals TSB-UAD's public copy to the bit.

        Parameters
        ----------
        series : str
        files : mapping of file name to content
            One entry for each of the :meth:`originals`.

        Raises
        ------
        DataError
            If a file is not the one that its publisher provides.
        """
        raise NotImplementedError(f"{self.name} cannot be made from originals")


def nearest(wrong: str, right: Iterable[str]) -> str:
    """Return ``: did you mean 'x'?``, or a list of the valid names."""
    names = list(right)
    lower = {name.lower(): name for name in names}
    close = get_close_matches(wrong.lower(), lower, n=1)
    if close:
        return f": did you mean {lower[close[0]]!r}?"
    return f": there are {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}" if names else ""


def random_generator(*parts: str | int) -> np.random.Generator:
    """Return a generator that is seeded by names and numbers, so that the order of calls does not matter.

    Examples
    --------
    >>> import datasets
    >>> first, again = (datasets.random_generator("MGAB", 1).random() for _ in range(2))
    >>> first == again
    True
    """
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
