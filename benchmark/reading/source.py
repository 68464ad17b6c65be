"""Read complete lines of a growing file or of standard input as they arrive."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmark.errors import UserError, no_file

STDIN = "-"
BLOCK = 1 << 18
KNOWN = 512  # first bytes by which a file is recognized
LONGEST = 1 << 24  # bytes of one line at most


@dataclass(frozen=True)
class Block:
    """Complete lines.

    Attributes
    ----------
    lines : bytes
        Empty if nothing has arrived.
    offset : int
        Bytes of the file up to the end of the lines.
    waiting : bool
        True if more data are available already.
    anew : bool
        True if the file was replaced or truncated, and is read from its start.
    first : bytes
        The file's first bytes, by which it is recognized; empty for standard input.
    """

    lines: bytes
    offset: int
    waiting: bool
    anew: bool = False
    first: bytes = b""


Source = Iterator[Block]


@contextmanager
def open_source(name: str, offset: int, poll: float, until_end: bool, first: bytes = b"") -> Iterator[Source]:
    """Yield the lines of a file from a byte on, or of standard input for ``-``.

    A file that no longer begins with ``first`` was replaced, and is read from its start.

    Raises
    ------
    UserError
        If there is no such file.
    """
    if name == STDIN:
        yield _from_stdin()
        return
    path = Path(name)
    if not path.is_file():
        raise no_file(path, ": give one that exists, or - for standard input")
    yield _from_file(path, offset, poll, until_end, first)


def _from_stdin() -> Source:
    descriptor, rest, offset = sys.stdin.fileno(), b"", 0
    while data := os.read(descriptor, BLOCK):
        lines, rest = _cut(rest + data)
        offset += len(lines)
        waiting = bool(select.select([descriptor], [], [], 0)[0])
        yield Block(lines, offset, waiting)
    if rest:
        yield Block(rest + b"\n", offset + len(rest), False)


def _from_file(path: Path, offset: int, poll: float, until_end: bool, first: bytes) -> Source:
    file, anew = path.open("rb"), False
    try:
        while True:
            size = os.fstat(file.fileno()).st_size
            if size < offset or _begin(file, len(first)) != first or (size == offset and _replaced(file, path)):
                file.close()
                file, offset, anew, first, size = path.open("rb"), 0, True, b"", path.stat().st_size
            file.seek(offset)
            lines, rest = _cut(file.read(BLOCK))
            if until_end and rest and offset + len(lines) + len(rest) == size:
                lines, rest = lines + rest, b""
            offset += len(lines)
            first = first if len(first) == KNOWN else _begin(file, min(KNOWN, offset))
            waiting = bool(lines) and offset + len(rest) < size
            yield Block(lines, offset, waiting, anew, first)
            anew = False
            if not waiting:
                if until_end and offset >= size:
                    return
                time.sleep(poll)
    finally:
        file.close()


def _begin(file: BinaryIO, size: int) -> bytes:
    file.seek(0)
    return file.read(size)


def _replaced(file: BinaryIO, path: Path) -> bool:
    """Return True if the name belongs to another file now, as after log rotation."""
    try:
        return not os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """Split data into complete lines and the rest."""
    at = data.rfind(b"\n") + 1
    if not at and len(data) > LONGEST:
        raise UserError(f"{len(data):,} bytes came without the end of a line: is this a text file?")
    return data[:at], data[at:]
