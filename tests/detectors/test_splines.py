"""Spline couplings, a candidate for ScaleFlow's flows (:mod:`tests.trials.splines`)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from detectors.scaleflow import ScaleFlow
from tests.trials import joins
from tests.trials.rules import RULES
from tests.trials.splines import BINS, BOUND, LEAST, PARAMETERS, SplineBank, Splined, spline
from tests.trials.tuning import planted


def wild() -> SplineBank:
    """Two small flows in double precision, far from the identity, but with slopes that double precision can invert."""
    generator = torch.Generator().manual_seed(0)
    bank = SplineBank(2, 6, 3, 8).double()
    with torch.no_grad():
        for parameter in bank.parameters():
            parameter.normal_(std=0.25, generator=generator)
    return bank


def windows(count: int) -> Tensor:
    """Values inside and outside the splines' interval."""
    return 3 * torch.randn(2, count, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_log_determinant_is_that_of_the_jacobian():
    bank, x = wild(), windows(5).requires_grad_()
    assert (x.abs() > BOUND).any()
    z, log_det = bank(x)
    rows = [torch.autograd.grad(column.sum(), x, retain_graph=True)[0] for column in z.unbind(dim=-1)]
    expected = torch.linalg.slogdet(torch.stack(rows, dim=-2)).logabsdet
    torch.testing.assert_close(log_det, expected, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_couplings_are_inverted_by_bisection():
    bank, x = wild(), windows(40)
    z, _ = bank(x)
    kept, moved = torch.split(z, 3, dim=-1)
    for block in reversed(range(bank.blocks)):
        raw = bank.raw(block, moved)
        low, high = torch.full_like(kept, -1e4), torch.full_like(kept, 1e4)
        for _ in range(80):
            middle = (low + high) / 2
            below = spline(middle, raw)[0] < kept
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        kept, moved = moved, low
    torch.testing.assert_close(torch.cat([kept, moved], dim=-1), x, rtol=0, atol=1e-8)


def test_a_spline_is_monotone_continuous_and_the_identity_outside():
    raw = 4 * torch.randn(20, PARAMETERS, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x = torch.linspace(-4, 4, 4001, dtype=torch.float64)[None, :, None].expand(20, -1, 1)
    y, log_slope = spline(x, raw[:, None].expand(-1, 4001, -1, -1))
    outside = x.abs() >= BOUND
    assert (y.diff(dim=1) > 0).all()
    assert torch.equal(y[outside], x[outside])
    assert not log_slope[outside].any()
    # The trapezoid rule on slopes gives the increments, so there is no jump at a knot or at the ends.
    inside = ~outside[0, :, 0]
    steps = log_slope[:, inside].exp()
    increments = (steps[:, 1:] + steps[:, :-1]) / 2 * 0.002
    assert (increments - y[:, inside].diff(dim=1)).abs().median() < 1e-5


def test_parameters_of_0_give_the_identity():
    x = torch.linspace(-5, 5, 101, dtype=torch.float64)[None]
    y, log_slope = spline(x, torch.zeros(1, PARAMETERS, 101, dtype=torch.float64))
    torch.testing.assert_close(y, x)
    torch.testing.assert_close(log_slope, torch.zeros_like(x))


def test_the_trial_changes_the_likelihood_alone(tmp_path):
    series = next(one for one in planted([0]) if one.name == "0_waves_spike")
    small = ScaleFlow.quick | {"steps": 3, "blocks": 2, "factors": (4,), "periods": 0}
    (part,) = joins.parts_of(series, "prefix", 0, tmp_path, Splined, **small)
    expected = ScaleFlow(random_state=0, **small).fit(series.train).score(series.values)
    rules = RULES["splines"] | RULES["splines alone"]
    scores = {name: rule(part) for name, rule in rules.items()}
    np.testing.assert_allclose(scores["version 6"], expected, rtol=1e-6)
    assert len({row.tobytes() for row in scores.values()}) == len(scores)
    assert all(np.isfinite(row).all() for row in scores.values())


def test_slopes_are_finite_in_single_precision_at_the_ends_of_steep_bins():
    generator = torch.Generator().manual_seed(3)
    raw = 8 * torch.randn(200, PARAMETERS, 500, generator=generator)
    shares = raw[:, :BINS].softmax(dim=1).cumsum(dim=1)[:, 2]
    x = ((LEAST * 3 + (1 - LEAST * BINS) * shares) * 2 - 1) * BOUND  # a knot, up to rounding
    y, log_slope = spline(x, raw)
    assert y.isfinite().all()
    assert log_slope.isfinite().all()
