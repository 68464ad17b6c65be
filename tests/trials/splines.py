"""Candidate couplings of ScaleFlow's flows: rational-quadratic splines, for :mod:`tests.trials.joins`.

example: python -m tests.trials.splines --folder tuning/ECG --folder tuning/NAB
The command fits the first series of each folder under ``prefix``. It prints processor seconds and held-out likelihoods.
Source: Durkan, Bekasov, Murray and Papamakarios, "Neural Spline Flows", NeurIPS 2019. Bins and interval are those that
it uses for tables; outside the interval a spline is the identity.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.grid import fitted_parts
from benchmark.grid.protocols import PROTOCOLS
from benchmark.report import markdown
from datasets import Series, load_folder
from detectors.core import Array
from detectors.flows.bank import FlowBank
from detectors.flows.layers import soft_clamp
from detectors.scaleflow import ScaleFlow
from tests.trials.components import Own

BINS = 8
BOUND = 3.0  # a spline maps the interval from -BOUND to BOUND to itself
LEAST = 1e-3  # least width and height of a bin, in shares of the interval, and least slope
UNIT = math.log(math.expm1(1 - LEAST))  # its softplus and LEAST are a slope of 1
PARAMETERS = 3 * BINS - 1


def spline(x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
    """Map (..., d) values by splines with (..., PARAMETERS, d) raw parameters; return y and log-slopes, (..., d) each.

    The parameters are the logits of the widths and heights of the bins, and the slopes at the inner knots. If all are 0
    the spline is the identity.
    """
    shares = raw[..., : 2 * BINS, :].unflatten(-2, (2, BINS)).softmax(dim=-2)
    ends = (LEAST + (1 - LEAST * BINS) * shares).cumsum(dim=-2)
    knots = functional.pad(ends, (0, 0, 1, 0)) * (2 * BOUND) - BOUND
    inner = x.clamp(-BOUND, BOUND)
    k = (inner[..., None, :] >= knots[..., 0, 1:-1, :]).sum(dim=-2, keepdim=True)
    right, top = k + 1, k + BINS + 1
    x0, x1, y0, y1 = knots.flatten(-3, -2).gather(-2, torch.cat([k, right, top, top + 1], dim=-2)).unbind(dim=-2)
    slopes = functional.pad(raw[..., 2 * BINS :, :], (0, 0, 1, 1)).gather(-2, torch.cat([k, right], dim=-2))
    left_slope, right_slope = (LEAST + functional.softplus(slopes + UNIT)).unbind(dim=-2)
    # Eq. 4 and 5 of the paper
    steep, t = (y1 - y0) / (x1 - x0), (inner - x0) / (x1 - x0)
    cross = t * (1 - t)
    below = steep + (left_slope + right_slope - 2 * steep) * cross
    y = y0 + (y1 - y0) * (steep * t.square() + left_slope * cross) / below
    slope = right_slope * t.square() + 2 * steep * cross + left_slope * (1 - t).square()
    log_slope = (slope * (steep / below).square()).log()
    within = x.abs() < BOUND
    return torch.where(within, y, x), torch.where(within, log_slope, 0.0)


class SplineBank(FlowBank):
    """A bank whose couplings are splines, of which the subnets give the parameters."""

    parameters_each: ClassVar[int] = PARAMETERS

    def __init__(self, count: int, points: int, blocks: int, hidden: int) -> None:
        super().__init__(count, points, blocks, hidden)
        width, bound = self.parameters_each * self.split, 0.05 / math.sqrt(hidden)
        self.last = nn.Parameter(torch.empty(blocks, count, hidden, width).uniform_(-bound, bound))
        self.last_bias = nn.Parameter(torch.zeros(blocks, count, 1, width))

    def raw(self, block: int, kept: Tensor, which: slice = slice(None)) -> Tensor:
        """The (flows, b, parameters, split) parameters that (flows, b, split) kept coordinates give the others."""
        hidden = torch.baddbmm(self.first_bias[block, which], kept, self.first[block, which]).relu()
        out = torch.baddbmm(self.last_bias[block, which], hidden, self.last[block, which])
        return out.unflatten(-1, (self.parameters_each, self.split))

    def moved(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """The other half of the coordinates after a coupling, and the log-slopes, (flows, b, split) each."""
        return spline(x, raw)

    def forward(self, x: Tensor, which: slice = slice(None)) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(x.shape[:2])
        kept, moved = torch.split(x, self.split, dim=-1)
        for block in range(self.blocks):
            found, log_slope = self.moved(moved, self.raw(block, kept, which))
            kept, moved = found, kept
            log_det = log_det + log_slope.sum(dim=-1)
        return torch.cat([kept, moved], dim=-1), log_det


class SplineThenAffineBank(SplineBank):
    """A bank whose couplings are splines and then ScaleFlow's affine map, so that tails are scaled, too."""

    parameters_each: ClassVar[int] = PARAMETERS + 2

    def moved(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        y, log_slope = spline(x, raw[..., :PARAMETERS, :])
        log_scale, shift = soft_clamp(raw[..., -2, :]), raw[..., -1, :]
        return y * log_scale.exp() + shift, log_slope + log_scale


class SplineFlow(Own):
    """ScaleFlow with spline couplings."""

    bank: ClassVar[type[FlowBank]] = SplineBank

    def _build(self) -> None:
        count, points = len(self.scales_) * self.members, self.scales_[0].points
        self.bank_ = self.bank(count, points, self.blocks, self.hidden).to(self._device())


class SplineThenAffineFlow(SplineFlow):
    bank: ClassVar[type[FlowBank]] = SplineThenAffineBank


KINDS: dict[str, type[SplineFlow]] = {"spline": SplineFlow, "spline, affine": SplineThenAffineFlow}


class Splined(Own):
    """ScaleFlow with the likelihoods of spline flows beside its own."""

    def _fit(self, pieces: list[Array]) -> None:
        super()._fit(pieces)
        params = self.get_params() | {"components": ("likelihood",)}
        self.others_ = {name: kind(**params).fit(pieces) for name, kind in KINDS.items()}

    def rows(self, x: Array) -> Iterator[tuple[tuple[int, str], Array]]:
        yield from super().rows(x)
        for name, other in self.others_.items():
            for (span, component), row in other.rows(x):
                if component == "likelihood":
                    yield (span, f"{name} likelihood"), row


# -- cost -------------------------------------------------------------------------------------------


def fitted(kind: type[ScaleFlow], series: Series) -> tuple[float, float]:
    """Processor seconds of a fit, and the lowest held-out negative log-likelihood in nats per coordinate."""
    (split,) = PROTOCOLS["prefix"].splits(series, ScaleFlow(), 0)
    start = time.process_time()
    detector = kind().fit(fitted_parts(series, split))
    return time.process_time() - start, min(detector.history_["validation"])


def main() -> int:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.splines", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--folder", action="append", required=True, help="folder of `value,label` files")
    data = [load_folder(path) for path in made.parse_args().folder]
    series = [one.read(one.series_names()[0]) for one in data]
    torch.set_num_threads(1)
    ScaleFlow(steps=1).fit(np.sin(np.arange(100)))  # what loads once
    rows = []
    for name, kind in (("affine", ScaleFlow), *KINDS.items()):
        seconds, nats = np.array([fitted(kind, one) for one in series]).T
        rows.append([name, f"{seconds.mean():.1f}", *(f"{value:.3f}" for value in nats)])
    head = ["couplings", "seconds a fit", *(f"nats, {one.name}" for one in series)]
    print(markdown.table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
