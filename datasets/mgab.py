"""MGAB: chaotic series in which the anomalies are removed pieces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from datasets.core import (
    Arrays,
    DataError,
    Dataset,
    Facts,
    Remote,
    best_cut,
    labels_of,
    mackey_glass,
    place,
    random_generator,
)

RAW = "https://raw.githubusercontent.com/MarkusThill/MGAB/master"


class MGAB(Dataset):
    """Ten Mackey-Glass series; ten pieces of each were removed, and the ends joined where they fit."""

    name = "MGAB"
    title = "Mackey-Glass anomaly benchmark"
    licence = "CC0 1.0"
    citation = (
        "Thill, Konen and Baeck: MarkusThill/MGAB, the Mackey-Glass anomaly benchmark. "
        "Zenodo 2020, doi:10.5281/zenodo.3760086"
    )
    urls = ("https://github.com/MarkusThill/MGAB",)
    notes = "Labelled are the 20 points around each join; the publisher's own windows have 401 points."
    series = tuple(Facts(f"{k}.test.out", 100_000, 200, 10) for k in range(1, 11))

    def originals(self, series: str) -> tuple[Remote, ...]:
        return (Remote(_csv(series), f"{RAW}/{_csv(series)}"),)

    def convert(self, series: str, files: Mapping[str, bytes]) -> Arrays:
        """Return column ``value``, and label 1 on the 20 points around the middle of each run of ``is_anomaly``."""
        rows = files[_csv(series)].decode("ascii", "replace").splitlines()
        if rows[:1] != [",value,is_anomaly,is_ignored"]:
            raise DataError(f"{_csv(series)}: not a file of MarkusThill/MGAB, its header is {''.join(rows[:1])[:60]!a}")
        try:
            table = np.array([[float(row.split(",")[1]), float(row.split(",")[2])] for row in rows[1:]])
        except (ValueError, IndexError) as error:
            raise DataError(f"{_csv(series)}: a row is broken ({error}): download it again") from error
        edges = np.flatnonzero(np.diff(np.concatenate([[0], table[:, 1], [0]]))).reshape(-1, 2)
        middles = [(int(start) + int(stop) - 1) // 2 for start, stop in edges]
        return table[:, 0].copy(), labels_of(len(table), [(m - 10, m + 10) for m in middles]), None

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        rng = random_generator(seed, self.name, facts.name)
        joins = [start for start, _ in place(rng, facts.n - 500, [1] * facts.n_segments, gap=2000, first=2000)]
        long = mackey_glass(facts.n + 200 * len(joins), rng)
        pieces, at, made = [], 0, 0
        for join in joins:
            stop = at + join - made
            pieces.append(long[at:stop])
            at, made = best_cut(long, stop), join
        values = np.concatenate([*pieces, long[at:]])[: facts.n]
        noise = rng.uniform(-0.01, 0.01, facts.n)
        return values + noise, labels_of(facts.n, [(join - 10, join + 10) for join in joins]), None


def _csv(series: str) -> str:
    """Return ``"7.csv"`` for ``"7.test.out"``."""
    return f"{series.split('.')[0]}.csv"
