"""Nearest windows, unscaled or z-normalised; the compiled loops are imported when needed."""

from __future__ import annotations

from detectors.core import Array, Int32, RoundedScaling


def nearest(x: Array, reference: list[Array], window: int, k: int, scaling: RoundedScaling) -> tuple[Array, Int32]:
    """Find the k nearest windows of the reference; see :func:`~detectors.kernels.neighbours.nearest_windows`."""
    if scaling != "none":
        from detectors.kernels.normal_neighbours import nearest_normalised

        return nearest_normalised(x, reference, window, k, exact=scaling == "z")
    from detectors.kernels.neighbours import nearest_windows

    return nearest_windows(x, reference, window, k)
