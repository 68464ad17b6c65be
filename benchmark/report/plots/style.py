"""The style of all pictures: palette, marks, matplotlib's settings, and saving of figures.

Colours are Okabe and Ito's, safe for colour-blind readers; no information is shown by colour alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, PINK, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
INK, QUIET, FAINT, ACCENT = "#222222", "#767676", "#d5d5d5", "#0969da"
GROUPS = {  # colour and marker
    "classical": (BLUE, "o"),
    "neural": (VERMILION, "s"),
    "proposed": (GREEN, "D"),
    "successor": (PINK, "^"),
    "field": (INK, "p"),
    "plug-in": (SKY, "P"),
    "untrained": (ORANGE, "v"),
    "one-liner": (QUIET, "x"),
}
COLOURS = {group: colour for group, (colour, _) in GROUPS.items()}
GROUP_NAMES = {"one-liner": "trivial baseline", "proposed": "the paper's model"}  # displayed names, if not the key
DASHES = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 5)))
THEME = {
    **{colour: f"var(--{group})" for group, colour in COLOURS.items()},
    INK: "var(--ink)",  # behind the groups: two of them have the colours of text
    QUIET: "var(--quiet)",
    FAINT: "var(--line)",
    ACCENT: "var(--accent)",
    "#ffffff": "var(--paper)",
    "#000000": "var(--ink)",
}
RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # automatic placement is slow: it lays out every tick
    "axes.labelcolor": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.parse_math": False,  # names come from untrusted files
    "svg.hashsalt": "benchmark",  # equal figures are equal files
}


def group_name(group: str) -> str:
    """Return the displayed name of a group."""
    return GROUP_NAMES.get(group, group)


@contextmanager
def context() -> Iterator[None]:
    """Use :data:`RC` in matplotlib, within a block or a decorated function."""
    import matplotlib as mpl

    with mpl.rc_context(RC):
        yield


def title(figure: Figure, text: str) -> None:
    """Set the figure's title, at its upper left corner."""
    width, height = figure.get_size_inches()
    figure.suptitle(text, x=0.1 / width, y=1 - 0.1 / height, ha="left", va="top", fontsize=10, color=INK)


def caption(figure: Figure, text: str) -> None:
    """Set small text below a figure with automatic layout, wrapped to its width."""
    width = figure.get_size_inches()[0]
    figure.supxlabel(fill(text, int(18 * width)), fontsize=7, x=0.01, ha="left", color=QUIET)


def mark(group: str) -> dict[str, Any]:
    """Return the marker of a group as keywords of ``plot``."""
    colour, marker = GROUPS.get(group, (INK, "x"))
    edge = {"mec": colour, "mew": 1.2} if marker == "x" else {"mec": "white", "mew": 0.5}
    return {"marker": marker, "color": colour, "ls": "", "ms": 6, **edge}


def render(figure: Figure, form: str) -> bytes:
    """Return a figure as the bytes of a ``png`` or ``svg`` file."""
    out = io.BytesIO()
    with context():
        how = {"metadata": {"Date": None}} if form == "svg" else {"pil_kwargs": {"compress_level": 2}}  # 6 takes thrice
        figure.savefig(out, format=form, dpi=160, **how)
        figure.set_layout_engine("none")  # the layout is done and need not be repeated for other formats
    return out.getvalue()


def apply_theme(svg: str) -> str:
    """Prepare a figure's SVG for a page: inline, in the page's colours, light or dark."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(
        r' id="(?:figure|axes|patch|text|line2d|legend|matplotlib\.axis|[xy]tick|PolyCollection)_?\d+"', "", svg
    )
    for colour, variable in THEME.items():
        svg = re.sub(re.escape(colour), variable, svg, flags=re.I)
    for size in ("height", "width"):
        svg = re.sub(rf'(<svg[^>]*?) {size}="[^"]*"', r"\1", svg, count=1)
    return svg
