"""What all tests share."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

from benchmark.system.settings import restore_threads

# A machine shared with others may pause any example for a while.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C and hands that down; the tests that send one need it heard.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """A command run in this process caps its threads; numba refuses to compile when that number has changed."""
    with restore_threads():
        return (yield)
