"""Further files with known events, to develop ``detect`` on: trends, calendars, counters, batches, demand, bursts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from tests.trials.ordinary import Ordinary, bump, smooth


def growing_traffic(rng: Generator) -> Ordinary:
    """Requests every quarter of an hour, growing by the day: an outage of an hour and a half."""
    n = 25 * 96
    hour = np.arange(n) / 4 % 24
    x = (40 + np.arange(n) / 40) * (0.6 + bump(hour, 14, 4)) + smooth(rng, n, 0.5, 3)
    a = 17 * 96 + 44 + int(rng.integers(12))
    x[a : a + 6] *= 0.35
    return Ordinary("growing traffic", x.round(1), 15, ((a, a + 6),))


def level_for_good(rng: Generator) -> Ordinary:
    """A level that changes once and stays: an alert belongs to the change."""
    n = 2400
    x = 60 + 4 * np.sin(np.arange(n) * 2 * np.pi / 48) + smooth(rng, n, 0.5, 0.8)
    a = 1500 + int(rng.integers(200))
    x[a:] += 9
    return Ordinary("level for good", x.round(2), 30, ((a - 24, a + 24),))


def office(rng: Generator) -> Ordinary:
    """Power of an office an hour: a Sunday that is worked."""
    n = 10 * 168
    hour, day = np.arange(n) % 24, np.arange(n) // 24
    busy = day % 7 < 5
    sunday = 7 * (5 + int(rng.integers(3))) + 6
    busy[day == sunday] = True
    x = 12 + np.where(busy, 45, 6) * bump(hour, 12, 3.5) + smooth(rng, n, 0.5, 1.2)
    return Ordinary("office", x.round(2), 60, ((sunday * 24 + 7, sunday * 24 + 17),))


def resetting_counter(rng: Generator) -> Ordinary:
    """Pieces since midnight, every ten minutes: one midnight without a reset."""
    n = 18 * 144
    per_row = rng.poisson(4, n)
    count = np.zeros(n)
    night = 11 + int(rng.integers(3))
    for k in range(n):
        count[k] = per_row[k] + (count[k - 1] if k % 144 or k == night * 144 else 0)
    return Ordinary("resetting counter", count, 10, ((night * 144, (night + 1) * 144),))


def batches(rng: Generator) -> Ordinary:
    """Heating, holding and cooling in batches of 80 to 120 rows: one held at a wrong temperature."""
    odd, parts, at, event = 17 + int(rng.integers(5)), [], 0, (0, 0)
    for k in range(28):
        up, hold, down = int(rng.integers(15, 22)), int(rng.integers(45, 70)), int(rng.integers(20, 28))
        top = 180.0 - (25 if k == odd else 0)
        shape = np.concatenate(
            [np.linspace(20, top, up), np.full(hold, top), 20 + (top - 20) * 0.88 ** np.arange(down)]
        )
        if k == odd:
            event = (at + up // 2, at + up + hold)
        parts.append(shape)
        at += len(shape)
    x = np.concatenate(parts)
    return Ordinary("batches", (x + smooth(rng, len(x), 0.4, 1)).round(1), 1, (event,))


def demand(rng: Generator) -> Ordinary:
    """Pieces ordered a day, mostly none: one order six times the usual."""
    n = 1200
    x = np.where(rng.random(n) < 0.2, rng.poisson(5, n) + 1.0, 0)
    a = 800 + int(rng.integers(200))
    x[a] = 40
    return Ordinary("intermittent demand", x, 1440, ((a, a + 1),))


def bursts(rng: Generator, odd: bool = True) -> Ordinary:
    """Mails a minute: quiet, with bursts now and then; one three times as high."""
    n = 6000
    x = rng.poisson(2, n).astype(float)
    begins = np.sort(rng.choice(n // 60, 40, replace=False)) * 60
    for begin in begins:
        length = int(rng.integers(4, 25))
        x[begin : begin + length] += rng.poisson(rng.uniform(40, 80), length)
    a = int(begins[28])
    if odd:
        x[a : a + 12] = rng.poisson(240, 12)
    return Ordinary("bursts" if odd else "clean bursts", x, 1, ((a, a + 12),) if odd else ())


def rough(rng: Generator) -> Ordinary:
    """A bearing's acceleration: a stretch three times as rough."""
    x = smooth(rng, 3000, 0.3, 1)
    a = 1800 + int(rng.integers(600))
    x[a : a + 60] *= 3
    return Ordinary("rough stretch", x.round(3), 1 / 60, ((a, a + 60),))


def slow_pump(rng: Generator) -> Ordinary:
    """A pump of 25 rows a stroke on a slow trend: four strokes at three quarters of the pace, and a spike."""
    n, a = 3000, 2000 + int(rng.integers(500))
    pace = np.full(n, 1 / 25)
    pace[a : a + 130] *= 0.75
    x = np.sin(2 * np.pi * np.cumsum(pace)) + np.arange(n) / 1500 + rng.normal(0, 0.06, n)
    b = 900 + int(rng.integers(300))
    x[b] += 1.5
    return Ordinary("slow pump", x.round(3), 1 / 600, ((b, b + 1), (a, a + 130)))


def clean_bursts(rng: Generator) -> Ordinary:
    return bursts(rng, odd=False)


def clean_walk(rng: Generator) -> Ordinary:
    return Ordinary("clean walk", np.cumsum(rng.normal(size=3000)).round(3), 1, ())


def clean_demand(rng: Generator) -> Ordinary:
    n = 1200
    return Ordinary("clean demand", np.where(rng.random(n) < 0.2, rng.poisson(5, n) + 1.0, 0), 1440, ())


def clean_growth(rng: Generator) -> Ordinary:
    """Days whose swing and noise grow with the trend."""
    n = 40 * 48
    size = 1 + np.arange(n) / n
    x = size * (20 + 6 * np.sin(np.arange(n) * 2 * np.pi / 48) + smooth(rng, n, 0.4, 0.7))
    return Ordinary("clean growth", x.round(2), 30, ())


MAKERS: tuple[Callable[[Generator], Ordinary], ...] = (
    *(growing_traffic, level_for_good, office, resetting_counter, batches, demand, bursts, rough, slow_pump),
    *(clean_bursts, clean_walk, clean_demand, clean_growth),
)


def further(seed: int) -> list[Ordinary]:
    """Nine files with ten events, and four without."""
    return [make(np.random.default_rng([seed, 100 + k])) for k, make in enumerate(MAKERS)]
