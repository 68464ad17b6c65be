"""Bytes of a text file as UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from benchmark.errors import UserError

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def as_utf8(raw: bytes, path: Path, encoding: str | None, notes: list[str]) -> tuple[bytes, str]:
    """The text as UTF-8 without a mark, and the name of the encoding it was in.

    Raises
    ------
    UserError
        If the file is not text, or not in the encoding that was asked for.
    """
    mark, marked = next(((m, name) for m, name in MARKS if raw.startswith(m)), (b"", ""))
    raw = raw[len(mark) :]
    found = encoding or marked or _guessed(raw, path, notes)
    try:
        if codecs.lookup(found).name == "utf-8":
            raw.decode("utf-8")
            return raw, "UTF-8"
        return raw.decode(found).encode("utf-8"), found.upper()
    except LookupError as error:
        raise UserError(f"unknown encoding {found!r}: try --encoding utf-8, latin-1, cp1252 or utf-16") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not in {found}: byte {error.start} is {raw[error.start]:#04x}; name another with --encoding"
        ) from error


def _guessed(raw: bytes, path: Path, notes: list[str]) -> str:
    head = raw[: 1 << 16]
    if b"\0" in head:
        return _wide(head, path, notes)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8; it was read as Latin-1 (--encoding names another).")
        return "cp1252" if _is_cp1252(raw) else "latin-1"
    return "utf-8"


def _is_cp1252(raw: bytes) -> bool:
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes, path: Path, notes: list[str]) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < 0.4 * len(head) / 2 or min(even, odd) > 0.1 * max(even, odd):
        raise UserError(f"{path} is not a text file: give a CSV, JSON, Excel or Parquet file, or name its --encoding")
    found = "utf-16-le" if odd > even else "utf-16-be"
    notes.append(f"The file has a zero in every other byte; it was read as {found.upper()} (--encoding).")
    return found
