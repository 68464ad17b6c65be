"""NASA-MSL: telemetry of the Curiosity rover."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.core import (
    Array,
    Arrays,
    DataError,
    Dataset,
    Facts,
    Remote,
    labels_of,
    place,
    ramps,
    random_generator,
    split,
    switching,
    wandering,
)

ARRAYS = "https://s3-us-west-2.amazonaws.com/telemanom/data.zip"
LABELS = "https://raw.githubusercontent.com/khundman/telemanom/master/labeled_anomalies.csv"

COUNTS = ("n", "n_anomalous", "n_segments", "n_train")
# channel -> its counts, and the kind of its signal, which a simulated series imitates
CHANNELS = {
    row["channel"]: row
    for row in csv.DictReader(Path(__file__).with_name("nasa_msl.csv").read_text(encoding="utf-8").splitlines())
}


class NasaMsl(Dataset):
    """One telemetry value of each of 27 channels, with separate training files without anomalies."""

    name = "NASA-MSL"
    title = "NASA Mars Science Laboratory telemetry"
    licence = "public NASA telemetry"
    citation = (
        "Hundman, Constantinou, Laporte, Colwell and Soderstrom: Detecting spacecraft anomalies using LSTMs and "
        "nonparametric dynamic thresholding. KDD 2018"
    )
    urls = ("https://github.com/khundman/telemanom",)
    notes = "Train and test are separate files. The test file is scored, published figures do not use the train file."
    series = tuple(Facts(f"{name}.test.out", *(int(row[key]) for key in COUNTS)) for name, row in CHANNELS.items())

    def originals(self, series: str) -> tuple[Remote, ...]:
        channel = _channel(series)
        parts = [f"{part}/{channel}.npy" for part in ("test", "train")]
        return (*(Remote(part, ARRAYS, part) for part in parts), Remote("labeled_anomalies.csv", LABELS))

    def convert(self, series: str, files: Mapping[str, bytes]) -> Arrays:
        """Return column 0 of the arrays, and label 1 in the listed ranges, both ends included."""
        channel = _channel(series)
        values = _telemetry(files[f"test/{channel}.npy"], f"test/{channel}.npy")
        train = _telemetry(files[f"train/{channel}.npy"], f"train/{channel}.npy")
        ranges = _ranges(files["labeled_anomalies.csv"], channel)
        return values, labels_of(len(values), [(start, stop + 1) for start, stop in ranges]), train

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        kind = CHANNELS[_channel(facts.name)]["kind"]
        rng = random_generator(seed, self.name, facts.name)
        whole = _normal(kind, facts.n_train + facts.n, rng)
        train, values = whole[: facts.n_train].copy(), whole[facts.n_train :].copy()
        lengths = split(rng, facts.n_anomalous, facts.n_segments, least=min(10, facts.n_anomalous))
        spans = place(rng, facts.n - 5, lengths, gap=50, first=facts.n // 5)
        for start, stop in spans:
            values[start:stop] = _abnormal(kind, values[start:stop], rng)
        return values, labels_of(facts.n, spans), train


def _normal(kind: str, n: int, rng: np.random.Generator) -> Array:
    if kind == "ramps":
        return np.asarray(ramps(rng, n, rng.uniform(80, 300)) + 0.005 * rng.standard_normal(n))
    if kind == "switching":
        levels = np.concatenate([[-1.0, 1.0], rng.uniform(-0.8, 0.8, int(rng.integers(0, 2)))])
        return np.asarray(
            switching(rng, n, list(levels), rng.uniform(15, 50)) + rng.choice([0, 0.02]) * rng.standard_normal(n)
        )
    if kind == "power":
        return np.asarray(np.minimum(wandering(rng, n, 0.85, 0.05), 1.0))
    quiet = np.full(n, -1.0)
    quiet[rng.random(n) < rng.choice([0, 0.005])] = 0.5
    return quiet


def _abnormal(kind: str, normal: Array, rng: np.random.Generator) -> Array:
    """Simulate a fault: another speed of ramps or switching, a falling level, or a pulse."""
    n = len(normal)
    if kind == "ramps":
        return np.asarray(ramps(rng, n, max(n / 8, 8), -1.0, 0.6))
    if kind == "switching":
        return np.asarray(0.5 + 0.5 * switching(rng, n, [-0.2, 0.2, 0.6], max(n / 30, 3)))
    if kind == "power":
        return np.asarray(np.linspace(normal[0], -0.9, n) + 0.1 * rng.standard_normal(n))
    pulse = np.full(n, -1.0)
    pulse[n // 8 : max(n - n // 8, n // 8 + 1)] = 1.0
    return pulse


def _channel(series: str) -> str:
    return series.removesuffix(".test.out")


def _telemetry(data: bytes, where: str) -> NDArray[np.float64]:
    """Read column 0 of an ``.npy`` file; pickles, and headers that declare more data than there are, are refused."""
    try:
        table = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
        if table.ndim != 2:
            raise ValueError(f"shape {table.shape}")
        return np.ascontiguousarray(table[:, 0], dtype=np.float64)
    except (ValueError, IndexError, EOFError, MemoryError) as error:
        raise DataError(f"{where} is not a telemanom array ({error}): download it again") from error


def _ranges(data: bytes, channel: str) -> list[tuple[int, int]]:
    """Read the (first, last) anomalous rows that ``labeled_anomalies.csv`` lists for an MSL channel."""
    import csv

    for row in csv.DictReader(data.decode("utf-8", "replace").splitlines()):
        if row.get("chan_id") == channel and row.get("spacecraft") == "MSL":
            try:
                return [(int(start), int(stop)) for start, stop in json.loads(row["anomaly_sequences"])]
            except (ValueError, TypeError, KeyError) as error:
                raise DataError(f"labeled_anomalies.csv: the ranges of {channel} cannot be read ({error})") from error
    raise DataError(f"labeled_anomalies.csv has no channel {channel} of MSL: download it again")
