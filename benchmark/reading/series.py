"""Find the column that names the series of each row in a file of several series, and select one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.errors import UserError, counted, unknown
from benchmark.reading.clocks import Clock
from benchmark.reading.parsing import NOT_A_TIME, Sheet, is_whole

NAME = re.compile(
    r".*(series|kpi|metric|sensor|device|station|host|node|channel|tag|item|variable|symbol|ticker|meter|machine|unit"
    r"|location|site|field|instance|unique_id|name|entity|asset|signal|group|store|dept|department|shop|product|sku"
    r"|category|region|country|(?<![a-z])city|customer|account|route|vehicle|pump|turbine|engine|plant|standort"
    r"|metering ?point ?(id)?|messstelle|zähler"
    r"|gerät)s?\b.*|(.*[ _-])?id",
    re.I,
)
QUALITY = re.compile(r"qualif|quality|flag|(^|[ _-])qc([ _-]|$)", re.I)  # of values, no series
ALL = "all"
SEPARATOR = "/"  # joins the parts of a name from several columns
LISTED = 12
SEVERAL = 6  # columns of names, of which each two are tried
Codes = NDArray[np.int64]


@dataclass
class Split:
    """Assigns each row to a series: ``codes`` (n,) are indices into ``names``."""

    columns: tuple[str, ...]
    names: list[str]
    codes: Codes

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.bincount(self.codes, minlength=len(self.names))

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Mark the rows of one series; none if no row has its name."""
        return np.asarray([one == name for one in self.names], dtype=bool)[self.codes]


def parse_keys(wanted: str | None, names: list[str]) -> tuple[str, ...]:
    """Return the columns that ``--series-column`` names: one, or several as in ``host/cpu``."""
    if wanted is None:
        return ()
    parts = tuple(wanted.split(SEPARATOR))
    return parts if wanted not in names and set(parts) <= set(names) else (wanted,)


def find_split(sheet: Sheet, clock: Clock | None, taken: tuple[str | None, ...]) -> Split | None:
    """Find the column of series names: the user's, the format's, or one such that times are sorted in each series."""
    wanted = sheet.options.series_column
    if wanted is not None:
        return _split(sheet, parse_keys(wanted, sheet.names))
    if sheet.table.series_columns:
        return _split(sheet, sheet.table.series_columns)
    keys = [name for name in sheet.names if name not in taken and _may_name(sheet, name, clock)]
    if not _values_are_left(sheet, clock, keys):
        return None
    keys.sort(key=lambda name: not NAME.fullmatch(name))
    groups: list[tuple[str, ...]] = [(key,) for key in keys]
    keys = sorted(keys, key=sheet.names.index)
    if 2 < len(keys) <= SEVERAL:
        groups += combinations(keys, 2)
    if len(keys) > 1:
        groups.append(tuple(keys))
    for split in (_split(sheet, group) for group in groups):  # one after the other: each goes through the whole file
        explains = _explains(split, clock) or (clock is None and _takes_turns(sheet, split))
        if 1 < len(split.names) <= len(sheet.table) / 2 and explains:
            return None if _are_rows_repeated(sheet, clock, split) else split
    return None


def _are_rows_repeated(sheet: Sheet, clock: Clock | None, split: Split) -> bool:
    """Return True if rows at one time, which stand together, have the same numbers: they differ in a word alone."""
    if clock is None:
        return False
    again = np.flatnonzero(np.diff(clock.ticks) == 0)
    others = [
        name for name in sheet.names if name not in (*split.columns, *clock.columns) and sheet.looks_numeric(name)
    ]
    if not len(again) or len(others) < 2:
        return False
    pairs = [(values[again], values[again + 1]) for values in (sheet.numbers(name).values for name in others)]
    return all(float(np.mean(np.isclose(one, other, equal_nan=True))) > 0.9 for one, other in pairs)


def _values_are_left(sheet: Sheet, clock: Clock | None, keys: list[str]) -> bool:
    """Return True if there are numeric columns besides the times and the possible series columns."""
    others = [name for name in sheet.names if name not in keys and not (clock and name in clock.columns)]
    return sheet.options.value is not None or any(sheet.looks_numeric(name) for name in others)


