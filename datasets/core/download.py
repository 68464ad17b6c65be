"""Downloads: only the members of a zip that are needed, and resumed after an interruption.

This is own code because pooch and remotezip keep nothing of an interrupted transfer and follow redirects to any host.
Both were tested with a local server.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from datasets.core.base import DataError, Remote
from datasets.core.http_client import WEB_PAGE, Http
from datasets.core.zip_file import files_in, read_member

if TYPE_CHECKING:
    from requests import Response

MAX_FILE = 64 << 20  # single files of publishers have up to 3 MB
MAX_ZIP = 8 << 30
CHUNK = 4096  # most bytes that an interruption loses
T = TypeVar("T")


class Network:
    """Access to the publishers' files; one object per run, because it caches open zips and unreachable hosts.

    Parameters
    ----------
    cache_dir : Path
        Folder whose ``downloads/`` holds partial and complete downloads.
    base_url, offline, connect_timeout, read_timeout
        See :class:`datasets.core.http_client.Http`.
    file_timeout : float
        Seconds for one file in total, against very slow hosts.
    tries : int
        Number of successive attempts without any progress.
    pause : float
        Seconds to wait after the first of them; later waits are longer.

    Examples
    --------
    >>> import pathlib
    >>> import datasets
    >>> network = datasets.Network(pathlib.Path("cache"), offline=True)
    >>> found = datasets.iter_series("MGAB", ["1.test.out"], mode="simulated", network=network, announce=print)
    >>> next(found).source
    MGAB: SIMULATED series stand in for the real series (as asked)
    'simulated'
    """

    def __init__(
        self,
        cache_dir: Path,
        *,
        base_url: str = "",
        offline: bool = False,
        connect_timeout: float = 3.0,
        read_timeout: float = 20.0,
        file_timeout: float = 1800.0,
        tries: int = 4,
        pause: float = 0.5,
    ) -> None:
        self.http = Http(base_url, offline, connect_timeout, read_timeout)
        self.downloads = cache_dir / "downloads"
        self.file_timeout = file_timeout
        self.tries = tries
        self.pause = pause
        self._open_zips: dict[str, zipfile.ZipFile] = {}
        self._files: dict[str, bytes] = {}
        self._faults: dict[str, DataError] = {}

    def fetch(self, remote: Remote) -> bytes:
        """Return the content of one file; after a failure, later calls raise the same error at once.

        Raises
        ------
        Unreachable
            If its host does not answer.
        DataError
            If the answer is refused: a web page, a redirect to another host, too many bytes, an unsafe zip.
        """
        if remote.url in self._faults:
            raise self._faults[remote.url]
        try:
            if remote.member:
                return read_member(self._zip(remote), remote.member, remote.url)
            return self._file(remote)
        except OSError as error:  # an error of requests, or a full disk
            raise DataError(f"{remote.url}: {short_message(error)}") from error

    def members(self, url: str, folder: str) -> list[str]:
        """Return the sorted names of the files in one folder of a zip; errors are those of :meth:`fetch`."""
        if url in self._faults:
            raise self._faults[url]
        try:
            return files_in(self._zip(Remote("", url, folder)), folder)
        except OSError as error:
            raise DataError(f"{url}: {short_message(error)}") from error

    def _file(self, remote: Remote) -> bytes:
        if remote.url not in self._files:
            path = self._record_fault(remote.url, lambda: self._transfer(remote, MAX_FILE))
            data = path.read_bytes()
            path.unlink()  # the converted series is written to the cache
            if data[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
                self._faults[remote.url] = DataError(f"{remote.url} {WEB_PAGE}")
                raise self._faults[remote.url]
            self._files[remote.url] = data
        return self._files[remote.url]

    def _zip(self, remote: Remote) -> zipfile.ZipFile:
        if remote.url not in self._open_zips:
            self._open_zips[remote.url] = self._record_fault(remote.url, lambda: self._open_zip(remote))
        return self._open_zips[remote.url]

    def _record_fault(self, url: str, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except DataError as error:
            self._faults[url] = error
            raise

    def _open_zip(self, remote: Remote) -> zipfile.ZipFile:
        """Open the zip remotely if the server supports ranges, else download it completely."""
        whole = self._path(remote)
        if not whole.exists():
            size = self._range_size(remote)
            if size:
                return _as_zip(io.BufferedReader(_RemoteFile(self, remote, size), 1 << 18), remote.url)
            self._transfer(remote, MAX_ZIP)
        try:
            return _as_zip(whole, remote.url)
        except DataError:
            whole.unlink()  # else later runs would find the same wrong file
            raise

    # -- transfers -----------------------------------------------------------------------------

    def _path(self, remote: Remote) -> Path:
        """Return the path of a download; its file name consists of host and path of the address."""
        parts = urlsplit(remote.url)
        plain = "".join(c if c.isalnum() or c in ".-" else "_" for c in f"{parts.netloc}{parts.path}")
        return self.downloads / plain[-150:]

    def _transfer(self, remote: Remote, limit: int) -> Path:
        """Download a file completely; continue after an interruption of an earlier attempt or run."""
        path = self._path(remote)
        part = path.with_name(path.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.file_timeout
        self._retry(lambda: self._append(remote, part, limit, deadline), lambda: _size(part), remote.url)
        part.replace(path)
        _tag(part).unlink(missing_ok=True)
        return path

    def _append(self, remote: Remote, part: Path, limit: int, deadline: float) -> bool:
        """Request the missing bytes once; return True if the file is complete."""
        have, headers = _size(part), {}
        if have and _tag(part).exists():  # If-Range: continue only if the file is still the same
            headers = {"Range": f"bytes={have}-", "If-Range": _tag(part).read_text()}
        with self.http.get(remote, headers) as response:
            resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-") and bool(headers)
            start = have if resumed else 0
            expected = int(response.headers.get("Content-Length", "-1"))
            if start + expected > limit:
                raise DataError(f"{remote.url} would be {start + expected:,} bytes, more than {limit:,}: refused")
            if not resumed:
                _write_tag(part, response)
            with part.open("ab" if resumed else "wb") as stream:
                got = _copy(response, stream.write, limit - start, deadline, remote.url)
        return expected in (-1, got)

    def _range_size(self, remote: Remote) -> int:
        """Return the size of the file if the server sends ranges of it, else 0."""
        sizes: list[int] = []

        def attempt() -> bool:
            with self.http.get(remote, {"Range": "bytes=0-0"}) as response:
                total = response.headers.get("Content-Range", "").rpartition("/")[2]
                sizes.append(int(total) if response.status_code == 206 and total.isdigit() else 0)
            return True

        self._retry(attempt, lambda: 0, remote.url)
        return sizes[-1]

    def read_range(self, remote: Remote, start: int, stop: int) -> bytes:
        """Return the bytes ``start`` to ``stop - 1`` of a remote file."""
        data = bytearray()
        deadline = time.monotonic() + self.file_timeout

        def attempt() -> bool:
            at = start + len(data)
            with self.http.get(remote, {"Range": f"bytes={at}-{stop - 1}"}) as response:
                if not response.headers.get("Content-Range", "").startswith(f"bytes {at}-"):
                    raise DataError(f"{remote.url} stopped sending ranges: run the same command again")
                _copy(response, data.extend, stop - at, deadline, remote.url)
            return len(data) == stop - start

        self._retry(attempt, lambda: len(data), remote.url)
        return bytes(data)

    def _retry(self, attempt: Callable[[], bool], progress: Callable[[], int], url: str) -> None:
        """Repeat until it succeeds; raise DataError after ``tries`` successive attempts without progress."""
        import requests

        failures, cause, best = 0, "it ends too early", progress()
        while failures < self.tries:
            try:
                if attempt():
                    return
            except requests.RequestException as error:
                cause = short_message(error)
            failures = 0 if progress() > best else failures + 1
            best = max(best, progress())
            time.sleep(self.pause * failures)
        raise DataError(
            f"{url} is interrupted repeatedly ({cause}): run the same command later, it continues the download"
        )


class _RemoteFile(io.RawIOBase):
    """A remote file with random access, for :class:`zipfile.ZipFile`."""

    def __init__(self, network: Network, remote: Remote, size: int) -> None:
        self.network, self.remote, self.size, self.at = network, remote, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence] + offset
        if self.at < 0:
            raise OSError("position before the start of the file")
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        stop = min(self.at + len(buffer), self.size)
        if stop <= self.at:
            return 0
        data = self.network.read_range(self.remote, self.at, stop)
        buffer[: len(data)] = data
        self.at = stop
        return len(data)


def _copy(response: Response, write: Callable[[bytes], object], limit: int, deadline: float, url: str) -> int:
    """Write the body of a response and return its size; raise DataError if it is too large or too slow."""
    got = 0
    for chunk in response.iter_content(CHUNK):
        got += len(chunk)
        if got > limit:
            raise DataError(f"{url} sends more than the {limit:,} bytes expected: refused")
        write(chunk)
        if time.monotonic() > deadline:
            raise DataError(f"{url} is too slow: run the same command later, it continues the download")
    return got


def _as_zip(file: Path | io.BufferedIOBase, url: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{url} is not a zip ({error}): try another mirror") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tag(part: Path) -> Path:
    return part.with_suffix(".etag")


def _write_tag(part: Path, response: Response) -> None:
    """Write the file's strong ETag; without one, a partial file cannot be continued and is downloaded again."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        _tag(part).write_text(tag, encoding="latin-1")
    else:
        _tag(part).unlink(missing_ok=True)


def short_message(error: Exception) -> str:
    """Return the end of a nested error message, which names the cause, on one line."""
    return " ".join(str(error).split())[-160:] or type(error).__name__
