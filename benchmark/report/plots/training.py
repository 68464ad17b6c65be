"""Draw the training losses of networks from stored cells, by data set and stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.report.cells import Array
from benchmark.report.plots import style
from benchmark.report.plots.style import BLUE, INK, VERMILION
from benchmark.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Histories = dict[str, dict[str, dict[str, list[float]]]]


def training_histories(store: Store, tidy: pd.DataFrame) -> Iterator[tuple[str, Histories]]:
    """Yield title and losses (data set -> series -> part -> losses) of each network, including diverged runs."""
    tidy = tidy[tidy["group"].isin(["neural", "successor", "plug-in"])]
    for (label, protocol, simulated), cells in tidy.groupby(["label", "protocol", "simulated"]):
        histories: Histories = {}
        for key, dataset, series, seed in zip(*(cells[c] for c in ("key", "dataset", "series", "seed")), strict=True):
            history = store.extra(key).get("history")
            if isinstance(history, dict) and history:
                histories.setdefault(dataset, {})[f"{series} seed {seed}"] = history
        if histories:
            yield " ".join([*(["SIMULATED"] if simulated else []), str(label), str(protocol)]), histories


@style.context()
def training_figure(histories: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], title: str) -> Figure:
    """Draw loss by epoch, with a row per data set, a column per stage, and a pair of lines per series.

    ``histories``: data set -> series -> part -> losses, one per epoch. A part is ``"train"``, ``"validation"``, or one
    of these after the name of a stage.
    """
    from matplotlib.figure import Figure

    parts = [_by_stage(of_dataset.values()) for of_dataset in histories.values()]
    stages = list(dict.fromkeys(stage for of_dataset in parts for stage in of_dataset))
    width, height = 3.1 * len(stages) + 0.4, 1.9 * len(parts) + 0.8
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(0.7 / width, 0.45 / height, 1 - 0.1 / width, 1 - 0.65 / height, 0.3, 0.5)
    grid = figure.subplots(len(parts), len(stages), squeeze=False)
    for panels, dataset, of_dataset in zip(grid, histories, parts, strict=True):
        for axes, stage in zip(panels, stages, strict=True):
            axes.set_title(f"{dataset} {stage}".strip(), color=INK)
            _losses(axes, of_dataset.get(stage, {}))
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    grid[0, 0].legend(loc="upper right", fontsize=7)
    style.title(figure, title)
    return figure


def _by_stage(histories: Iterable[Mapping[str, Sequence[float]]]) -> dict[str, dict[str, list[Array]]]:
    stages: dict[str, dict[str, list[Array]]] = {}
    for history in histories:
        for part, losses in history.items():
            stage, _, kind = part.rpartition(" ")
            stages.setdefault(stage, {}).setdefault(kind, []).append(np.asarray(losses, dtype=float))
    return stages


def _losses(axes: Axes, parts: Mapping[str, list[Array]]) -> None:
    from matplotlib.ticker import MaxNLocator

    for kind, lines in parts.items():
        style: dict[str, Any] = {"color": VERMILION, "ls": "--"} if kind == "validation" else {"color": BLUE}
        for k, loss in enumerate(lines):
            name = (kind or "train") if k == 0 else None
            alpha = max(0.25, len(lines) ** -0.5)
            axes.plot(np.arange(1, len(loss) + 1), loss, lw=1, alpha=alpha, label=name, **style)
    finite = np.concatenate([loss for lines in parts.values() for loss in lines] or [np.ones(1)])
    finite = finite[np.isfinite(finite)]
    if len(finite) and finite.min() > 0 and finite.max() > 20 * finite.min():
        axes.set_yscale("log")  # for errors, which span decades; likelihoods may be negative
    elif len(finite) and np.abs(finite).max() > 100 * (usual := max(1.0, float(np.median(np.abs(finite))))):
        axes.set_yscale("symlog", linthresh=10 * usual, linscale=2)  # else one bad series would flatten all others
    if axes.get_yscale() != "linear":
        axes.yaxis.set_major_formatter("{x:g}")  # that of a logarithmic axis writes mathematics, which names must not
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_ylabel("loss")