def _may_name(sheet: Sheet, name: str, clock: Clock | None) -> bool:
    if (clock is not None and name in clock.columns) or QUALITY.search(name) or not sheet.few_words(name):
        return False
    if sheet.is_text(name):
        return True
    return bool(NAME.fullmatch(name)) and sheet.looks_numeric(name) and is_whole(sheet.numbers(name).values)


def _split(sheet: Sheet, columns: tuple[str, ...]) -> Split:
    texts = [pc.fill_null(pc.cast(sheet.cells(c), pa.string()), "") for c in columns]
    whole = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, SEPARATOR)
    coded = pc.dictionary_encode(whole)
    return Split(columns, [str(n) for n in coded.dictionary.to_pylist()], np.asarray(coded.indices).astype(np.int64))


def _explains(split: Split, clock: Clock | None) -> bool:
    """Return True if times are sorted within each series but not over all rows, or are less even there."""
    if clock is None:
        return bool(NAME.fullmatch(split.columns[0])) and int((np.diff(split.codes) != 0).sum()) == len(split.names) - 1
    ticks = clock.ticks
    good = ticks != NOT_A_TIME
    ticks, codes = ticks[good], split.codes[good]
    order = np.argsort(codes, kind="stable")
    inner = np.diff(ticks[order])[np.diff(codes[order]) == 0]
    outer = np.diff(ticks)
    if not len(inner) or not _overlap(ticks, codes, len(split.names)):
        return False
    sign = 1 if np.median(inner) > 0 else -1
    broken_inside, broken = int((sign * inner <= 0).sum()), int((sign * outer <= 0).sum())
    if broken:
        return broken_inside <= 0.1 * broken
    return _slower(inner, codes[order], outer)


def _takes_turns(sheet: Sheet, split: Split) -> bool:
    """Return True if series come in turn without times, and numbers differ far less within each than between."""
    count = len(split.names)
    if not np.array_equal(split.codes, np.arange(len(split.codes)) % count):
        return False
    names = [name for name in sheet.names if name not in split.columns and sheet.looks_numeric(name)]
    columns = [sheet.numbers(name).values for name in names]
    steps = [(np.abs(values[count:] - values[:-count]), np.abs(np.diff(values))) for values in columns]
    return any(3 * np.nanmedian(within) < np.nanmedian(between) for within, between in steps)


def _overlap(ticks: Any, codes: Codes, count: int) -> bool:
    """Return True if the series overlap in time, and are not consecutive."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, codes, ticks.astype(np.float64))
    np.maximum.at(high, codes, ticks.astype(np.float64))
    spans = np.where(high >= low, high - low, 0)
    return bool(spans.sum() > 1.2 * (ticks.max() - ticks.min()))


def _slower(inner: Any, codes: Codes, outer: Any) -> bool:
    """Return True if each series has even steps, longer than those of all rows, although all rows are sorted."""
    owner = codes[1:][np.diff(codes) == 0]
    usual = np.median(outer)
    for code in np.unique(owner):
        steps = inner[owner == code]
        step = np.median(steps)
        if step < 1.5 * usual or len(steps) < 5 or np.mean(np.abs(steps - step) <= 0.1 * step) < 0.8:
            return False
    return True


def select_series(split: Split, sheet: Sheet) -> list[str]:
    """Return the names of the selected series.

    Raises
    ------
    UserError
        If the file contains several series and none was selected, or if there is none of that name.
    """
    wanted = sheet.options.series
    if wanted == ALL or (wanted is None and len(split.names) == 1):
        return split.names
    if wanted is None:
        raise UserError(
            f"{sheet.path} holds {len(split.names)} series, named by {' and '.join(map(repr, split.columns))}: "
            f"{list_series(split)}: choose one with --series NAME, or each with --series {ALL}"
        )
    if wanted not in split.names:
        raise unknown(f"series of {sheet.path.name}", wanted, split.names)
    return [wanted]


def list_series(split: Split) -> str:
    """List the names of the series with their numbers of rows."""
    shown = [f"{name} ({counted(count, 'row')})" for name, count in zip(split.names, split.counts, strict=True)][
        :LISTED
    ]
    return ", ".join(shown) + (f", ... ({len(split.names) - LISTED} more)" if len(split.names) > LISTED else "")
