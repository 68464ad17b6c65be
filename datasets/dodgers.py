"""Dodgers: counts of cars on a motorway ramp near the stadium."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

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
    place_beside,
    random_generator,
    split,
)

DAY = 288  # five-minute counts
UCI = "https://archive.ics.uci.edu/static/public/157/dodgers+loop+sensor.zip"


class Dodgers(Dataset):
    """Five-minute counts of cars on the Glendale ramp of the 101 North in Los Angeles, 2005-04-10 to 2005-10-01."""

    name = "Dodgers"
    title = "Dodgers loop sensor"
    licence = "CC BY 4.0"
    citation = "Ihler, Hutchins and Smyth: Adaptive event detection with time-varying Poisson processes. KDD 2006"
    urls = ("https://archive.ics.uci.edu/dataset/157/dodgers+loop+sensor",)
    notes = (
        "Anomalous = during a game, or a missing count. A missing count is the value -1, so a detector that "
        "flags -1 finds half of the positives."
    )
    series = (Facts("101-freeway-traffic.test.out", 50_400, 5_612, 133),)

    def originals(self, series: str) -> tuple[Remote, ...]:
        return tuple(Remote(name, UCI, name) for name in ("Dodgers.data", "Dodgers.events"))

    def convert(self, series: str, files: Mapping[str, bytes]) -> Arrays:
        """Return the counts, and label 1 from begin to end of a game, both included, and where the count is -1."""
        times, values = _counts(files["Dodgers.data"])
        labels = (values == -1).astype(np.uint8)
        for begin, end in _games(files["Dodgers.events"]):
            labels[(times >= np.datetime64(begin)) & (times <= np.datetime64(end))] = 1
        return values, labels, None

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        rng = random_generator(seed, self.name, facts.name)
        n_games = round(0.6 * facts.n_segments)
        days = rng.choice(facts.n // DAY, n_games, replace=False)
        starts = days * DAY + rng.choice([158, 230], n_games, p=[0.2, 0.8])  # ten past one, or past seven
        games = [
            (int(start), int(start + length))
            for start, length in zip(starts, rng.integers(28, 39, n_games), strict=True)
        ]
        n_missing = facts.n_anomalous - sum(stop - start for start, stop in games)
        missing = place_beside(rng, facts.n, split(rng, n_missing, facts.n_segments - n_games), games)
        rate = _rate(facts.n)
        for _, stop in games:
            rate[stop - 8 : stop] += rng.uniform(20, 40) * np.hanning(10)[1:-1]  # people leave at the end
        values = rng.poisson(rate).astype(np.float64)
        values[labels_of(facts.n, missing) == 1] = -1
        return values, labels_of(facts.n, [*games, *missing]), None


def _rate(n: int) -> Array:
    """Return expected counts: rush hours on workdays, an afternoon peak on weekends, low counts at night."""
    slot = np.arange(n)
    hour = slot % DAY / 12
    weekend = np.isin(slot // DAY % 7, (0, 6))  # the record begins on a Sunday

    def hump(at: float, width: float) -> Array:
        return np.exp(-0.5 * ((hour - at) / width) ** 2)

    work = 3 + 22 * hump(8, 1.6) + 26 * hump(13, 4) + 22 * hump(17.5, 1.8)
    rest = 4 + 31 * hump(14, 4.5) + 7 * hump(20, 2)
    return np.where(weekend, rest, work)


def _counts(data: bytes) -> tuple[NDArray[np.datetime64], Array]:
    """Parse times and counts from lines such as ``4/10/2005 0:05,-1``."""
    times, counts = [], []
    for row, line in enumerate(data.decode("latin-1").splitlines(), 1):
        try:
            time, count = line.split(",")
            times.append(datetime.strptime(time, "%m/%d/%Y %H:%M"))
            counts.append(float(count))
        except ValueError as error:
            raise DataError(f"Dodgers.data, row {row}: {error}; expected 'month/day/year hour:minute,count'") from error
    return np.array(times, dtype="datetime64[s]"), np.array(counts)


def _games(data: bytes) -> list[tuple[datetime, datetime]]:
    """Parse begin and end of each game from lines like ``04/12/05,13:10:00,16:23:00,55892,San Francisco,W 9-8``."""
    games = []
    for row, line in enumerate(data.decode("latin-1").splitlines(), 1):
        try:
            day, begin, end = line.split(",")[:3]
            first, last = (datetime.strptime(f"{day} {time}", "%m/%d/%y %H:%M:%S") for time in (begin, end))
            games.append((first, last))
        except ValueError as error:
            raise DataError(f"Dodgers.events, row {row}: {error}; expected 'month/day/year,begin,end,...'") from error
    return games
