"""The picture and the list of packages in docs/how-it-is-built.md, drawn from the table of test_architecture.

Write them again with ``python -m tests.picture``.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.project.test_architecture import GROUND, MAY_IMPORT, ROOT

PAGE = ROOT / "docs" / "how-it-is-built.md"
BEGIN = "<!-- begin of the picture: made by python -m tests.picture -->"
END = "<!-- end of the picture -->"


def reached(here: str) -> set[str]:
    """Packages that one may import, directly or by others."""
    direct = set(MAY_IMPORT[here])
    return direct.union(*(reached(there) for there in direct))


def arrows() -> list[tuple[str, str]]:
    """Who may import whom, without the ground and without what follows from other arrows."""
    found = []
    for here, may in MAY_IMPORT.items():
        direct = [there for there in may if there not in GROUND]
        found += [(here, there) for there in direct if not any(there in reached(other) for other in direct)]
    return found


def picture() -> str:
    """A Mermaid drawing: from top to bottom, each package above what it imports."""
    drawn = [here for here in MAY_IMPORT if here not in GROUND]
    nodes = [f'    {node(here)}["{here}"]' for here in drawn]
    lines = [f"    {node(here)} --> {node(there)}" for here, there in arrows() if here in drawn]
    return "\n".join(["```mermaid", "flowchart TD", *nodes, *lines, "```"])


def node(package: str) -> str:
    """A name that Mermaid takes."""
    return package.strip("_").replace(".", "_").replace("___", "_")


def packages() -> str:
    """Each package with the first line of its documentation."""
    return "\n".join(["| package | what it holds |", "|---|---|", *(f"| `{p}` | {summary(p)} |" for p in MAY_IMPORT)])


def summary(package: str) -> str:
    """First line of a package's or module's docstring."""
    folder = ROOT / package.replace(".", "/")
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0].replace("``", "`")


def block() -> str:
    """All that stands between the markers."""
    return f"{BEGIN}\n{picture()}\n\n{packages()}\n{END}"


def renewed(text: str) -> str:
    """The page with the picture of now."""
    before, _, rest = text.partition(BEGIN)
    return before + block() + rest.partition(END)[2]


def main(page: Path = PAGE) -> None:
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
