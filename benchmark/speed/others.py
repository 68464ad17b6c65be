"""The other packages' counterparts of our detectors, and the environment in which these packages are installed."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.system.environments import Environment

OTHERS = Environment(
    "peers",  # the folder in the cache; a new name would install 2 GB again
    "python3.11",  # numpy 1.26 and tensorflow 2.16 have no wheels for every newer one
    (
        *("numpy==1.26.4", "scikit-learn==1.5.2", "pandas==2.2.3", "stumpy==1.13.0", "statsmodels==0.14.4"),
        *("tensorflow-cpu==2.16.2", "arch==7.2.0", "six", "tqdm"),
    ),
    # Their declared requirements include another TensorFlow and a dozen packages that the detectors do not use.
    ("TSB-UAD==0.0.3", "vus==0.0.6"),
    "2 GB",
)


@dataclass(frozen=True)
class Side:
    """One of the implementations that are compared."""

    call: str  # key of ``benchmark.speed.worker.CALLS``
    module: str = ""  # a module that must be importable; empty for our own
    apart: bool = False  # True if it runs in the environment of the other packages

    @property
    def name(self) -> str:
        """``ours``, ``TSB-UAD``, ``PyOD``..."""
        return self.call if self.call == "ours" else self.call.rpartition(" ")[0]


@dataclass(frozen=True)
class Match:
    """A detector of ours, its counterparts, and the parameters of ours that make the scores comparable."""

    detector: str
    others: tuple[Side, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> Side:
        return Side("ours VUS" if self.detector == "VUS" else "ours")


def _sides(name: str, *packages: str) -> tuple[Side, ...]:
    """Return the counterparts of a detector in other packages, which have the same name for it."""
    return tuple(Side(f"{one} {name}", MODULES[one], apart=one == "TSB-UAD") for one in packages)


MODULES = {"TSB-UAD": "TSB_UAD", "PyOD": "pyod", "scikit-learn": "sklearn"}
ALL_WINDOWS = {"max_windows": 1 << 30}  # by default ours samples windows, the others use all
NETWORKS_NEED = "tqdm"  # PyOD is installed, but its networks also import this
MATCHES = (
    Match("IForest", _sides("IForest", "TSB-UAD", "PyOD", "scikit-learn")),
    Match("IForest1", _sides("IForest", "TSB-UAD", "PyOD")),
    Match("LOF", _sides("LOF", "TSB-UAD", "PyOD", "scikit-learn")),
    Match("MP", (Side("stumpy MP", "stumpy"),), {"constants": "zero"}),
    Match("PCA", _sides("PCA", "TSB-UAD", "PyOD")),
    Match("NormA"),
    Match("HBOS", _sides("HBOS", "PyOD")),
    Match("POLY", _sides("POLY", "TSB-UAD"), {"stretch": True}),
    Match("OCSVM", _sides("OCSVM", "TSB-UAD", "PyOD", "scikit-learn"), ALL_WINDOWS),
    Match("AE", (*_sides("AE", "TSB-UAD"), Side("PyOD AE", NETWORKS_NEED)), ALL_WINDOWS),
    Match("CNN", _sides("CNN", "TSB-UAD"), {"scaling": "lookahead"} | ALL_WINDOWS),
    Match("LSTM", _sides("LSTM", "TSB-UAD"), {"scaling": "lookahead"} | ALL_WINDOWS),
    Match("VUS", (Side("vus VUS", "vus", apart=True), Side("vus (opt_mem) VUS", "vus", apart=True))),
)


def present(match: Match, apart: Path | None) -> tuple[list[tuple[Side, Path]], list[str]]:
    """Return the implementations that can run (ours first) with their Pythons, and the names of those that cannot."""
    sides, absent = [(match.ours, Path(sys.executable))], []
    for side in match.others:
        python = apart if side.apart else Path(sys.executable)
        if python is None or not (side.apart or importlib.util.find_spec(side.module)):
            absent.append(f"{side.call} (no module {side.module})")
        else:
            sides.append((side, python))
    return sides, absent
