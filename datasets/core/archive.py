"""Large published collections: run only if named, never simulated, and usable if only a part is available."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from datasets.core.base import Arrays, DataError, Dataset, Facts
from datasets.core.download import Network
from datasets.core.local import folders
from datasets.core.tsb_uad import fingerprint, write_bytes

ENDINGS = (".out", ".csv")


class Archive(Dataset):
    """A collection of which a user may have only a part.

    The package has no fingerprints of its series. So the fingerprint of a series is recorded in the cache when it is
    first read, and compared each later time.

    Parameters
    ----------
    name, title : str
    series : tuple of Facts
        Known facts on its series; if empty, series are named like the files.
    count : int
        Number of series that the publisher states.
    home : str
        Folder of its files, by default its name.
    with_train : bool
        True if files with ``.train.`` in their name are also series.

    Examples
    --------
    >>> import datasets
    >>> archive = datasets.Archive("Pumps", "Pumps of a plant", count=12)
    >>> archive.size, archive.series_names()
    (12, ())
    """

    def __init__(
        self,
        name: str,
        title: str,
        series: tuple[Facts, ...] = (),
        count: int = 0,
        home: str = "",
        with_train: bool = False,
        **about: Any,
    ) -> None:
        self.name, self.title, self.series, self.count = name, title, series, count or len(series)
        self.with_train = with_train
        self._home = home or name
        for key, text in about.items():
            setattr(self, key, text)

    @property
    def home(self) -> str:
        return self._home

    @property
    def size(self) -> int:
        return self.count

    def located(
        self,
        data_dir: Path | None,
        cache_dir: Path,
        network: Network,
        say: Callable[[str], None] = lambda message: None,
    ) -> Self:
        """Return a copy with the available series: those of the local folder, if given.

        Else it has all published series, or those of the cache if the publisher cannot be reached.

        Raises
        ------
        DataError
            If no series is available.
        """
        if data_dir is not None:
            there = self._files_in(data_dir)
            names = self._in_order(there)
            if not names:
                raise DataError(
                    f"{data_dir} has no file of {self.name}: put them into {data_dir / self.home}, "
                    "or omit the folder to download",
                    self.name,
                )
            self._mention_others(there - set(names), say)
        else:
            names = self._cached_or_published(cache_dir, network, say)
        if len(names) != self.size:
            say(f"{self.name}: {len(names)} of {self.size} series are available")
        part = copy.copy(self)
        known = {facts.name: facts for facts in self.series}
        part.series = tuple(known.get(name, Facts(name)) for name in names)
        return part

    def _cached_or_published(self, cache_dir: Path, network: Network, say: Callable[[str], None]) -> list[str]:
        cached = self._in_order(self._files_in(cache_dir))
        if len(cached) >= self.size:
            return cached
        try:
            published = [name for name in network.members(self.zip_url, self.home) if self._is_series(name)]
        except DataError as error:
            if not cached:
                raise DataError(
                    f"{self.name} is not available: {error}; give a local folder with --data-dir", self.name
                ) from error
            say(f"{self.name}: only the series in the cache, the others cannot be downloaded ({error})")
            return cached
        return [facts.name for facts in self.series if facts.name in published] if self.series else published

    def _files_in(self, root: Path) -> set[str]:
        """Return the names of the files below a folder that may be its series."""
        there = (path.name for folder in folders(root, self) if folder.is_dir() for path in folder.iterdir())
        return {name for name in there if self._is_series(name)}

    def _mention_others(self, others: set[str], say: Callable[[str], None]) -> None:
        if others:
            files = (
                "1 other file of the folder is" if len(others) == 1 else f"{len(others)} other files of the folder are"
            )
            say(f"{self.name}: {files} not on its list, e.g. {min(others)}: name the folder itself to run them")

    def _in_order(self, there: set[str]) -> list[str]:
        """Return the names that are its series, in the publisher's order if that is known."""
        return [facts.name for facts in self.series if facts.name in there] if self.series else sorted(there)

    def _is_series(self, name: str) -> bool:
        wanted = self.with_train or ".train." not in name
        return name.endswith(ENDINGS) and wanted and not name.startswith(".")

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        raise DataError(f"{self.name} has no simulated series: omit --data simulated", self.name, facts.name)


def check_recorded_fingerprint(cache_dir: Path, dataset: str, series: str, arrays: Arrays) -> None:
    """Record the fingerprint of a new series, or compare that of a known series with the record.

    Raises
    ------
    DataError
        If its values or labels differ from those first read.
    """
    path = cache_dir / "fingerprints" / f"{dataset}.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = fingerprint(arrays)["sha256"]
    if series not in known:
        with suppress(OSError):  # a read-only cache records nothing
            write_bytes(path, json.dumps({**known, series: found}, indent=1).encode())
    elif known[series] != found:
        raise DataError(
            f"{dataset}/{series} has other values or labels than when it was first read here: "
            f"copy or download it again; if the publisher changed it, remove its line from {path}",
            dataset,
            series,
        )
