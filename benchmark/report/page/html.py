"""Shared parts of self-contained HTML pages: templates, style, script, and data for the script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmark.errors import printable
from benchmark.system.packaged import read_text

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(package: str) -> Environment:
    """Return an environment with the templates of a package and ours; values are escaped, missing ones are errors."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader(package), PackageLoader(str(__package__))])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_plain)


def _plain(value: Any) -> Any:
    """Remove control characters from text that is not marked as safe."""
    return printable(value) if type(value) is str else value


def packaged(name: str) -> str:
    """Read a file of the folder ``templates``: ``report.css``, or ``report.js`` with the viewer of traces."""
    return read_text(__package__, f"templates/{name}")


def script_json(data: Any) -> str:
    """Format JSON such that it cannot end the script element around it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
