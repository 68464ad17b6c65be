"""External programs as detectors: their input, their output, and no files or processes left behind."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark.adapters import borrowed
from benchmark.adapters.program import ProgramFailed
from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution import Backend, Board
from benchmark.grid import Outcome, Selection, rows
from benchmark.system import processes
from detectors import Detector
from detectors.core import Array
from tests.support.cases import planned, toy
from tests.support.conformance import failed_checks
from tests.support.programs import EATS, ECHO, FORKS, HANGS, LINUX, MARK, gone, script, sleepers

EXAMPLES = Path(__file__).parents[2] / "examples" / "programs"


def made(spec: str, **params: object) -> Detector:
    return registry.load(spec)(**params)


def wave(n: int = 200) -> Array:
    return np.sin(np.arange(n) / 4.0) * 1e-7 + 1 / 3


# -- what it is given -----------------------------------------------------------------------------


def test_the_folder_holds_the_series_the_fitted_pieces_and_the_request(tmp_path: Path) -> None:
    spec = script(tmp_path, f'cp -r "$2" {tmp_path}/copy; [ "$1" = --fast ] && cp "$2/series.csv" "$2/scores.csv"')
    x, pieces = wave(), [wave(50), wave(30) + 1]
    detector = made(f"{spec} --fast", window=7, random_state=5, options={"depth": 3}).fit(pieces)
    np.testing.assert_array_equal(detector.score(x), x)  # every bit survives the text
    request = json.loads((tmp_path / "copy" / "request.json").read_text())
    assert request == {
        "contract": 1,
        "series": "series.csv",
        "train": "train.csv",
        "scores": "scores.csv",
        "n": 200,
        "train_pieces": [50, 30],
        "learns_from": "series",
        "window": 7,
        "seed": 5,
        "threads": request["threads"],
        "options": {"depth": 3},
    }
    parts = (tmp_path / "copy" / "train.csv").read_text().split("\n\n")
    assert [list(map(float, part.split())) for part in parts] == [list(piece) for piece in pieces]


def test_arrays_in_place_of_text(tmp_path: Path) -> None:
    body = "import sys, numpy as np\nf = sys.argv[-1]\nassert len(np.load(f + '/train.npy')) == 80\n"
    body += "np.save(f + '/scores.npy', np.load(f + '/series.npy') * 2)"
    spec = script(tmp_path, body, "mine.py", sys.executable)
    scores = made(spec, format="npy").fit([wave(50), wave(30)]).score(wave())
    np.testing.assert_array_equal(scores, wave() * 2)


def test_it_learns_from_what_the_user_says_it_does(tmp_path: Path) -> None:
    spec = script(tmp_path, f'wc -l < "$1/train.csv" > {tmp_path}/count; {ECHO}')
    detector = made(spec, learns_from="nothing").fit(wave())
    assert detector.learns_from == "nothing"
    detector.score(wave())
    assert int((tmp_path / "count").read_text()) == 0
    with pytest.raises(UserError, match="learns_from must be one of"):
        rows(Selection(detectors=(spec,), params={spec: {"learns_from": "labels"}}))


def test_a_changed_program_is_another_version(tmp_path: Path) -> None:
    def version(spec: str) -> str:
        borrowed.cache_clear()
        from benchmark.adapters.program import program

        program.cache_clear()
        return rows(Selection(detectors=(spec,)))[0].version

    spec = script(tmp_path, ECHO)
    before = version(spec)
    assert version(spec) == before != version(f"{spec} --fast")
    script(tmp_path, ECHO + " # changed")
    assert version(spec) != before


def test_two_programs_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, two = script(tmp_path, ECHO), script(tmp_path / "a", ECHO)
    with pytest.raises(UserError, match="are both called mine: rename one"):
        rows(Selection(detectors=(one, two)))


@pytest.mark.parametrize(
    ("command", "message"),
    [("", "needs a command"), ("./not-there.sh", "is not a program"), ("'a", "is not a valid command line")],
)
def test_what_is_no_program_is_refused_before_work_starts(command: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.load(f"exec:{command}")


def test_a_program_that_may_not_be_run_is_told_how(tmp_path: Path) -> None:
    (tmp_path / "mine.sh").write_text("#!/bin/sh\n")
    with pytest.raises(UserError, match=r"chmod \+x"):
        registry.load(f"exec:{tmp_path}/mine.sh")


# -- what it gives ---------------------------------------------------------------------------------


BAD = {
    "wrong length": ('head -n 100 "$1/series.csv" > "$1/scores.csv"', "holds 100 scores, the series has 200 points"),
    "half a number": (f'{ECHO}; printf "1e" >> "$1/scores.csv"', "line 201 is '1e', expected one number"),
    "words": ('sed s/.*/high/ "$1/series.csv" > "$1/scores.csv"', "line 1 is 'high', expected one number"),
    "nothing": ("echo done", r"wrote no scores\.csv; it last said:\ndone"),
    "exit code": (f"{ECHO}; echo oops >&2; exit 3", r"ended with exit code 3; it last said:\noops"),
    "signal": ("kill -SEGV $$", "died of SIGSEGV"),
    "its supervisor": (f"kill -9 $PPID; {ECHO}", "died of SIGKILL"),
    "its folder": ('rm -r "$1"', r"wrote no scores\.csv; it last said:\nnothing"),
    "a pipe": ('mkfifo "$1/scores.csv"', r"made no file of scores\.csv"),
    "too much": ('head -c 1M /dev/zero > "$1/scores.csv"', "has 1 MiB, too much for 200 scores"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_ends_are_told(tmp_path: Path, case: str) -> None:
    body, message = BAD[case]
    with pytest.raises(ProgramFailed, match=message):
        made(script(tmp_path, body)).fit(wave()).score(wave())


def test_a_byte_order_mark_is_no_part_of_a_score(tmp_path: Path) -> None:
    spec = script(tmp_path, f"""{ECHO}; sed -i '1s/^/\\xef\\xbb\\xbf/' "$1/scores.csv" """)
    np.testing.assert_array_equal(made(spec).fit(wave()).score(wave()), wave())


def test_detect_tells_a_failure_as_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not as a traceback: the fault is not in our code."""
    file = tmp_path / "mine.csv"
    file.write_text("value\n" + "".join(f"{value}\n" for value in toy().values))
    for body, message in (
        ("echo oops; exit 3", "failed: ProgramFailed: `{}` ended with exit code 3; it last said:\noops\n"),
        ('sed 3s/.*/nan/ "$1/series.csv" > "$1/scores.csv"', "failed: FloatingPointError: mine gave the score nan"),
    ):
        spec = script(tmp_path, body)
        assert main(["detect", str(file), "--detector", spec]) == 1
        assert f"error: {spec} {message.format(spec.removeprefix('exec:'))}" in capsys.readouterr().err


