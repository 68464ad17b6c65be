"""Load series from a local folder, the cache, the internet, or a simulation, which is announced."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datasets.core import registry
from datasets.core.archive import Archive, check_recorded_fingerprint
from datasets.core.base import ZIP_URL, Arrays, DataError, Dataset, Facts, Remote, Series
from datasets.core.download import Network
from datasets.core.folder import FolderDataset, load_folder
from datasets.core.http_client import Unreachable
from datasets.core.local import as_series, check, read_local, series_path
from datasets.core.tsb_uad import FOLDER, check_train, read_bytes, write_file

Mode = Literal["auto", "real", "simulated"]
Announce = Callable[[str], None]


def iter_series(
    dataset: str | Dataset,
    names: Sequence[str] | None = None,
    *,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    mode: Mode = "auto",
    announce: Announce | None = None,
    offline: bool = False,
    base_url: str = "",
    network: Network | None = None,
    seed: int = 0,
) -> Iterator[Series | DataError]:
    """Yield the series of a data set one by one; for a series that cannot be used, its error is yielded.

    Parameters
    ----------
    dataset : str or Dataset
        A name, the path of a folder of ``value,label`` files, or the result of :func:`load_folder`.
    names : sequence of str, optional
        Only these series, in this order.
    data_dir : Path, optional
        Local folder: TSB-UAD-Public, its parent, or one with the publishers' original files (also in its
        ``raw/``). No other source is used then: a series that is missing or wrong there is an error.
    cache_dir : Path, optional
        Default: the user's cache folder.
    mode : {"auto", "real", "simulated"}
        ``"real"`` refuses simulated series, ``"simulated"`` uses no others.
    announce : callable, optional
        Called with each message on the source of the data; by default they are logged as warnings.
    offline : bool
        Do not download.
    base_url : str
        Mirror of all publishers, see :class:`Network`.
    network : Network, optional
        Replaces the default one for ``cache_dir``, ``base_url`` and ``offline``.
    seed : int
        Seed of simulated series.

    Yields
    ------
    Series or DataError

    Raises
    ------
    DataError
        On the call, if the data set, the series, the folder or the mode does not exist.

    Examples
    --------
    >>> found = iter_series("MGAB", ["1.test.out", "2.test.out"], mode="simulated", announce=print)
    >>> [series.n_anomalous for series in found]
    MGAB: SIMULATED series stand in for the real series (as asked)
    [200, 200]
    """
    if mode not in ("auto", "real", "simulated"):
        raise DataError(f"mode must be 'auto', 'real' or 'simulated', got {mode!r}")
    chosen = dataset_of(dataset)
    if data_dir is not None and mode != "simulated" and not Path(data_dir).is_dir():
        raise DataError(f"the data folder {data_dir} does not exist: correct it, or omit it to download", chosen.name)
    cache = Path(cache_dir) if cache_dir else default_cache_dir()
    network = network or network_of(cache, base_url, offline)
    # Each message is passed on once, by default to the log.
    announce = functools.cache(announce or logging.getLogger(__package__.rpartition(".")[0]).warning)
    if isinstance(chosen, Archive):
        if mode == "simulated":
            raise DataError(f"{chosen.name} has no simulated series: omit --data simulated", chosen.name)
        chosen = chosen.located(data_dir and Path(data_dir), cache, network, announce)
    wanted = [chosen.facts(name) for name in (chosen.series_names() if names is None else names)]
    resolver = _Resolver(chosen, data_dir and Path(data_dir), cache, mode, announce, network, seed)
    return (resolver.series(facts) for facts in wanted)


def located(
    dataset: Dataset, *, data_dir: Path | None = None, cache_dir: Path | None = None, offline: bool = False
) -> Dataset:
    """Return the data set with the available series; only an :class:`Archive` may have fewer than all.

    Raises
    ------
    DataError
        If no series is available.

    Examples
    --------
    >>> located(dataset_of("MGAB")).name
    'MGAB'
    """
    if not isinstance(dataset, Archive):
        return dataset
    cache = Path(cache_dir) if cache_dir else default_cache_dir()
    return dataset.located(data_dir and Path(data_dir), cache, network_of(cache, "", offline))


@functools.cache
def network_of(cache: Path, base_url: str, offline: bool, /) -> Network:
    """Return the shared :class:`Network` of a cache, which remembers open zips and unreachable hosts."""
    return Network(cache, base_url=base_url, offline=offline)


def load(dataset: str | Dataset, series: str, **where: object) -> Series:
    """Load one series; parameters as for :func:`iter_series`.

    Raises
    ------
    DataError
        If it cannot be used.

    Examples
    --------
    >>> series = load("MGAB", "1.test.out", mode="simulated", announce=print)
    MGAB: SIMULATED series stand in for the real series (as asked)
    """
    found = next(iter(iter_series(dataset, [series], **where)))  # type: ignore[arg-type]
    if isinstance(found, DataError):
        raise found
    return found


def default_cache_dir() -> Path:
    """Return the user's cache folder for this project, which is never inside the repository.

    Examples
    --------
    >>> default_cache_dir().name
    'tsad-benchmark'
    """
    import platformdirs

    return Path(platformdirs.user_cache_dir("tsad-benchmark"))


def dataset_of(dataset: str | Dataset) -> Dataset:
    """Return the data set of that name, or of a folder."""
    if isinstance(dataset, Dataset):
        return dataset
    if dataset not in registry.names(archives=True) and Path(dataset).is_dir():
        return load_folder(dataset)
    return registry.get(dataset)


@dataclass(frozen=True)
class _Resolver:
    dataset: Dataset
    data_dir: Path | None
    cache_dir: Path
    mode: Mode
    announce: Announce
    network: Network
    seed: int

    def series(self, facts: Facts) -> Series | DataError:
        """Return the series, or the error if it cannot be used."""
        try:
            found = self._resolve(facts)
            if isinstance(self.dataset, Archive):
                check_recorded_fingerprint(
                    self.cache_dir, self.dataset.name, facts.name, (found.values, found.labels, found.train)
                )
            return found
        except DataError as error:
            error.dataset, error.series = self.dataset.name, facts.name
            return error

    def _resolve(self, facts: Facts) -> Series:
        name = self.dataset.name
        if isinstance(self.dataset, FolderDataset):
            self.announce(f"{name}: read from {self.dataset.folder}")
            return self.dataset.read(facts.name)
        if self.mode == "simulated":
            return self._simulate(facts, "as asked")
        if self.data_dir is not None:
            self.announce(f"{name}: read from the local folder {self.data_dir}")
            return read_local(self.dataset, facts, self.data_dir, "local")
        cached = self._read_cached(facts)
        if cached is not None:
            self.announce(f"{name}: read from the cache {self.cache_dir}")
            return cached
        try:
            return self._download(facts)
        except DataError as error:
            if self.mode == "real" or isinstance(self.dataset, Archive):
                raise DataError(
                    f"{name}/{facts.name} is not available: {error}; give a local folder with --data-dir"
                ) from error
            return self._simulate(facts, str(error))

    def _simulate(self, facts: Facts, reason: str) -> Series:
        self.announce(f"{self.dataset.name}: SIMULATED series stand in for the real series ({reason})")
        return self.dataset.simulate(facts.name, self.seed)

    def _read_cached(self, facts: Facts) -> Series | None:
        """Read the series from the cache; a wrong file is renamed, and None returned to download it again."""
        path = series_path(self.cache_dir, self.dataset, facts.name)
        if path is None:
            return None
        try:
            return read_local(self.dataset, facts, self.cache_dir, "cache")
        except DataError as error:
            self.announce(f"{self.dataset.name}: the cached copy is renamed to {path.name}.bad ({error})")
            with suppress(OSError):  # in a read-only cache the file stays, and is checked again next time
                path.replace(path.with_name(f"{path.name}.bad"))
            return None

    def _download(self, facts: Facts) -> Series:
        """Download the series from the first mirror that has the published one, and write it to the cache."""
        faults = []
        for mirror, remotes in mirrors(self.dataset, facts):
            try:
                arrays = self._from_mirror(facts, remotes)
            except DataError as error:
                faults.append(str(error))
                if not isinstance(error, Unreachable):
                    self.announce(f"{self.dataset.name}: {mirror} cannot be used ({error})")
                continue
            self.announce(f"{self.dataset.name}: downloaded from {mirror}")
            self._write_to_cache(facts, arrays)
            return as_series(self.dataset, facts, arrays, "download")
        raise DataError("; ".join(dict.fromkeys(faults)) or "no mirror is known")

    def _from_mirror(self, facts: Facts, remotes: tuple[Remote, ...]) -> Arrays:
        files = {remote.name: self.network.fetch(remote) for remote in remotes}
        if facts.name in files:
            arrays = _from_tsb_uad(facts, files, remotes[0].url, self.dataset.header)
        else:
            arrays = self.dataset.convert(facts.name, files)
        check(self.dataset.name, facts, arrays, f"{self.dataset.name}/{facts.name} from {remotes[0].url}")
        return arrays

    def _write_to_cache(self, facts: Facts, arrays: Arrays) -> None:
        values, labels, train = arrays
        folder = self.cache_dir / FOLDER / self.dataset.home
        try:
            if train is not None:
                write_file(folder / facts.train_name, train, [0] * len(train))
            write_file(folder / facts.name, values, labels)
        except OSError as error:  # with a full disk the series can still be used
            self.announce(f"{self.dataset.name}: could not be written to the cache {self.cache_dir} ({error})")


def mirrors(dataset: Dataset, facts: Facts) -> list[tuple[str, tuple[Remote, ...]]]:
    """Return the sources for a download in order of preference, each with its name and the files needed."""
    parts = [facts.name, facts.train_name] if facts.train_name else [facts.name]
    tsb_uad = tuple(Remote(part, dataset.zip_url, f"{dataset.home}/{part}") for part in parts)
    originals = dataset.originals(facts.name)
    places = [("TSB-UAD's zip" if dataset.zip_url == ZIP_URL else dataset.zip_url, tsb_uad)]
    if originals:
        places.append((f"its original publisher, {originals[0].url}", originals))
    return places


def _from_tsb_uad(facts: Facts, files: Mapping[str, bytes], where: str, header: bool) -> Arrays:
    values, labels = read_bytes(files[facts.name], f"{facts.name} from {where}", header=header, drop_missing=header)
    if not facts.train_name:
        return values, labels, None
    train, train_labels = read_bytes(files[facts.train_name], f"{facts.train_name} from {where}")
    check_train(train_labels, facts.train_name)
    return values, labels, train
