"""The ordinary files by other tools, used as their documentation shows.

Each tool scores points; its threshold is its own where it has one, else the rule that its introduction names. Points
less than half a period apart are one alert. A tool that is not installed is left out, and said.

python -m tests.trials.others --seed 3 --seed 4
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.alerts import alerts
from benchmark.detection.conventions import choose_window
from tests.trials.answers import overlaps
from tests.trials.ordinary import Ordinary, files

Array = NDArray[np.float64]
Answer = tuple[Array, NDArray[np.bool_]]  # scores and flags of points
RARE = 0.01  # contamination, where a tool asks for it


def windows(x: Array, width: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(x, width)


def to_points(scores: Array, width: int) -> Array:
    """The mean of the windows that cover a point."""
    kernel = np.ones(width)
    return np.convolve(scores, kernel) / np.convolve(np.ones(len(scores)), kernel)


def pyod(name: str) -> Callable[[Ordinary, int], Answer]:
    """A PyOD detector on windows of one period, contamination 1 %."""

    def answer(file: Ordinary, width: int) -> Answer:
        from importlib import import_module

        cls = getattr(import_module(f"pyod.models.{name.lower()}"), name)
        fitted = cls(contamination=RARE).fit(windows(file.values, width))
        scores = to_points(fitted.decision_scores_, width)
        return scores, scores > np.quantile(scores, 1 - RARE)

    return answer


def stumpy(file: Ordinary, width: int) -> Answer:
    """The matrix profile; discords beyond three deviations of it, placed on the middle of their window."""
    from stumpy import stump

    profile = np.asarray(stump(file.values, width)[:, 0], dtype=np.float64)
    scores = np.pad(profile, (width // 2, width - 1 - width // 2), mode="edge")
    return scores, scores > profile.mean() + 3 * profile.std()


def prophet(file: Ordinary, width: int) -> Answer:
    """What lies outside the 99 % interval of the fitted series, as its users do."""
    import logging

    import pandas as pd
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    times = pd.date_range("2026-01-05", periods=len(file.values), freq=pd.Timedelta(minutes=file.minutes))
    frame = pd.DataFrame({"ds": times, "y": file.values})
    found = Prophet(interval_width=1 - RARE).fit(frame).predict(frame[["ds"]])
    middle, low, high = (found[name].to_numpy() for name in ("yhat", "yhat_lower", "yhat_upper"))
    return np.abs(file.values - middle), (file.values < low) | (file.values > high)


def merlion(file: Ordinary, width: int) -> Answer:
    """Merlion's default detector: its scores of the rows it was trained on, and its own rule for alarms."""
    import pandas as pd
    from merlion.models.defaults import DefaultDetector, DefaultDetectorConfig
    from merlion.utils import TimeSeries

    times = pd.date_range("2026-01-05", periods=len(file.values), freq=pd.Timedelta(minutes=file.minutes))
    model = DefaultDetector(DefaultDetectorConfig())
    trained = model.train(TimeSeries.from_pd(pd.DataFrame({"y": file.values}, index=times)))
    parts = [part.to_pd().iloc[:, 0].reindex(times).fillna(0) for part in (trained, model.post_rule(trained))]
    return np.abs(parts[0].to_numpy()), parts[1].to_numpy() != 0


TOOLS: dict[str, tuple[str, Callable[[Ordinary, int], Answer]]] = {
    "PyOD IForest": ("pyod", pyod("IForest")),
    "PyOD LOF": ("pyod", pyod("LOF")),
    "PyOD ECOD": ("pyod", pyod("ECOD")),
    "stumpy": ("stumpy", stumpy),
    "Prophet": ("prophet", prophet),
    "Merlion": ("merlion", merlion),
}


def judged(file: Ordinary, answer: Answer, width: int) -> tuple[bool, int, int]:
    """Whether the highest point lies on an event, events alerted, alerts on none."""
    scores, flags = answer
    found = alerts(scores, flags, width)
    best = int(np.argmax(scores))
    hits = [[overlaps(a.start, a.stop, event) for event in file.events] for a in found]
    hit = np.array(hits, dtype=bool).reshape(len(found), len(file.events))
    first = any(event[0] <= best < event[1] for event in file.events)
    return first, int(hit.any(axis=0).sum()), int((~hit.any(axis=1)).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, action="append", default=[])
    parser.add_argument("--tool", action="append", choices=TOOLS, help="these alone")
    args = parser.parse_args()
    chosen = [file for seed in args.seed or [0] for file in files(seed)]
    for name in args.tool or TOOLS:
        module, tool = TOOLS[name]
        if find_spec(module) is None:
            print(f"{name:14} is not installed")
            continue
        began, rows = time.perf_counter(), []
        for file in chosen:
            width = choose_window(file.values)
            rows.append((bool(file.events), *judged(file, tool(file, width), width)))
        table = np.array(rows, dtype=int)
        eventful = table[table[:, 0] == 1]
        events = sum(len(file.events) for file in chosen)
        print(
            f"{name:14} top-1 {eventful[:, 1].sum()}/{len(eventful)}, alerted {table[:, 2].sum()}/{events},",
            f"false {eventful[:, 3].sum()}, in clean files {table[table[:, 0] == 0][:, 3].sum()},",
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
