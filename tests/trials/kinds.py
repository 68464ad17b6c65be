"""The kinds of injected faults. Each returns a description of what went wrong, or ''."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmark.errors import UserError
from benchmark.store.store import Store
from datasets.core.base import DataError, Remote
from tests.support.cases import plugin, toy

Content = dict[str, tuple[str, str, float]]
MISCHIEF = """mood = os.path.join({folder!r}, 'mood')
        try:
            if warming_up: raise OSError
            os.rename(mood, mood + str(os.getpid()))
            what = open(mood + str(os.getpid())).read()
        except OSError:
            what = ''
        if what == 'hang': time.sleep(1000)
        if what == 'segfault': ctypes.string_at(0)
        if what == 'raise': raise ValueError('planned')
        if what == 'nan': return x * np.nan
        if what == 'oom':
            hoard = []
            while True: hoard.append(np.ones(500_000))
        time.sleep(0.02)"""


@dataclass
class Bench:
    """A folder with data, detectors and a store, and the command that the faults hit.

    Attributes
    ----------
    seconds : float
        Wall time of an undisturbed run: faults strike at a random moment of it.
    """

    folder: Path
    random: random.Random
    series: int = 12
    seconds: float = 3.0
    line: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        data = self.folder / "data"
        data.mkdir()
        for k in range(self.series):
            one = toy(seed=k)
            rows = (f"{v!r},{int(label)}\n" for v, label in zip(one.values.tolist(), one.labels, strict=True))
            (data / f"series{k}.out").write_text("".join(rows))
        moody = plugin(self.folder, "Moody", MISCHIEF.format(folder=str(self.folder)))
        specs = [moody, plugin(self.folder, "Fine"), plugin(self.folder, "UsesGlobalNoise")]
        options = ["--dataset", str(data), "--store", str(self.store), "--no-report", "--retry-failed", "--jobs", "2"]
        limits = ["--timeout", "8", "--memory", "0.1"]
        detectors = [part for spec in specs for part in ("--detector", spec)]
        self.line = [sys.executable, "-m", "benchmark", "run", *options, *limits, *detectors]

    @property
    def store(self) -> Path:
        return self.folder / "s.sqlite"

    def start(self, limit: int = 0) -> subprocess.Popen[str]:
        """Start a run in a session of its own; ``limit`` bounds the size of its files, as a full disk would."""

        def bound() -> None:
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen(self.line, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=bound)

    def finish(self, process: subprocess.Popen[str], codes: tuple[int, ...], excused: str | None = None) -> str:
        """Wait for a run; its exit code must be one of these, and a traceback may show only with what is excused."""
        try:
            _, said = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "the run hung"
        _, traceback, shown = said.partition("Traceback")
        if traceback and (excused is None or excused not in shown):
            return f"a traceback was shown: {shown.strip()[-500:]}"
        return "" if process.returncode in codes else f"exit code {process.returncode}: {said.strip()[-300:]}"

    def run(self) -> str:
        """An undisturbed run, or what was wrong with it."""
        return self.finish(self.start(), (0,))

    def some_moment(self) -> None:
        """Sleep until a random moment of the run."""
        time.sleep(self.random.uniform(0.2, 1.1) * self.seconds)

    def content(self) -> Content:
        """Cells that are ok: key -> detector, hash of the scores, AUROC."""
        if not self.store.exists():
            return {}
        with Store(self.store) as store:
            rows = store.database.rows(
                "SELECT key, detector, sha256, value FROM cells JOIN scores USING (key) JOIN metrics USING (key) "
                "WHERE status = 'ok' AND metric = 'auroc'"
            )
            for row in rows:
                store.scores(row["key"])
        return {row["key"]: (row["detector"], row["sha256"], row["value"]) for row in rows}

    def statuses(self) -> list[str]:
        """Statuses of cells that are not ok."""
        with Store(self.store) as store:
            return [status for status in store.statuses().values() if status != "ok"]

    def drop_store(self) -> None:
        """Begin anew."""
        for file in self.folder.glob("s.sqlite*"):
            file.unlink()


# -- processes are killed ----------------------------------------------------------------------


def workers_of(pid: int) -> list[int]:
    """Process ids of a run's workers."""
    import psutil

    try:
        return [p.pid for p in psutil.Process(pid).children() if "benchmark.execution.worker" in " ".join(p.cmdline())]
    except psutil.Error:
        return []


def kill_run(bench: Bench, group: bool) -> str:
    """``kill -9`` of the run, or of its whole process group; its workers must die with it."""
    process = bench.start()
    bench.some_moment()
    workers = workers_of(process.pid)
    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 5
    while left := [pid for pid in workers if _lives(pid)]:
        if time.monotonic() > deadline:
            return f"workers {left} outlived the run"
        time.sleep(0.05)
    return ""


