"""Store an output as text, and compare a new one with it."""

from __future__ import annotations

import difflib
import io
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

FOLDER = Path(__file__).with_name("kept")
# Numbers of many digits may differ in the last ones on another processor; shorter ones are as people read them.
LONG = re.compile(r"(?<![\w.])-?\d+\.\d{5,}(?:e[+-]?\d+)?(?![\w.])|(?<![\w.])-?\d\.\d+e[+-]?\d+")
SLACK = 1e-6


def path(name: str) -> Path:
    """Where the text of a subject lies."""
    return FOLDER / f"{name}.txt"


def read(name: str) -> str:
    """The kept text."""
    return path(name).read_text(encoding="utf-8")


def difference(then: str, now: str) -> str:
    """Lines that differ, long numbers by more than rounding; empty where none does."""
    if LONG.sub("#", then) == LONG.sub("#", now):
        pairs = zip(LONG.findall(then), LONG.findall(now), strict=True)
        if all(np.isclose(float(a), float(b), rtol=SLACK, atol=1e-9) for a, b in pairs):
            return ""
    lines = difflib.unified_diff(then.splitlines(), now.splitlines(), "kept", "now", n=1, lineterm="")
    return "\n".join(lines)


def number(value: Any) -> str:
    """Seven digits of a number, whole ones without a fraction."""
    if isinstance(value, str) or value is None:
        return str(value)
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    text = f"{float(value):.7g}"
    return text if "." in text or "e" in text or not np.isfinite(float(value)) else f"{text}.0"


def numbers(values: Iterable[Any]) -> str:
    """Some of them in a row."""
    return " ".join(number(value) for value in values)


def array(values: Any, shown: int = 4) -> str:
    """First and last values of an array, and their mean and deviation."""
    values = np.asarray(values, dtype=float)
    if len(values) <= 2 * shown:
        return numbers(values)
    facts = f"n {len(values)}, mean {number(np.nanmean(values))}, std {number(np.nanstd(values))}"
    return f"{numbers(values[:shown])} .. {numbers(values[-shown:])}; {facts}"


def runs(mask: Any) -> str:
    """Runs of true values: ``3-7, 9``."""
    at = np.flatnonzero(mask)
    parts = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
    return ", ".join(f"{p[0]}" if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts) or "none"


def cleaned(text: str, folder: Path) -> str:
    """Without what differs from place to place."""
    return text.replace(f"{folder}/", "").replace(str(folder), "FOLDER")


def shown(value: Any, at: str = "") -> list[str]:
    """Any result in lines: dictionaries, dataclasses and sequences part by part."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in shown(part, f"{at}.{key}" if at else str(key))]
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fiub":
        return [f"{at}: {runs(value) if value.dtype.kind == 'b' else array(value)}"]
    if isinstance(value, list | tuple | np.ndarray):
        plain = all(part is None or isinstance(part, str | int | float | np.number) for part in value)
        if plain:
            return [f"{at}: [{', '.join(number(part) for part in value)}]"]
        return [line for k, part in enumerate(value) for line in shown(part, f"{at}[{k}]")]
    return [f"{at}: {number(value) if isinstance(value, float | int | np.number) else value}"]


@contextmanager
def drawings() -> Iterator[list[str]]:
    """Figures are told in words instead of drawn, which takes most of the time."""
    found: list[str] = []

    def tell(figure: Any, file: Any, **how: Any) -> None:
        told = artists(figure)
        found.append(f"figure {Path(file).name if isinstance(file, str | Path) else 'in memory'}")
        found.extend(["  as before"] if told == found[-1 - len(told) : -1] else told)
        if isinstance(file, str | Path):
            Path(file).touch()
        else:
            file.write(b"<svg></svg>")

    with mock.patch("matplotlib.figure.Figure.savefig", tell):
        yield found


def artists(figure: Any) -> list[str]:
    """What a figure shows: texts, lines, areas and limits of each of its axes."""
    from matplotlib.colors import to_hex

    said = [f"  size {numbers(figure.get_size_inches())}; {' | '.join(t.get_text() for t in figure.texts)}"]
    for k, axes in enumerate(figure.axes):
        limits = numbers([*axes.get_xlim(), *axes.get_ylim()])
        said += [f"  axes {k}: {axes.get_title()!r} {axes.get_xlabel()!r} {axes.get_ylabel()!r}, {limits}"]
        for line in axes.lines:
            x, y = (np.asarray(part).ravel() for part in line.get_data())
            x = x.astype("M8[s]").astype(float) if x.dtype.kind == "M" else x.astype(float)
            look = f"{line.get_color()} {line.get_linestyle()} {line.get_marker()} {line.get_label()!r}"
            said += [f"    line {look}: {array(x, 2)} | {array(y, 2)}"]
        for part in [*axes.patches, *axes.collections]:
            box = part.get_datalim(axes.transData) if hasattr(part, "get_datalim") else _extents(part)
            colour = to_hex(np.atleast_2d(np.asarray(part.get_facecolor()))[0]) if len(part.get_facecolor()) else "none"
            said += [f"    {type(part).__name__}: {numbers(box.extents)} of {colour}"]
        said += [f"    text {t.get_text()!r} at {t.get_position()}{_of_what(t)}" for t in axes.texts if t.get_text()]
    return said


def _of_what(text: Any) -> str:
    """The point that a text stands beside, where it is tied to one."""
    at = getattr(text, "xycoords", None)
    return "" if at is None else f" in {text.anncoords} of {number(text.xy[1])} in {at}"


def _extents(patch: Any) -> Any:
    """Where a patch lies, in the units of its axes."""
    return patch.get_path().transformed(patch.get_patch_transform()).get_extents()


def command(folder: Path, line: str, *further: str) -> str:
    """What ``python -m benchmark`` prints and says in a folder, and how it ends; ``further`` are words as they are."""
    from benchmark.cli import main

    words = (*shlex.split(line), *further)
    out, err = io.StringIO(), io.StringIO()
    cached = mock.patch.dict("os.environ", {"BENCHMARK_CACHE": str(folder / "cache")})
    with (
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch("sys.argv", ["benchmark", *words]),
        cached,
    ):
        code = main(words)
    said = f"$ {' '.join(words)}\n{out.getvalue()}"
    told = "".join(f"| {line}\n" for line in err.getvalue().splitlines())
    return cleaned(f"{said}{told}exit {code}\n\n", folder)
