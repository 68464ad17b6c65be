"""Published methods and our rows: means, ranks, intervals over files, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from benchmark.grid import source_in_name
from benchmark.leaderboard.figures import Figures, mean_of
from benchmark.leaderboard.published import published_figures, tuning_sources
from benchmark.report import is_random
from benchmark.statistics import RankTest, rank_test

DIGIT = 1e-4  # a published figure is reproduced to the digit within this difference
SHARE = 0.95  # of the files that must be reproduced to the digit for this verdict
NEAR = 0.01
N_BOOT = 2000
N_TESTED = 10  # number of published methods in the rank test: the best by mean rank
Kind = Literal["published", "ours", "oracle"]


@dataclass(frozen=True)
class Line:
    """One row of the table; its figures are means over files."""

    name: str
    kind: Kind
    per_file: Mapping[str, float]  # file -> VUS-PR
    low: float  # 95 % bootstrap interval of the mean over files
    high: float
    rank: float = float("nan")  # mean rank among the rows with all files; NaN for others, and for the oracle
    method: str = ""  # the published method that a row of ours reproduces; if ``best``, the best one on its files
    published: float = float("nan")  # mean of that method on the same files
    best: bool = False
    met: int = 0  # number of files on which the published figure is reproduced to the digit
    verdict: str = ""
    after_train: float = float("nan")  # mean on the rows after the training rows
    without_tuned: float = float("nan")  # mean over files of other sources than those of the tuning series
    best_without_tuned: tuple[str, float] = ("", float("nan"))  # best published method on these files, and its mean
    tuned: frozenset[str] = field(default_factory=frozenset)  # sources of the tuning series
    seeds: str = ""  # smallest number of seeds of a file, "any" of a deterministic row; figures are means over seeds
    range: tuple[float, float] = (float("nan"), float("nan"))  # lowest and highest mean of a seed
    reproduced: float = float("nan")  # mean to compare with print: of the published seed, if that reproduces it

    @property
    def mean(self) -> float:
        return mean_of(self.per_file.values())

    def by_source(self) -> dict[str, float]:
        """Return the mean over the files of each source."""
        sources = sorted({source_in_name(file) for file in self.per_file})
        return {s: mean_of(v for file, v in self.per_file.items() if source_in_name(file) == s) for s in sources}


def summarise(rows: Iterable[Figures]) -> tuple[list[Line], RankTest | None]:
    """Return the lines, on the files that any row of ours has, and the rank test.

    Lines are sorted by their mean, best first; lines that lack files come last.
    """
    ours = list(rows)
    files = sorted({file for row in ours for file in row.vus_pr})
    if not files:
        return [], None
    theirs = {method: {file: by_file[file] for file in files} for method, by_file in published_figures().items()}
    whole = theirs | {_name(row): row.vus_pr for row in ours if len(row.vus_pr) == len(files)}
    ranks = mean_ranks(whole, files)
    lines = [
        Line(m, "published", by_file, *bootstrap_interval(by_file.values()), ranks[m]) for m, by_file in theirs.items()
    ]
    lines += [_ours(row, ranks.get(_name(row), float("nan"))) for row in ours]
    best = {file: max(by_file[file] for by_file in theirs.values()) for file in files}
    lines.append(Line("best of the 32 published per file (oracle)", "oracle", best, *bootstrap_interval(best.values())))
    lines.sort(key=lambda line: (len(line.per_file) < len(files), -line.mean))
    return lines, compare_ranks(whole, ranks, files, set(theirs))


def _name(row: Figures) -> str:
    return f"{row.label} (ours)"


def _ours(row: Figures, rank: float) -> Line:
    tuned = tuning_sources().get(row.detector, frozenset())
    rest = {file: value for file, value in row.vus_pr.items() if source_in_name(file) not in tuned}
    method = row.method or best_published(row.vus_pr)[0]
    theirs = published_figures()[method]
    pairs = [(value, theirs[file]) for file, value in row.as_published.items()]
    met = sum(abs(a - b) <= DIGIT for a, b in pairs)
    return Line(
        _name(row),
        "ours",
        row.vus_pr,
        *bootstrap_interval(row.vus_pr.values()),
        rank,
        method,
        mean_of(b for _, b in pairs),
        not row.method,
        met,
        verdict(pairs, met, row.exact) if row.method else "",
        mean_of(row.after_train.values()),
        mean_of(rest.values()) if tuned else float("nan"),
        best_published(rest) if tuned and rest else ("", float("nan")),
        tuned,
        str(row.seeds) if is_random(row.detector) else "any",
        row.range,
        mean_of(value for value, _ in pairs),
    )


def best_published(files: Iterable[str]) -> tuple[str, float]:
    """Return the published method with the highest mean over these files, and that mean."""
    wanted = list(files)
    means = {method: mean_of(by_file[f] for f in wanted) for method, by_file in published_figures().items()}
    best = max(means, key=lambda method: means[method])
    return best, means[best]


def verdict(pairs: list[tuple[float, float]], met: int, exact: bool) -> str:
    """Return the verdict on pairs (our figure, published figure) of the same files."""
    if met >= SHARE * len(pairs):
        return f"to the digit ({met} of {len(pairs)})"
    near = abs(mean_of(a for a, _ in pairs) - mean_of(b for _, b in pairs)) <= NEAR
    text = "mean within .01" if near else "not reproduced"
    return f"{text} ({met} of {len(pairs)} to the digit)" if exact else text


def bootstrap_interval(values: Iterable[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap percentile interval of the mean over files."""
    x = np.array(list(values))
    rng = np.random.default_rng(0)
    means = x[rng.integers(0, len(x), (N_BOOT, len(x)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def mean_ranks(rows: Mapping[str, Mapping[str, float]], files: list[str]) -> dict[str, float]:
    """Return the mean rank over files of each row, 1 = best; equal values get their mean rank."""
    means = pd.DataFrame(rows, index=files).rank(axis=1, ascending=False).mean()
    return {str(name): float(mean) for name, mean in means.items()}


def compare_ranks(
    rows: Mapping[str, Mapping[str, float]], ranks: Mapping[str, float], files: list[str], published: set[str]
) -> RankTest:
    """Run the rank tests on our complete rows and the best published methods, blocked by source."""
    best = sorted(published, key=lambda name: ranks[name])[:N_TESTED]
    names = [name for name in rows if name not in published or name in best]
    cells = [
        {"dataset": source_in_name(file), "series": file, "detector": name, "vus_pr": rows[name][file]}
        for name in names
        for file in files
    ]
    frame = pd.DataFrame(cells).assign(protocol="tsb-ad", seed=0, status="ok")
    return rank_test(frame, names, "vus_pr")
