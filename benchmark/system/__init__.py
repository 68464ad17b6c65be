"""Settings, packaged tables, processes, environments of other packages, versions."""

__all__ = ["environments", "packaged", "processes", "provenance", "settings"]
