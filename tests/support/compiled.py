"""Compile the kernels once, before several processes need them: ``python -m tests.support.compiled``."""

from __future__ import annotations

from benchmark.catalogue import registry, trials

COMPILED = ("IForest", "HBOS", "LOF", "MP", "NormA", "LSTM", "KShapeAD", "Proposed")


def main() -> None:
    """Fit and score with each detector that has compiled loops, huge values among the scored."""
    x = trials.wave()
    spiked = x.copy()
    spiked[100] = 1e20
    for name in COMPILED:
        detector = trials.make(registry.detectors()[name]).fit([x[:200], x[210:]])
        detector.score(x)
        detector.score(spiked)


if __name__ == "__main__":
    main()
