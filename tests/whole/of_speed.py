"""Speed, memory and costs: order of measurements and their evaluation, without a clock."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmark.errors import UserError
from benchmark.grid.costs import Cost
from benchmark.speed import MATCHES, Match, costing, measure, memory, present, series, tables, worker
from benchmark.speed.measure import Growth, Run, agree
from benchmark.speed.others import Side
from benchmark.system import provenance, settings
from datasets import Series
from detectors import Array
from tests.support.series import sine
from tests.whole import Subject
from tests.whole.kept import array, command, number, shown

MACHINE = {"python_version": "3.11.7", "platform": "Linux-6.1", "node": "desk"}
Call = tuple[dict[str, float], Array]


def _scripted(calls: list[str], seconds: dict[str, float]) -> Callable[..., Call]:
    """In place of a process: the seconds of a side on 1,000 points, scores by its name; some fail."""

    def call(side: Side, python: Path, match: Match, one: Series, window: int, threads: int, limit: float, **how: Any) -> Call:  # fmt: skip
        calls.append(f"{side.call} {match.params} of {len(one)}, W {window}, {threads} threads, limit {limit:g} {how}")
        took = seconds.get(side.call, 0.01) * len(one) / 1000
        if took > limit:
            raise measure.Stopped(limit, 321.4)
        if took < 0:
            raise RuntimeError("ModuleNotFoundError: no module")
        scores = one.values + 0.01 * len(side.call) * np.sin(np.arange(len(one)))
        scores = scores[: len(scores) - window + 1] if side.call.startswith("stumpy") else scores
        scores = np.round(scores, 1) if match.params else scores
        part = {
            "startup": 0.5,
            "seconds": took,
            "cpu_seconds": 1.2 * took,
            "level_mb": 80.0,
            "peak_mb": 90 + len(one) / 9,
        }
        return part, scores

    return call


def speed_measured(folder: Path) -> str:
    """Turns of several sides, those left out; the pages of memory and of costs."""
    parts: list[str] = []
    calls: list[str] = []
    few = mock.patch.object(memory, "EXACT_N", 3000)
    seconds = {"ours": 0.5, "PyOD LOF": 1.5, "scikit-learn LOF": 40.0, "TSB-UAD LOF": -1.0, "PyOD HBOS": 500.0}
    with few, mock.patch.object(measure, "call", _scripted(calls, seconds)):
        growth = Growth(3.0)
        for n in (1000, 1800, 2100):
            for match in (MATCHES[2], MATCHES[3], MATCHES[6], MATCHES[5])[: 4 if n == 1000 else 1]:
                sides = [(side, Path(sys.executable)) for side in (match.ours, *match.others)]
                one = series.make("counts", n)
                runs = list(measure.alternate(sides, match, one, 48, 1, 2, growth, parts.append))
                parts += [", ".join(f"{k}={number(v)}" for k, v in asdict(run).items() if v == v) for run in runs]
            parts += calls
            calls.clear()
        seconds["ours"] = -1.0  # then there is nothing to compare the others with
        sides = [(side, Path(sys.executable)) for side in (MATCHES[2].ours, *MATCHES[2].others[1:])]
        one = series.make("counts", 1000)
        runs = list(measure.alternate(sides, MATCHES[2], one, 48, 1, 2, Growth(50.0), parts.append))
        parts += [", ".join(f"{k}={number(v)}" for k, v in asdict(run).items() if v == v) for run in runs]
        seconds["ours"] = 0.5
        calls.clear()
        page = memory.table(["HBOS", "LOF", "MP"], 2000, 100, 9.0, ["made up"], parts.append)
        parts += [*page.splitlines(), *calls]
        seconds["ours"] = 5.0
        calls.clear()
        page = memory.table(["LOF"], 2000, 100, 9.0, [], parts.append)
        seconds["ours"] = -5.0
        parts += [*page.splitlines(), *memory.table(["MP"], 2000, 100, 9.0, [], parts.append).splitlines(), *calls]
        seconds["ours"] = 0.5
        with mock.patch("benchmark.system.provenance.measured_on", return_value=["machine: ours"]):
            words = "bench --ours --detector LOF --detector MP --n 3000 --n 1000 --window 50 --budget 2 --repeats 2"
            parts += [command(folder, f"{words} --series counts --out out")]
            parts += [command(folder, "bench --memory --detector HBOS --n 2000 --window 64 --out memory")]
            (folder / "page.md").write_text("# Page\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nrest\n")
            parts += [
                command(folder, "bench --detector LOF --package PyOD --n 1000 --window 50 --page page.md --out out")
            ]
    parts += [(folder / "page.md").read_text()]
    return "\n".join(parts).replace(sys.executable, "PYTHON") + "\n"


def _costs(folder: Path) -> list[str]:
    """The table of costs from made-up seconds: rows of other detectors stay."""
    parts: list[str] = []
    asked: list[str] = []

    def timed(cls: Any, n: int, share: float, **params: Any) -> tuple[float, float]:
        asked.append(f"{cls.__name__} {n} {share} {params}")
        return 2.0 * (n / 10_000) ** 1.5 * share, 3.0 * (n / 10_000) ** 1.5

    (folder / "costs.csv").write_text("# old\n\ndetector,fit,score,growth,share,cap\nMP,1,2,3,4,5\nAE,9,9,9,9,9\n")
    with mock.patch.object(costing, "_timed", timed):
        costing.write_costs(parts.append, ["HBOS", "AE", "LOF", "OCSVM"], folder / "costs.csv")
        parts += [*asked, *(folder / "costs.csv").read_text().splitlines()]
        with mock.patch.object(costing, "_timed", return_value=(1.0, 1.0)):
            parts += shown(costing.measure("HBOS"), "no growth")
        with mock.patch.object(costing, "_timed", return_value=(0.0, 0.0)):
            parts += shown(costing.measure("HBOS"), "no time")
    parts += [
        f"cost of {n}: {number(Cost(1e-3, 2e-3, 1.5, 0.1, 500).seconds(n / 10, n, 2))}"
        for n in (10, 1000, 5000, 20_000)
    ]
    return parts


def speed_of_cases(folder: Path) -> str:
    """Costs, the sides of every detector, series to measure on, and our own calls of a measured process."""
    parts = _costs(folder)
    for there in (True, False):
        with mock.patch("importlib.util.find_spec", lambda name, there=there: there or None):
            for match in MATCHES:
                found, absent = present(match, Path("apart/python") if there else None)
                sides = [f"{side.name} ({side.call}) by {'us' if str(p) == sys.executable else p}" for side, p in found]
                parts += [f"{match.detector} {match.params}: {', '.join(sides)}; absent {absent}"]
    for name, n in (("counts", 900), ("mackey-glass", 900), ("mackey-glass", 119), ("counts", 120), ("x", 900)):
        try:
            one = series.make(name, n)
            parts += [f"{name} {n}: {array(one.values)}; {one.segments()}, {one.dataset}/{one.name} {one.source}"]
        except UserError as error:
            parts += [f"{name} {n}: {error}"]
    x, labels = sine(400), (np.arange(400) % 90 < 5).astype(np.uint8)
    request = {"window": 12, "epochs": 1, "threads": 1}
    for detector, params in (
        ("HBOS", {}),
        ("HBOS", {"n_bins": 5}),
        ("OCSVM", {"max_windows": 9}),
        ("AbsDeviation", {}),
    ):
        made = worker.ours(x, labels, request | {"detector": detector, "params": params})
        parts += [f"{detector} {params}: {array(np.round(made, 6))}"]
    parts += [f"VUS {array(worker.ours_vus(x, labels, request))}, tenth {len(worker.tenth(x))}"]
    parts += [f"scaled rows {array(worker.scaled_rows(np.array([[1.0, 3, 2], [5, 5, 9]])).ravel())}"]
    calls: list[str] = []
    with mock.patch.dict(worker.CALLS, {"seen": lambda x, y, r: calls.append(f"{array(x)} | {y.sum()} | {r}")}):
        worker.warm_up(worker.CALLS["seen"], {"window": 48, "epochs": 9})
        worker.warm_up(worker.CALLS["seen"], {"window": 4, "epochs": 9})
    return "\n".join([*parts, *calls, f"calls {', '.join(worker.CALLS)}"]) + "\n"


class Seen:
    """In place of a module of another package: notes what is asked of it, and answers with itself."""

    def __init__(self, name: str, said: list[str]) -> None:
        self.name, self.said = name, said

    def __getattr__(self, name: str) -> Seen:
        return Seen(f"{self.name}.{name}", self.said)

    def __call__(self, *given: Any, **named: Any) -> Seen:
        told = [array(np.ravel(v), 2) + f" {v.shape}" if isinstance(v, np.ndarray) else str(v) for v in given]
        told += [f"{key}={value}" for key, value in named.items()]
        self.said.append(f"{self.name}({', '.join(told)})")
        return self

    def __str__(self) -> str:
        return self.name

    def __neg__(self) -> Seen:
        return Seen(f"-{self.name}", self.said)

    def __getitem__(self, at: Any) -> Seen:
        return Seen(f"{self.name}[{at}]", self.said)

    def __iter__(self) -> Any:
        return iter([("core", "_kernel")])


def speed_of_others(folder: Path) -> str:
    """What every call of a measured process asks of another package, in order."""
    x, labels = np.arange(60.0) % 7, (np.arange(60) % 30 < 2).astype(np.uint8)
    parts: list[str] = []
    with (
        mock.patch.object(worker, "import_module", lambda name: Seen(name, parts)),
        mock.patch.object(worker, "tsb_windows", lambda part, window: np.ones((len(part) - window + 1, window))),
        mock.patch.object(worker, "scaled_rows", lambda matrix: matrix * 2.0),
    ):
        for name, call in worker.CALLS.items():
            if not name.startswith("ours"):
                for window in (5, 1) if name.endswith("IForest") else (5,):
                    parts += [f"## {name}, window {window}"]
                    found = call(x, labels, {"window": window, "epochs": 2, "threads": 3})
                    parts += [f"gives {found}"]
    return "\n".join(parts) + "\n"


def figures_of_speed(folder: Path) -> str:
    """The bench's tables from made-up runs whose means and medians differ, and how scores agree."""
    rng = np.random.default_rng(4)
    runs = []
    sides = (
        ("HBOS", "ours", 1.0),
        ("HBOS", "PyOD HBOS", 7.5),
        ("LOF", "ours", 30.0),
        ("LOF", "scikit-learn LOF", 160.0),
    )
    for n in (2000, 10_000, 50_000):
        for detector, side, factor in sides:
            for repeat, more in enumerate((0.0, 0.1, 0.7)):
                took = factor * n / 1e6 * (1 + more)
                stopped = side.startswith("scikit") and n == 50_000
                facts = {"seconds": took, "cpu_seconds": (1.5 + more) * took, "startup": 0.4 + more}
                facts |= {"peak_mb": 100 + n / 1e4 + 9 * more, "level_mb": 90.0 + more}
                if side != "ours":
                    facts |= {"rank_correlation": 0.99 + more / 100, "difference": 10.0 ** -(9 + repeat)}
                    facts |= {"auroc_difference": (more - 0.2) / 100}
                about = ("counts", detector, side, n, 48, 1, repeat)
                runs.append(Run(*about, note="longer than the budget") if stopped else Run(*about, **facts))
    measured = tables.frame(runs)
    table = tables.summary(measured)
    exponents = tables.growth(table)
    about_all = ["made up", "twice"]
    parts = [*table.round(9).to_csv(index=False).splitlines(), *exponents.round(9).to_csv(index=False).splitlines()]
    parts += [*tables.markdown(table, exponents, about_all).splitlines(), *tables.short(table, about_all).splitlines()]
    one = Series("own", "x", sine(400), (np.arange(400) % 90 < 5).astype(np.uint8))
    ours = rng.normal(size=400)
    for theirs in (ours * 2 + 1, -ours, np.round(ours, 1), np.append(ours[:-1], 50), ours[9:390]):
        parts += [f"agreement: {'; '.join(shown(agree(ours, theirs, one, 20)))}"]
    parts += [f"of two figures: {agree(np.array([0.5, 0.7]), np.array([0.4, 0.9]), one, 20)}"]
    return "\n".join([*parts, *shown(vars(Growth(10.0)), "growth")]) + "\n"


