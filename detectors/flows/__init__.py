"""Normalizing flows and what ScaleFlow adds to them. Each module loads torch."""

__all__ = ["bank", "judges", "layers", "resnet", "scale"]
