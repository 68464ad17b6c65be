"""A candidate for the couplings of ScaleFlow's flows: rational-quadratic splines, for :mod:`tests.trials.joins`.

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
    sizes, slopes = raw.split([2 * BINS, BINS - 1], dim=-2)
    shares = sizes.unflatten(-2, (2, BINS)).softmax(dim=-2)
    free, order = 1 - LEAST * BINS, torch.arange(BINS, device=x.device)[:, None]
    inner = x.clamp(-BOUND, BOUND)
    ends = shares[..., 0, :-1, :].detach().cumsum(dim=-2) * free + LEAST * order[1:]
    k = (((inner + BOUND) / (2 * BOUND))[..., None, :] >= ends).sum(dim=-2, keepdim=True)
    at = k[..., None, :, :]
    here = shares.gather(-2, at.expand(*at.shape[:-3], 2, 1, at.shape[-1])).squeeze(-2)
    before = (shares * (order < at)).sum(dim=-2)  # faster than to gather from cumulative sums that have a gradient
    width, height = ((LEAST + free * here) * (2 * BOUND)).unbind(dim=-2)
    x0, y0 = ((LEAST * k + free * before) * (2 * BOUND) - BOUND).unbind(dim=-2)
    at_ends = functional.pad(slopes, (0, 0, 1, 1)).gather(-2, torch.cat([k, k + 1], dim=-2))
    left_slope, right_slope = (LEAST + functional.softplus(at_ends + UNIT)).unbind(dim=-2)
    # Eq. 4 and 5 of the paper
    # By rounding a value may lie beside its bin, where a slope may be negative.
    steep, t = height / width, ((inner - x0) / width).clamp(0, 1)
    cross = t * (1 - t)
    below = steep + (left_slope + right_slope - 2 * steep) * cross
    y = y0 + height * (steep * t.square() + left_slope * cross) / below
    slope = right_slope * t.square() + 2 * steep * cross + left_slope * (1 - t).square()
    log_slope = (slope * (steep / below).square()).log()
    within = x.abs() < BOUND
    return torch.where(within, y, x), torch.where(within, log_slope, 0.0)


class SplineBank(FlowBank):
    """A bank whose couplings are splines, of which the subnets give the parameters."""

    def __init__(self, count: int, points: int, blocks: int, hidden: int) -> None:
        super().__init__(count, points, blocks, hidden)
        width, bound = PARAMETERS * self.split, 0.05 / math.sqrt(hidden)
        self.last = nn.Parameter(torch.empty(blocks, count, hidden, width).uniform_(-bound, bound))
        self.last_bias = nn.Parameter(torch.zeros(blocks, count, 1, width))

    def raw(self, block: int, kept: Tensor, which: slice = slice(None)) -> Tensor:
        """The (flows, b, parameters, split) parameters that (flows, b, split) kept coordinates give the others."""
        hidden = torch.baddbmm(self.first_bias[block, which], kept, self.first[block, which]).relu()
        out = torch.baddbmm(self.last_bias[block, which], hidden, self.last[block, which])
        return out.unflatten(-1, (PARAMETERS, self.split))

    def forward(self, x: Tensor, which: slice = slice(None)) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(x.shape[:2])
        kept, moved = torch.split(x, self.split, dim=-1)
        for block in range(self.blocks):
            found, log_slope = spline(moved, self.raw(block, kept, which))
            kept, moved = found, kept
            log_det = log_det + log_slope.sum(dim=-1)
        return torch.cat([kept, moved], dim=-1), log_det


class SplineFlow(Own):
    """ScaleFlow with spline couplings."""

    def _build(self) -> None:
        count, points = len(self.scales_) * self.members, self.scales_[0].points
        self.bank_ = SplineBank(count, points, self.blocks, self.hidden).to(self._device())


class Splined(Own):
    """ScaleFlow with the likelihood of a spline flow beside its own."""

    def _fit(self, pieces: list[Array]) -> None:
        super()._fit(pieces)
        self.other_ = SplineFlow(**self.get_params() | {"components": ("likelihood",)}).fit(pieces)

    def rows(self, x: Array) -> Iterator[tuple[tuple[int, str], Array]]:
        yield from super().rows(x)
        for (span, component), row in self.other_.rows(x):
            if component == "likelihood":
                yield (span, "spline likelihood"), row


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
    for name, kind in (("affine", ScaleFlow), ("spline", SplineFlow)):
        seconds, nats = np.array([fitted(kind, one) for one in series]).T
        rows.append([name, f"{seconds.mean():.1f}", *(f"{value:.3f}" for value in nats)])
    head = ["couplings", "seconds a fit", *(f"nats, {one.name}" for one in series)]
    print(markdown.table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
