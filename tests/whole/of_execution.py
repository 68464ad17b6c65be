"""Failing cells, workers and groups, and the display of a run."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmark.execution import Board, Display, backends, execute_together, groups, scores_by, worker
from benchmark.execution.isolation import describe, fingerprint, tail
from benchmark.execution.runner import Summary, pending, run
from benchmark.grid import Outcome, Task, longest_first
from benchmark.store import Store
from datasets import Series
from detectors import Array, Detector, Diverged
from tests.support import toys
from tests.support.toys import rows, task
from tests.whole import Subject
from tests.whole.kept import array, cleaned


class Unruly(Detector):
    """Does in its fit or its score what its parameter says; else scores by the value."""

    def __init__(self, does: str = "", window: Any = 4) -> None:
        self.does, self.window = does, window

    def min_length(self) -> int:
        return 2 * int(self.window)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_, self.history_ = int(self.window), {"loss": [1, 0.5]}
        self.notes_ = (f"{len(pieces)} fitted", "again", "1" * len(pieces)) if self.does == "notes" else ()
        if self.does == "progress":
            self._report("half")
        raised = {"value": ValueError("no"), "exit": SystemExit(3), "memory": MemoryError("x"), "torch": RuntimeError("[enforce] can't allocate memory: y"), "diverged": Diverged("loss is nan"), "silent": Mute(), "long": OSError("é" * 3000)}  # fmt: skip
        if self.does in raised:
            raise raised[self.does]

    def _score(self, x: Array) -> Array:
        return {"short": x[1:], "nan": np.where(x > 50, np.nan, x), "text": x.astype(str)}.get(self.does, x * 1.0)


class Mute(Exception):
    """Has no message to show."""

    def __str__(self) -> str:
        raise RuntimeError


class Beside(toys.Mean):
    """Several learn at once; one whose window is 3 fails, one whose is 5 spoils it for all."""

    @classmethod
    def fit_together(cls, detectors: Any, data: Any) -> list[Exception | None]:
        if any(one.window == 5 for one in detectors):
            raise RuntimeError("not at once")
        return [
            ValueError("three") if one.window == 3 else one.fit(x) and None
            for one, x in zip(detectors, data, strict=True)
        ]


def _task(does: str, series: Series, protocol: str = "tsb-uad", cls: str = "Unruly", **params: Any) -> Task:
    made = task(cls, protocol, series, **({"does": does} if does else {}), **params)
    return replace(made, spec=f"{__name__}:{cls}")


def _told(outcome: Outcome) -> str:
    measured = ("scores", "fit_seconds", "score_seconds", "peak_mb")
    facts = {k: v for k, v in vars(outcome).items() if k not in measured and v not in ("", 0, {})}
    if outcome.traceback:
        facts["traceback"] = outcome.traceback.splitlines()[-1][:80]
    scores = "none" if outcome.scores is None else array(outcome.scores)
    return f"{facts | {'reason': outcome.reason[:120]}}; scores {scores}"


def execution_outcomes(folder: Path) -> str:
    """The outcome of a detector of every kind of misbehaviour, under protocols with one fit and several."""
    series, parts = rows(200, ((60, 70), (150, 152)), train=0), []
    short = rows(30, ((20, 22),))
    calls: list[str] = []
    for does in (
        "",
        "notes",
        "progress",
        "value",
        "exit",
        "memory",
        "torch",
        "diverged",
        "silent",
        "long",
        "short",
        "nan",
        "text",
    ):
        for one, protocol in ((series, "tsb-uad"), (series, "normal-crossfit"), (short, "tsb-uad")):
            (outcome,) = execute_together([_task(does, one, protocol, window=4)], [one], calls.append)
            parts += [f"{does or 'good'} {protocol} of {len(one)}: {_told(outcome)}"]
    parts += [
        f"progress {calls}",
        f"long {len(describe(OSError('é' * 3000)))}, {describe(ValueError('a' + chr(0xD800)))}, {tail(chr(10).join(map(str, range(30))), 3)!r}",
    ]
    for protocol, window in (
        ("normal-only", 64),
        ("normal-only", 30),
        ("authors-csv", 4),
        ("prefix", 12),
        ("tsb-ad", 4),
    ):
        (outcome,) = execute_together([_task("", short, protocol, window=window)], [short])
        parts += [f"{protocol} window {window}: {_told(outcome)}"]
    for windows in ((2, 4), (2, 3), (2, 5), (3,)):
        work = [
            _task("", one, "normal-crossfit" if w == 2 else "normal-only", "Beside", window=w)
            for w in windows
            for one in (series,)
        ]
        parts += [f"beside {windows}: {_told(outcome)}" for outcome in execute_together(work, [series] * len(work))]
    parts += [
        f"another hash: {_told(execute_together([replace(work[0], cell=replace(work[0].cell, data_hash='x'))], [series])[0])}"
    ]
    with mock.patch.object(Detector, "scores_by", lambda self, x, rules: [self.score(x) * rule["k"] for rule in rules]):
        for protocol in ("tsb-uad", "normal-crossfit", "prefix"):
            found = scores_by(_task("", series, protocol, "Unruly", window=4), series, [{"k": 1}, {"k": -2}])
            parts += [f"rules {protocol}: {[(first, array(scores, 2)) for first, scores in found]}"]
    parts += [f"same {fingerprint(series) == series.sha256}, {fingerprint(short) == series.sha256}"]
    return cleaned("\n".join(parts), folder) + "\n"


MADE: list[Any] = []


class Pipe:
    """One end of a worker's pipe, with what comes through it."""

    def __init__(self, *messages: Any) -> None:
        self.messages, self.sent, self.closed = list(messages), [], False

    def poll(self) -> bool:
        return bool(self.messages)

    def recv(self) -> Any:
        message = self.messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return message

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


