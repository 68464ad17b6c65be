"""Tables written as Markdown, LaTeX and CSV."""

from __future__ import annotations

__all__ = [
    "csv",
    "latex",
    "markdown",
]
