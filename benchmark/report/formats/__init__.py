"""Tables written as Markdown, LaTeX and CSV."""

__all__ = ["csv", "latex", "markdown"]
