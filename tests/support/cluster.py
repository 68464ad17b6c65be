"""A Dask cluster on 127.0.0.1 whose processes tests may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmark.execution import dask


class Cluster:
    """A scheduler and workers, each a process of its own in an empty folder: no shared disk is relied on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(file))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.address = json.loads(file.read_text())["address"]
                return
            except (OSError, ValueError):
                time.sleep(0.1)
        raise TimeoutError("no Dask scheduler came up")

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        home = self.folder / f"{what}{len(self.workers)}"
        home.mkdir()
        line = [sys.executable, "-m", "distributed.cli.dask_" + what, "--host", "127.0.0.1", "--no-dashboard", *options]
        with (home / "log").open("wb") as log:
            return subprocess.Popen(line, cwd=home, stdout=log, stderr=log, start_new_session=True)

    def add_worker(self) -> subprocess.Popen[bytes]:
        worker = self._start("worker", self.address, "--nthreads", "1", "--no-nanny")
        self.workers.append(worker)
        return worker

    def client(self) -> Any:
        return dask.connect(self.address)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
