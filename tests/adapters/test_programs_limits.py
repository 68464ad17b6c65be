"""External programs that crash, hang or exceed memory are recorded as failed cells by every backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmark.adapters.program import LONGEST_LOG
from benchmark.execution import Backend, Board
from benchmark.grid import Outcome
from tests.support.cases import planned, toy
from tests.support.cluster import Cluster
from tests.support.programs import EATS, ECHO, FORKS, HANGS, LINUX, MARK, gone, script

pytestmark = [pytest.mark.slow, LINUX]
FLOOD = 2 * LONGEST_LOG // 2**20  # MiB

# name: (what the program does, what becomes of its cell, what the reason says)
BEHAVIOUR = {
    "fine": (ECHO, "ok", ""),
    "prints": (f"head -c {FLOOD}M /dev/zero | tr '\\0' 'x'; echo; echo the end; {ECHO}", "ok", ""),
    "prints_and_fails": (f"head -c {FLOOD}M /dev/zero | tr '\\0' 'x'; echo; echo the end; exit 9", "failed", "the end"),
    "half": ('head -n 100 "$1/series.csv" > "$1/scores.csv"', "failed", "holds 100 scores, the series has 300 points"),
    "half_a_number": (f'{ECHO}; printf "1e" >> "$1/scores.csv"', "failed", "line 301 is '1e'"),
    "too_many": (f'{ECHO}; echo 1 >> "$1/scores.csv"', "failed", "holds 301 scores, the series has 300 points"),
    "nan": ('sed 3s/.*/nan/ "$1/series.csv" > "$1/scores.csv"', "failed", "nan at row 2"),
    "words": ('sed s/.*/high/ "$1/series.csv" > "$1/scores.csv"', "failed", "line 1 is 'high'"),
    "silent": ("exit 0", "failed", "wrote no scores.csv; it last said:\nnothing"),
    "empty": (': > "$1/scores.csv"', "failed", "holds 0 scores"),
    "exit_code": ("echo oops >&2; exit 3", "failed", "ended with exit code 3; it last said:\noops"),
    "signal": ("kill -SEGV $$", "failed", "died of SIGSEGV"),
    "hangs": (HANGS, "timeout", "stopped after its limit of 8 s (--timeout)"),
    "forks": (FORKS, "timeout", "stopped after its limit of 8 s (--timeout)"),
    "eats": (EATS.replace("{python}", sys.executable), "oom", "(--memory)"),
    "leaves_a_daemon": (f"(setsid sleep {MARK} &); {ECHO}", "ok", ""),
}
LIMITS = {"timeout": 8.0, "memory": 300.0}


def recorded(specs: list[str], backend: Backend) -> dict[str, Outcome]:
    work = planned(specs, [toy()], **LIMITS)
    return {task.cell.detector: outcome for task, outcome in backend.map(work, Board())}


def differing(found: dict[str, Outcome]) -> dict[str, str]:
    return {
        name: f"{outcome.status}: {outcome.reason[-300:]}"
        for name, outcome in found.items()
        if outcome.status != BEHAVIOUR[name][1] or BEHAVIOUR[name][2] not in outcome.reason
    }


def scripts(folder: Path) -> list[str]:
    return [script(folder, body, f"{name}.sh") for name, (body, *_) in BEHAVIOUR.items()]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        made = Cluster(tmp_path)
        stack.callback(made.close)
        made.add_worker()
        client = made.client()
        client.wait_for_workers(1, timeout=60)
        client.close()
        yield made


def test_in_worker_processes(tmp_path: Path) -> None:
    found = recorded(scripts(tmp_path), Backend("processes"))
    assert found.keys() == BEHAVIOUR.keys()
    assert not differing(found)
    assert gone()


def test_on_a_dask_cluster(tmp_path: Path, cluster: Cluster) -> None:
    found = recorded(scripts(tmp_path), Backend("dask", scheduler=cluster.address))
    assert found.keys() == BEHAVIOUR.keys()
    assert not differing(found)
    assert gone()
    assert all(worker.poll() is None for worker in cluster.workers)
