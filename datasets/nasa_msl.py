"""NASA-MSL: telemetry of the Curiosity rover."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Literal

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

Kind = Literal["ramps", "switching", "quiet", "power"]

# channel: points, anomalous points, segments, training points, shape of the signal
CHANNELS: dict[str, tuple[int, int, int, int, Kind]] = {
    "C-1": (2264, 312, 2, 2158, "ramps"),
    "C-2": (2051, 137, 2, 764, "ramps"),
    "D-14": (2625, 222, 2, 3675, "quiet"),
    "D-15": (2158, 641, 1, 2074, "switching"),
    "D-16": (2191, 651, 1, 1451, "switching"),
    "F-4": (3422, 71, 1, 2244, "ramps"),
    "F-5": (3922, 151, 1, 2598, "ramps"),
    "F-7": (5054, 423, 3, 2511, "switching"),
    "F-8": (2487, 537, 1, 3342, "quiet"),
    "M-1": (2277, 1141, 1, 2209, "switching"),
    "M-2": (2277, 1141, 1, 2208, "switching"),
    "M-3": (2127, 251, 1, 2037, "switching"),
    "M-4": (2038, 251, 1, 2076, "switching"),
    "M-5": (2303, 301, 1, 2032, "switching"),
    "M-6": (2049, 181, 1, 1565, "quiet"),
    "M-7": (2156, 101, 1, 1587, "quiet"),
    "P-10": (6100, 131, 1, 4308, "power"),
    "P-11": (3535, 228, 2, 3969, "power"),
    "P-14": (6100, 181, 1, 2880, "power"),
    "P-15": (2856, 21, 1, 3682, "power"),
    "S-2": (1827, 11, 1, 926, "quiet"),
    "T-12": (2430, 121, 1, 1145, "ramps"),
    "T-13": (2430, 252, 2, 1145, "ramps"),
    "T-4": (2217, 69, 1, 2272, "switching"),
    "T-5": (2218, 26, 1, 2272, "quiet"),
    "T-8": (1519, 102, 2, 748, "quiet"),
    "T-9": (1096, 112, 2, 439, "power"),
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
    series = tuple(Facts(f"{channel}.test.out", *facts[:4]) for channel, facts in CHANNELS.items())

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
        kind = CHANNELS[_channel(facts.name)][4]
        rng = random_generator(seed, self.name, facts.name)
        whole = _normal(kind, facts.n_train + facts.n, rng)
        train, values = whole[: facts.n_train].copy(), whole[facts.n_train :].copy()
        lengths = split(rng, facts.n_anomalous, facts.n_segments, least=min(10, facts.n_anomalous))
        spans = place(rng, facts.n - 5, lengths, gap=50, first=facts.n // 5)
        for start, stop in spans:
            values[start:stop] = _abnormal(kind, values[start:stop], rng)
        return values, labels_of(facts.n, spans), train


def _normal(kind: Kind, n: int, rng: np.random.Generator) -> Array:
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


def _abnormal(kind: Kind, normal: Array, rng: np.random.Generator) -> Array:
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
