"""Adam, at a constant rate or over one cycle. Needs torch.

torch's own classes take the same steps to the bit, which a test shows. Their first use imports torch's compiler, which
costs every process that trains 1.5 s.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

RISING = 0.3  # share of a cycle's steps


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, by torch's fused kernel.

    ``rate`` is the learning rate, constant with beta 1 at .9, or the peak of a ``cycle`` of so many steps. It rises
    from a 25th and anneals to a 250,000th. Meanwhile beta 1 goes from .95 to .85 and back (Smith and Topin,
    "Super-convergence", 2019).
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
        """Down the gradients; a parameter without one stays."""
        used = [(p, p.grad, *state) for p, state in zip(self.parameters, self.state, strict=True) if p.grad is not None]
        values, gradients, means, squares, steps = (list[Tensor](column) for column in zip(*used, strict=True))
        rate, beta1 = self.pace()
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

    def pace(self) -> tuple[float, float]:
        """Learning rate and beta 1 of the next step."""
        if self.cycle is None:
            return self.rate, 0.9
        peak, low = RISING * self.cycle - 1, self.rate / 25
        if self.taken <= peak:
            share = self.taken / peak
            return _annealed(low, self.rate, share), _annealed(0.95, 0.85, share)
        share = (self.taken - peak) / (self.cycle - 1 - peak)
        return _annealed(self.rate, low / 1e4, share), _annealed(0.85, 0.95, share)


def _annealed(start: float, end: float, share: float) -> float:
    """Half a cosine from start to end."""
    return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)
