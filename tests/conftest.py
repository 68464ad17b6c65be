"""What all tests share."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C and hands that down; the tests that send one need it heard.
    signal.signal(signal.SIGINT, signal.default_int_handler)
