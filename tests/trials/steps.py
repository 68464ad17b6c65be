"""Processor time of a training step of Proposed: its networks compiled, and computed by torch's operations.

example: python -m tests.trials.steps --networks 1 --networks 3
Batches of 32 random windows of 128 points, default shapes. Both sides alternate in one process on one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch

from benchmark.report import markdown
from detectors.flows.resnet import FeatureFlow
from detectors.kernels.threads import one_thread


def stages(networks: int) -> dict[str, Callable[[], torch.Tensor]]:
    """The losses of both stages for one batch."""
    torch.manual_seed(0)
    model, x = FeatureFlow(networks, 16, blocks=6, stem="strided", rotate=True), torch.randn(networks, 1, 32, 128)
    model.eval()
    model.fit_scales(model.maps(x))
    model.autoencoder.train()

    def features() -> torch.Tensor:
        model.autoencoder.eval()
        loss = model.loss(model.maps(x))
        model.autoencoder.train()
        return loss

    return {"stage 1": lambda: model.autoencoder.reconstruction_error(x), "stage 2": features}


def seconds(loss: Callable[[], torch.Tensor]) -> float:
    """Processor time of the loss and its gradients."""
    start = time.process_time()
    loss().sum().backward()  # type: ignore[no-untyped-call]
    return time.process_time() - start


def by_torch(loss: Callable[[], torch.Tensor]) -> float:
    def never(x: torch.Tensor) -> bool:
        return False

    with patch("detectors.flows.layers.is_compiled", never), patch("detectors.flows.resnet.is_compiled", never):
        return seconds(loss)


def compared(networks: int, repeats: int) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, loss in stages(networks).items():
        seconds(loss)  # compiles
        times = np.array([(by_torch(loss), seconds(loss)) for _ in range(repeats)])
        torchs, ours = 1000 * np.median(times, axis=0) / networks
        ratio = np.median(times[:, 1] / times[:, 0])
        rows.append([name, networks, f"{torchs:.1f}", f"{ours:.1f}", f"{ratio:.2f}"])
    return rows


def main() -> int:
    made = argparse.ArgumentParser(prog="python -m tests.trials.steps", description=__doc__)
    made.add_argument("--networks", type=int, action="append", help="trained together (1, 3, 6 and 15)")
    made.add_argument("--repeats", type=int, default=30)
    args = made.parse_args()
    torch.set_num_threads(1)
    with one_thread():
        rows = [row for count in args.networks or (1, 3, 6, 15) for row in compared(count, args.repeats)]
    head = ["stage", "networks", "torch, ms per network", "compiled", "ratio"]
    print(markdown.table(head, rows, left=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
