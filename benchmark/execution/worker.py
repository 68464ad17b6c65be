"""A worker: a process that executes one task at a time, and can be killed without loss of other tasks.

Each worker has its own pipe and log file. Where workers share a pipe (pebble, ``concurrent.futures``), all running
tasks are lost if one worker is killed while it writes. Here only its own task is lost. Standard output and error of the
worker go to its log. So the output of a detector does not disturb, and the last lines before a crash are stored with
the cell. On Linux a worker dies with its parent, even in native code.
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
from benchmark.system import processes, settings
from datasets import Series

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {__name__} import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
LOG_BYTES = 2**20


class Worker:
    """A worker process, as its owner (the parent process) sees it."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it has no name, so nothing is left after kill -9
        self.task: Task | Group | None = None  # the task in progress
        self.line = ""  # last progress line of the task
        self._process: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """Start the process if it is missing or has died while idle."""
        if self._process is None or self._process.poll() is not None:
            self._start()

    def give(self, task: Task | Group, series: Series | list[Series]) -> None:
        """Send a task with its series, or a group of tasks with their series, to the process."""
        self.wake()
        try:
            self.link.send((task, series))
        except OSError:
            self._start()
            self.link.send((task, series))
        self.task, self.line = task, ""
        self._peak = 0.0
        self._restart_clock()

    def look(self) -> Outcome | list[Outcome] | None:
        """Return the outcome (or those of a group) if the task has ended, else None. Kill a task over its limits."""
        # checked first, as its last message may still be in the pipe
        ended = self._process is None or self._process.poll() is not None
        try:
            while self.link.poll():
                message = self.link.recv()
                if isinstance(message, Outcome | list):
                    self.task = None
                    for outcome in message if isinstance(message, list) else [message]:
                        outcome.peak_mb = max(outcome.peak_mb, round(self._peak, 1))  # this includes its children
                    return message
                self._receive(message)
        except (EOFError, OSError, pickle.UnpicklingError):
            ended = True
        return self._died() if ended else self._over_limit()

    def kill(self) -> None:
        """Kill the process, if there is one, and all processes that it started."""
        self.task = None
        if self._process is None:
            return
        processes.kill_descendants(self._process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        processes.remove_folders(self._process.pid)
        self._process = None
        self.link.close()

    def close(self) -> None:
        """Kill the process and close its log."""
        self.kill()
        self._log.close()

    @property
    def seconds(self) -> float:
        """Seconds that the task has run, without the start of libraries."""
        return time.monotonic() - self._since

    @property
    def pid(self) -> int:
        """Process id; 0 if there is no process."""
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
            start_new_session=True,  # so that only the owner gets Ctrl-C, and its process group can be killed
        )
        far.close()

    def _receive(self, line: str | None) -> None:
        if line is None:
            self._restart_clock()
        else:
            self.line = line

    def _restart_clock(self) -> None:
        """Restart time and memory: when a task is sent, when the interpreter has started, and after the warm-up."""
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
        """Return the memory of the process and its descendants above its level, in MiB; exact if it is a new peak."""
        above = processes.family_mb(self.pid) - self._level
        if above > self._peak and processes.descendants(self.pid):
            above = processes.family_mb(self.pid, exact=True) - self._level
        return above

    def _died(self) -> Outcome:
        code = self._process.wait() if self._process is not None else 0
        outcome = self._stopped("crashed", f"the worker process {describe_exit(code)}")
        outcome.traceback = tail(os.pread(self._log.fileno(), LOG_BYTES, 0).decode(errors="replace"))
        return outcome

    def _stopped(self, status: str, reason: str) -> Outcome:
        used = {"fit_seconds": round(self.seconds, 3), "peak_mb": round(self._peak, 1)}
        self.kill()
        return Outcome(status, reason, **used)  # type: ignore[arg-type]


def empty(log: int) -> None:
    """Truncate a log; owner and worker share its position."""
    os.ftruncate(log, 0)
    os.lseek(log, 0, os.SEEK_SET)


def describe_exit(code: int) -> str:
    """Describe an exit code: ``died of SIGSEGV`` or ``ended by itself with exit code 3``."""
    if code >= 0:
        return f"ended by itself with exit code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    hint = ": killed by a user, or by the system for lack of memory" if name == "SIGKILL" else ""
    return f"died of {name}{hint}"


# -- in the worker -----------------------------------------------------------------------------


def main(handle: int, owner: int) -> None:
    """Execute the tasks from the pipe until it closes."""
    import faulthandler

    os.set_inheritable(handle, False)
    processes.end_with_parent(owner, lambda: os._exit(1))
    processes.adopt_orphans()
    settings.cap_threads(settings.threads())  # the owner cannot hand down numba's limit if it has loaded numba
    faulthandler.enable()
    link = Connection(handle)
    link.send(None)
    while True:
        try:
            task, series = link.recv()
        except (EOFError, OSError):
            return
        empty(1)
        link.send(run_task(task, series, link))


def run_task(task: Task | Group, series: Series | list[Series], link: Connection) -> Outcome | list[Outcome]:
    """Warm up, tell the owner to restart the clock, and execute a task."""
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
    except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt raised by a detector is a failure of it
        return Outcome("failed", describe(error))
