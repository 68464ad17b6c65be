"""Alerts in series without events: in the whole series, and in its end by a model of its beginning.

examples:
  python -m tests.trials.clean --seed 3
  python -m tests.trials.clean --folder tuning/ECG --folder tuning/NAB --detector LOF
  python -m tests.trials.clean --seed 7 --changing
  python -m tests.trials.clean --shares --contamination 0.01 --times 20 --detector HBOS
Of a folder's series the longest stretch without a label is taken. With --shares the statement of the share that new
rows will be flagged with is compared with what comes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from benchmark.detection.calibration import Promise
from benchmark.detection.detect import Options, detect
from benchmark.detection.model import Model
from benchmark.metrics import segments
from benchmark.reading import Recording
from tests.trials.joins import series_of
from tests.trials.ordinary import Array, bump, smooth

BEGINNING = 0.6
TIMES = [1]  # how much longer than usual series are made
SHORTEST, LONGEST = 1500, 12_000  # rows of a folder's series


def length(rng: Generator) -> int:
    return TIMES[0] * int(rng.integers(1500, 6000))


def wave(rng: Generator) -> Array:
    n = length(rng)
    return np.asarray(3 * np.sin(np.arange(n) * 2 * np.pi / rng.integers(20, 120)) + smooth(rng, n, 0.5, 0.4))


def pure_wave(rng: Generator) -> Array:
    return np.asarray(np.sin(np.arange(length(rng)) * 2 * np.pi / rng.integers(20, 120)))


def square(rng: Generator) -> Array:
    n, period = length(rng), int(rng.integers(20, 100))
    return np.where(np.arange(n) % period < 0.4 * period, 1.0, 0.0) + rng.normal(0, 0.05, n)


def visitors(rng: Generator) -> Array:
    """Counts an hour, quiet at weekends."""
    n = int(rng.integers(9, 20)) * 168
    quiet = np.arange(n) // 24 % 7 >= 5
    return rng.poisson(5 + np.where(quiet, 25, 90) * bump(np.arange(n) % 24, 13, 3.5)).astype(float)


MADE: dict[str, Callable[[Generator], Array]] = {
    "white noise": lambda rng: rng.normal(size=length(rng)),
    "uniform noise": lambda rng: rng.uniform(size=length(rng)),
    "exponential noise": lambda rng: rng.exponential(size=length(rng)),
    "Student's t, 3 degrees": lambda rng: rng.standard_t(3, size=length(rng)),
    "Poisson counts": lambda rng: rng.poisson(2, size=length(rng)).astype(float),
    "AR(1), .8": lambda rng: smooth(rng, length(rng), 0.8, 1.0),
    "AR(1), .97": lambda rng: smooth(rng, length(rng), 0.97, 1.0),
    "random walk": lambda rng: np.cumsum(rng.normal(size=length(rng))),
    "trend and noise": lambda rng: np.cumsum(np.full(n := length(rng), 0.005)) + rng.normal(size=n),
    "wave and noise": wave,
    "pure wave": pure_wave,
    "square wave": square,
    "counts with weekends": visitors,
}


def trend(rng: Generator) -> Array:
    """A season on a trend."""
    n = length(rng)
    slope = rng.uniform(0.001, 0.004) * rng.choice([-1, 1])
    return np.asarray(slope * np.arange(n) + 2 * np.sin(np.arange(n) * 2 * np.pi / 60) + smooth(rng, n, 0.5, 0.3))


def meter(rng: Generator) -> Array:
    """Energy an hour, summed: mornings, evenings, and a year."""
    n = length(rng)
    hour, year = np.arange(n) % 24, 1 + 0.4 * np.sin(2 * np.pi * np.arange(n) / 2920)
    use = (0.3 + bump(hour, 8, 2) + bump(hour, 19, 2.5)) * year
    return np.asarray(1000 + np.cumsum(use * rng.lognormal(0, 0.2, n)))


def growth(rng: Generator) -> Array:
    """Requests a half-hour that double."""
    n = length(rng)
    return np.asarray(2 ** (np.arange(n) / n) * (30 + 40 * bump(np.arange(n) / 2 % 24, 14, 4)) + smooth(rng, n, 0.5, 2))


def year(rng: Generator) -> Array:
    """Days on a slow season that the history has not seen whole."""
    n = length(rng)
    slow = 10 * np.sin(2 * np.pi * np.arange(n) / n * 1.1 + rng.uniform(0, 6))
    return np.asarray(slow + 4 * np.sin(2 * np.pi * np.arange(n) / 48) + smooth(rng, n, 0.9, 1))


def swelling(rng: Generator) -> Array:
    """A wave whose swing and noise grow."""
    n = length(rng)
    return np.asarray((1 + 1.5 * np.arange(n) / n) * (np.sin(np.arange(n) * np.pi / 30) + smooth(rng, n, 0.4, 0.15)))


CHANGING: dict[str, Callable[[Generator], Array]] = {
    "random walk": MADE["random walk"],
    "trend and noise": MADE["trend and noise"],
    "wave on a walk": lambda rng: (x := wave(rng)) + np.cumsum(rng.normal(0, 0.15, len(x))),
    "trend and season": trend,
    "memory leak": lambda rng: 20 + 60 * np.linspace(0, 1, n := length(rng)) + smooth(rng, n, 0.8, 0.8),
    "counter": lambda rng: np.cumsum(rng.poisson(20, length(rng))).astype(float),
    "meter reading": meter,
    "stock price": lambda rng: 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.012, length(rng)))),
    "slow growth": growth,
    "slow season": year,
    "growing swing": swelling,
    "rougher by and by": lambda rng: 50 + smooth(rng, n := length(rng), 0.6, 1) * (1 + np.linspace(0, 1, n)),
}


def made(seed: int, changing: bool = False) -> Iterator[tuple[str, Array]]:
    for k, (name, make) in enumerate((CHANGING if changing else MADE).items()):
        yield name, make(np.random.default_rng([seed, 1000 + k])).round(4)


def normal_parts(folders: list[str]) -> Iterator[tuple[str, Array]]:
    """The longest stretch without a label of each series."""
    for series in series_of(folders, 1):
        starts, stops = segments(series.labels == 0)
        longest = int(np.argmax(stops - starts))
        x = series.values[starts[longest] : stops[longest]][:LONGEST]
        if len(x) >= SHORTEST and np.ptp(x):
            yield series.name[:24], x


def recording(x: Array) -> Recording:
    return Recording("clean", "value", x, np.zeros(len(x), dtype=bool))


def compare(found: Iterator[tuple[str, Array]], options: Options) -> None:
    """For the end of each series: what was said of its share of flagged rows, and whether it came true."""
    rows = []
    for name, x in found:
        cut = int(BEGINNING * len(x))
        model = Model.fit(detect(recording(x[:cut]), options))
        later = model.detect(recording(x[cut:]))
        said, share = Promise.from_held_out(model.held_out, model.window, len(x) - cut), float(later.flags.mean())
        rows.append((said.known, model.changes, said.kept(share)))
        words = f"{said.share:.2%}" if said.known else f"at most {said.high:.2%}"
        told = f"said {words}, " if not model.changes else "changes, nothing said, "
        print(
            f"{name:24} {len(x):6,} rows, {told}came {share:.2%}{'' if said.kept(share) else ' NOT KEPT'}", flush=True
        )
    known, changes, kept = np.array(rows, dtype=bool).T
    for what, which in (("shares", known & ~changes), ("bounds", ~known & ~changes), ("that change", changes)):
        print(f"{which.sum()} {what}, {kept[which].sum()} kept")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", action="append", default=[])
    parser.add_argument("--detector", action="append", default=[])
    parser.add_argument("--shares", action="store_true")
    parser.add_argument("--changing", action="store_true", help="series whose level or spread changes with time")
    parser.add_argument("--contamination", type=float, default=0.01)
    parser.add_argument("--times", type=int, default=1, help="how much longer than usual made-up series are")
    args = parser.parse_args()
    TIMES[0] = args.times
    found = normal_parts(args.folder) if args.folder else made(args.seed, args.changing)
    options, rows = Options(detectors=tuple(args.detector)), []
    if args.shares:
        compare(found, replace(options, rule="quantile", contamination=args.contamination))
        return 0
    for name, x in found:
        cut = int(BEGINNING * len(x))
        whole = sum(alert.flagged for alert in detect(recording(x), options).alerts)
        later = Model.fit(detect(recording(x[:cut]), options)).detect(recording(x[cut:]))
        rows.append((whole, sum(alert.flagged for alert in later.alerts), float(later.flags.mean())))
        print(
            f"{name:24} {len(x):6,} rows, {whole} alerts, {rows[-1][1]} in the end, {rows[-1][2]:.2%} of it", flush=True
        )
    alerts, ends, shares = np.array(rows).T
    asked = (1 - BEGINNING) / BEGINNING * options.false_alerts
    print(f"{len(rows)} series: {alerts.mean():.2f} alerts each ({options.false_alerts:g} asked for),")
    print(
        f"{ends.mean():.2f} in the end ({asked:.2g} asked for), {shares.mean():.2%} of it, at most {shares.max():.1%}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
