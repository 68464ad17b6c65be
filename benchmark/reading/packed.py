"""Compressed files: gzip, bzip2, xz, and zip archives of one file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path

from benchmark.errors import UserError

FORMS = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ\x00", lzma.decompress))


def unpacked(raw: bytes, path: Path) -> bytes:
    """The bytes inside, or the same ones where they are not compressed.

    Raises
    ------
    UserError
        If the file is damaged, or an archive of several files.
    """
    try:
        for mark, decompress in FORMS:
            if raw.startswith(mark):
                return decompress(raw)
        if raw.startswith(b"PK\x03\x04"):
            return _of_archive(raw, path)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}; copy or download it again") from error
    return raw


def _of_archive(raw: bytes, path: Path) -> bytes:
    """The one file of a zip archive; Excel's files, which are archives too, stay as they are."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        if "[Content_Types].xml" in names:
            return raw
        files = [name for name in names if not name.startswith("__MACOSX/")]
        if len(files) != 1:
            raise UserError(f"{path} is an archive of {len(files)} files ({', '.join(files[:5])}): unpack it, give one")
        return archive.read(files[0])
