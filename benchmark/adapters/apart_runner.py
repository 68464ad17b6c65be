"""What runs in the environment of aeon and dtaianomaly: our adapter of one of their detectors, on a folder.

``apart_runner.py aeon:LOF FOLDER`` scores as docs/programs.md says, ``apart_runner.py --facts FILE`` writes what is
known of all. It runs as a file, so it says itself where our packages lie.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[2]))
adapters = import_module("benchmark.adapters")


def main(spec: str, folder: Path) -> None:
    """Fit and score a folder's series."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    cls = adapters.borrowed(spec)
    told = {"window": request["window"], "random_state": request["seed"], "options": request["options"] or None}
    detector = cls(**{name: value for name, value in told.items() if name in cls.param_defaults()})
    series, train = (np.load(folder / request[key]) for key in ("series", "train"))
    pieces = np.split(train, np.cumsum(request["train_pieces"])[:-1]) if len(train) else [series]
    scores = detector.fit(pieces).score(series)
    for note in detector.notes_:
        print(note)  # noqa: T201 - what a program says is its progress
    np.save(folder / request["scores"], scores)


def facts(path: Path) -> None:
    """Write what is known of each detector: what it takes, or why it does not run."""
    found = {}
    for library in ("aeon", "dtaianomaly"):
        for entry in adapters.listed(library):
            needs = entry.needs or ("" if entry.refused else adapters.missing(entry))
            known = {"needs": needs, "refused": entry.refused}
            found[entry.spec] = known | ({} if needs or entry.refused else _taken(adapters.borrowed(entry.spec)))
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _taken(cls: Any) -> dict[str, Any]:
    return {
        "learns_from": cls.learns_from,
        "defaults": cls.param_defaults(),
        "source": cls.source,
        "options": {
            name: p.default if isinstance(p.default, int | float | str) else None
            for name, p in adapters.arguments(cls.model).items()
        },
    }


if __name__ == "__main__":
    if sys.argv[1] == "--facts":
        facts(Path(sys.argv[2]))
    else:
        main(sys.argv[1], Path(sys.argv[2]))
