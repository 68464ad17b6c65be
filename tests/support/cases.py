"""Faulty detectors, and series to try them on, for the fault campaign and the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.grid import Task
from benchmark.grid.plan import Selection, plan, rows
from datasets.core.base import Series

TEMPLATE = '''import ctypes, os, sys, time
import numpy as np
from detectors import Detector


class {name}(Detector):
    """Distance from the median, after some mischief."""

    group = "plug-in"

    def __init__(self, random_state=0):
        self.random_state = random_state

    def _fit(self, pieces):
        pass

    def _score(self, x):
        warming_up = len(x) == 400
        {body}
        noise = np.random.default_rng(self.random_state).standard_normal(len(x))
        return np.abs(x - np.median(x)) + 1e-3 * noise
'''

# name: (what it does before it scores, what must become of its cell)
HOSTILE = {
    "Fine": ("pass", "ok"),
    "Slow": ("warming_up or time.sleep(0.2)", "ok"),
    "Prints": ("print('<b>' * 9999); sys.stderr.write('noise'); os.system('echo more noise')", "ok"),
    "Forks": ("os.fork()", "ok"),
    "LeavesAChild": ("warming_up or os.fork() or time.sleep(1000)", "ok"),
    "UsesGlobalNoise": ("x = x + np.random.standard_normal(len(x))", "ok"),
    "Raises": ("warming_up or 1 / 0", "failed"),
    "RaisesRudely": ("raise type('Rude', (BaseException,), {'__str__': lambda self: 1 / 0})", "failed"),
    "Interrupts": ("raise KeyboardInterrupt", "failed"),
    "SpeaksSurrogates": ("raise ValueError('\\ud800 <b>\"bold\"</b> $x_1$ \\n\\t')", "failed"),
    "Exits": ("sys.exit(0)", "failed"),
    "GivesNaN": ("return x * np.nan", "failed"),
    "GivesTooFew": ("return x[:-1]", "failed"),
    "GivesTooMany": ("return np.append(x, 0.0)", "failed"),
    "GivesWords": ("return ['high'] * len(x)", "failed"),
    "WritesIntoInput": ("x[0] = 5.0", "failed"),
    "AsksTooMuch": ("warming_up or np.ones(10**14)", "oom"),
    "Hoards": (
        "hoard = [np.ones(3_000_000) for _ in range(1 if warming_up else 60)]; warming_up or time.sleep(60)",
        "oom",
    ),
    "Hangs": ("warming_up or time.sleep(1000)", "timeout"),
    "HangsAtOnce": ("time.sleep(1000)", "timeout"),
    "Segfaults": ("warming_up or ctypes.string_at(0)", "crashed"),
    "Aborts": ("warming_up or os.abort()", "crashed"),
    "ExitsHard": ("warming_up or os._exit(0)", "crashed"),
    "ClosesEverything": ("warming_up or os.closerange(0, 64)", "crashed"),
}


def plugin(folder: Path, name: str, body: str = "") -> str:
    """Write a detector that does ``body`` first (default: what :data:`HOSTILE` says); returns its spec."""
    file = folder / f"{name.lower()}.py"
    file.write_text(TEMPLATE.replace("{name}", name).replace("{body}", body or HOSTILE[name][0]))
    return str(file)


def toy(name: str = "toy", n: int = 300, seed: int = 0, train: bool = False) -> Series:
    """A noisy sine of ``n`` points with five anomalous ones."""
    rng = np.random.default_rng([seed, n])
    values = np.sin(np.arange(n) / 5) + 0.1 * rng.standard_normal(n)
    labels = np.zeros(n, dtype=np.uint8)
    values[n // 2 : n // 2 + 5] += 3
    labels[n // 2 : n // 2 + 5] = 1
    return Series("Toy", name, values, labels, "file", values[: n // 4].copy() if train else None)


def planned(
    specs: list[str],
    series: list[Series],
    seeds: tuple[int, ...] = (0,),
    timeout: float | None = None,
    memory: float | None = None,
    protocols: tuple[str, ...] = ("tsb-uad",),
) -> list[tuple[Task, Series]]:
    """The plan of these detectors on these series."""
    selection = Selection(detectors=tuple(specs), seeds=seeds, timeout=timeout, memory=memory, protocols=protocols)
    return list(plan(selection, rows(selection), series))
