"""k-Shape: clustering of z-normalised sequences, invariant to shifts.

Paparrizos and Gravano, "k-Shape: efficient and accurate clustering of time series", SIGMOD 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array

ROUNDS = 20  # most reassignments; clusters of a few hundred sequences converge much earlier
Labels = NDArray[np.intp]


@dataclass
class Shapes:
    """Centres and the assignment of the sequences to them."""

    centres: Array  # (k, m), z-normalised; each has a member
    labels: Labels  # (n,), cluster of each sequence
    distances: Array  # (n,), shape-based distance of each sequence to its centre, 0..2


def k_shape(sequences: Array, k: int, rng: np.random.Generator) -> Shapes:
    """Cluster (n, m) z-normalised sequences into at most ``k`` shapes, from a random initial assignment."""
    count = len(sequences)
    k = min(k, count)
    labels = rng.permutation(np.arange(count) % k)
    centres = np.zeros((k, sequences.shape[1]))
    spectra = spectrum(sequences)
    distances = np.zeros(count)
    for _ in range(ROUNDS):
        for c in range(k):
            members = np.flatnonzero(labels == c)
            if len(members):
                rows = sequences[members]
                centres[c] = leading_shape(align_to(rows, spectra[members], centres[c]) if centres[c].any() else rows)
        by_centre = np.stack([shape_distance(spectra, centre, sequences.shape[1])[0] for centre in centres])
        nearest = by_centre.argmin(axis=0)
        distances = by_centre[nearest, np.arange(count)]
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    used = np.unique(labels)
    return Shapes(centres[used], np.searchsorted(used, labels), distances)


def spectrum(sequences: Array) -> NDArray[np.complex128]:
    """Return Fourier transforms of (n, m) sequences, padded so that correlations do not wrap around."""
    return np.asarray(np.fft.rfft(sequences, 1 << (2 * sequences.shape[1] - 1).bit_length(), axis=1))


def shape_distance(spectra: NDArray[np.complex128], centre: Array, length: int) -> tuple[Array, Labels]:
    """Return 1 - the largest normalised cross-correlation with one centre, and the shift of this maximum, (n,) each."""
    size = 2 * (spectra.shape[1] - 1)
    correlation = np.fft.irfft(spectra * np.fft.rfft(centre, size).conj(), size, axis=1)
    lags = np.concatenate([correlation[:, size - length + 1 :], correlation[:, :length]], axis=1)
    best = lags.argmax(axis=1)
    # z-normalised sequences have squared norm m, constant ones 0.
    norms = np.sqrt(length) * np.linalg.norm(centre) or 1.0
    return 1 - lags[np.arange(len(lags)), best] / norms, best - (length - 1)


def align_to(rows: Array, spectra: NDArray[np.complex128], centre: Array) -> Array:
    """Shift each row to its best match with a centre."""
    lags = shape_distance(spectra, centre, rows.shape[1])[1]
    return np.stack([shift(row, -int(lag)) for row, lag in zip(rows, lags, strict=True)])


def leading_shape(members: Array) -> Array:
    """Return the z-normalised first right singular vector of z-normalised rows, with positive summed correlation."""
    from scipy.linalg import eigh

    rows = unit_rows(members)
    if len(rows) < rows.shape[1]:
        gram = rows @ rows.T
        _, vector = eigh(gram, subset_by_index=[len(gram) - 1] * 2)
        shape = rows.T @ vector[:, 0]
    else:
        _, vector = eigh(rows.T @ rows, subset_by_index=[rows.shape[1] - 1] * 2)
        shape = vector[:, 0]
    shape = unit_rows(shape[None])[0]
    return np.asarray(-shape if (rows @ shape).sum() < 0 else shape)


def shift(row: Array, lag: int) -> Array:
    """Shift a row by ``lag`` to the right and fill with zeros."""
    moved = np.zeros_like(row)
    if lag >= 0:
        moved[lag:] = row[: len(row) - lag]
    else:
        moved[:lag] = row[-lag:]
    return moved


def unit_rows(rows: Array) -> Array:
    """Scale (k, m) rows to mean 0 and population standard deviation 1; constant rows become zeros."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    flat = deviation <= 4 * np.finfo(np.float64).eps * np.abs(rows).max(axis=1, keepdims=True)
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, deviation)))
