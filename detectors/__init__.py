"""Anomaly detectors for univariate time series, one file each, all behind ``fit`` and ``score``.

``from detectors import LOF`` imports that detector alone: no other file, and no heavy library before it is used.
"""
