"""Nearest windows, compared as they are or each z-normalised; the compiled loops load when they are needed."""

from __future__ import annotations

from detectors.core import Array, Int32, Scaling


def nearest(x: Array, reference: list[Array], window: int, k: int, scaling: Scaling) -> tuple[Array, Int32]:
    """The k nearest windows of the reference, compared as they are or each z-normalised."""
    if scaling == "z":
        from detectors.kernels.normal_neighbours import nearest_normalised

        return nearest_normalised(x, reference, window, k)
    from detectors.kernels.neighbours import nearest_windows

    return nearest_windows(x, reference, window, k)