def test_a_score_that_is_not_finite_is_named_by_its_row(tmp_path: Path) -> None:
    spec = script(tmp_path, 'sed 3s/.*/nan/ "$1/series.csv" > "$1/scores.csv"')
    with pytest.raises(FloatingPointError, match="nan at row 2"):
        made(spec).fit(wave()).score(wave())


def test_what_it_says_is_its_progress(tmp_path: Path) -> None:
    heard: list[str] = []
    detector = made(script(tmp_path, f"echo epoch 3; sleep 1.5; {ECHO}")).fit(wave())
    detector.on_progress = heard.append
    detector.score(wave())
    assert "epoch 3" in heard


def test_it_survives_pickling_and_keeps_the_contract(tmp_path: Path) -> None:
    command = f"exec:{EXAMPLES}/mean.sh --absolute"
    again = pickle.loads(pickle.dumps(made(command).fit(wave())))
    np.testing.assert_allclose(again.score(wave()), np.abs(wave() - wave().mean()), atol=1e-15)
    assert not failed_checks(registry.load(command))


def test_the_examples_run(tmp_path: Path) -> None:
    x = toy(n=400).values
    for command in (f"{EXAMPLES}/mean.sh --absolute", f"{sys.executable} -I {EXAMPLES}/neighbours.py --top 3"):
        scores = made(f"exec:{command}", window=10).fit(x).score(x)
        assert abs(int(scores.argmax()) - 202) <= 10
    with pytest.raises(ProgramFailed, match="unknown option --fast"):
        made(f"exec:{EXAMPLES}/mean.sh --fast").fit(x).score(x)


# -- nothing is left behind -------------------------------------------------------------------------


def outcome(spec: str, timeout: float = 0.0, memory: float = 0.0) -> Outcome:
    work = planned([spec], [toy()], timeout=timeout, memory=memory)
    ((_, found),) = Backend("processes").map(work, Board())
    return found


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("body", [HANGS, FORKS], ids=["hangs", "forks"])
def test_a_program_over_its_time_is_ended_with_all_its_processes(tmp_path: Path, body: str) -> None:
    found = outcome(script(tmp_path, body), timeout=2)
    assert (found.status, found.reason) == ("timeout", "stopped after its limit of 2 s (--timeout)")
    assert gone()
    assert not list(Path(tempfile.gettempdir()).glob(f"{processes.folder_prefix()}*"))


@LINUX
@pytest.mark.slow
def test_the_memory_of_its_children_counts(tmp_path: Path) -> None:
    found = outcome(script(tmp_path, EATS.replace("{python}", sys.executable)), timeout=60, memory=300)
    assert found.status == "oom", found.reason
    assert gone()


@LINUX
@pytest.mark.slow
def test_a_daemon_that_it_leaves_is_ended_and_its_memory_is_reported(tmp_path: Path) -> None:
    eater = f"{sys.executable} -c 'b = bytearray(200 * 2**20); __import__(\"time\").sleep(1)'"
    found = outcome(script(tmp_path, f"(setsid sleep {MARK} &); {eater}; {ECHO}"))
    assert found.status == "ok", found.reason
    assert found.peak_mb > 150
    assert gone()


@LINUX
@pytest.mark.parametrize("body", [f"kill -9 $PPID; sleep {MARK}", f"(setsid sleep {MARK} &); kill -9 $PPID; sleep 9"])
def test_a_program_that_ends_its_supervisor_is_ended(tmp_path: Path, body: str) -> None:
    with pytest.raises(ProgramFailed, match="died of SIGKILL"):
        made(script(tmp_path, body)).fit(wave()).score(wave())
    assert gone()


@LINUX
@pytest.mark.parametrize("again", range(3))
def test_several_signals_at_once_end_the_whole_tree_too(again: int) -> None:
    supervisor = subprocess.Popen(processes.supervised_command(["/bin/sh", "-c", HANGS]))
    deadline = time.monotonic() + 60
    while len(sleepers()) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        supervisor.send_signal(signum)
    assert supervisor.wait(60) in {128 + signal.SIGTERM, 128 + signal.SIGHUP, 128 + signal.SIGINT}
    assert gone()


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_kill_9_end_the_whole_tree(tmp_path: Path, signum: int) -> None:
    spec = script(tmp_path, HANGS)
    code = (
        "import sys, numpy as np; from benchmark.catalogue import registry; "
        "registry.load(sys.argv[1])().fit(np.arange(50.)).score(np.arange(50.))"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, spec], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(sleepers()) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(sleepers()) == 3
    os.kill(owner.pid, signum)
    owner.communicate(timeout=60)
    assert gone()
