"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from benchmark import settings

PACKAGES = ("numpy", "numba", "scikit-learn", "torch", "pyod", "stumpy")


def describe(command: list[str]) -> list[str]:
    """Lines for the top of a table: the command, the machine and how busy it is, the libraries."""
    lines = [f"command: `python -m benchmark {' '.join(command)}`"]
    lines.append(f"machine: {processor()}, {settings.cores()} cores for us, Python {platform.python_version()}")
    if hasattr(os, "getloadavg"):
        lines.append(
            f"load average at the start: {os.getloadavg()[0]:.1f} (above the cores, trust ratios, not seconds)"
        )
    lines.append("ours, PyOD, scikit-learn, stumpy with: " + ", ".join(_version(name) for name in PACKAGES))
    return lines


def processor() -> str:
    """Model name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} absent"
