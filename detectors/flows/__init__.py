"""Normalizing flows and what ScaleFlow adds to them. Each module but `rules` loads torch."""

__all__ = ["bank", "components", "explaining", "layers", "learning", "resnet", "rules", "runs", "scale"]
