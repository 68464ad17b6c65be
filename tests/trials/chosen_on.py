"""Series on which ``detect`` was set up: other waveforms than in ``ordinary``, with planted anomalies.

The choice of its ranking, threshold and alerts was made on low seeds of these; run it again with

python -m tests.trials.chosen_on --seed 0 --seed 1
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmark.detection.detect import Options
from benchmark.detection.planted import HOLIDAY, KINDS, plant
from tests.trials.answers import tried
from tests.trials.ordinary import Ordinary, smooth

Array = NDArray[np.float64]
SEED = 99
SHAPELESS = ("missing cycle", "changed shape", "slower", "faster")  # need a shape to change
Waveform = Callable[[Generator, int, int], Array]


def harmonics(rng: Generator, n: int, period: int) -> Array:
    t = 2 * np.pi * np.arange(n) / period
    return np.sin(t) + 0.4 * np.sin(2 * t + 1) + rng.normal(0, 0.1, n)


def pulses(rng: Generator, n: int, period: int) -> Array:
    from scipy.signal import square

    return np.asarray(square(2 * np.pi * np.arange(n) / period, 0.3) + rng.normal(0, 0.12, n))


def sawtooth(rng: Generator, n: int, period: int) -> Array:
    from scipy.signal import sawtooth as teeth

    return np.asarray(teeth(2 * np.pi * np.arange(n) / period, 0.8) + smooth(rng, n, 0.8, 0.15))


def wander(rng: Generator, n: int, period: int) -> Array:
    return smooth(rng, n, 0.95, 1)


def white(rng: Generator, n: int, period: int) -> Array:
    return rng.normal(size=n)


def workdays(rng: Generator, n: int, period: int) -> Array:
    hour, day = np.arange(n) % 24, np.arange(n) // 24
    shape = np.maximum(0, np.sin(2 * np.pi * (hour - 6) / 24))
    return np.where(day % 7 >= 5, 0.3, 1) * shape * 10 + rng.normal(0, 0.5, n)


def heavy_tails(rng: Generator, n: int, period: int) -> Array:
    return rng.standard_t(4, size=n)


def wave_on_a_wander(rng: Generator, n: int, period: int) -> Array:
    return np.sin(2 * np.pi * np.arange(n) / period) + smooth(rng, n, 0.99, 0.6) + rng.normal(0, 0.08, n)


def gamma(rng: Generator, n: int, period: int) -> Array:
    return rng.gamma(2, 1 + 0.8 * np.sin(2 * np.pi * np.arange(n) / period))


# Waveform, whether it has a shape to change, and the length of its events (0 = a period).
WAVEFORMS: tuple[tuple[Waveform, bool, int], ...] = (
    (harmonics, True, 0),
    (pulses, True, 0),
    (sawtooth, True, 0),
    (wander, False, 30),
    (white, False, 20),
    (workdays, True, 24),
    (heavy_tails, False, 20),
    (wave_on_a_wander, True, 0),
    (gamma, False, 0),
)


def series(seed: int, clean: bool = False) -> Iterator[Ordinary]:
    """One of each waveform with one or two planted anomalies, or none."""
    for k, (waveform, shaped, length) in enumerate(WAVEFORMS):
        rng = np.random.default_rng([SEED, seed, k])
        n = int(rng.choice([700, 1200, 2000, 3500]))
        period = int(rng.choice([24, 40, 77, 130] if n > 1000 else [24, 36]))
        x = waveform(rng, 24 * 7 * 8 if waveform is workdays else n, period)
        if clean:
            yield Ordinary(waveform.__name__, x, 1, ())
            continue
        kinds = [kind for kind in KINDS if shaped or kind not in SHAPELESS]
        kinds += [HOLIDAY] if waveform is workdays else []
        chosen = tuple(str(kind) for kind in rng.permutation(kinds)[: int(rng.choice([1, 2]))])
        usual = length or period
        rows = usual if HOLIDAY in chosen else max(5, int(usual * rng.choice([0.4, 0.7, 1, 1.3])))
        planted = plant(x, chosen, rows, seed * 100 + k)
        name = " + ".join([waveform.__name__, *(kind for kind, _, _ in planted.events)])
        yield Ordinary(name, planted.values, 1, tuple((a, b) for _, a, b in planted.events))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, action="append", default=[])
    parser.add_argument("--clean", action="store_true", help="without anomalies: every alert is false")
    args = parser.parse_args()
    first = alerted = false = events = files = 0
    for seed in args.seed or [0]:
        for file in series(seed, args.clean):
            began = time.perf_counter()
            outcome, finding = tried(file, Options())
            first, alerted, false = first + outcome.first, alerted + outcome.alerted, false + outcome.false
            events, files = events + len(file.events), files + 1
            shown = f"{outcome.first} {outcome.alerted}/{len(file.events)} {outcome.false}"
            seconds = time.perf_counter() - began
            print(f"{seed} {file.name:45} {shown} {'+'.join(finding.detectors)} {seconds:.1f} s", flush=True)
    print(f"top-1 {first}/{files}, alerted {alerted}/{events}, false {false}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
