"""HTTP requests: https only, no redirect to other hosts, no web pages, fast failure if a host is unreachable."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from datasets.core.base import DataError, Remote

if TYPE_CHECKING:
    from requests import Response, Session

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
REDIRECTS = (301, 302, 303, 307, 308)
WEB_PAGE = "sent a web page instead of data: does this network require a login?"


class Unreachable(DataError):
    """Raised if the host does not answer, or if ``offline`` is set."""


class Http:
    """Streaming GET requests; an unreachable host is not tried again.

    ``base_url`` is a mirror of all publishers: ``https://host/x`` is requested as ``<base_url>/host/x``. ``http`` is
    allowed for this machine only. ``offline`` refuses all requests. The timeouts are the seconds until a host counts as
    unreachable, and until a transfer without progress fails.
    """

    def __init__(self, base_url: str, offline: bool, connect_timeout: float, read_timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.offline = offline
        self.timeouts = (connect_timeout, read_timeout)
        self.known: set[str] = set()
        self.dead: dict[str, str] = {}
        self._session: Session | None = None

    def get(self, remote: Remote, headers: dict[str, str]) -> Response:
        """Return the response to a GET request, before its body is read.

        Raises
        ------
        Unreachable
            If the host does not answer.
        DataError
            If the address, a redirect or the type of the response is refused.
        requests.RequestException
            For a temporary fault, after which another attempt may succeed.
        """
        import requests

        url = self.address(remote.url)
        for _ in range(5):
            self._check_alive(url)
            try:
                response = self._open(url, headers)
            except requests.ConnectionError as error:
                if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
                    raise self._mark_dead(url, "no answer to a connection") from error
                raise
            if response.status_code not in REDIRECTS:
                return _check_response(response, remote.url)
            target = urljoin(url, response.headers.get("Location", ""))
            response.close()
            _check_redirect(url, target, remote)
            url = target
        raise DataError(f"{remote.url} redirects in a circle: try another mirror")

    def address(self, url: str) -> str:
        """Return the address that is requested; only ``https`` is allowed, or ``http`` for a mirror on this machine."""
        if self.base_url:
            url = f"{self.base_url}/{url.partition('://')[2]}"
        parts = urlsplit(url)
        mirror_here = bool(self.base_url) and parts.scheme == "http" and parts.hostname in THIS_MACHINE
        if parts.scheme != "https" and not mirror_here:
            raise DataError(f"{url}: only https is allowed (http for a mirror on this machine)")
        return url

    def _open(self, url: str, headers: dict[str, str]) -> Response:
        import requests

        self._session = self._session or requests.Session()
        headers = {"Accept-Encoding": "identity", **headers}  # ranges refer to uncompressed bytes
        return self._session.get(url, headers=headers, timeout=self.timeouts, stream=True, allow_redirects=False)

    def _check_alive(self, url: str) -> None:
        host = urlsplit(url).netloc
        if self.offline:
            raise Unreachable(f"{host} is not requested: offline")
        if host in self.dead:
            raise Unreachable(self.dead[host])
        if host not in self.known and not _resolves(url, self.timeouts[0]):
            raise self._mark_dead(url, "its name cannot be resolved")
        self.known.add(host)

    def _mark_dead(self, url: str, reason: str) -> Unreachable:
        host = urlsplit(url).netloc
        self.dead[host] = f"{host} cannot be reached ({reason})"
        return Unreachable(self.dead[host])


def _check_redirect(url: str, target: str, remote: Remote) -> None:
    old, new = urlsplit(url), urlsplit(target)
    if new.scheme != old.scheme and new.scheme != "https":
        raise DataError(f"{remote.url} redirects to {new.scheme!a} instead of https: refused")
    bare = str(old.hostname).removeprefix("www.")
    same = new.netloc == old.netloc or (new.port is None and new.hostname in (bare, f"www.{bare}"))
    if not same and new.hostname not in remote.redirect_hosts:
        raise DataError(f"{remote.url} redirects to another host, {new.netloc[:80]!a}: refused")


def _check_response(response: Response, url: str) -> Response:
    import requests

    if response.status_code in (429, 500, 502, 503, 504):
        response.close()
        raise requests.HTTPError(f"HTTP {response.status_code}")
    if response.status_code not in (200, 206):
        response.close()
        raise DataError(f"{url} answers HTTP {response.status_code}: it may have moved; try another mirror")
    if "text/html" in response.headers.get("Content-Type", ""):
        response.close()
        raise DataError(f"{url} {WEB_PAGE}")
    return response


def _resolves(url: str, seconds: float) -> bool:
    """Return whether the host's name resolves; in a thread, because name servers may need half a minute to fail."""
    from requests.utils import get_environ_proxies

    host = urlsplit(url).hostname
    if host is None or get_environ_proxies(url):
        return host is not None  # behind a proxy, the proxy resolves names
    answers: list[bool] = []

    def ask() -> None:
        try:
            answers.append(bool(socket.getaddrinfo(host, None)))
        except OSError as error:
            logging.getLogger(__name__).debug("%s: %s", host, error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers)


def _never_connected(error: Exception) -> bool:
    """Return whether no connection was made, in contrast to an interrupted one."""
    from requests.exceptions import ProxyError
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    inner = error.args[0] if error.args else None
    refused = isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
    return refused or isinstance(error, ProxyError)
