"""Shared by tests: slow oracles, synthetic results, published figures, stand-ins and small series."""
