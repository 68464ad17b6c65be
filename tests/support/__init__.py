"""What several tests use: slow oracles, made-up results, published figures, stand-ins and small series."""
