"""External programs that fail, and a search for what they leave behind."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")
ECHO = 'cp "$1/series.csv" "$1/scores.csv"'
MARK = "31557"  # seconds that nobody else sleeps
HANGS = f"setsid sleep {MARK} & (sleep {MARK} &) ; trap '' TERM INT; sleep {MARK}"
FORKS = f"for k in 1 2 3 4 5 6 7 8; do setsid sleep {MARK} & done; wait"
EATS = (
    "setsid {python} -c 'b = []\nwhile True: b.append(bytearray(8 * 2**20)); __import__(\"time\").sleep(0.01)' & "
    f"sleep {MARK}"
)


def script(folder: Path, body: str, name: str = "mine.sh", shell: str = "/bin/sh") -> str:
    """Write a program; its spec."""
    path = folder / name
    path.write_text(f"#!{shell}\n{body}\n")
    path.chmod(0o755)
    return f"exec:{path}"


def sleepers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if MARK in (p.info["cmdline"] or []) and p.status() != "zombie"]


def gone() -> bool:
    """Whether all sleepers are gone, at once or within a while: the system ends what was killed when it likes."""
    deadline = time.monotonic() + 20
    while sleepers() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not sleepers()
