"""Read a column of cells as numbers, with one decimal mark, thousands separator and unit for the whole column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.errors import counted
from benchmark.reading.parsing.cell import DASHES, NOTHING
from benchmark.reading.parsing.marks import QUOTES, SPACES, Country, decide, grouped
from benchmark.reading.parsing.table import Cells, as_mask, count_true

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
NAMES = {SPACES: "blanks", QUOTES: "apostrophes", ",": "commas", ".": "dots"}
MULTIPLES = ("k", "K", "M", "G", "T", "B", "bn", "Mio", "Mio.", "Mrd", "Mrd.")  # factors, unless all cells have one
MARKED = r"^([+-]?[\d.,]*\d) ?[*†‡#]+$"
_AMOUNT = r"([^\d()\-]{0,3})(\d[\d.,'’ ]*)"
BEHIND = rf"^(?:\({_AMOUNT}\)|{_AMOUNT}\s?-|([^\d()\-]{{1,3}})\(([\d.,'’ ]+)\))$"  # negative amounts, for RE2
REWRITTEN = (
    (MARKED, r"\1", "Marks of footnotes in {!r}: cut off {}, e.g. {!r}."),
    (BEHIND, r"\1\3\5-\2\4\6", "Below zero in {!r}: {} with a minus behind or in brackets, {!r} is read as {}."),
)
LIMITS = frozenset("<>")  # signs before a limit of detection, as in <21.0
DURATION = r"^(?:(?P<hour>\d{1,4}):)?(?P<minute>\d{1,4}):(?P<second>\d{2}(?:\.\d+)?)(?: ?/? ?[a-z]{1,5})?$"
NAMED = re.compile(r"([^\W\d]\D{0,30}[:=] ?)[+-]?\d[\d.,]*\s?[^\d\s]{0,8}")  # "value: 20.5"
_SPLIT = re.compile(
    rf"([^\d+\-.,]*?)([+-]?[.,]?\d[\d.,{QUOTES}{SPACES}]*(?:[eE][+-]?\d+)?)(\s*[^\d\s]{{0,6}}m[23](?:/\w{{1,3}})?|[^\d]*)"
)


@dataclass
class Numbers:
    """The (n,) values of a column, NaN where there is none.

    Attributes
    ----------
    bad : (n,) bool array or None
        True for cells that are neither numbers nor a usual word for a missing value; None if there are none.
    example : str
        The first of them.
    notes : list of str
    marks : Marks or None
        How the numbers are written, if the cells show it.
    states : (str, str) or ()
        Words that are read as 0 and 1.
    """

    values: NDArray[np.float64]
    bad: NDArray[np.bool_] | None = None
    example: str = ""
    notes: list[str] = field(default_factory=list)
    marks: Marks | None = None
    states: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        """Number of ``bad`` cells."""
        return 0 if self.bad is None else int(self.bad.sum())


@dataclass(frozen=True)
class Marks:
    """Decimal mark, thousands separator (or none), and the words around the number."""

    decimal: str = "."
    thousands: str = ""
    before: str = ""
    after: str = ""


def read_numbers(
    cells: Cells,
    name: str,
    decimal: str | None = None,
    thousands: str | None = None,
    country: Country = "unknown",
    words: frozenset[str] = frozenset(),
) -> Numbers:
    """Read a column of numbers.

    Parameters
    ----------
    cells : pyarrow array
    name : str
        For messages.
    decimal, thousands : str, optional
        As the user gave them; decided from all cells if not given.
    country : str
        Evidence from the rest of the file: a decimal ``comma`` or ``dot``; ``dates`` and a ``semicolon`` between
        cells suggest a decimal comma.
    words : frozenset of str
        Words for a missing value in addition to the usual ones, in lower case.

    Raises
    ------
    Undecided
        If ``1,234`` may be 1.234 or 1234.
    """
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return _typed(cells)
    free = decimal in (None, ".") and not thousands and _all_plain(cells)
    if free and not _dots_may_group(cells) and (direct := _cast(cells)) is not None:
        return Numbers(direct, marks=Marks() if any("." in c for c in sample(cells, 50)) else None)
    text = pc.utf8_trim_whitespace(cells)
    text = pc.replace_substring_regex(text, rf"^(\D{{0,3}}?)(?:[{DASHES}] ?|- )(\d)", r"\1-\2")
    text = pc.replace_substring_regex(text, r"(\d\.?)[dD]([+-]\d{2,3})$", r"\1E\2")  # as Fortran writes 1.5E+03
    text, rewritten = _rewrite(text, name)
    text, notes = _without_nothing(text, name, NOTHING | words)
    notes += rewritten
    marks = _marks(text, decimal, thousands, country)
    clean = _clean(text, marks)
    good = pc.fill_null(pc.match_substring_regex(clean, PLAIN), False)
    wrong = pc.and_(pc.invert(good), text.is_valid())
    values = pc.cast(pc.if_else(good, clean, None), pa.float64())
    count = count_true(wrong)
    example = str(text.filter(wrong)[0]) if count else ""
    bad = as_mask(wrong) if count else None
    return Numbers(_array(values), bad, example, notes + _mark_notes(marks, text, clean, good, name), marks)


def read_durations(cells: Cells, name: str) -> Numbers | None:
    """Read ``5:20`` and ``1:05:20`` as counts of their last part, (n,); None if most of a sample is no duration."""
    known = sample(cells) if pa.types.is_string(cells.type) else []
    if not mostly(known, re.compile(DURATION).match):
        return None
    found = pc.extract_regex(pc.utf8_trim_whitespace(cells), DURATION)
    parts = [pc.struct_field(found, part) for part in ("hour", "minute", "second")]
    hours, minutes, seconds = (_array(pc.cast(pc.if_else(pc.equal(p, ""), "0", p), pa.float64())) for p in parts)
    values = 3600 * hours + 60 * minutes + seconds
    wrong = np.isnan(values) & as_mask(cells.is_valid())
    shown, first = int(np.argmax(np.isfinite(values))), int(np.argmax(wrong))
    note = f"{name!r} holds durations: {cells[shown]} is read as {values[shown]:g}, counted in its last part."
    bad, example = (wrong, str(cells[first])) if wrong.any() else (None, "")
    return Numbers(values, bad, example, [note])


def _typed(cells: Cells) -> Numbers:
    """Read a column that has a type in the file."""
    whole = pc.cast(cells, pa.int8()) if pa.types.is_boolean(cells.type) else cells
    values = None if pa.types.is_temporal(cells.type) else _cast(whole)
    if values is not None:
        return Numbers(values)
    return Numbers(np.full(len(cells), np.nan), np.ones(len(cells), dtype=bool), str(cells[0]))


def _array(cells: Cells) -> NDArray[np.float64]:
    return np.array(cells.to_numpy(zero_copy_only=False), dtype=np.float64)


def _cast(cells: Cells) -> NDArray[np.float64] | None:
    try:
        return _array(pc.cast(cells, pa.float64(), safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def sample(cells: Cells, size: int = 1000) -> list[str]:
    """Return known cells from evenly spaced rows, as text."""
    rows = np.unique(np.linspace(0, max(0, len(cells) - 1), min(size, len(cells))).astype(np.int64))
    return [str(c).strip() for c in cells.take(pa.array(rows)).to_pylist() if c is not None]


def mostly(cells: list[str], fits: Callable[[str], object]) -> bool:
    """Return True if at least nine in ten cells fit; False without cells."""
    return bool(cells) and sum(bool(fits(cell)) for cell in cells) >= 0.9 * len(cells)


def _rewrite(text: Cells, name: str) -> tuple[Cells, list[str]]:
    """Remove marks of footnotes, and move the signs of negative amounts to the front, with a note on each."""
    notes = []
    for pattern, into, said in REWRITTEN:
        fits = pc.fill_null(pc.match_substring_regex(text, pattern), False)
        if count := count_true(fits):
            row, before = pc.index(fits, True).as_py(), text
            text = pc.if_else(fits, pc.replace_substring_regex(text, pattern, into), text)
            notes.append(said.format(name, counted(count, "cell"), before[row].as_py(), text[row].as_py()))
    return text, notes


def _without_nothing(text: Cells, name: str, nothings: frozenset[str]) -> tuple[Cells, list[str]]:
    """Replace words for a missing value by nulls, with a note on the words."""
    wordy = pc.invert(pc.match_substring_regex(text, r"^[+-]?[\d.,]*\d"))
    nothing = pc.fill_null(pc.and_(wordy, pc.is_in(pc.utf8_lower(text), value_set=pa.array(sorted(nothings)))), False)
    for sign in nothings & LIMITS:
        nothing = pc.or_(nothing, pc.fill_null(pc.starts_with(text, sign), False))
    words = [entry["values"] for entry in pc.value_counts(text.filter(nothing)).to_pylist()]
    shown = ", ".join(repr(w) for w in words if w)[:80]
    count = count_true(nothing)
    notes = [f"Missing values of {name!r}: {counted(count, 'cell')} with {shown} or nothing."] if shown else []
    return pc.if_else(nothing, pa.scalar(None, text.type), text), notes


def _all_plain(cells: Cells) -> bool:
    """Return True if a sample needs no cleaning; trying to cast all cells is slow if it fails late."""
    plain = re.compile(PLAIN)
    return all(plain.match(c) for c in sample(cells) if c.lower() != "nan")


def _dots_may_group(cells: Cells) -> bool:
    """Return True if all dots of a sample are followed by three digits, so that they may separate thousands."""
    dotted = [c for c in sample(cells) if "." in c]
    return bool(dotted) and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", c) for c in dotted)


def _marks(text: Cells, decimal: str | None, thousands: str | None, country: Country) -> Marks:
    parts = [m for m in (_SPLIT.fullmatch(c) for c in sample(text)) if m]
    units = Counter((m[1], m[3]) for m in parts if (m[1] + m[3]).strip())
    bare = sum(1 for m in parts if not (m[1] + m[3]).strip() and float("0" + re.sub(r"\D", "", m[2])) != 0)
    (before, after), times = units.most_common(1)[0] if units else (("", ""), 0)
    if times < bare or times < 0.9 * (sum(units.values()) or 1) or (bare and after.strip() in MULTIPLES):
        before = after = ""
    numbers = _strip_unit(text, before, after)
    if decimal is None or thousands is None:
        decimal, thousands = decide(numbers, decimal, thousands, country)
    return Marks(decimal, thousands, before, after)


def _strip_unit(text: Cells, before: str, after: str) -> Cells:
    if before:
        text = pc.replace_substring_regex(text, f"^{re.escape(before)}", "")
    if after:
        text = pc.replace_substring_regex(text, rf"\s*{re.escape(after.strip())}\s*$", "")
    return pc.utf8_trim_whitespace(text) if before or after else text


def _clean(text: Cells, marks: Marks) -> Cells:
    if marks.before or marks.after:
        text = _strip_unit(text, marks.before, marks.after)
    if marks.thousands:
        at, end = f"[{re.escape(marks.thousands)}]", re.escape(marks.decimal)
        fits = pc.match_substring_regex(text, rf"^[+-]?{grouped(at)}({end}\d*)?$")
        text = pc.if_else(fits, pc.replace_substring_regex(text, at, ""), text)
    return pc.replace_substring(text, ",", ".") if marks.decimal == "," else text


def _mark_notes(marks: Marks, text: Cells, clean: Cells, good: Any, name: str) -> list[str]:
    """Return a note with an example on the thousands separator, the decimal comma and the unit, if there are any."""

    def example(mark: str) -> str:
        chosen = pc.and_(good, pc.fill_null(pc.match_substring_regex(text, f"[{re.escape(mark)}]"), False))
        row = pc.index(chosen, True).as_py()
        return f"{text[row].as_py()!r} is read as {clean[row].as_py()}" if row >= 0 else ""

    found = []
    if marks.thousands and (shown := example(marks.thousands)):
        named = NAMES.get(marks.thousands, repr(marks.thousands))
        found.append(f"Thousands of {name!r} are set apart by {named}: {shown} (--thousands).")
    if marks.decimal == "," and (shown := example(",")):
        found.append(f"The decimal mark of {name!r} is a comma: {shown} (--decimal).")
    if marks == Marks(before=marks.before, after=marks.after) and _dots_may_group(text) and (shown := example(".")):
        found.append(f"Every dot of {name!r} has three digits behind it, taken as decimal: {shown} (--thousands .).")
    unit = " ".join(part.strip() for part in (marks.before, marks.after) if part.strip())
    if unit:
        found.append(f"The unit {unit!r} was cut off the cells of {name!r}.")
    return found
