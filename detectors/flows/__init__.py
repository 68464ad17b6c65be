"""Normalizing flows of Proposed and ScaleFlow, other components of ScaleFlow. All modules but `rules` import torch."""

__all__ = ["bank", "compiled", "components", "explaining", "layers", "learning", "resnet", "rules", "runs", "scale"]
