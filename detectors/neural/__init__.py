"""What the networks share: training, saving, and a base for AE, CNN and LSTM; two modules of it load torch."""

__all__ = ["baseline", "networks", "saved", "training"]
