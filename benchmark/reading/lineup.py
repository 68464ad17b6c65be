"""The line-up: which column is what, first and last time, step, rows kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.reading.table import counted

if TYPE_CHECKING:
    from benchmark.reading.clock import Clock
    from benchmark.reading.recording import Recording
    from benchmark.reading.series import Split
    from benchmark.reading.sheet import Sheet

LISTED = 8


def lines(
    found: Recording, sheet: Sheet, clock: Clock | None, label: str | None, split: Split | None, series: str, step: str
) -> list[str]:
    """One line for each fact."""
    facts = [("file", f"{sheet.path.name} ({sheet.table.form})")]
    if split is not None and len(split.names) > 1:
        facts.append(("series", f"{series!r} of {len(split.names)} in {' and '.join(map(repr, split.columns))}"))
    facts.append(("time", clock.name if clock else "none; rows are numbered from 0"))
    known = int((~found.filled).argmax())
    facts.append(("values", f"{found.column!r}, from {found.show_value(known)} on"))
    facts.append(("labels", _labels(found, sheet, label)))
    used = {found.column, label, *(clock.columns if clock else ()), *(split.columns if split else ())}
    unused = [name for name in sheet.names if name not in used]
    if unused:
        facts.append(
            ("unused", ", ".join(unused[:LISTED]) + (f", ... ({len(unused)})" if len(unused) > LISTED else ""))
        )
    if clock is not None:
        facts += [("first", found.show_time(0)), ("last", found.show_time(len(found) - 1))]
    if step:
        facts.append(("step", step))
    facts.append(("rows", _rows(found, sheet, split, series)))
    return [f"{name:<7} {fact}" for name, fact in facts]


def _labels(found: Recording, sheet: Sheet, label: str | None) -> str:
    if found.labels is None:
        return "none"
    where = f"{label!r}" if label else str(sheet.options.labels)
    return f"{where}, {int(found.labels.sum()):,} of {len(found):,} points anomalous"


def _rows(found: Recording, sheet: Sheet, split: Split | None, series: str) -> str:
    assert found.rows is not None
    several = split is not None and len(split.names) > 1
    total = int(split.counts[split.names.index(series)]) if split is not None and several else sheet.table.total
    kept = int((found.rows >= 0).sum())
    text = f"{kept:,} of {total:,} kept"
    missing = int((found.rows < 0).sum())
    empty = int(found.filled.sum()) - missing
    parts = [text]
    if missing:
        parts.append(f"{counted(missing, 'point')} put into gaps")
    if empty:
        parts.append(f"{counted(empty, 'value')} missing")
    return ", ".join(parts)