def _lives(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill_worker(bench: Bench) -> str:
    """``kill -9`` of a worker: the run goes on without the cell that it was on."""
    process = bench.start()
    bench.some_moment()
    for pid in workers_of(process.pid)[:1]:
        if _lives(pid):
            os.kill(pid, signal.SIGKILL)
    return bench.finish(process, (0, 1))


def interrupt_twice(bench: Bench) -> str:
    """Ctrl-C, and again before the first has been dealt with."""
    process = bench.start()
    bench.some_moment()
    for pause in (0.0, bench.random.uniform(0, 0.1)):
        time.sleep(pause)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    # before our code runs, after it has ended, and in destructors the interpreter itself answers with a traceback
    return bench.finish(process, (0, 130, -signal.SIGINT), excused="KeyboardInterrupt")


def two_at_once(bench: Bench) -> str:
    """A second run on the same store: one of them is refused, the other ends well."""
    first, second = bench.start(), bench.start()
    wrong = [bench.finish(first, (0, 2)), bench.finish(second, (0, 2))]
    if (first.returncode, second.returncode) == (2, 2):
        wrong.append("both runs were refused")
    return "; ".join(filter(None, wrong))


# -- detectors go wrong ------------------------------------------------------------------------


def mood(bench: Bench, what: str, status: str) -> str:
    """One cell does it; it must be recorded so, and nothing else."""
    (bench.folder / "mood").write_text(what)
    wrong = bench.finish(bench.start(), (0, 1))
    if (bench.folder / "mood").exists():
        (bench.folder / "mood").unlink()
        return wrong or "no cell was left to strike"
    found = bench.statuses()
    return wrong or ("" if found == [status] else f"expected one {status}, found {found}")


# -- the store and the net ---------------------------------------------------------------------


def full_disk(bench: Bench) -> str:
    """No file may grow past a limit: one message, exit code 2, and what was committed is kept."""
    size = bench.store.stat().st_size if bench.store.exists() else 0
    return bench.finish(bench.start(size + bench.random.randrange(1, 150_000)), (0, 2))


def cut_store(bench: Bench) -> str:
    """The file loses its end: it must be noticed and set aside, and never silently rebuilt."""
    if wrong := bench.run():
        return wrong
    size = bench.store.stat().st_size
    os.truncate(bench.store, bench.random.randrange(0, size - 1))
    broken = bench.store.read_bytes()
    wrong = bench.finish(bench.start(), (2,))
    aside = list(bench.folder.glob("s.sqlite.damaged-*"))
    if not wrong and [file.read_bytes() for file in aside] != [broken]:
        wrong = "the damaged file was not set aside as it was"
    for file in aside:
        file.unlink()
    return wrong


def flipped_bits(bench: Bench) -> str:
    """Scores change on the disk: reading refuses them, ``results verify`` drops the cell."""
    if wrong := bench.run():
        return wrong
    with closing(sqlite3.connect(bench.store)) as db, db:
        keys = sorted(key for (key,) in db.execute("SELECT key FROM scores"))
        db.execute("UPDATE scores SET scores = zeroblob(2400) WHERE key = ?", (bench.random.choice(keys),))
    try:
        bench.content()
        return "damaged scores were read without a word"
    except UserError:
        pass
    line = [sys.executable, "-m", "benchmark", "results", "verify", "--repair", "--store", str(bench.store)]
    done = subprocess.run(line, capture_output=True, text=True)
    return "" if done.returncode == 1 and "damaged, dropped" in done.stderr else f"verify said {done.stderr!r}"


def cut_download(bench: Bench) -> str:
    """The connection breaks in the middle, in every answer of a first attempt; the next one goes on from there."""
    from datasets.core.download import Network

    data = bench.random.randbytes(200_000)
    cache = bench.folder / f"cache{bench.random.random()}"
    with cutting_server(data, bench.random.randrange(1, 150_000)) as (url, sent):
        remote = Remote("file.bin", "https://example.org/file.bin")
        try:
            Network(cache, base_url=url, tries=1, pause=0.0).fetch(remote)
            return "a cut download was taken for whole"
        except DataError:
            sent.append(-1)  # from now on answers are whole
        got = Network(cache, base_url=url, tries=1, pause=0.0).fetch(remote)
    return "" if got == data else "the download that went on differs"


@contextmanager
def cutting_server(data: bytes, cut: int) -> Iterator[tuple[str, list[int]]]:
    """Serves ``data`` with ranges; the first answer breaks after ``cut`` bytes. Yields its address and what it sent."""
    sent: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            begin = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("ETag", '"1"')
            self.end_headers()
            body = data[begin:] if -1 in sent else data[begin:cut]
            self.wfile.write(body)
            sent.append(len(body))
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()


KINDS: dict[str, Callable[[Bench], str]] = {
    "kill -9 of the run": partial(kill_run, group=False),
    "kill -9 of its process group": partial(kill_run, group=True),
    "kill -9 of a worker": kill_worker,
    "Ctrl-C twice": interrupt_twice,
    "two runs at once": two_at_once,
    "detector hangs": partial(mood, what="hang", status="timeout"),
    "detector segfaults": partial(mood, what="segfault", status="crashed"),
    "detector raises": partial(mood, what="raise", status="failed"),
    "detector gives NaN": partial(mood, what="nan", status="failed"),
    "detector takes all memory": partial(mood, what="oom", status="oom"),
    "full disk": full_disk,
    "cut store": cut_store,
    "flipped bits in the store": flipped_bits,
    "cut download": cut_download,
}
STRIKES_A_CELL = tuple(name for name in KINDS if name.startswith("detector"))
LOSES_CELLS = ("cut store", "flipped bits in the store")
