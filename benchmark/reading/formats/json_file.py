"""Read JSON of Prometheus, of Grafana's frames, or of any other structure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading.formats.encoding import as_utf8
from benchmark.reading.formats.nested import SERIES, Columns, longest, records
from benchmark.reading.parsing import Table, from_columns


def read_json(raw: bytes, path: Path, encoding: str | None) -> Table:
    """Read a JSON file as a table.

    Raises
    ------
    UserError
        If it is broken, or contains nothing like a series.
    """
    notes: list[str] = []
    text, _ = as_utf8(raw, path, encoding, notes)
    data = _parse(text, path)
    _refuse_answer(data, path)
    for form, read in FORMS:
        columns = read(data)
        if columns and any(columns.values()):
            table = from_columns({name: _cells(cells) for name, cells in columns.items()}, f"JSON, {form}", notes)
            table.series_columns = (SERIES,) if len(set(columns.get(SERIES, ""))) > 1 else ()
            return table
    raise UserError(
        f"{path} is JSON without a list of numbers, rows or objects: write it as CSV with a column of times and one "
        "of values"
    )


def read_lines(text: bytes, path: Path) -> Table:
    """Read lines of JSON objects as a table.

    Raises
    ------
    UserError
        If a line is not a JSON object.
    """
    rows = []
    for line in text.splitlines():
        try:
            rows += [json.loads(line)] if line.strip() else []
        except json.JSONDecodeError as error:
            raise UserError(f"{path}: {line[:60].decode('utf-8', 'replace')!r} is no JSON") from error
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: a line is JSON, but no object")
    return from_columns({name: _cells(cells) for name, cells in records(rows).items()}, "JSON lines")


def _refuse_answer(data: Any, path: Path) -> None:
    """Raise an error if the file is a server's error message or an answer without a series."""
    told = (data.get("error") or data.get("errors")) if isinstance(data, dict) and not data.get("data") else None
    if told or (isinstance(data, dict) and data.get("status") == "error"):
        raise UserError(f"{path} holds an error in place of a series: {str(told or data)[:200]}")
    inner = data.get("data") if isinstance(data, dict) else None
    if isinstance(inner, dict) and inner.get("result") == []:
        raise UserError(f"{path} is an answer without a series: ask for a longer time, or for another metric")


def _parse(text: bytes, path: Path) -> Any:
    """Parse JSON, or JSON lines as a list."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        found = []
        for number, line in lines:
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                where = f"line {number} is cut or broken, {line[:60].decode('utf-8', 'replace')!r}" if found else error
                raise UserError(f"{path} is not readable JSON: {where}") from error
        return found


def _cells(cells: list[Any]) -> Any:
    if all(c is None or isinstance(c, bool) for c in cells) and any(c is not None for c in cells):
        return pa.array([None if c is None else str(c).lower() for c in cells], pa.string())
    return pa.array([None if c is None or c == "" else str(c) for c in cells], pa.string())


def _long(parts: list[tuple[str, list[Any], list[Any]]]) -> Columns:
    """Concatenate name, times and values of several series into three columns."""
    found: Columns = {"time": [], "value": [], SERIES: []}
    for name, times, values in parts:
        found["time"] += times
        found["value"] += values
        found[SERIES] += [name] * len(times)
    return found if found["time"] else {}


def _prometheus(data: Any) -> Columns:
    inner = data.get("data", data) if isinstance(data, dict) else {}
    result = inner.get("result") if isinstance(inner, dict) else None
    if not isinstance(result, list) or not result or not isinstance(result[0], dict) or "metric" not in result[0]:
        return {}
    metrics = [entry["metric"] for entry in result]
    points = [entry.get("values") or [entry["value"]] for entry in result if "values" in entry or "value" in entry]
    names = [_metric_name(metric, metrics) for metric in metrics]
    return _long([(n, [p[0] for p in ps], [p[1] for p in ps]) for n, ps in zip(names, points, strict=False)])


def _metric_name(metric: dict[str, str], metrics: list[dict[str, str]]) -> str:
    """Return a metric's name with the labels that differ between the series."""
    differing = [k for k in metric if k != "__name__" and any(m.get(k) != metric[k] for m in metrics)]
    labels = ",".join(f'{k}="{metric[k]}"' for k in differing)
    return metric.get("__name__", "") + (f"{{{labels}}}" if labels or "__name__" not in metric else "")


def _grafana_frames(data: Any) -> Columns:
    """Read the frames of Grafana's query answers and of its panel inspector."""
    parts: list[tuple[str, list[Any], list[Any]]] = []
    for frame in _frames(data):
        fields = frame.get("schema", frame).get("fields", [])
        data_part = frame.get("data")
        inner = data_part.get("values") if isinstance(data_part, dict) else None
        values = inner or [f.get("values", []) for f in fields]
        clocks = [v for f, v in zip(fields, values, strict=False) if f.get("type") == "time"]
        for entry, cells in zip(fields, values, strict=False):
            if entry.get("type") == "number" and clocks:
                parts.append((_field_name(entry, frame), list(clocks[0]), list(cells)))
    return _long(parts)


def _field_name(entry: dict[str, Any], frame: dict[str, Any]) -> str:
    shown = (entry.get("config") or {}).get("displayNameFromDS") or (entry.get("config") or {}).get("displayName")
    labels = ",".join(f"{k}={v}" for k, v in (entry.get("labels") or {}).items())
    whole = frame.get("schema", frame).get("name") or frame.get("name")
    return str(
        shown or (f"{entry.get('name', 'value')}{{{labels}}}" if labels else whole or entry.get("name", "value"))
    )


def _frames(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict) and isinstance(data.get("results"), dict):
        return [f for answer in data["results"].values() for f in answer.get("frames", [])]
    entries = data if isinstance(data, list) else [data]
    return [entry for entry in entries if isinstance(entry, dict) and _has_fields(entry.get("schema") or entry)]


def _has_fields(schema: Any) -> bool:
    """Return True for a list of objects called ``fields``; Telegraf has an object of this name."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return isinstance(fields, list) and all(isinstance(one, dict) for one in fields)


FORMS = (("Prometheus", _prometheus), ("Grafana's frames", _grafana_frames), ("lists", longest))
