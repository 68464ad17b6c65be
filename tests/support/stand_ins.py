"""Stand-ins: a tiny data set, and a local web server that can cut, stall and lie."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np

from datasets import Dataset, Facts, Network, Remote

ZIP = "/www.thedatum.org/datasets/TSB-UAD-Public.zip"
ORIGINAL = "/original.example/tiny.bin"


class Tiny(Dataset):
    """Three series of 500 points; the original holds them as raw float64."""

    name = "Tiny"
    series = tuple(Facts(f"{k}.test.out", 500, 20, 1) for k in range(3))

    def arrays(self, series: str):
        rng = np.random.default_rng(int(series[0]))
        labels = np.zeros(500, dtype=np.uint8)
        labels[300:320] = 1
        return rng.standard_normal(500), labels, None

    def text(self, series: str) -> bytes:
        values, labels, _ = self.arrays(series)
        return "".join(f"{float(v)!r},{n}\n" for v, n in zip(values, labels, strict=True)).encode()

    def originals(self, series: str):
        return (Remote("tiny.bin", "https://original.example/tiny.bin"),)

    def convert(self, series: str, files):
        table = np.frombuffer(files["tiny.bin"], dtype="<f8").reshape(3, 500)
        return table[int(series[0])].copy(), self.arrays(series)[1], None

    def original(self) -> bytes:
        return np.concatenate([self.arrays(name)[0] for name in self.series_names()]).astype("<f8").tobytes()

    def _simulate(self, facts: Facts, seed: int):
        return np.full(500, float(seed)), self.arrays(facts.name)[1], None


def make_zip(members: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, data)
    return buffer.getvalue()


def tiny_zip(tiny: Tiny, top: str = "TSB-UAD-Public/") -> bytes:
    other = {f"{top}Other/{k}.out": os.urandom(300_000) for k in range(4)}  # what nobody asked for
    return make_zip({**other, **{f"{top}Tiny/{name}": tiny.text(name) for name in tiny.series_names()}})


@dataclass
class Server:
    """What is served, how badly, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    etag: str = '"v1"'
    cut_after: int = 0  # bytes of a body, then the connection breaks
    cuts: int = 0  # how many more answers break
    stall: float = 0.0  # seconds before a body
    redirect: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    status: int = 0
    faults: int = 0  # how many more answers have that status
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0

    def network(self, cache: Path, **options) -> Network:
        return Network(cache, base_url=self.url, **{"read_timeout": 0.5, "pause": 0.0, "tries": 3} | options)


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            server.asked.append((self.path, wanted))
            if self.path in server.redirect:
                return self._empty(302, server.redirect[self.path])
            if server.faults > 0:
                server.faults -= 1
                return self._empty(server.status)
            if self.path not in server.files:
                return self._empty(404)
            return self._body(server.files[self.path], wanted)

        def _empty(self, status: int, location: str = "") -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _body(self, data: bytes, wanted: str) -> None:
            found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
            same = self.headers.get("If-Range", server.etag) == server.etag
            if found and server.ranges and same:
                start, stop = int(found[1]), int(found[2] or len(data) - 1) + 1
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
                data = data[start:stop]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", server.content_type)
            if server.etag:
                self.send_header("ETag", server.etag)
            self.end_headers()
            time.sleep(server.stall)
            if server.cuts > 0 and len(data) > server.cut_after:
                server.cuts -= 1
                data = data[: server.cut_after]
                self.close_connection = True
            try:
                self.wfile.write(data)
                server.sent += len(data)
            except OSError:
                self.close_connection = True

    return Handler
