"""Decompress the bytes of a file, and convert its text to UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import unicodedata
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

from benchmark.errors import UserError, counted

FORMS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
HEAD = 1 << 16  # bytes or characters from which an encoding is recognized
MOST = 1 << 29  # uncompressed bytes at most: more than any series, less than the memory
UNSEEN = "\0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # zeros of a full disk, marks of direction, byte-order marks
BINARY = re.compile(r"[\x01-\x08\x0e-\x19]")
DATED = re.compile(r"\d ?[年년]")  # years in an encoding of Chinese, Japanese or Korean
EASTERN = ("gb18030", "cp932", "cp949", "big5")
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decompress(raw: bytes, path: Path) -> bytes:
    """Decompress a file's bytes; uncompressed ones are returned unchanged.

    Raises
    ------
    UserError
        If the file is damaged, an archive of several files, or larger than ``MOST`` bytes.
    """
    try:
        for mark, opened in FORMS:
            if raw.startswith(mark):
                with opened(io.BytesIO(raw)) as file:
                    return _check_size(file.read(MOST + 1), path)
        if raw.startswith(b"PK\x03\x04"):
            return _read_archive(raw, path)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}; copy or download it again") from error
    return raw


def _read_archive(raw: bytes, path: Path) -> bytes:
    """Return the only file of a zip archive; Excel's files, which are archives too, are returned unchanged."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        if "[Content_Types].xml" in names:
            return _check_size(raw, path, sum(entry.file_size for entry in archive.infolist()))
        if names[:1] == ["mimetype"]:
            raise UserError(f"{path} is an OpenDocument file: save it as .xlsx or CSV")
        files = [name for name in names if not name.startswith("__MACOSX/")]
        if len(files) != 1:
            raise UserError(f"{path} is an archive of {len(files)} files ({', '.join(files[:5])}): unpack it, give one")
        with archive.open(files[0]) as file:
            return _check_size(file.read(MOST + 1), path)


def _check_size(data: bytes, path: Path, size: int = 0) -> bytes:
    """Return the data, or raise an error if they are larger than ``MOST`` bytes when decompressed."""
    if max(len(data), size) > MOST:
        raise UserError(f"{path} holds more than {MOST >> 20} MiB: unpack it, or save it as CSV, and give that file")
    return data


def as_utf8(raw: bytes, path: Path, encoding: str | None, notes: list[str]) -> tuple[bytes, str]:
    """Convert a file's bytes to UTF-8 without byte-order mark; return them and the name of the original encoding.

    Raises
    ------
    UserError
        If the file is not text, or not in the given encoding.
    """
    mark, marked = next(((m, name) for m, name in MARKS if raw.startswith(m)), (b"", ""))
    raw = raw[len(mark) :]
    found = encoding or marked or _guess_encoding(raw, notes)
    try:
        named = "UTF-8" if codecs.lookup(found).name == "utf-8" else found.upper()
        text = raw.decode(found)
    except LookupError as error:
        raise UserError(f"unknown encoding {found!r}: try --encoding utf-8, latin-1, cp1252 or utf-16") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not in {found}: byte {error.start} is {raw[error.start]:#04x}; name another with --encoding"
        ) from error
    count = sum(text.count(mark) for mark in UNSEEN)
    if "\0" in text and BINARY.search(text[:HEAD]):
        raise UserError(f"{path} is not a text file: give a CSV, JSON, Excel or Parquet file, or name its --encoding")
    if count:
        notes.append(f"Left out: {counted(count, 'character')} that nobody sees, such as zeros and marks of direction.")
        text = text.translate(dict.fromkeys(map(ord, UNSEEN)))
    if digits := _digits(text[:HEAD]):
        notes.append("Digits of another script are read as 0 to 9.")
        text = text.translate(digits)
    return raw if named == "UTF-8" and not count and not digits else text.encode("utf-8"), named


def _digits(text: str) -> dict[int, str]:
    """Map digits of other scripts in a text, and their decimal marks, to ASCII; empty if there are none."""
    found = {ord(c): str(unicodedata.decimal(c)) for c in set(text) if not c.isascii() and c.isdecimal()}
    ten = {code - int(digit) for code, digit in found.items()}  # the ten digits of a script are consecutive
    every = {zero + digit: str(digit) for zero in ten for digit in range(10)}
    return every | dict(zip(map(ord, "٫٬．"), ".,.", strict=True)) if every else {}


def _guess_encoding(raw: bytes, notes: list[str]) -> str:
    even, odd = raw[:HEAD:2].count(0), raw[1:HEAD:2].count(0)
    if max(even, odd) >= 0.4 * min(len(raw), HEAD) / 2 and min(even, odd) <= 0.1 * max(even, odd):
        found = "utf-16-le" if odd > even else "utf-16-be"
        notes.append(f"The file has a zero in every other byte; it was read as {found.upper()} (--encoding).")
        return found
    if _decoded(raw, "utf-8") is not None:
        return "utf-8"
    dated = (name for name in EASTERN if DATED.search(raw[:HEAD].decode(name, "ignore")))
    eastern = (name for name in dated if _decoded(raw, name) is not None)
    found = next(eastern, "cp1252" if _decoded(raw, "cp1252") is not None else "latin-1")
    named = found.upper() if found in EASTERN else "Latin-1"
    notes.append(f"The file is not UTF-8; it was read as {named} (--encoding names another).")
    return found


def _decoded(raw: bytes, name: str) -> str | None:
    with suppress(UnicodeDecodeError):
        return raw.decode(name)
    return None
