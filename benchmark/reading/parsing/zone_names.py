"""Read time zones and offsets at the end of time stamps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.reading.parsing.fields import Fields
from benchmark.reading.parsing.table import Cells, as_mask

ABBREVIATED = {"utc": 0, "gmt": 0, "z": 0, "wet": 0, "cet": 60, "cest": 120, "bst": 60, "eet": 120, "eest": 180} | {
    "mez": 60, "mesz": 120,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "jst": 540,
    "west": 60, "msk": 180, "akst": -540, "akdt": -480, "hst": -600, "brt": -180, "art": -180, "sast": 120, "gst": 240,
    "pkt": 300, "sgt": 480, "hkt": 480, "awst": 480, "kst": 540, "acst": 570, "acdt": 630, "aest": 600, "aedt": 660,
    "nzst": 720, "nzdt": 780,
}  # fmt: skip


LOOKED_UP = re.compile(r"[A-Z]{3,4}|.*\d", re.ASCII)  # abbreviations, and offsets such as +01:00
NO_ZONE = re.compile(r"|h|hrs?|hs|uhr|std", re.I)  # words that tell nothing


class UnknownZone(Exception):
    """Raised for a time zone without a known offset."""


def offsets(found: Fields) -> tuple[NDArray[np.int32] | None, list[str]]:
    """Return minutes ahead of UTC (n,), or None if no cell has an offset, and notes on the zones' names.

    A zone follows minutes, AM or PM, and Z may follow an hour: ``13-14`` has no offset.
    """
    zones = found.text("zone")
    timed = (found.length("minute") > 0) | (found.length("half") > 0)
    told = timed & _mark(zones, _is_zone) | (found.length("hour") > 0) & as_mask(pc.equal(zones, "Z"))
    if not told.any():
        return None, []
    zones = pc.if_else(told, zones, "")
    return by_word(zones, tail_offset), _named_zones(zones)


def mark_unknown_zones(found: Fields) -> NDArray[np.bool_]:
    """Mark the cells whose time is followed by a word that is no zone, such as ``PMx``.

    Raises
    ------
    UnknownZone
        If at least half of the times have one.
    """
    zones = found.text("zone")
    timed = (found.length("minute") > 0) | (found.length("half") > 0)
    odd = timed & _mark(zones, lambda word: not _is_zone(word) and not NO_ZONE.fullmatch(word))
    if odd.any() and odd.sum() >= 0.5 * timed.sum():
        raise UnknownZone(str(zones[int(np.argmax(odd))]))
    return np.asarray(odd)


def _is_zone(word: str) -> bool:
    return bool(LOOKED_UP.fullmatch(word)) or word.lower() in ABBREVIATED


def _mark(zones: Cells, rule: Callable[[str], bool]) -> NDArray[np.bool_]:
    return by_word(zones, rule) > 0


def by_word(words: Cells, value: Any) -> NDArray[np.int32]:
    """Map words by the function ``value``, which is called once for each different word."""
    coded = pc.dictionary_encode(pc.fill_null(words, ""))
    table = np.array([value(str(w)) for w in coded.dictionary.to_pylist()] or [0], dtype=np.int32)
    return np.asarray(table[coded.indices.to_numpy(zero_copy_only=False)])


def tail_offset(tail: str) -> int:
    """Parse the end of a cell as minutes ahead of UTC."""
    match = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", tail)
    if match:
        return (1 if match[1] == "+" else -1) * (int(match[2]) * 60 + int(match[3] or 0))
    word = re.search(r"[A-Za-z]+$", tail)
    if word and word[0].lower() not in ABBREVIATED:
        raise UnknownZone(word[0])
    return ABBREVIATED[word[0].lower()] if word else 0


def _named_zones(tails: Cells) -> list[str]:
    """Return a note on how names of zones are read as offsets."""
    words = {str(tail).strip(" 0123456789:.") for tail in tails.unique().to_pylist()}
    named = sorted(w for w in words if w.isalpha() and ABBREVIATED[w.lower()])
    offsets = [f"{w} as UTC{ABBREVIATED[w.lower()] / 60:+g}" for w in named]
    return [f"Zones are read by their names: {', '.join(offsets)}."] if offsets else []
