"""Time and memory of ScaleFlow on a sine with noise: fit, score of the fitted series, and a stream scored by its tail.

example: OMP_NUM_THREADS=1 python -m tests.trials.costs --n 20000 --n 1000000
Seconds are those of the processor. The peak counts the whole process, so lengths are best given in ascending order.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import torch

from benchmark.report import markdown
from detectors.scaleflow import ScaleFlow

BLOCKS = (1, 16, 64)  # points of a stream that are scored together
ROUNDS = 10


def measured(n: int) -> list[object]:
    """A row: points, seconds to fit and to score, milliseconds a streamed point by block, peak MiB."""
    t, rng = np.arange(n), np.random.default_rng(0)
    x = np.sin(t * 2 * np.pi / 50) + 0.5 * np.sin(t * 2 * np.pi / 1000) + 0.1 * rng.standard_normal(n)
    start = time.process_time()
    detector = ScaleFlow().fit(x)
    fitted = time.process_time()
    detector.score(x)
    scored = time.process_time()
    fresh, stream = np.roll(x, n // 2) + 1e-6, []
    for block in BLOCKS:
        start_of_stream = time.process_time()
        for k in range(ROUNDS):
            detector.score(fresh[k : k + detector.window_ + block])[-block:]
        stream.append(f"{(time.process_time() - start_of_stream) / ROUNDS / block * 1000:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [f"{n:,}", f"{fitted - start:.1f}", f"{scored - fitted:.1f}", *stream, f"{peak:.0f}"]


def main() -> int:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.costs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--n", action="append", type=int, help="points (20000)")
    args = made.parse_args()
    torch.set_num_threads(1)
    ScaleFlow(steps=1).fit(np.sin(np.arange(100)))  # what loads once
    rows = [measured(n) for n in args.n or [20_000]]
    head = ["points", "fit", "score", *(f"ms a point, {k} together" for k in BLOCKS), "peak MiB"]
    print(markdown.table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
