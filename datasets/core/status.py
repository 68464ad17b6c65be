"""Availability and integrity of the series on this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from datasets.core.base import DataError, Dataset, Facts
from datasets.core.folder import FolderDataset
from datasets.core.local import read_local, series_path
from datasets.core.registry import get, names
from datasets.core.resolve import dataset_of, default_cache_dir, located
from datasets.core.tsb_uad import check_fingerprint


@dataclass(frozen=True)
class SeriesStatus:
    """A row of ``python -m benchmark data``.

    Attributes
    ----------
    source : {"local", "cache", "file", "absent"}
        Where it was found on this machine; an absent series would be downloaded or simulated.
    n, n_anomalous : int
        Points and anomalous points: of the file if it could be read, else as published.
    check : {"exact", "6 decimals", "unknown", ""}
        Result of the comparison with the published hash; ``""`` = not read.
    problem : str
        The fault of the file and the next step; ``""`` = none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import datasets
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     rows = list(datasets.status(datasets.get("MGAB"), cache_dir=pathlib.Path(empty)))
    >>> rows[0].series, rows[0].source
    ('1.test.out', 'absent')
    """

    dataset: str
    series: str
    source: str
    n: int
    n_anomalous: int
    check: str = ""
    problem: str = ""


def status(
    dataset: str | Dataset | None = None, *, data_dir: Path | None = None, cache_dir: Path | None = None
) -> list[SeriesStatus]:
    """Read and check the series on this machine; nothing is downloaded.

    Examples
    --------
    >>> import datasets
    >>> len(datasets.status("MGAB")) == len(datasets.get("MGAB").series)
    True
    """
    chosen = [dataset_of(dataset)] if dataset is not None else [get(name) for name in names()]
    cache = Path(cache_dir) if cache_dir else default_cache_dir()
    chosen = [located(one, data_dir=data_dir, cache_dir=cache, offline=True) for one in chosen]
    return [_status(one, facts, data_dir and Path(data_dir), cache) for one in chosen for facts in one.series]


def _status(dataset: Dataset, facts: Facts, data_dir: Path | None, cache_dir: Path) -> SeriesStatus:
    root, source = (data_dir, "local") if data_dir else (cache_dir, "cache")
    row = SeriesStatus(dataset.name, facts.name, source, facts.n, facts.n_anomalous)
    try:
        if isinstance(dataset, FolderDataset):
            series = dataset.read(facts.name)
        elif source == "cache" and series_path(root, dataset, facts.name) is None:
            return replace(row, source="absent")
        else:
            series = read_local(dataset, facts, root, "local" if source == "local" else "cache")
    except DataError as error:
        return replace(row, problem=str(error))
    arrays = (series.values, series.labels, series.train)
    verdict = check_fingerprint(dataset.name, facts.name, arrays, facts.name)
    return replace(row, source=series.source, n=len(series), n_anomalous=series.n_anomalous, check=verdict)
