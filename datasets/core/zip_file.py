"""Read members of untrusted zip files."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import PurePosixPath

from datasets.core.base import DataError

MAX_MEMBER = 64 << 20  # bytes; the largest member that we need has 3 MB
MAX_RATIO = 200  # largest ratio of unpacked to packed size, for members above a megabyte


def read_member(archive: zipfile.ZipFile, wanted: str, where: str) -> bytes:
    """Read the member whose path ends in ``wanted``, after any leading folders.

    Nothing is written to a path that the archive chooses.

    Raises
    ------
    DataError
        If there is no such member, or if it is damaged, encrypted, a link, a zip bomb or outside of its folder.
    """
    info = _find(archive, wanted, where)
    at = f"{where}, member {info.filename!a}"
    _refuse_hostile(info, at)
    try:
        with archive.open(info) as stream:
            data = stream.read(MAX_MEMBER + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{at} is damaged ({error}): download the zip again") from error
    if len(data) > MAX_MEMBER or len(data) != info.file_size:
        raise DataError(f"{at} has another size than it declares: do not use this zip")
    return data


def files_in(archive: zipfile.ZipFile, folder: str) -> list[str]:
    """Return the names of the files directly in a folder of this name, which may have parent folders."""
    paths = [PurePosixPath(info.filename.replace("\\", "/")) for info in archive.infolist() if not info.is_dir()]
    return sorted({path.name for path in paths if path.parent.name == folder and path.parts[0] != "__MACOSX"})


def _find(archive: zipfile.ZipFile, wanted: str, where: str) -> zipfile.ZipInfo:
    path = PurePosixPath(wanted).parts
    found = [
        info
        for info in archive.infolist()
        if PurePosixPath(info.filename.replace("\\", "/")).parts[-len(path) :] == path
    ]
    found = [info for info in found if not info.filename.startswith("__MACOSX")]
    if not found:
        raise DataError(f"{where} has no member {wanted}: it is another zip, or its layout changed")
    return min(found, key=lambda info: len(info.filename))


def _refuse_hostile(info: zipfile.ZipInfo, at: str) -> None:
    name = info.filename
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise DataError(f"{at} has a path outside of its folder: do not use this zip")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise DataError(f"{at} is a link or a special file: do not use this zip")
    if info.flag_bits & 0x1:
        raise DataError(f"{at} is encrypted: download the zip again")
    bomb = info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(info.compress_size, 1)
    if info.file_size > MAX_MEMBER or bomb:
        raise DataError(f"{at} would unpack to {info.file_size:,} bytes, a zip bomb: do not use this zip")
