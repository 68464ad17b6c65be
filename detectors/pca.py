"""PCA: distances of a window from all principal components, weighted by the inverse of their variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, get_args

import numpy as np

from detectors.core import Array, WindowDetector, Windows, one_of, parameter, parameters

Signs = Literal["components", "scores"]
ROWS = 2048  # windows rotated at once: they and the result fit the cache


@parameters
class PCA(WindowDetector):
    """Principal components of sliding windows; directions of little variance have the largest weight.

    Window positions are standardised. The score of a window z is sum_k |z - v_k| / r_k, as in PyOD. Here v_k are all
    unit eigenvectors of the correlation matrix, and r_k their shares of the variance. If a share is 0 the sum is
    infinite and is replaced by the largest finite score of the series (0 if there is none).

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    signs : {"components", "scores"}
        The distance depends on the arbitrary sign of an eigenvector. "components": its largest entry is positive
        (scikit-learn since 1.5). "scores": the largest projection of a fitted window onto it is (earlier versions).

    References
    ----------
    Shyu, Chen, Sarinnapakorn and Chang, "A novel anomaly detection scheme based on principal
    component classifier", ICDM 2003; the sum of distances as in Zhao et al., "PyOD", JMLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = PCA(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 4
    exempt: ClassVar[dict[str, str]] = {
        "huge value fitted": "means, deviations and correlations are those of all windows"
    }
    source = "Shyu et al., ICDM 2003; PyOD"
    conformance = "invariance"
    blind_to = "an anomaly along the directions in which ordinary windows vary most"

    signs: Signs = parameter(default="components", must_be=one_of(*get_args(Signs)))

    def _fit_windows(self, windows: Windows) -> None:
        moments = running_moments(windows)
        self.mean_, self.scale_ = moments[:2] if moments else column_moments(windows)
        singular, rows = spectrum(windows, self._standardise, moments[2] if moments else None)
        largest = largest_entries(rows) if self.signs == "components" else self._largest_projections(windows, rows)
        self.components_: Array = rows * np.where(largest < 0, -1.0, 1.0)[:, None]
        total = float((singular**2).sum())
        self.shares_: Array = singular**2 / total if total > 0 else np.zeros(len(singular))

    def _score_windows(self, windows: Windows) -> Array:
        scores = np.empty(len(windows))
        # The product with all components also standardises: a last coordinate of 1 subtracts the means. The level of
        # the series is subtracted first, to avoid rounding errors at a high level.
        level = self.mean_.mean()
        rotate = -2 * self.components_ / self.scale_
        rotate = np.column_stack([rotate, rotate @ (level - self.mean_)])
        columns, rotated = np.ones((windows.window + 1, ROWS)), np.empty((windows.window, ROWS))
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = 1 / self.shares_
            for rows, block in windows.chunks(ROWS):
                mine = columns[:, : len(block)]
                # The values of one column of overlapping windows are contiguous in memory.
                np.subtract(block.T, level, out=mine[:-1])
                square = np.matmul(rotate, mine, out=rotated[:, : len(block)])
                # |z - v|^2 = |z|^2 - 2 z.v + 1, and |z| is the same in the basis of the components.
                square += np.einsum("ij,ij->j", square, square) / 4 + 1
                np.maximum(square, 0, out=square)
                scores[rows] = weights @ np.sqrt(square, out=square)
        finite = np.isfinite(scores)
        scores[~finite] = scores[finite].max() if finite.any() else 0.0
        # The last bits depend on a window's place in its block: rounding to 12 digits of the largest score keeps equal
        # windows tied. An extreme score must not determine these digits.
        largest = min(scores.max(), 1e6 * np.median(scores)) or scores.max() or 1.0
        return np.round(scores, 11 - int(np.floor(np.log10(largest))))

    def _largest_projections(self, windows: Windows, rows: Array) -> Array:
        """Return for each component the projection of a fitted window with the largest absolute value."""
        largest = np.zeros(len(rows))
        for _, block in windows.chunks(ROWS):
            projected = rows @ self._standardise(block)
            mine = projected[np.arange(len(rows)), np.abs(projected).argmax(axis=1)]
            largest = np.where(np.abs(mine) > np.abs(largest), mine, largest)
        return largest

    def _standardise(self, block: Array) -> Array:
        """Return (k, window) windows as standardised (window, k) columns."""
        columns = block.T - self.mean_[:, None]
        columns /= self.scale_[:, None]
        return columns


