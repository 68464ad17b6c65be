"""Eight ordinary files with ten known events, and files without events, to evaluate ``detect`` (not to tune it)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ordinary:
    """A file: values, minutes between rows, and half-open rows of its events."""

    name: str
    values: Array
    minutes: float
    events: tuple[tuple[int, int], ...]


def smooth(rng: Generator, n: int, memory: float, deviation: float) -> Array:
    """Autoregressive noise of order 1 with the given marginal deviation."""
    from scipy.signal import lfilter

    steps = rng.normal(0, deviation * (1 - memory**2) ** 0.5, n)
    return np.asarray(lfilter([1], [1, -memory], steps))


def bump(hour: Array, centre: float, width: float) -> Array:
    """A daily bump on a clock of 24 hours."""
    away = (hour - centre + 12) % 24 - 12
    return np.exp(-0.5 * (away / width) ** 2)


def server_load(rng: Generator) -> Ordinary:
    """Percent busy every 10 minutes for two weeks: a burst at night, and a plateau in the evening."""
    n = 14 * 144
    hour = np.arange(n) / 6 % 24
    x = 18 + 40 * bump(hour, 11, 2.5) + 30 * bump(hour, 16, 2) + smooth(rng, n, 0.6, 2.5)
    a, b = 5 * 144 + 18 + int(rng.integers(6)), 10 * 144 + 126
    x[a : a + 7] += 35
    x[b : b + 12] += 22
    return Ordinary("server load", np.clip(x, 0, 100).round(2), 10, ((a, a + 7), (b, b + 12)))


def machine_temperature(rng: Generator) -> Ordinary:
    """A slow wander without a period, every 5 minutes: one fall and recovery."""
    n = 3000
    x = 85 + smooth(rng, n, 0.995, 3) + smooth(rng, n, 0.5, 0.4)
    a = 1900 + int(rng.integers(300))
    x[a : a + 60] -= 14 * np.hanning(60)
    return Ordinary("machine temperature", x.round(2), 5, ((a, a + 60),))


def beats(rng: Generator) -> Ordinary:
    """A heart at about 90 rows a beat: one early wide beat without its P wave."""
    odd = 23 + int(rng.integers(10))
    parts, at, event = [], 0, (0, 0)
    for k in range(45):
        length = int(rng.normal(90, 2)) - (25 if k == odd else 0)
        t = np.linspace(0, 1, length, endpoint=False)
        shape = 0.15 * np.exp(-(((t - 0.2) / 0.04) ** 2)) + np.exp(-(((t - 0.4) / 0.015) ** 2))
        shape += 0.3 * np.exp(-(((t - 0.65) / 0.06) ** 2)) - 0.15 * np.exp(-(((t - 0.43) / 0.015) ** 2))
        if k == odd:
            shape = 0.8 * np.exp(-(((t - 0.4) / 0.07) ** 2)) - 0.4 * np.exp(-(((t - 0.65) / 0.09) ** 2))
            event = (at, at + length)
        parts.append(shape)
        at += length
    x = np.concatenate(parts) + 0.05 * np.sin(np.arange(at) / 170) + rng.normal(0, 0.012, at)
    return Ordinary("heart beats", x.round(4), 1 / 15000, (event,))


def counts(rng: Generator) -> Ordinary:
    """Visitors an hour for nine weeks, quiet at weekends: a holiday on a weekday."""
    n = 9 * 168
    hour, day = np.arange(n) % 24, np.arange(n) // 24
    quiet = day % 7 >= 5
    holiday = 35 + 2 + int(rng.integers(2))
    quiet[day == holiday] = True
    rate = 6 + np.where(quiet, 25, 90) * bump(hour, 13, 3.5)
    a = holiday * 24
    return Ordinary("counts with weekends", rng.poisson(rate).astype(float), 60, ((a + 7, a + 20),))


def step(rng: Generator) -> Ordinary:
    """A pressure around its set point, which moves for two hours."""
    n = 1500
    x = 4 + smooth(rng, n, 0.4, 0.03)
    a = 900 + int(rng.integers(200))
    x[a : a + 40] += 0.25
    return Ordinary("step", x.round(3), 3, ((a, a + 40),))


def stuck(rng: Generator) -> Ordinary:
    """Outside temperature every half hour: a spike, and a sensor that hangs for nine hours."""
    n = 40 * 48
    x = 11 + 5 * np.sin(2 * np.pi * (np.arange(n) / 48 - 0.35)) + smooth(rng, n, 0.98, 1.2) + rng.normal(0, 0.15, n)
    a, b = 25 * 48 + 10 + int(rng.integers(20)), 12 * 48 + 30
    x[a : a + 18] = x[a]
    x[b] += 7
    return Ordinary("stuck sensor", x.round(1), 30, ((b, b + 1), (a, a + 18)))


def missing_night(rng: Generator) -> Ordinary:
    """Power of a shop every quarter of an hour: one night the lights stay on."""
    n = 20 * 96
    hour = np.arange(n) / 4 % 24
    open_ = 1 / (1 + np.exp(-(hour - 7) * 3)) - 1 / (1 + np.exp(-(hour - 21) * 3))
    night = 13 + int(rng.integers(3))
    a, b = night * 96 + 84, (night + 1) * 96 + 28
    open_[a:b] = 1
    return Ordinary("missing night", (3 + 9 * open_ + smooth(rng, n, 0.3, 0.35)).round(2), 15, ((a, b),))


def clock_change(rng: Generator) -> Ordinary:
    """Heat demand an hour around the end of October: one half day that swings."""
    n = 50 * 24
    hour = np.arange(n) % 24
    x = 50 + 14 * bump(hour, 7, 2) + 9 * bump(hour, 19, 3) + 0.008 * np.arange(n) + smooth(rng, n, 0.7, 1.5)
    a = 33 * 24 + 8 + int(rng.integers(5))
    x[a : a + 12] += 9 * np.tile([1, 1, -1, -1], 3)
    return Ordinary("clock change", x.round(2), 60, ((a, a + 12),))


def clean_noise(rng: Generator) -> Ordinary:
    return Ordinary("white noise", rng.normal(size=2000).round(4), 1, ())


def clean_wave(rng: Generator) -> Ordinary:
    x = 20 + 3 * np.sin(np.arange(2400) * 2 * np.pi / 60) + smooth(rng, 2400, 0.5, 0.3)
    return Ordinary("clean wave", x.round(3), 1, ())


EVENTFUL: tuple[Callable[[Generator], Ordinary], ...] = (
    server_load,
    machine_temperature,
    beats,
    counts,
    step,
    stuck,
    missing_night,
    clock_change,
)
CLEAN = (clean_noise, clean_wave)


def files(seed: int) -> list[Ordinary]:
    """The eight eventful files and the two clean ones."""
    return [make(np.random.default_rng([seed, k])) for k, make in enumerate((*EVENTFUL, *CLEAN))]
