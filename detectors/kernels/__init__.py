"""The compiled loops of the classical detectors, and how they are spread over threads. Each module loads numba."""

__all__ = ["forest", "histograms", "lstm", "matrix_profile", "neighbours"]
