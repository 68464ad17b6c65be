"""Proposed: a normalizing flow on the feature maps of a 1-D ResNet autoencoder, as the paper publishes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, Diet, Group, Windows, evenly
from detectors.neural.saved import Facts, SavedDetector, Tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from detectors.flows.layers import Schedule

Index = NDArray[np.intp]
Preset = Literal["default", "paper"]

# Training steps of each stage in the default preset; chosen by losses on held-out windows, see docs/networks.md.
STEPS = {1: 400, 2: 200}
# Sets of feature maps that the default preset keeps at least: fewer windows are drawn several times, with new noise,
# or 200 steps would learn the one noise of each by heart.
FEWEST_MAPS = 256


class Proposed(SavedDetector):
    """The 2023 paper's model: features by reconstruction, then their likelihood under a 1-D FastFlow.

    Stage 1 trains a 1-D ResNet encoder with a transposed-convolution decoder to reconstruct windows of
    normal data. Stage 2 freezes the encoder and trains one flow per feature map (full, half and quarter
    resolution) by maximum likelihood: 6 blocks of channel permutation and affine coupling, whose subnets
    are convolutions of kernel 3 and 1 in turn, log-scale softly clamped at 1.9. A point's score is the
    negative log-likelihood per channel of its position, interpolated to the window's length, averaged
    over maps and over all windows that cover the point.

    The paper states neither window, stride, normalisation nor widths; ours are the defaults below (the window
    chosen on ten series outside the table, mean AUROC under ``normal-only`` and ``prefix``: 64 .642 and .601,
    32 .607 and .614, 128 .623 and .591; one seed). The
    series is standardised by the fitted data's mean and deviation. A series on a grid (integers, binary)
    is fitted with uniform noise one step wide and scored at the middle of the step, so that no noise enters a score.

    Parameters
    ----------
    window : int
        Points per window, at least 8.
    stride : int
        Distance between scored windows, and between training windows while ``max_windows`` permits.
    preset : {"default", "paper"}
        ``"paper"``: 500 epochs a stage, batches of 32, Adam at 1e-4, the features of a window computed anew each time
        it is drawn. ``"default"``: about 400 and 200 steps of 32 windows, whatever their number, at a one-cycle rate up
        to 1e-2; early stopping on the last tenth of the windows, features computed once and kept; fewer than 256
        windows are drawn several times for that, each time with new noise.
    epochs : int or None
        Epochs per stage in place of the preset's.
    max_windows : int
        Training windows at most, evenly spread over the fitted data; the preset ``"paper"`` takes all.
    channels : int
        Channels of the finest map; the coarser ones have two and four times as many.
    blocks : int
        Coupling blocks per flow.
    device : str
        ``"auto"`` is CUDA where there is one, else the CPU.
    random_state : int

    Attributes
    ----------
    history_ : dict
        ``"stage 1 train"``, ``"stage 1 validation"`` and the same for stage 2: a loss per epoch, the mean
        squared error of the reconstruction, then the negative log-likelihood summed over the maps.

    Raises
    ------
    Diverged
        By ``fit``, when a loss is not finite.

    References
    ----------
    The architecture: the 2023 paper whose table this project rebuilds. The flow: Yu et al., "FastFlow:
    unsupervised anomaly detection and localization via 2D normalizing flows", 2021, Section 3.3.
    """

    learns_from: ClassVar[Diet] = "normal"
    group: ClassVar[Group] = "neural"
    version: ClassVar[int] = 3
    source: ClassVar[str] = "2023 paper (architecture); Yu et al. 2021 (FastFlow)"
    quick: ClassVar[dict[str, Any]] = {"epochs": 2, "channels": 4, "stride": 16}

    def __init__(
        self,
        window: int = 64,
        stride: int = 8,
        preset: Preset = "default",
        epochs: int | None = None,
        max_windows: int = 2048,
        channels: int = 8,
        blocks: int = 6,
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.window = window
        self.stride = stride
        self.preset = preset
        self.epochs = epochs
        self.max_windows = max_windows
        self.channels = channels
        self.blocks = blocks
        self.device = device
        self.random_state = random_state

    def min_length(self) -> int:
        """Twice the window: a window to learn from, another to judge the training by."""
        return 2 * self.window

    def context(self) -> int:
        return self.window + self.stride

    # -- fit -----------------------------------------------------------------------------------

    def _fit(self, pieces: list[Array]) -> None:
        from detectors.flows.resnet import series_scale
        from detectors.neural.training import resolve_device, steady

        self.mean_, self.deviation_, self.step_ = series_scale(np.concatenate(pieces))
        self.window_ = self.window
        windows = Windows(pieces, self.window)
        rows = self._training_rows(windows)
        with steady(resolve_device(self.device), self.random_state):
            self._build()
            self.history_: dict[str, list[float]] = {}
            self._learn(windows, rows, np.random.default_rng(self.random_state))

    def check_params(self) -> None:
        if self.window < 8 or not 1 <= self.stride <= self.window:
            raise ValueError(f"expected window >= 8 and 1 <= stride <= window, got {self.window} and {self.stride}")
        if self.preset not in ("default", "paper"):
            raise ValueError(f"preset must be 'default' or 'paper', got {self.preset!r}")

    def _training_rows(self, windows: Windows) -> tuple[Index, Index]:
        """Evenly spread window numbers: the first nine tenths to train on, the rest to stop by."""
        count = max(2, len(windows) // self.stride)
        count = count if self.preset == "paper" else min(count, self.max_windows)
        rows = evenly(len(windows), count)
        held_out = 0 if self.preset == "paper" else max(1, count // 10)
        return rows[: count - held_out], rows[count - held_out :]

    def _schedule(self, stage: int, rows: int) -> Schedule:
        from detectors.flows.layers import Schedule

        if self.preset == "paper":
            return Schedule(self.epochs or 500, batch=32, rate=1e-4)
        epochs = self.epochs or math.ceil(STEPS[stage] / math.ceil(rows / 32))
        # The rate, and with it the noise, is high for most of a cycle: less patience would miss the descent at its end.
        return Schedule(epochs, batch=32, rate=1e-2, one_cycle=True, patience=max(5, epochs // 2))

    def _build(self) -> None:
        from detectors.flows.resnet import FeatureFlow
        from detectors.neural.training import resolve_device

        self.model_ = FeatureFlow(self.channels, self.blocks).to(resolve_device(self.device))

    def _learn(self, windows: Windows, rows: tuple[Index, Index], rng: np.random.Generator) -> None:
        model = self.model_

        def batch(index: Index) -> Tensor:
            return self._tensor(windows.take(index), rng)

        autoencoder = model.autoencoder
        self._stage(1, autoencoder, lambda index: autoencoder.reconstruction_error(batch(index)), rows, rng)
        everything = np.concatenate(rows)
        draws = 1 if self.preset == "paper" else math.ceil(FEWEST_MAPS / len(everything))
        kept = self._fit_scales(batch, np.tile(everything, draws))
        if self.preset == "paper":
            self._stage(2, model.flows, lambda index: model.loss(model.maps(batch(index))), rows, rng)
        else:

            def features(places: Index) -> list[Tensor]:
                copies = rng.integers(draws, size=len(places))
                return [level[copies * len(everything) + places] for level in kept]

            training, held_out = np.split(np.arange(len(everything)), [len(rows[0])])
            self._stage(2, model.flows, lambda places: model.loss(features(places)), (training, held_out), rng)

    def _stage(
        self, number: int, part: nn.Module, loss: Callable[[Index], Tensor], rows: tuple[Index, Index], rng: Any
    ) -> None:
        from detectors.flows.layers import train

        name = f"stage {number}"
        schedule = self._schedule(number, len(rows[0]))
        losses = train(part, loss, rows, schedule, rng, lambda text: self._report(f"{name} {text}"))
        self.history_ |= {f"{name} {kind}": values for kind, values in losses.items()}

    def _fit_scales(self, batch: Callable[[Index], Tensor], rows: Index) -> list[Tensor]:
        """Feature maps of the training windows; their moments become the scale of each channel."""
        import torch

        self.model_.eval()
        parts = [self.model_.maps(batch(rows[a : a + 512])) for a in range(0, len(rows), 512)]
        maps = [torch.cat(level) for level in zip(*parts, strict=True)]
        self.model_.fit_scales(maps)
        return maps

    def _tensor(self, windows: Array, rng: np.random.Generator | None = None) -> Tensor:
        """(k, w) windows to a standardised (k, 1, w) float32 tensor; with ``rng``, dequantised."""
        import torch

        from detectors.flows.resnet import compress

        values = compress((windows - self.mean_) / self.deviation_)
        if rng is not None:
            # Never without any noise: a flow's density on a flat or discrete input has no bound.
            values += rng.uniform(-0.5, 0.5, values.shape) * max(self.step_ / self.deviation_, 0.02)
        device = next(self.model_.parameters()).device
        return torch.from_numpy(values.astype(np.float32))[:, None].to(device)

    # -- score ---------------------------------------------------------------------------------

    def _score(self, x: Array) -> Array:
        total, covering = np.zeros(len(x)), np.zeros(len(x))
        windows = Windows([x], self.window)
        starts = np.unique(np.append(np.arange(0, len(windows), self.stride), len(windows) - 1))
        for a in range(0, len(starts), 256):
            chosen = starts[a : a + 256]
            scores = self.model_.scores(self._tensor(windows.take(chosen))).cpu().numpy().astype(np.float64)
            first, last = chosen[0], chosen[-1] + self.window
            points = (chosen[:, None] + np.arange(self.window) - first).ravel()
            total[first:last] += np.bincount(points, scores.ravel())
            covering[first:last] += np.bincount(points)
        return total / covering

    # -- save and load -------------------------------------------------------------------------

    def _state(self) -> tuple[Tensors, Facts]:
        return self.model_.state_dict(), {"scale": [self.mean_, self.deviation_, self.step_], "history": self.history_}

    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        self.mean_, self.deviation_, self.step_ = facts["scale"]
        self.history_, self.window_ = facts["history"], self.window
        self._build()
        self.model_.load_state_dict(tensors)
        self.model_.eval()


class UntrainedProposed(Proposed):
    """The proposed model with random weights: only scales are taken from the data.

    What it reaches, the architecture reaches without learning (Kim et al., "Towards a rigorous evaluation of
    time-series anomaly detection", AAAI 2022, argue that such twins belong into every comparison).
    """

    group: ClassVar[Group] = "untrained"

    def _learn(self, windows: Windows, rows: tuple[Index, Index], rng: np.random.Generator) -> None:
        self._fit_scales(lambda index: self._tensor(windows.take(index), rng), np.concatenate(rows))
