"""Score two series with every detector as on other x86-64 processors, and compare.

The libraries choose their loops by the instruction set; environment variables make them choose those of older
processors. Each set runs in a process of its own, with an empty cache of compiled kernels.

example: python -m tests.trials.processors
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmark.catalogue import registry
from benchmark.catalogue.trials import make, wave

AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
SETS = {
    "this one": {},
    "AVX2 (Haswell)": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": AVX512,
    },
    "SSE4.2 (Nehalem)": {
        "NUMBA_CPU_NAME": "nehalem",
        "NUMBA_CPU_FEATURES": "",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": f"AVX2 FMA3 {AVX512}",
    },
}
Array = NDArray[np.float64]


def series(number: int) -> tuple[Array, NDArray[np.uint8]]:
    """A noisy sine of 1,500 points with four odd stretches, and its labels."""
    x, labels = wave(1500, number), np.zeros(1500, dtype=np.uint8)
    for start in (700, 900, 1100, 1300):
        x[start : start + 12] += np.random.default_rng([number, start]).normal(0, 1, 12)
        labels[start : start + 12] = 1
    return x, labels


def scores(target: Path, names: list[str]) -> None:
    """Write the scores of every detector on both series to an ``npz`` file."""
    found = {}
    for name in names:
        for number in range(2):
            x, _ = series(number)
            found[f"{name} {number}"] = make(registry.load(name)).fit(x[:650]).score(x)
    np.savez(target, **found)


def elsewhere(folder: Path, label: str, names: list[str]) -> dict[str, Array]:
    """Scores as one set of instructions gives them."""
    target = folder / f"{label.split()[0]}.npz"
    environment = {**os.environ, **SETS[label], "NUMBA_CACHE_DIR": str(folder / target.stem)}
    command = [sys.executable, "-m", __spec__.name, "--scores", str(target), *names]
    subprocess.run(command, env=environment, check=True)
    return dict(np.load(target))


def compared(name: str, here: dict[str, Array], there: dict[str, Array]) -> str:
    """Equal bits, or the largest differences of a score, in shares of the range, and of an AUROC."""
    pairs = [(here[f"{name} {k}"], there[f"{name} {k}"], series(k)[1]) for k in range(2)]
    if all(np.array_equal(a, b) for a, b, _ in pairs):
        return "equal"
    gap = max(float(np.abs(a - b).max() / (np.ptp(a) or 1)) for a, b, _ in pairs)
    figure = max(abs(roc_auc_score(y, a) - roc_auc_score(y, b)) for a, b, y in pairs)
    return f"{gap:.0e}, AUROC {figure:.0e}" if figure else f"{gap:.0e}, AUROC equal"


def main() -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, help="only write the scores of this process")
    parser.add_argument("names", nargs="*", help="detectors (all)")
    args = parser.parse_args()
    names = args.names or list(registry.detectors())
    if args.scores:
        scores(args.scores, names)
        return 0
    first, *others = SETS
    with tempfile.TemporaryDirectory() as folder:
        found = {label: elsewhere(Path(folder), label, names) for label in SETS}
    print(f"| detector | {' | '.join(others)} |\n|---|{'---|' * len(others)}")
    for name in names:
        print(f"| {name} | {' | '.join(compared(name, found[first], found[label]) for label in others)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
