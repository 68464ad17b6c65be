"""Slow oracles of the neural detectors' scaling, scoring and networks."""

from __future__ import annotations

import numpy as np


def min_max(window):
    low, high = min(window), max(window)
    return [(v - low) / ((high - low) or 1.0) for v in window]


def min_max_past(window, floor):
    past = list(window[:-1])
    spread = max(max(past) - min(past), floor)
    scaled = [(v - min(past)) / spread for v in window]
    return [*scaled[:-1], min(max(scaled[-1], -10.0), 11.0)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_layer(inputs, w_in, w_rec, bias):
    """(t, d) inputs -> (t, h) outputs; gates in torch's order i, f, g, o (Hochreiter & Schmidhuber; Gers et al.)."""
    h = c = np.zeros(w_rec.shape[1])
    outputs = []
    for x in inputs:
        i, f, g, o = np.split(w_in @ x + w_rec @ h + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def batch_norm(batches, momentum=0.99, epsilon=1e-3):
    """Keras' training-time outputs for each batch, then the moving mean and variance."""
    mean, variance, outputs = np.zeros(batches[0].shape[1]), np.ones(batches[0].shape[1]), []
    for x in batches:
        outputs.append((x - x.mean(0)) / np.sqrt(x.var(0) + epsilon))
        mean = momentum * mean + (1 - momentum) * x.mean(0)
        variance = momentum * variance + (1 - momentum) * x.var(0)
    return outputs, mean, variance
