"""Any program as a detector: ``exec:./mine.sh --fast``. docs/programs.md describes its input and output."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np

from benchmark.adapters.borrowed import EXPLAINED, Borrowed, documented_class
from benchmark.errors import UserError, counted
from benchmark.system.processes import folder_prefix, kill_by_variable, kill_descendants, supervised_command
from benchmark.system.settings import threads
from detectors import Array, Diet
from detectors.core import Rule, one_of, resolve_window

SPEC = "exec:"
FORMATS = ("csv", "npy")
TICK = 0.02
LONGEST_LOG, KEPT_LOG = 64 * 2**20, 4096  # bytes; a program that prints without end must not fill the disk
LONGEST_LINE = 200  # characters of a line that is shown
MARK = "TSAD_FOLDER"  # environment variable of the program and its children, with their folder
LONGEST_SCORE = 1000  # bytes; more than any way to write a score needs
MEANINGS = EXPLAINED | {
    "random_state": "int\n        Seed that is passed to the program.",
    "format": "str\n        Format of series and scores: 'csv', one value per line, or 'npy'.",
    "options": "dict or None\n        Passed on in request.json.",
}


class ProgramFailed(RuntimeError):
    """A program failed, or its scores cannot be read."""


class Program(Borrowed):
    """A program that reads a folder and writes scores into it; it is started for each series that is scored."""

    command: ClassVar[str] = ""  # the command line
    source: ClassVar[str] = "a program of the user's"
    defaults: ClassVar[dict[str, Any]] = {
        "window": "auto",
        "random_state": 0,
        "format": "csv",
        "learns_from": "series",
        "options": None,
    }
    rules: ClassVar[dict[str, Rule]] = {"format": one_of(*FORMATS), "learns_from": one_of(*get_args(Diet))}
    window: Any
    format: str = "csv"

    def check_options(self, options: dict[str, Any]) -> None:
        """Accept all options, as only the program knows which are valid."""

    def _fit(self, pieces: list[Array]) -> None:
        if "window" in self.defaults:
            self.window_ = resolve_window(self.window, pieces)

    def _score(self, x: Array) -> Array:
        with tempfile.TemporaryDirectory(prefix=folder_prefix()) as name:
            folder = Path(name)
            self._write(folder, x)
            self._run(folder)
            return read_scores(folder / f"scores.{self.format}", len(x))

    def _write(self, folder: Path, x: Array) -> None:
        pieces = [] if self.learns_from == "nothing" else self.fitted_pieces_
        write_series(folder / f"series.{self.format}", [x])
        write_series(folder / f"train.{self.format}", pieces)
        request = {
            "contract": 1,
            "series": f"series.{self.format}",
            "train": f"train.{self.format}",
            "scores": f"scores.{self.format}",
            "n": len(x),
            "train_pieces": [len(piece) for piece in pieces],
            "learns_from": self.learns_from,
            "window": getattr(self, "window_", 0),
            "seed": getattr(self, "random_state", 0),
            "threads": threads(),
            "options": self.options or {},
        }
        (folder / "request.json").write_text(json.dumps(request, indent=1) + "\n")

    def _run(self, folder: Path) -> None:
        """Run the program; at its end, or on an error such as Ctrl-C, kill all its processes."""
        log = folder / "log.txt"
        with log.open("ab") as said:  # in append mode, so that the log can be truncated meanwhile
            line = supervised_command([*shlex.split(self.command), str(folder)])
            marked = os.environ | {MARK: str(folder)}
            process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=marked)
            try:
                code = self._followed(process, log)
            finally:
                kill_descendants(process.pid)
                process.kill()
                if process.wait() < 0:  # the supervisor was killed, perhaps by the program: descendants may be left
                    kill_by_variable(MARK, str(folder))
        if code:
            raise ProgramFailed(f"`{self.command}` {_manner(code)}; it last said:\n{_last_lines(log, 10)}")
        scores = folder / f"scores.{self.format}"
        if not scores.is_file():
            what = "made no file of" if scores.exists() else "wrote no"
            raise ProgramFailed(f"`{self.command}` {what} {scores.name}; it last said:\n{_last_lines(log, 10)}")

    def _followed(self, process: subprocess.Popen[bytes], log: Path) -> int:
        """Wait for the exit code, reporting the last line of its output as progress."""
        told = time.monotonic()
        while True:
            try:
                return process.wait(TICK)
            except subprocess.TimeoutExpired:
                _shorten(log)
                if time.monotonic() - told > 1:
                    told = time.monotonic()
                    self._report(_last_lines(log, 1))


@cache
def program(command: str) -> type[Program]:
    """Make the detector class for a command line.

    Raises
    ------
    UserError
        If there is no such program, or it is not executable.
    """
    words = _words(command)
    if shutil.which(words[0]) is None:
        why = "is not executable: chmod +x it" if Path(words[0]).is_file() else "is not a program"
        raise UserError(f"exec: {words[0]} {why}; expected a command, e.g. --detector 'exec:./mine.sh --fast'")
    stems = [Path(words[0]).stem, *(Path(word).stem if Path(word).is_file() else word for word in words[1:])]
    name = re.sub(r"[^\w.=,+-]+", "_", "_".join(stems))
    body = {"command": command, "source": f"the program {command}", "text": _fingerprint(words)}
    return documented_class(Program, name, f"{SPEC}{command}", f"The program `{command}`", body, MEANINGS)


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"exec:{command} is not a valid command line: {error}") from error
    if not words:
        raise UserError("exec: needs a command, e.g. --detector 'exec:./mine.sh --fast'")
    return words


def _fingerprint(words: list[str]) -> str:
    """Hash the command and the files that it names, so that a changed program is another version."""
    digest = hashlib.sha256(repr(words).encode())
    for path in (Path(word) for word in words if "/" in word or Path(word).is_file()):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def write_series(path: Path, pieces: list[Array]) -> None:
    """Write pieces as text (one value per line, an empty line between pieces) or as one array, by the suffix."""
    if path.suffix == ".npy":
        np.save(path, np.concatenate(pieces) if pieces else np.zeros(0))
        return
    with path.open("w", encoding="ascii") as file:
        for number, piece in enumerate(pieces):
            file.writelines(["\n"] if number else [])
            file.writelines(f"{value!r}\n" for value in piece.tolist())


def read_scores(path: Path, n: int) -> Array:
    """Read the (n,) scores that a program wrote.

    Raises
    ------
    ProgramFailed
        If the file cannot be read, or has another number of scores.
    """
    if path.stat().st_size > LONGEST_SCORE * (n + 10):
        raise ProgramFailed(
            f"{path.name} has {path.stat().st_size / 2**20:.0f} MiB, too much for {counted(n, 'score')}"
        )
    try:
        scores = np.load(path, allow_pickle=False) if path.suffix == ".npy" else np.array(list(_numbers(path)))
        if np.iscomplexobj(scores):
            raise TypeError("scores must be real numbers, not complex")
        scores = np.asarray(scores, dtype=np.float64)
    except (ValueError, EOFError, TypeError) as error:
        raise ProgramFailed(f"{path.name} cannot be read: {error}") from error
    if scores.shape != (n,):
        raise ProgramFailed(
            f"{path.name} holds {scores.shape if scores.ndim != 1 else len(scores)} scores, the series has {n} points"
        )
    return scores


def _numbers(path: Path) -> Iterator[float]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        try:
            yield float(line)
        except ValueError:
            raise ValueError(f"line {number} is {line[:40]!r}, expected one number") from None


def _manner(code: int) -> str:
    """Describe an exit code: ``ended with exit code 3`` or ``died of SIGSEGV``."""
    code = 128 - code if code < 0 else code  # negative if the program killed its supervisor
    if code > 128 and code - 128 in signal.valid_signals():
        return f"died of {signal.Signals(code - 128).name}"
    return f"ended with exit code {code}"


def _shorten(log: Path) -> None:
    """Delete all but the end of a log that is too long."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:  # the program may have removed its folder
        end = _end(log)
        os.truncate(log, 0)
        with log.open("ab") as file:
            file.write(end)


def _end(log: Path) -> bytes:
    if not log.exists():
        return b""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - KEPT_LOG))
        return file.read(KEPT_LOG)


def _last_lines(log: Path, count: int) -> str:
    lines = _end(log).decode(errors="replace").strip().splitlines()
    return "\n".join(line[:LONGEST_LINE] for line in lines[-count:]) or "nothing"
