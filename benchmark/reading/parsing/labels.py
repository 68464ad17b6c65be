"""Decode a column of labels in any usual coding to 0 and 1."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.errors import counted
from benchmark.reading.parsing.cell import NOTHING
from benchmark.reading.parsing.table import Cells

Labels = NDArray[np.uint8]
NAME = re.compile(
    r"labels?|ラベル|标签|標籤|라벨|레이블|[ée]tiquette|etichetta|etiqueta|.*anomal.*|.*outlier.*|ausrei(ss|ß)er|is_?(attack|fault)|ground_?truth|gt|attack|normal/attack",
    re.I,
)
EASTERN = ("異常", "异常", "이상", "비정상")
NORMAL = frozenset(
    ["0", "false", "normal", "no", "n", "f", "ok", "good", "inlier", "nominal", "benign", "regular"]
) | frozenset(["nein", "non", "nej", "falsch", "faux", "falso", "fals", "normale", "normaal", "正常", "정상"])
ANOMALOUS = (
    frozenset(["1", "true", "anomaly", "anomalous", "anomalies", "abnormal", "outlier", "yes", "y", "t"])
    | frozenset(["fault", "faulty", "failure", "broken", "attack", "bad", "error", "alarm"])
    | frozenset(["ja", "oui", "si", "sí", "wahr", "vrai", "vero", "verdadero", "anomalie", "anomalía"])
    | frozenset(["anomal", "anomalo", "anómalo", "anormal", "anormale", "abnormaal", *EASTERN])
)
KNOWN = NORMAL | ANOMALOUS | NOTHING
SEVERAL = 20
PLAIN = frozenset(
    ["anomaly", "anomalous", "abnormal", "outlier", "anomalies", "anomalo", "anómalo", *EASTERN]
)  # words that occur only in columns of labels


def decode(cells: Cells) -> tuple[Labels | None, str]:
    """Return (n,) labels and a note on the coding; or None and the reason why the column has no labels."""
    text = pc.cast(cells, pa.string())
    if pa.types.is_floating(cells.type):
        text = pc.if_else(pc.is_nan(cells), pa.scalar(None, pa.string()), text)
    coded = pc.dictionary_encode(pc.fill_null(text, ""))
    if len(coded.dictionary) > 4 * SEVERAL:
        return None, f"it has {len(coded.dictionary):,} different entries"
    words = [_word(str(w)) for w in coded.dictionary.to_pylist()]
    index = coded.indices.to_numpy(zero_copy_only=False)
    counts: dict[str, int] = {}
    for word, count in zip(words, np.bincount(index, minlength=len(words)), strict=True):
        counts[word] = counts.get(word, 0) + int(count)
    empty = sum(c for w, c in counts.items() if w in NOTHING)
    anomalous, said = _coding({w: c for w, c in counts.items() if w not in NOTHING}, empty)
    if anomalous is None:
        return None, said
    if empty:
        said += f"{' ' if said else ''}Without a label, and so normal: {counted(empty, 'row')}."
    meaning = np.array([w in anomalous for w in words], dtype=np.uint8)
    return meaning[index], said


def _word(text: str) -> str:
    """Normalize a word: lower case, and whole numbers without a fraction."""
    clean = text.strip().lower()
    with suppress(ValueError):
        return str(int(clean)) if "." not in clean else f"{float(clean):.15g}"
    return clean


def _coding(counts: dict[str, int], empty: int) -> tuple[set[str] | None, str]:
    """Return the words that mean an anomaly, and a note; or None and the reason."""
    words = set(counts)
    if not words:
        return None, "it is empty"
    numbered = len(words) > 1 and any(re.search(r"\d", word) for word in words)
    if not numbered and not words & NORMAL and len(words) <= SEVERAL and sum(counts.values()) < empty:
        return words, f"Labels are {_list_counts(counts)}, and nothing elsewhere."
    if words <= {"-1", "1"} and "-1" in words:
        rare = "-1" if counts["-1"] <= counts.get("1", 0) else "1"
        return {rare} & words, f"Labels are -1 and 1; {rare}, the rarer one, is the anomaly."
    if words <= NORMAL | ANOMALOUS:
        if words <= ANOMALOUS and sum(counts.values()) > 1:
            return None, f"every label is {', '.join(sorted(words))}"
        return words & ANOMALOUS, "" if words <= {"0", "1"} else f"Labels are {_list_counts(counts)}."
    if len(words) > SEVERAL:
        return None, f"it has {len(words)} different entries"
    if all(re.fullmatch(r"\d+", w) for w in words) and "0" in words:
        return words - {"0"}, f"Labels are {_list_counts(counts)}; everything but 0 is an anomaly."
    normal = words & NORMAL
    if len(normal) == 1 and not all(re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", w) for w in words):
        return words - normal, f"Labels are {_list_counts(counts)}; everything but {min(normal)!r} is an anomaly."
    return None, f"its entries are {_list_counts(counts)}, which is no known coding; write 0 and 1"


def _list_counts(counts: dict[str, int]) -> str:
    shown = sorted(counts.items(), key=lambda item: -item[1])[:5]
    more = ", ..." if len(counts) > len(shown) else ""
    return ", ".join(f"{word!r} ({count:,})" for word, count in shown) + more


def holds_labels(cells: Cells) -> bool:
    """Return True if the entries, such as normal and abnormal, show that a column contains labels."""
    if not pa.types.is_string(cells.type):
        return False
    if not _words(cells.slice(0, SEVERAL)) <= KNOWN:
        return False  # a quick exit for most columns, before all cells are examined
    words = _words(cells.unique().slice(0, SEVERAL))
    return bool(words & PLAIN) and words <= KNOWN


def _words(cells: Cells) -> set[str]:
    return {_word(str(w)) for w in cells.to_pylist() if w is not None}


def is_label_name(name: str) -> bool:
    """Return True if a column of this name contains labels, provided that its entries can be decoded."""
    return bool(NAME.fullmatch(name.strip()))
