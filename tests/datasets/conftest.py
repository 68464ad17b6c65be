"""Fixtures for the tests of data sets."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from datasets.core.tsb_uad import fingerprint
from tests.support.stand_ins import Server, Tiny, handler


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("BENCHMARK_DATA")
    if not folder or not (Path(folder) / "TSB-UAD-Public").is_dir():
        pytest.skip("BENCHMARK_DATA does not name a folder with TSB-UAD-Public")
    return Path(folder)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The data set, its hashes shipped like those of the real ones."""
    dataset = Tiny()
    known = {"Tiny": {name: fingerprint(dataset.arrays(name)) for name in dataset.series_names()}}
    monkeypatch.setattr("datasets.core.tsb_uad.fingerprints", lambda: known)
    return dataset


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # a client that gives up on a stalled answer is what the test wants
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=lambda: http.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
