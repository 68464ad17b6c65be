"""Genesis: sensors of a pick-and-place demonstrator that sorts pieces of material."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from datasets.core import Array, Arrays, DataError, Dataset, Facts, Remote, Spans, labels_of, random_generator

KAGGLE = "https://www.kaggle.com/api/v1/datasets/download/inIT-OWL/genesis-demonstrator-data-for-machine-learning"
CSV = "Genesis_AnomalyLabels.csv"
CYCLE = 390  # points of a pick-and-place cycle, on average


class Genesis(Dataset):
    """Six channels of one machine: current, speed, force (continuous), two switches and the gripper (binary)."""

    name = "Genesis"
    title = "Genesis demonstrator"
    licence = "CC BY-NC-SA 4.0"
    citation = (
        "von Birgelen and Niggemann: Anomaly detection and localization for cyber-physical production systems "
        "with self-organizing maps. 2018"
    )
    urls = ("https://www.kaggle.com/datasets/inIT-OWL/genesis-demonstrator-data-for-machine-learning",)
    notes = (
        "One machine, one event list: the six series share their labels, and all anomalies lie in the last "
        "5 %, so the time index alone has an AUROC of .97."
    )
    series = tuple(Facts(f"genesis-anomalies.test.csv@{k}.out", 16_220, 50, 3) for k in (1, 3, 5, 6, 13, 17))

    def originals(self, series: str) -> tuple[Remote, ...]:
        return (Remote(CSV, KAGGLE, CSV, redirect_hosts=("storage.googleapis.com",)),)

    def convert(self, series: str, files: Mapping[str, bytes]) -> Arrays:
        """Return feature k, counted from 1 after ``Timestamp,Label``, and ``Label != 0``; the file may be gzipped."""
        rows = _text(files[CSV]).splitlines()
        if not rows or not rows[0].startswith("Timestamp,Label,"):
            raise DataError(f"{CSV}: not the Genesis file, its header is {''.join(rows[:1])[:60]!a}")
        column = _channel(series) + 1
        try:
            cells = [row.split(",") for row in rows[1:]]
            values = np.array([float(row[column]) for row in cells])
            labels = np.array([float(row[1]) != 0 for row in cells], dtype=np.uint8)
        except (ValueError, IndexError) as error:
            raise DataError(f"{CSV}: a row is broken ({error}): download it again") from error
        return values, labels, None

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        machine = random_generator(seed, self.name)  # shared: all channels have the same cycles and faults
        starts = np.cumsum(machine.integers(CYCLE - 25, CYCLE + 25, facts.n // (CYCLE - 25) + 1))
        starts = np.concatenate([[0], starts])[:-1]
        faults = _faults(starts, facts)
        phase = _phase(starts, facts.n)
        rng = random_generator(seed, self.name, facts.name)
        values = _channel_values(_channel(facts.name), phase, labels_of(facts.n, faults) == 1, rng)
        return values, labels_of(facts.n, faults), None


def _text(data: bytes) -> str:
    """Return the CSV as text, decompressed if it is gzipped."""
    if data[:2] != b"\x1f\x8b":
        return data.decode("utf-8", "replace")
    try:
        with gzip.open(BytesIO(data)) as stream:
            return stream.read(64 << 20).decode("utf-8", "replace")  # the true one has 1.5 MB
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{CSV}.gz is broken ({error}): download it again") from error


def _channel(series: str) -> int:
    """Return 3 for ``"genesis-anomalies.test.csv@3.out"``."""
    return int(series.rsplit("@", 1)[1].removesuffix(".out"))


def _faults(starts: NDArray[np.int64], facts: Facts) -> Spans:
    """Return the spans of jams at the start of two late cycles, the first of them interrupted."""
    first, second = (int(start) for start in starts[starts < facts.n - 100][-2:])
    longer = facts.n_anomalous // 2 + 1
    rest = facts.n_anomalous - longer - 2
    return [(first, first + 2), (first + 3, first + 3 + longer), (second, second + rest)]


def _phase(starts: NDArray[np.int64], n: int) -> Array:
    """Return the (n,) phase within the machine's cycle, in 0 .. 1."""
    ends = np.append(starts[1:], starts[-1] + CYCLE)
    cycle = np.searchsorted(starts, np.arange(n), side="right") - 1
    phase: Array = (np.arange(n) - starts[cycle]) / (ends - starts)[cycle]
    return phase


def _channel_values(channel: int, phase: Array, fault: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Simulate a channel during forward (.19 - .43) and backward (0 - .15, .55 - .63) moves of the arm."""
    binary = {6: (0.17, 0.235), 13: (0.0, 0.85), 17: (0.18, 0.7)}  # on from .. to
    if channel in binary:
        on, off = binary[channel]
        return ((phase >= on) & (phase < off)).astype(np.float64)
    moves = 1.0 * ((phase > 0.19) & (phase < 0.43)) - 1.0 * ((phase < 0.15) | ((phase > 0.55) & (phase < 0.63)))
    size = {1: 380.0, 3: 80_000.0, 5: 85.0}[channel]
    shake = {1: 330.0, 3: 9_000.0, 5: 75.0}[channel]
    hold = -0.35 * (phase > 0.63) * (channel != 3)  # at rest the motor still holds the load
    values = (
        size * (moves + hold)
        + shake * rng.standard_normal(len(phase)) * (moves != 0)
        + 3 * rng.standard_normal(len(phase))
    )
    values[fault] = {1: -1150.0, 3: 0.0, 5: -250.0}[channel] + 8 * rng.standard_normal(int(fault.sum()))
    if channel == 3:  # the arm breaks loose when a jam ends
        last = np.flatnonzero(fault[:-1] & ~fault[1:])
        values[last] = -400_000 * rng.uniform(0.8, 1.0, len(last))
    rounded: Array = np.round(values)
    return rounded + 0.0