def _machine(cpu: str | None, named: tuple[str, str], absent: tuple[str, ...], git: Any) -> list[str]:
    """What is told of a machine: its ``/proc/cpuinfo``, its names by Python, the packages it lacks, answers of git."""

    def version(package: str) -> str:
        if package in absent:
            raise metadata.PackageNotFoundError(package)
        return f"{len(package)}.0"

    with ExitStack() as all_of_it:
        read = {"return_value": cpu} if cpu is not None else {"side_effect": FileNotFoundError}
        patches = (
            *(mock.patch.object(Path, "read_text", **read), mock.patch.object(metadata, "version", version)),
            *(mock.patch.object(platform, name, lambda value=value: value) for name, value in MACHINE.items()),
            mock.patch.multiple(platform, processor=lambda: named[0], machine=lambda: named[1]),
            mock.patch.object(settings, "cores", return_value=6),
            mock.patch.object(subprocess, "run", side_effect=git),
            mock.patch.object(os, "getloadavg", return_value=(1.26, 9.0, 9.0)),
        )
        for patch in patches:
            all_of_it.enter_context(patch)
        record = provenance.provenance(jobs=3, threads=2)
        return [provenance.version_line(), *provenance.measured_on(["bench", "--quick"]), *shown(record), ""]


def speed_machines(folder: Path) -> str:
    """What is written of the machine: one with all packages, in a changed checkout; two that lack packages and names."""
    done = subprocess.CompletedProcess[Any]
    intel = "processor: 0\nmodel name\t: Intel(R) Xeon: 8481C\n\nprocessor: 1\nmodel name\t: another\n"
    parts = _machine(intel, ("x86_64", "x86_64"), (), [done([], 0), done([], 0, stdout=" 0123456789ab-dirty\n")])
    parts += _machine("CPU part: 0xd0c\n", ("aarch64", "arm"), ("tsad-benchmark", "pyod", "joblib"), [done([], 1)])
    return "\n".join(parts + _machine(None, ("", "arm64"), ("numba",), subprocess.TimeoutExpired("git", 5)))


SUBJECTS: dict[str, Subject] = {
    s.__name__: s for s in (speed_measured, speed_of_cases, speed_of_others, figures_of_speed, speed_machines)
}
