"""Provenance of results: versions, host, threads, git revision."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmark.system import settings

PACKAGES = ("numpy", "scipy", "scikit-learn", "pyod", "stumpy", "numba", "torch", "pandas", "joblib", "tsad-benchmark")
MAIN_PACKAGES = ("numpy", "numba", "scikit-learn", "torch", "pyod", "stumpy")


def provenance(jobs: int, threads: int) -> dict[str, Any]:
    """Return the provenance record of a run."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "processor": processor(),
        "jobs": jobs,
        "threads_per_worker": threads,
        "git": git_revision(),
        "versions": package_versions(),
    }


def package_versions() -> dict[str, str]:
    """Return the versions of the libraries that figures depend on; empty for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


def version_line() -> str:
    """Return the versions of this package and of its main dependencies as text, for the foot of a page."""
    return ", ".join(f"{name} {_version(name)}" for name in ("tsad-benchmark", *MAIN_PACKAGES[:4]) if _version(name))


def measured_on(command: list[str]) -> list[str]:
    """Return lines for the top of a table of times: the command, the machine and its load, the libraries."""
    lines = [f"command: `python -m benchmark {' '.join(command)}`"]
    lines.append(f"machine: {processor()}, {settings.cores()} cores available, Python {platform.python_version()}")
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        lines.append(f"load average at the start: {load:.1f} (above the number of cores, trust ratios of times only)")
    versions = ", ".join(f"{name} {_version(name) or 'absent'}" for name in MAIN_PACKAGES)
    return [*lines, f"ours, PyOD, scikit-learn, stumpy with: {versions}"]


def git_revision() -> str:
    """Return the commit of the checkout that the code runs from, with ``-dirty`` if changed; empty without one."""
    folder = Path(__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        inside = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "--error-unmatch", __file__], capture_output=True, timeout=5
        )
        if inside.returncode:
            return ""
        return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def processor() -> str:
    """Return the model name of the processor, or another description of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), named)