def largest_entries(rows: Array) -> Array:
    """Return the entry of each row with the largest absolute value, the first of those equal up to rounding."""
    size = np.abs(rows)
    return np.asarray(rows[np.arange(len(rows)), (size > (1 - 1e-6) * size.max(axis=1, keepdims=True)).argmax(axis=1)])


def spectrum(windows: Windows, prepare: Callable[[Array], Array], gram: Array | None = None) -> tuple[Array, Array]:
    """Return singular values, largest first, and right singular vectors as rows, of the prepared windows z.

    ``prepare`` maps (k, window) windows to (window, k) columns. The smallest shares of the variance dominate the score,
    but the eigenvalues of z'z lose every share below 1e-16. If none is below 1e-6 of the largest, at least eight of its
    digits are right and their roots suffice, else :func:`singular_refined` is used. ``gram`` is z'z
    from :func:`running_moments`; None computes it by :func:`gram_matrix`.
    """
    values, vectors = np.linalg.eigh(gram_matrix(windows, prepare) if gram is None else gram)
    if values[0] > 1e-6 * values[-1]:
        return np.sqrt(values[::-1]), np.ascontiguousarray(vectors.T[::-1])
    return singular_refined(windows, prepare, vectors)


def gram_matrix(windows: Windows, prepare: Callable[[Array], Array]) -> Array:
    """Compute z'z, summed over blocks, for data on which :func:`running_moments` is not accurate enough."""
    total = np.zeros((windows.window, windows.window))
    for _, block in windows.chunks():
        z = prepare(block)
        total += z @ z.T
    return total


def singular_refined(windows: Windows, prepare: Callable[[Array], Array], vectors: Array) -> tuple[Array, Array]:
    """Compute singular values and vectors from a second product, when some are too small for a single z'z.

    Rotated by the first eigenvectors the columns are nearly orthogonal, and their norms are exact to 1e-16 of the
    largest *singular value*. The second product, scaled by these norms, corrects the remaining error, including the
    rounding of the first product.
    """
    rotation = np.ascontiguousarray(vectors.T)
    second = np.zeros_like(vectors)
    for _, block in windows.chunks(ROWS):
        z = rotation @ prepare(block)
        second += z @ z.T
    norms = np.sqrt(np.diag(second))
    norms[norms == 0] = 1.0
    values, vectors = np.linalg.eigh(second / np.outer(norms, norms))
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T * norms
    _, singular, rows = np.linalg.svd(root)
    return singular, rows @ rotation


def running_moments(windows: Windows) -> tuple[Array, Array, Array] | None:
    """Return mean and standard deviation, (window,), and z'z, (window, window), of the standardised window positions.

    This takes O(n window) time: adjacent positions share all but two points, so each sum follows from the previous one.
    Return None if rounding errors would matter: one position varies a thousand times less than another, for example
    beside an outlier.
    """
    w, count = windows.window, len(windows)
    centre = float(np.mean([piece.mean() for piece in windows.pieces]))
    sums, products = np.zeros(w), np.zeros((w, w))
    for piece, view in zip(windows.pieces, windows.views, strict=True):
        x, n = piece - centre, len(view)
        row = np.array([x[:n] @ x[b : b + n] for b in range(w)])
        sums += x[:n].sum() + np.concatenate([[0.0], np.cumsum(x[n:] - x[: w - 1])])
        for a in range(w):
            products[a, a:] += row
            row = row[:-1] - x[a] * x[a : w - 1] + x[a + n : a + n + 1] * x[a + n :]
    mean = sums / count
    variance = np.diag(products) / count - mean**2
    if not variance.min() > 1e-6 * (np.diag(products).max() / count):
        return None
    scale = np.sqrt(variance)
    gram = np.triu(products) + np.triu(products, 1).T - count * np.outer(mean, mean)
    return mean + centre, scale, gram / np.outer(scale, scale)


def column_moments(windows: Windows) -> tuple[Array, Array]:
    """Return mean and standard deviation of each window position, (window,) each; the latter is 1 if constant."""
    total = np.zeros(windows.window)
    for _, block in windows.chunks():
        total += block.sum(axis=0)
    mean = total / len(windows)
    squares = np.zeros(windows.window)
    for _, block in windows.chunks():
        squares += ((block - mean) ** 2).sum(axis=0)
    scale = np.sqrt(squares / len(windows))
    scale[scale <= 10 * np.finfo(float).eps * np.abs(mean)] = 1.0
    return mean, scale
