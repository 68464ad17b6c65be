"""The compiled loops of the classical detectors, and how they are spread over threads; most modules load numba."""

__all__ = ["forest", "histograms", "lstm", "matrix_profile", "nearest", "neighbours", "normal_neighbours", "shapes"]