class Process:
    """A process that has ended, or not."""

    pid = 0

    def __init__(self, code: int | None = None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code

    def wait(self) -> int:
        return self.code or 0


def _worker(code: int | None, *messages: Any, **limits: float) -> Any:
    made = worker.Worker()
    MADE.append(made)
    made._process, made.link = Process(code), Pipe(*messages)  # type: ignore[assignment]
    made.task, made._since, made._level, made._peak = replace(_task("", rows()), **limits), 10.0, 100.0, 3.0  # type: ignore[arg-type]
    made._log.write(b"Fatal Python error\nline 2\n")
    made._log.flush()
    return made


def execution_workers(folder: Path) -> str:
    """What is made of a worker's messages, its death and its limits; groups of cells and what becomes of them."""
    parts = []
    good = Outcome("ok", scores=np.zeros(2), peak_mb=1.0)
    cases = {
        "nothing yet": _worker(None),
        "a line": _worker(None, None, "epoch 3"),
        "ended well": _worker(None, "epoch 9", replace(good)),
        "several": _worker(None, [replace(good), replace(good, peak_mb=9.0)]),
        "ended, then died": _worker(-11, replace(good)),
        "died": _worker(-11),
        "killed": _worker(-9, "epoch 1"),
        "left": _worker(3, EOFError()),
        "too long": _worker(None, timeout=5.0),
        "in time": _worker(None, timeout=25.0),
        "too large": _worker(None, memory=49.0, timeout=5.0),
        "large enough": _worker(None, memory=51.0),
    }
    with (
        mock.patch.object(worker.time, "monotonic", return_value=30.0),
        mock.patch.object(worker.processes, "family_mb", lambda pid, exact=False: 130.0 if exact else 150.0),
        mock.patch.object(worker.processes, "kill_descendants"),
        mock.patch.object(worker.processes, "remove_folders"),
        mock.patch.object(worker.os, "killpg"),
    ):
        for title, made in cases.items():
            for kin in (True, False):
                with mock.patch.object(worker.processes, "descendants", lambda pid, kin=kin: ["child"] * kin):
                    if kin or title in ("too large", "nothing yet"):
                        fresh = made if kin else _worker(None, memory=49.0)
                        found = fresh.look()
                        told = [
                            _told(one) + f" {one.fit_seconds:g} s {one.peak_mb:g} MiB"
                            for one in (found if isinstance(found, list) else [found])
                            if one
                        ]
                        parts += [
                            f"{title} {kin}: {told}; line {fresh.line!r}, busy {fresh.task is not None}, pid {fresh.pid}, since {fresh._since:g}"
                        ]
        while MADE:
            MADE.pop().close()
    parts += [f"{code}: {worker.describe_exit(code)}" for code in (0, 3, -9, -11, -200)]
    link: Any = Pipe()
    with mock.patch.object(worker, "warm_up"):
        for one in (
            _task("", rows(200)),
            _task("value", rows(200)),
            groups.Group((_task("", rows(200)), _task("exit", rows(200)))),
        ):
            found = worker.run_task(one, [rows(200)] * 2 if isinstance(one, groups.Group) else rows(200), link)
            parts += [f"attempted: {_told(each)}" for each in (found if isinstance(found, list) else [found])]
    with mock.patch.object(worker, "warm_up", side_effect=KeyboardInterrupt("stop")):
        parts += [f"interrupted: {_told(worker.run_task(_task('', rows(200)), rows(200), link))}; sent {link.sent}"]
    return cleaned("\n".join([*parts, *_grouped()]), folder) + "\n"


def _grouped() -> list[str]:
    parts = []
    work = [
        (replace(_task("", one, cls=cls, window=w), timeout=t, memory=t * 2), one)
        for one in (rows(200), rows(210), rows(220))
        for cls, w, t in (("Beside", 2, 5.0), ("Unruly", 4, 1.0), ("Beside", 3, 0.0))
    ]
    for size in (2, 3, 9):
        made = list(groups.groups(work, size))
        parts += [
            f"by {size}: {[(len(t.tasks), t.timeout, t.memory, str(t.cell)) if isinstance(t, groups.Group) else str(t.cell) for t, _ in made]}"
        ]
    ok = [Outcome("ok", str(k)) for k in range(3)]
    finished = [
        (groups.Group(tuple(t for t, _ in work[:2])), ok[:2]),
        (work[2][0], ok[2]),
        (groups.Group((work[3][0],)), Outcome("oom")),
    ]
    parts += [f"{task_.cell}: {outcome and outcome.reason}" for task_, outcome in groups.ungroup(finished)]  # type: ignore[arg-type]
    seen: list[str] = []

    def alone(given: Any, jobs: int, board: Board) -> Iterator[Any]:
        for one, _series in given:
            seen.append(f"{type(one).__name__} {jobs}")
            several = isinstance(one, groups.Group)
            yield (
                one,
                (Outcome("crashed") if len(one.tasks) == 3 else [Outcome("ok")] * len(one.tasks))
                if several
                else Outcome("ok", "alone"),
            )

    with mock.patch.object(backends, "processes", alone):
        parts += [
            f"{t.cell} {t.cell.params}: {o.status} {o.reason}" for t, o in backends.in_groups(work, 2, Board(), 3)
        ]
    return [*parts, *seen, f"longest first {[f'{t.cell.detector} {t.n}' for t in longest_first([t for t, _ in work])]}"]


def execution_display(folder: Path) -> str:
    """Lines of a run and its live view; what a run stores, and what it finds stored."""
    names = ("001_NAB_id_1_Facility_tr_90_1st_120.csv", "002_NAB_id_2_Facility_tr_90_1st_120.csv", "a\nb")
    series = [replace(rows(200 + k, ((50, 60 + k),)), name=name) for k, name in enumerate(names)]
    todo = [_task(does, one) for one in series for does in ("", "value")]
    clock = [100.0]
    parts = []
    for quiet in (False, True):
        said = io.StringIO()
        board = Board()
        with (
            redirect_stderr(said),
            mock.patch.object(time, "monotonic", side_effect=lambda: clock[0]),
            Display(board, todo, 2, quiet) as display,
        ):
            for k, one in enumerate(todo):
                clock[0] += 2.5
                left = display.time_left()
                board.note(one.cell.key, 75.0 + k, "epoch\x1b[2J 1")
                parts += [
                    f"{clock[0]:g}: left {left if left is None else round(left, 4)}, running {[(n, s, line) for _, s, line in board.running() for n in [len(_)]]}"
                ]
                view = io.StringIO()
                from rich.console import Console

                Console(file=view, width=100, color_system=None, force_terminal=False).print(display._view())
                parts += [re.sub("[━╸╺ ]+", " ", line) for line in view.getvalue().splitlines()]
                board.clear(one.cell.key)
                outcome = (
                    Outcome("ok", fit_seconds=1.0, score_seconds=0.26)
                    if k % 2 == 0
                    else Outcome("failed" if k == 1 else "skipped", "no\nreason")
                )
                display.done(one, outcome)
        parts += [f"quiet {quiet}", *said.getvalue().splitlines()]
    with Store(folder / "s.sqlite", write=True) as store:
        store.begin_run("test", {})
        work = [(one, series[k // 2]) for k, one in enumerate(todo)]
        for retry in (False, False, True):
            found, summary = pending(work, store, retry)
            done: list[str] = []
            with mock.patch.object(
                backends,
                "execute",
                lambda task_, one, progress: (
                    Outcome("ok", scores=one.values * 1.0) if not dict(task_.cell.params) else Outcome("failed", "no")
                ),
            ):
                ended = run(
                    found,
                    summary,
                    backends.Backend("serial"),
                    store,
                    Board(),
                    lambda t, o, done=done: done.append(
                        f"{t.cell.series!r} {o.status} {o.n} {o.n_anomalous} {o.extra}"
                    ),
                )
            parts += [
                f"retry {retry}: {len(found)} of {ended.planned}, {dict(ended.statuses)}, cached {ended.cached}, clean {ended.clean}, {ended.interrupted}",
                *done,
            ]
        stop = mock.Mock(side_effect=KeyboardInterrupt)
        with mock.patch.object(backends, "execute", stop):
            parts += [f"interrupted {run(found, Summary(), backends.Backend('serial'), store, Board()).interrupted}"]
    return re.sub("[0-9a-f]{64}", "HASH", cleaned("\n".join(parts), folder)) + "\n"


SUBJECTS: dict[str, Subject] = {s.__name__: s for s in (execution_outcomes, execution_workers, execution_display)}
