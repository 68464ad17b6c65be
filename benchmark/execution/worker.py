"""A worker: one process that executes one task at a time, and can be killed without costing anything else.

Each worker has a pipe and a log file of its own. Where workers share a pipe (pebble, ``concurrent.futures``), one that
is killed while it writes loses every task in flight. Here only its own task is lost. The worker's standard output and
error go to its log. So a detector that prints disturbs nobody, and the last lines of a crash are kept with the cell. On
Linux a worker dies with its parent, whatever native code it is in.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection, Pipe

from benchmark.execution.execute import execute, execute_together
from benchmark.execution.groups import Group
from benchmark.execution.isolation import describe, tail
from benchmark.execution.warm_up import warm_up
from benchmark.grid import Outcome, Task
from benchmark.system import processes
from datasets import Series

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {__name__} import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
LOG_BYTES = 2**20


class Worker:
    """The owner's handle of a worker process."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - has no name, so that no kill -9 leaves it behind
        self.task: Task | Group | None = None  # what it is executing
        self.line = ""  # last progress line of the task
        self._process: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """Start the process if it is missing or has died while idle."""
        if self._process is None or self._process.poll() is not None:
            self._start()

    def give(self, task: Task | Group, series: Series | list[Series]) -> None:
        """Hand over a task with its series, or a group of tasks with theirs."""
        self.wake()
        try:
            self.link.send((task, series))
        except OSError:
            self._start()
            self.link.send((task, series))
        self.task, self.line = task, ""
        self._peak = 0.0
        self._clock_starts()

    def look(self) -> Outcome | list[Outcome] | None:
        """The outcome, or those of a group, once the task has ended, in whatever way. Over a limit it is ended here."""
        ended = self._exit_code() is not None  # asked first: its last message may still be in the pipe
        try:
            while self.link.poll():
                message = self.link.recv()
                if isinstance(message, Outcome | list):
                    self.task = None
                    for outcome in message if isinstance(message, list) else [message]:
                        outcome.peak_mb = max(outcome.peak_mb, round(self._peak, 1))  # its own does not count children
                    return message
                self._hear(message)
        except (EOFError, OSError, pickle.UnpicklingError):
            ended = True
        return self._died() if ended else self._over_limit()

    def kill(self) -> None:
        """End the process and those that it started, native code included; harmless when there is none."""
        self.task = None
        if self._process is None:
            return
        processes.end_family(self._process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        processes.remove_folders(self._process.pid)
        self._process = None
        self.link.close()

    def close(self) -> None:
        """End the process for good, and give back the log."""
        self.kill()
        self._log.close()

    @property
    def seconds(self) -> float:
        """Time that the task has taken, without the start of libraries."""
        return time.monotonic() - self._since

    @property
    def pid(self) -> int:
        """Process id, 0 when no process runs."""
        return self._process.pid if self._process is not None else 0

    def _start(self) -> None:
        self.kill()
        self.link, far = Pipe()
        command = [sys.executable, "-c", BOOT, json.dumps(sys.path), str(far.fileno()), str(os.getpid())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(far.fileno(),),
            start_new_session=True,  # Ctrl-C is the owner's to handle; killing the group takes its children
        )
        far.close()

    def _exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else 0

    def _hear(self, line: str | None) -> None:
        if line is None:
            self._clock_starts()
        else:
            self.line = line

    def _clock_starts(self) -> None:
        """At the hand-over, and again when the interpreter, then when compilers and libraries have started."""
        self._since = time.monotonic()
        self._level = processes.family_mb(self.pid)

    def _over_limit(self) -> Outcome | None:
        task = self.task
        assert task is not None
        self._peak = max(self._peak, self._above_level())
        if task.memory and self._peak > task.memory:
            reason = f"stopped at {self._peak:.0f} MiB, its limit is {task.memory:.0f} MiB (--memory)"
            return self._stopped("oom", reason)
        if task.timeout and self.seconds > task.timeout:
            return self._stopped("timeout", f"stopped after its limit of {task.timeout:g} s (--timeout)")
        if os.fstat(self._log.fileno()).st_size > LOG_BYTES:
            empty(self._log.fileno())
        return None

    def _above_level(self) -> float:
        """Memory of the process and its descendants in MiB; exact where it is a new peak."""
        above = processes.family_mb(self.pid) - self._level
        if above > self._peak and processes.family(self.pid):
            above = processes.family_mb(self.pid, exact=True) - self._level
        return above

    def _died(self) -> Outcome:
        code = self._process.wait() if self._process is not None else 0
        outcome = self._stopped("crashed", f"the worker process {manner_of_death(code)}")
        outcome.traceback = tail(os.pread(self._log.fileno(), LOG_BYTES, 0).decode(errors="replace"))
        return outcome

    def _stopped(self, status: str, reason: str) -> Outcome:
        used = {"fit_seconds": round(self.seconds, 3), "peak_mb": round(self._peak, 1)}
        self.kill()
        return Outcome(status, reason, **used)  # type: ignore[arg-type]


def empty(log: int) -> None:
    """Start a log again; owner and worker share its position."""
    os.ftruncate(log, 0)
    os.lseek(log, 0, os.SEEK_SET)


def manner_of_death(code: int) -> str:
    """``died of SIGSEGV`` or ``ended by itself with exit code 3``."""
    if code >= 0:
        return f"ended by itself with exit code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    hint = ": a person, or the system for want of memory" if name == "SIGKILL" else ""
    return f"died of {name}{hint}"


# -- in the worker -----------------------------------------------------------------------------


def main(handle: int, owner: int) -> None:
    """Execute what comes through the pipe until it closes."""
    import faulthandler

    os.set_inheritable(handle, False)
    processes.end_with(owner, lambda: os._exit(1))
    processes.adopt_orphans()
    faulthandler.enable()
    link = Connection(handle)
    link.send(None)
    while True:
        try:
            task, series = link.recv()
        except (EOFError, OSError):
            return
        empty(1)
        link.send(attempt(task, series, link))


def attempt(task: Task | Group, series: Series | list[Series], link: Connection) -> Outcome | list[Outcome]:
    """Warm up, tell the owner that the clock may start, execute."""
    last = 0.0

    def progress(line: str) -> None:
        nonlocal last
        if time.monotonic() - last > 0.3:
            last = time.monotonic()
            link.send(str(line)[:200])

    try:
        warm_up(task.tasks[0] if isinstance(task, Group) else task)
        link.send(None)
        if isinstance(task, Group):
            assert isinstance(series, list)
            return execute_together(task.tasks, series, progress)
        assert isinstance(series, Series)
        return execute(task, series, progress)
    except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt from a detector is its failure, not an interrupt
        return Outcome("failed", describe(error))
