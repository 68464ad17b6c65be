"""Renew stored outputs: ``python -m tests.whole [NAME ...]``; a reviewer reads the diff."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.whole import kept, subjects


def main(names: list[str]) -> None:
    """Renew these, or all; a text that is still borne out stays as it is."""
    known = subjects()
    for name in names or known:
        with tempfile.TemporaryDirectory() as folder:
            text = known[name](Path(folder))
        if not kept.path(name).is_file() or kept.difference(kept.read(name), text):
            kept.path(name).write_text(text, encoding="utf-8")
            sys.stdout.write(f"renewed: {kept.path(name)}\n")
    if not names:
        for file in kept.FOLDER.glob("*.txt"):
            if file.stem not in known:
                file.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
