"""The three published baseline networks with Keras' initialisation. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class BatchNorm(nn.Module):
    """Batch normalisation with Keras' constants: momentum .99, epsilon 1e-3, biased moving variance.

    torch's own layer keeps the unbiased variance and refuses batches of one row, which a last batch may have.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return functional.batch_norm(x, self.mean, self.variance, self.weight, self.bias, eps=1e-3)
        with torch.no_grad():
            variance, mean = torch.var_mean(x, dim=0, correction=0)
            self.mean.lerp_(mean, 0.01)
            self.variance.lerp_(variance, 0.01)
        return torch.batch_norm(x, self.weight, self.bias, None, None, True, 0.0, 1e-3, False)


class DenseAutoencoder(nn.Sequential):
    """Dense 32 - BN - 16 - BN - 32 - window, each with ReLU, also the output: (k, w) -> (k, w)."""

    def __init__(self, window: int) -> None:
        super().__init__(
            *(nn.Linear(window, 32), nn.ReLU(), BatchNorm(32)),
            *(nn.Linear(32, 16), nn.ReLU(), BatchNorm(16)),
            *(nn.Linear(16, 32), nn.ReLU()),
            *(nn.Linear(32, window), nn.ReLU()),
        )
        initialise(self)


class ConvForecaster(nn.Module):
    """Three convolutions with max-pooling, then dense 64 - dropout .2 - dense 1: (k, w) past points -> (k,) forecasts.

    A window shorter than 14 is padded at its start with its first value. 14 is the smallest length that leaves a point
    after the third pooling.
    """

    shortest = 14

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = max(window, self.shortest)
        left = ((self.window // 2 - 1) // 2 - 1) // 2
        self.convolutions = nn.ModuleList([nn.Conv1d(1, 8, 2), nn.Conv1d(8, 16, 2), nn.Conv1d(16, 32, 2)])
        self.head = nn.Sequential(
            *(nn.Flatten(), nn.Linear(32 * left, 64), nn.ReLU(), nn.Dropout(0.2)), nn.Linear(64, 1)
        )
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        missing = self.window - x.shape[1]
        if missing:
            x = torch.cat([x[:, :1].expand(-1, missing), x], dim=1)
        # Channels, time, batch: the layout of :func:`convolve`; Keras' "same" adds one zero at the end.
        maps = functional.pad(x, (0, 1)).t().contiguous()[None]
        for convolution in self.convolutions:
            maps = functional.relu(halve(convolve(maps, *convolution.parameters())))
        forecast: Tensor = self.head(maps.permute(2, 0, 1))
        return forecast[:, 0]


def convolve(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Apply a convolution of kernel 2 as two matrix products: (c, l, k) channels, time, batch -> (d, l - 1, k).

    With so few channels torch's own convolution and pooling take twice as long in training.
    """
    channels, length, rows = maps.shape
    now, following = weight.unbind(2)
    products = torch.addmm(bias[:, None], now, maps[:, :-1].reshape(channels, -1))
    products = torch.addmm(products, following, maps[:, 1:].reshape(channels, -1))
    return products.view(-1, length - 1, rows)


def halve(maps: Tensor) -> Tensor:
    """Apply max-pooling of size 2 over time; an odd last point is dropped: (c, l, k) -> (c, l // 2, k)."""
    half = maps.shape[1] // 2
    pairs = maps[:, : 2 * half]
    first, second = pairs.view(len(maps), half, 2, -1).unbind(2)
    # The maximum of both; the gradient of torch.maximum takes four passes, this one takes one.
    larger: Tensor = second + functional.relu(first - second)
    return larger


class LSTMForecaster(nn.Module):
    """LSTM 50 - LSTM 50 - dense 1: (k, w) past points -> (k,) forecasts.

    On the CPU :mod:`detectors.kernels.lstm` computes the forecast with the weights of ``nn.LSTM``.
    """

    def __init__(self) -> None:
        from detectors.kernels.lstm import Forecast

        super().__init__()
        self.lstm = nn.LSTM(1, 50, num_layers=2)
        self.dense = nn.Linear(50, 1)
        self.compiled = Forecast()
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type == "cpu" and x.dtype == torch.float32 and not x.requires_grad:
            return self.compiled(self.lstm, self.dense, x)
        # With time first cuDNN needs no transposed copy.
        states, _ = self.lstm(x.t()[:, :, None])
        forecast: Tensor = self.dense(states[-1])
        return forecast[:, 0]


def initialise(network: nn.Module) -> None:
    """Initialise as Keras does: Glorot-uniform kernels, zero biases, orthogonal recurrent kernels, forget bias 1."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM):
            _initialise_lstm(module)


def _initialise_lstm(lstm: nn.LSTM) -> None:
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(parameter)
        else:
            nn.init.zeros_(parameter)
        if name.startswith("bias_ih"):
            parameter.data[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0
        if name.startswith("bias_hh"):
            # Keras has one bias per gate; training torch's second one would double its step.
            parameter.requires_grad_(False)
