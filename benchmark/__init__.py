"""Benchmark univariate time-series anomaly detectors: evaluate, store, compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.detection import Detection

__all__ = ["detect", "evaluate", "load", "table"]


def evaluate(
    detectors: Any,
    data: Any,
    protocol: str | Sequence[str] = "tsb-uad",
    seeds: Iterable[int] = (0,),
    metrics: Sequence[str] | None = None,
    store: str | Path | None = None,
    jobs: int = 1,
    *,
    quick: bool = False,
    mode: Literal["auto", "real", "simulated"] = "auto",
    timeout: float | None = None,
    memory: float | None = None,
) -> pd.DataFrame:
    """Fit and score detectors on series, and measure their anomaly scores.

    Equivalent to ``python -m benchmark run``: same cells, limits and keys.

    Parameters
    ----------
    detectors : str, Path, class, instance, or a list of them
        A name (``"LOF"``), a file (``"mine.py"``), ``"package.module:Class"``, ``"pyod:KNN"``, a class, or an
        instance, whose changed parameters count.
    data : pair of arrays, Series, str, Path, Dataset, or a list of them
        A pair ``(values, labels)``, a :class:`datasets.Series`, the name of a data set (``"MGAB"``), or a folder
        of ``value,label`` files.
    protocol : str or sequence of str
        Rules for fitting and scoring; ``"paper"`` = ``tsb-uad``, and ``normal-only`` for the flows.
    seeds : iterable of int
        ``range(5)`` are five seeds, ``[7]`` is the seed 7. A detector without randomness gets the first one only.
    metrics : sequence of str, optional
        Metrics besides the default ones, e.g. ``["pate"]``.
    store : str or Path, optional
        SQLite file for the results; cells that it holds are not computed again. By default nothing is kept.
    jobs : int
        Worker processes.
    quick : bool
        Fewer and shorter series, cheap settings; such cells are marked ``quick``.
    mode : {"auto", "real", "simulated"}
        Whether simulated series may, must not or must replace a data set; the column ``source`` says where they do.
    timeout : float, optional
        Seconds for a cell; by default 600 + n/20; 0 = none.
    memory : float, optional
        GiB for a cell; by default 3 + n/100,000; 0 = none.

    Returns
    -------
    DataFrame
        One row per cell, as :func:`load` gives them; a failed cell has its ``status`` and ``reason``.

    Raises
    ------
    benchmark.errors.UserError, datasets.DataError
        For a detector, parameter, protocol, metric or series that cannot be used, before anything is computed.

    Examples
    --------
    >>> import numpy as np
    >>> import benchmark
    >>> values, labels = np.sin(np.arange(600) / 5), np.zeros(600, dtype=int)
    >>> values[300:306], labels[300:306] = 2.0, 1
    >>> cells = benchmark.evaluate(["HBOS", "AbsDeviation"], (values, labels))
    >>> cells[["detector", "protocol", "status"]]
           detector protocol status
    0          HBOS  tsb-uad     ok
    1  AbsDeviation  tsb-uad     ok
    >>> bool((cells["auroc"] > 0.9).all())
    True
    """
    from benchmark.evaluation import evaluate_cells, selection_of

    mebibytes = None if memory is None else memory * 1024
    selection = selection_of(protocol, seeds, quick=quick, timeout=timeout, memory=mebibytes)
    return evaluate_cells(detectors, data, selection, metrics, store, jobs, mode)


def table(cells: pd.DataFrame, metric: str = "auroc") -> pd.DataFrame:
    """Mean of a metric for each detector and data set, and the published figures beside it.

    Parameters
    ----------
    cells : DataFrame
        What :func:`evaluate` or :func:`load` gave.
    metric : str
        Column to average: over seeds, then over series.

    Returns
    -------
    DataFrame
        One row per protocol and detector, one column per data set (NaN where a series has no figure).
        Cells of :func:`evaluate` also have rows of the trivial baselines.
        A column ``<data set>, published`` holds what the publication has for this detector and protocol.

    Examples
    --------
    >>> import numpy as np
    >>> import benchmark
    >>> values, labels = np.sin(np.arange(600) / 5), np.zeros(600, dtype=int)
    >>> values[300:306], labels[300:306] = 2.0, 1
    >>> benchmark.table(benchmark.evaluate("AbsDeviation", (values, labels))).loc[("tsb-uad", "AbsDeviation")].item()
    1.0
    """
    from benchmark.report import frames

    return frames.build_table(cells, metric)


def load(path: str | Path = "results/results.sqlite") -> pd.DataFrame:
    """Stored results as a tidy table: one row per cell, one column per metric.

    Parameters
    ----------
    path : path of a store of results

    Returns
    -------
    DataFrame
        ``dataset``, ``series``, ``detector``, ``params``, ``protocol``, ``seed``, ``source``, ``status``, ``reason``,
        times, memory, and a column for each metric. NaN where a metric is undefined or the cell has no scores.

    Raises
    ------
    benchmark.errors.UserError
        If there is no such file, or it is damaged, or from a newer version.

    Examples
    --------
    >>> import benchmark
    >>> import tempfile
    >>> import numpy as np
    >>> values, labels = np.sin(np.arange(600) / 5), np.zeros(600, dtype=int)
    >>> values[300:306], labels[300:306] = 2.0, 1
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = benchmark.evaluate("AbsDeviation", (values, labels), store=f"{folder}/mine.sqlite")
    ...     cells = benchmark.load(f"{folder}/mine.sqlite")
    >>> cells["detector"].tolist(), cells["status"].tolist()
    (['AbsDeviation'], ['ok'])
    """
    from benchmark.store import Store

    with Store(Path(path)) as store:
        return store.frame()


def detect(
    data: Any,
    detectors: str | Sequence[str] = (),
    false_alerts: float | str | None = None,
    *,
    params: dict[str, dict[str, Any]] | None = None,
    threshold: Literal["peaks", "quantile", "pot"] | None = None,
    contamination: float | None = None,
    budget: float | None = None,
    seed: int | None = None,
    model: str | Path | None = None,
    **reading: Any,
) -> Detection:
    """Find the anomalies of one series, as ``python -m benchmark detect`` does; no labels are needed.

    Parameters
    ----------
    data : str, Path, (n,) array, Series or DataFrame
        A file, or values. The index of a Series or DataFrame gives the times. Missing values are interpolated.
    detectors : str or sequence of str
        Names of detectors to rank, or of the one to use; by default all that the budget allows.
    false_alerts : float or str, optional
        Expected false alerts: a number for the whole series (by default .1), or a rate such as ``"1/month"``.
    params : dict, optional
        Detector -> its parameters, e.g. ``{"LOF": {"window": 48}}``.
    threshold : {"peaks", "quantile", "pot"}, optional
        By ``false_alerts`` (``"peaks"``, the default), or such that a share ``contamination`` of the points is
        anomalous.
    contamination : float, optional
        Above 0, below .5 (by default .01); for ``"quantile"`` and ``"pot"``.
    budget : float, optional
        Limit of the expected seconds of the ranking (by default 30).
    seed : int, optional
        By default 0.
    model : str or Path, optional
        A folder that :meth:`~benchmark.detection.Detection.save` wrote: the data are rows that follow its history.
        It brings detectors and threshold, so no option but those of the reading may stand beside it.
    **reading
        How to read the data where more than one way is possible, e.g. ``value="cpu"``, ``time="stamp"``,
        ``label="attack"``, ``tz="UTC"``; see :class:`benchmark.reading.ReadOptions`.

    Returns
    -------
    Detection
        ``alerts``, ``scores`` and ``ranking`` are DataFrames; ``write(folder)`` makes the report.

    Raises
    ------
    benchmark.errors.UserError
        If the data cannot be read without a guess that may be wrong, or an option is not known or has no effect.

    Examples
    --------
    >>> import numpy as np
    >>> import benchmark
    >>> x = np.sin(np.arange(2000) / 8) + 0.05 * np.random.default_rng(0).standard_normal(2000)
    >>> x[1200:1210] += 2
    >>> found = benchmark.detect(x, "MP")
    >>> found.alerts[["start", "stop"]]
       start  stop
    0   1200  1210
    """
    from benchmark.detection import answer

    given = {
        "detector": [detectors] if isinstance(detectors, str) else list(detectors),
        "set": params or {},
        "false_alerts": false_alerts,
        "threshold": threshold,
        "contamination": contamination,
        "budget": budget,
        "seed": seed,
    }
    return answer(data, given, model, reading)
