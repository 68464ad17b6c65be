"""Parts that the networks share: training, saving, and a base class of AE, CNN and LSTM; some modules import torch."""

__all__ = ["baseline", "networks", "saved", "training"]
