"""Find the series in a JSON document of any structure: its longest lists, at any depth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from benchmark.reading.parsing import cell

Columns = dict[str, list[Any]]
Path = tuple[str | int, ...]
SERIES = "series"
STEPS = ("start", "step")
PAIRS = (("time", "value"), ("value", "time"))
EARLIEST = 3e8  # seconds since 1970 above which one number of a pair is read as a time


def longest(data: Any) -> Columns:
    """Return the columns of the longest list of objects, rows or numbers; lists with the same names are more series."""
    found = [(path, columns) for path, columns in _tables(data, ()) if columns]
    found += _lists(data)
    if not found:
        return {}
    found = [(path, columns) for path, columns in found if any(map(_are_numbers, columns.values()))] or found
    best = max((columns for _, columns in found), key=_length)
    parts = [(path, columns) for path, columns in found if columns.keys() == best.keys() and _length(columns) > 1]
    if len(parts) < 2:
        return best
    names = _names(data, [path for path, _ in parts])
    joined: Columns = {key: [one for _, columns in parts for one in columns[key]] for key in best}
    return joined | {SERIES: [name for name, (_, c) in zip(names, parts, strict=True) for _ in range(_length(c))]}


def records(rows: list[dict[str, Any]]) -> Columns:
    """Convert objects to columns, ``{"host": {"cpu": 3}}`` to ``host.cpu``; lists are ignored."""
    flat = [_flat(row) for row in rows]
    return {key: [row.get(key) for row in flat] for key in dict.fromkeys(key for row in flat for key in row)}


def _are_numbers(cells: list[Any]) -> bool:
    return all(one is None or cell.kind(str(one)) == "number" for one in cells[:20])


def _length(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _plain(node: Any) -> bool:
    return not isinstance(node, dict | list)


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{key}.")
        elif not isinstance(value, list):
            found[f"{before}{key}"] = value
    return found


def _inner(node: Any) -> Iterator[tuple[str | int, Any]]:
    """Yield the nodes to search; entries of a list that are shorter than it and contain no lists are skipped."""
    if isinstance(node, dict):
        return ((key, child) for key, child in node.items() if not _plain(child))
    return ((k, child) for k, child in enumerate(node) if not (_plain(child) or _ends(child, len(node))))


def _ends(child: Any, most: int) -> bool:
    return len(child) <= most and all(map(_plain, child.values() if isinstance(child, dict) else child))


def _tables(node: Any, path: Path, beside: dict[str, Any] | None = None) -> Iterator[tuple[Path, Columns]]:
    """Yield each list of objects or rows, and each object of objects or numbers, with its path."""
    if isinstance(node, dict):
        yield path, _of_object(node)
    elif node and all(isinstance(row, dict) for row in node):
        yield path, records(node)
    elif node and all(isinstance(row, list) and all(map(_plain, row)) for row in node):
        yield path, _of_rows(node, beside or {})
    for key, child in _inner(node):
        yield from _tables(child, (*path, key), node if isinstance(node, dict) else None)


def _of_rows(rows: list[list[Any]], beside: dict[str, Any]) -> Columns:
    """Convert rows to columns with the names found next to them; add other lists of the same length."""
    width = max(map(len, rows))
    within = [inner for other in beside.values() for inner in (other.values() if isinstance(other, dict) else [other])]
    names = next((named for other in within if len(named := _named(other)) == width), None)
    if names is None:
        names = _pair(rows[0]) if width == 2 else [f"column {k + 1}" for k in range(width)]
    others = {key: v for key, v in beside.items() if _is_list(v) and len(v) == len(rows) and _named(v) != names}
    return {**_even(beside, len(rows)), **others, **dict(zip(names, map(list, zip_longest(*rows)), strict=True))}


def _even(beside: dict[str, Any], count: int) -> Columns:
    """Compute times from ``start`` and ``step`` next to rows without times, as rrdtool writes them."""
    for given in (beside, *beside.values()):
        if isinstance(given, dict) and all(isinstance(given.get(key), int | float) for key in STEPS):
            return {f"time from {' and '.join(STEPS)}": [given[STEPS[0]] + k * given[STEPS[1]] for k in range(count)]}
    return {}


def _named(node: Any) -> list[str]:
    """Return the entries, or their names, if all are words; else an empty list."""
    if not isinstance(node, list):
        return []
    entries = [entry.get("name") if isinstance(entry, dict) else entry for entry in node]
    words = [entry for entry in entries if isinstance(entry, str)]
    return words if len(words) == len(entries) else []


def _pair(row: list[Any]) -> list[str]:
    timed = [_is_time(one) for one in row]
    return [*PAIRS[timed.index(True)]] if timed.count(True) == 1 else ["column 1", "column 2"]


def _is_time(one: Any) -> bool:
    return cell.kind(one) == "time" if isinstance(one, str) else isinstance(one, int | float) and one > EARLIEST


def _of_object(node: dict[str, Any]) -> Columns:
    """Convert ``{"2024-10-20": 1.5, ...}``, or an object of objects, whose longer side are the rows, to columns."""
    if len(node) > 2 and all(isinstance(v, int | float) or v is None for v in node.values()):
        return {"time": list(node), "value": list(node.values())}
    inner = [*node.values()]
    if not inner or not all(isinstance(v, dict) and v and all(map(_plain, v.values())) for v in inner):
        return {}
    keys = list(inner[0])
    if len(node) > len(keys):
        return {"index": list(node), **records(inner)}
    return {"index": keys, **{key: [v.get(i) for i in keys] for key, v in node.items()}}


def _is_list(node: Any) -> bool:
    return isinstance(node, list) and bool(node) and all(map(_plain, node))


def _lists(data: Any) -> list[tuple[Path, Columns]]:
    """Return the longest lists of numbers and words: as a table for each object, or as one if the objects differ."""
    every = [*_bare(data, ())]
    most = max((len(cells) for _, cells in every), default=0)
    groups: dict[Path, Columns] = {}
    union: Columns = {}
    for path, cells in every:
        if len(cells) == most:
            name = next((str(key) for key in reversed(path) if isinstance(key, str)), "value")
            groups.setdefault(path[:-1], {})[name] = cells
            union[name if name not in union else f"{name} ({len(union)})"] = cells
    alike = len(groups) > 1 and len({tuple(columns) for columns in groups.values()}) == 1
    return [*groups.items()] if alike else [((), union)] if union else []


def _bare(node: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    if _is_list(node):
        yield path, node
    elif not _plain(node):
        for key, child in _inner(node):
            yield from _bare(child, (*path, key))


def _names(data: Any, paths: list[Path]) -> list[str]:
    """Name places of a document by the keys, and words of objects, that differ on their paths."""
    telling = []
    for depth in range(1, min(map(len, paths)) + 1):
        words = _words({path[:depth]: _at(data, path[:depth]) for path in paths})
        if len(set(words.values())) > 1:
            telling.append([words[path[:depth]] for path in paths])
    return ["/".join(parts) for parts in zip(*telling, strict=True)]


def _words(places: dict[Path, Any]) -> dict[Path, str]:
    """Return keys; for places in lists the first entry that is a different word in each object, else their numbers."""
    flat = [_flat(entry) for entry in places.values() if isinstance(entry, dict)]
    for key in flat[0] if len(flat) == len(places) and isinstance(next(iter(places))[-1], int) else ():
        words = [entry.get(key) for entry in flat]
        if all(isinstance(word, str) for word in words) and len(set(words)) == len(words):
            return dict(zip(places, map(str, words), strict=True))
    return {place: str(place[-1]) for place in places}


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data
