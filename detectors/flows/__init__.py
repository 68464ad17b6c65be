"""Normalizing flows and what ScaleFlow adds to them. Each module but `rules` loads torch."""

__all__ = ["bank", "explaining", "judges", "layers", "resnet", "rules", "scale", "training"]
