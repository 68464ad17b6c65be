"""Where results come from: versions, host, threads, git revision."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "scikit-learn", "pyod", "stumpy", "numba", "torch", "pandas", "joblib", "tsad-benchmark")


def provenance(jobs: int, threads: int) -> dict[str, Any]:
    """What a run records of itself."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "processor": _processor(),
        "jobs": jobs,
        "threads_per_worker": threads,
        "git": git_revision(),
        "versions": package_versions(),
    }


def package_versions() -> dict[str, str]:
    """Versions of the libraries that figures depend on; empty for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


def git_revision() -> str:
    """Commit of the checkout that the code runs from, with ``-dirty`` when changed; empty outside of one."""
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


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
