"""Adam, with a constant or a one-cycle learning rate. Imports torch.

The steps equal those of torch's own classes to the bit, as a test checks. The first use of these imports torch's
compiler, which takes 1.5 s in every process that trains.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

RISING = 0.3  # share of a cycle's steps


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, by torch's fused kernel.

    Without ``cycle`` the learning rate is ``rate`` and beta 1 is .9. Else ``rate`` is the peak of one cycle of
    ``cycle`` steps: the learning rate rises from a 25th of it and falls to a 250,000th, while beta 1 goes from .95 to
    .85 and back (Smith and Topin, "Super-convergence", 2019).
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, epsilon: float, cycle: int | None = None
    ) -> None:
        self.parameters, self.rate, self.epsilon, self.cycle = list(parameters), rate, epsilon, cycle
        self.taken = 0
        zeros = [torch.zeros_like(p, memory_format=torch.preserve_format) for p in self.parameters]
        self.state = [(mean, mean.clone(), torch.zeros((), device=mean.device)) for mean in zeros]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters; one without a gradient stays unchanged."""
        used = [(p, p.grad, *state) for p, state in zip(self.parameters, self.state, strict=True) if p.grad is not None]
        values, gradients, means, squares, steps = (list[Tensor](column) for column in zip(*used, strict=True))
        rate, beta1 = self.rate_and_beta1()
        torch._foreach_add_(steps, 1)
        torch._fused_adam_(
            values,
            gradients,
            means,
            squares,
            [],
            steps,
            lr=rate,
            beta1=beta1,
            beta2=0.999,
            eps=self.epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
        self.taken += 1

    def rate_and_beta1(self) -> tuple[float, float]:
        """Return learning rate and beta 1 of the next step."""
        if self.cycle is None:
            return self.rate, 0.9
        peak, low = RISING * self.cycle - 1, self.rate / 25
        if self.taken <= peak:
            share = self.taken / peak
            return _anneal(low, self.rate, share), _anneal(0.95, 0.85, share)
        share = (self.taken - peak) / (self.cycle - 1 - peak)
        return _anneal(self.rate, low / 1e4, share), _anneal(0.85, 0.95, share)


def _anneal(start: float, end: float, share: float) -> float:
    """Interpolate from start to end by half a cosine."""
    return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)
