"""Processes and their descendants: their memory, and ways to end all of them.

Run as a script, it supervises a command. It kills all descendants when the command has ended, and when its own parent
dies. It needs psutil and no other module of ours.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

SUBREAPER, PARENT_DEATH = 36, 1  # prctl's numbers


def descendants(pid: int) -> list[psutil.Process]:
    """Return all living descendants of a process, children before grandchildren."""
    found: list[psutil.Process] = []
    todo = _children(pid)
    while todo:
        child = todo.pop(0)
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(child)
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
            todo += _children(child)
    return found


def family_mb(pid: int, exact: bool = False) -> float:
    """Return the resident memory of a process and its descendants in MiB.

    ``exact`` counts pages that descendants share only once (on Linux); it takes longer.
    """
    total = 0.0
    with contextlib.suppress(psutil.Error):
        total += psutil.Process(pid).memory_info().rss
    for process in descendants(pid):
        with contextlib.suppress(psutil.Error):
            shared = exact and sys.platform == "linux"
            total += process.memory_full_info().pss if shared else process.memory_info().rss
    return total / 2**20


def kill_descendants(pid: int) -> None:
    """Kill all descendants of a process, after stopping them so that none can start another process."""
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        seen: set[int] = set()
        while fresh := [process for process in descendants(pid) if process.pid not in seen]:
            for process in fresh:
                seen.add(process.pid)
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signum)


def kill_by_variable(name: str, value: str) -> None:
    """Kill all processes with this environment variable: those of a command whose supervisor has died."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(name) == value:
                process.kill()


def adopt_orphans() -> None:
    """Make descendants whose parent dies children of this process (on Linux)."""
    if sys.platform == "linux":
        _prctl(SUBREAPER, 1)


def end_with_parent(parent: int, end: Callable[[], object], signum: int = signal.SIGKILL) -> None:
    """Receive ``signum`` when the parent dies (on Linux); on other systems a thread then calls ``end``."""
    if sys.platform == "linux":
        _prctl(PARENT_DEATH, signum)
    else:
        threading.Thread(target=_watch, args=(parent, end), daemon=True).start()
    if os.getppid() != parent:
        end()


@contextlib.contextmanager
def delay_interrupt() -> Iterator[None]:
    """Delay Ctrl-C within the block until its end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def folder_prefix(pid: int | None = None) -> str:
    """Return the prefix of a process's temporary folders, so that the process that kills it can remove them."""
    return f"tsad-{os.getpid() if pid is None else pid}-"


def remove_folders(pid: int) -> None:
    """Remove the temporary folders of a process that was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{folder_prefix(pid)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def supervised_command(command: list[str]) -> list[str]:
    """Return the command line that runs a command under a supervisor."""
    return [sys.executable, "-P", __file__, str(os.getpid()), *command]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    try:
        texts = [(task / "children").read_text() for task in tasks.iterdir()]
        return [int(word) for text in texts for word in text.split()]
    except OSError:  # the process has just ended, or another system
        if tasks.parent.parent.is_dir() and not tasks.is_dir():
            return []
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value)


def _watch(parent: int, end: Callable[[], object]) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    end()


def _supervise(parent: int, command: list[str]) -> int:
    """Run a command and return its exit code: 128 plus the number of a signal, as in a shell."""
    ending = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        # Linux signals the death of a parent once for each of its threads; further signals must not interrupt this.
        for each in ending:
            signal.signal(each, lambda number, frame: None)
        kill_descendants(os.getpid())
        os._exit(128 + signum)

    for signum in ending:
        signal.signal(signum, stop)
    adopt_orphans()
    try:
        end_with_parent(parent, lambda: os.kill(os.getpid(), signal.SIGTERM), signal.SIGTERM)
        code = subprocess.Popen(command, stdin=subprocess.DEVNULL).wait()
    finally:
        kill_descendants(os.getpid())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(_supervise(int(sys.argv[1]), sys.argv[2:]))
