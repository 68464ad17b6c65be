"""The optimiser equals torch's bit by bit, without loading torch's compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from detectors.neural.adam import Adam

ALONE = """
import sys
import numpy as np
from detectors import AE
AE(window=8, epochs=1).fit(np.sin(np.arange(200.0)))
print("torch._dynamo" in sys.modules)
"""


def pair() -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(k)) for k, shape in enumerate([(3, 5), (7,)])]
    return [torch.nn.Parameter(x.clone()) for x in drawn], [torch.nn.Parameter(x.clone()) for x in drawn]


def gradients(parameters: list[torch.nn.Parameter], step: int) -> None:
    """Of a quartic beside noise; the second one has none at first."""
    noise = torch.Generator().manual_seed(step)
    for k, parameter in enumerate(parameters):
        drawn = torch.randn(parameter.shape, generator=noise)
        parameter.grad = None if k == 1 and step < 2 else parameter.detach() ** 3 + drawn


@pytest.mark.parametrize("cycle", [None, 1, 2, 3, 4, 7, 10, 40])
@pytest.mark.parametrize(("rate", "epsilon"), [(1e-3, 1e-7), (1e-2, 1e-8)])
def test_steps_are_those_of_torch(cycle: int | None, rate: float, epsilon: float) -> None:
    mine, theirs = pair()
    ours = Adam(mine, rate, epsilon, cycle)
    reference = torch.optim.Adam(theirs, rate, eps=epsilon, fused=True)
    pace = cycle and torch.optim.lr_scheduler.OneCycleLR(reference, rate, total_steps=cycle)
    for step in range(cycle or 30):
        group = reference.param_groups[0]
        assert ours.rate_and_beta1() == (group["lr"], group["betas"][0])
        gradients(mine, step)
        gradients(theirs, step)
        ours.step()
        reference.step()
        if pace:
            pace.step()
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True)), step
    ours.zero_grad()
    assert all(parameter.grad is None for parameter in mine)


@pytest.mark.slow
def test_training_does_not_load_the_compiler() -> None:
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
