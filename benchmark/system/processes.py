"""Processes with all that descends from them: what memory they take, and how none of them is left behind.

Run as a file, it is the supervisor of a command. It ends the command's whole family when the command has ended, and
when its own parent dies. It needs psutil and nothing of ours.
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


def family(pid: int) -> list[psutil.Process]:
    """All living descendants of a process, children before their children."""
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
    """Resident memory of a process and its descendants in MiB.

    ``exact`` counts pages that descendants share once, as far as the system tells; it takes longer.
    """
    total = 0.0
    with contextlib.suppress(psutil.Error):
        total += psutil.Process(pid).memory_info().rss
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            shared = exact and sys.platform == "linux"
            total += process.memory_full_info().pss if shared else process.memory_info().rss
    return total / 2**20


def end_family(pid: int) -> None:
    """Kill all descendants of a process; first they are stopped, so that none can start another meanwhile."""
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        seen: set[int] = set()
        while fresh := [process for process in family(pid) if process.pid not in seen]:
            for process in fresh:
                seen.add(process.pid)
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signum)


def end_marked(name: str, value: str) -> None:
    """Kill all processes with this variable in their environment: those of a command that ended its supervisor."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(name) == value:
                process.kill()


def adopt_orphans() -> None:
    """Descendants whose parent has died become children of this process, where the system allows it."""
    if sys.platform == "linux":
        _prctl(SUBREAPER, 1)


def end_with(parent: int, end: Callable[[], object], signum: int = signal.SIGKILL) -> None:
    """Receive ``signum`` when the parent dies; ``end`` is called where the system knows no such signal."""
    if sys.platform == "linux":
        _prctl(PARENT_DEATH, signum)
    else:
        threading.Thread(target=_watch, args=(parent, end), daemon=True).start()
    if os.getppid() != parent:
        end()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C within the block is raised at its end: what has begun is finished."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
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
    """How temporary folders of a process begin, so that whoever kills it can remove them."""
    return f"tsad-{os.getpid() if pid is None else pid}-"


def remove_folders(pid: int) -> None:
    """Remove the temporary folders of a process that has been killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{folder_prefix(pid)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def supervised(command: list[str]) -> list[str]:
    """The command line that runs a command under a supervisor."""
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
    """Exit code of a command; a signal gives 128 more than its number, as in a shell."""
    ending = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        # The system tells a parent's death once for each of its threads: the next signal must not stop this.
        for each in ending:
            signal.signal(each, lambda number, frame: None)
        end_family(os.getpid())
        os._exit(128 + signum)

    for signum in ending:
        signal.signal(signum, stop)
    adopt_orphans()
    try:
        end_with(parent, lambda: os.kill(os.getpid(), signal.SIGTERM), signal.SIGTERM)
        code = subprocess.Popen(command, stdin=subprocess.DEVNULL).wait()
    finally:
        end_family(os.getpid())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(_supervise(int(sys.argv[1]), sys.argv[2:]))
