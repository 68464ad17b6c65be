"""Markdown tables of the measured runs: medians, ratios, growth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from benchmark.report import markdown as md
from benchmark.speed.measure import Run

CASE = ["series", "detector", "n", "window", "threads"]
LINE = ["series", "detector", "side", "window", "threads"]
OURS = "ours"


def frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the runs as a table, one row per run."""
    return pd.DataFrame([asdict(run) for run in runs], columns=list(Run.__dataclass_fields__))


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per case and implementation: medians over the repeats, their range, and the ratio to ours.

    The ratio is the median over the repeats of theirs / ours. Both are measured shortly after each other, so a load of
    the machine affects both.
    """
    rows = []
    for key, case in runs.groupby(CASE, sort=False):
        mine = case[case["side"] == OURS].set_index("repeat")["seconds"]
        for side, group in case.groupby("side", sort=False):
            seconds, cpu = (group.set_index("repeat")[name] for name in ("seconds", "cpu_seconds"))
            ratio = seconds / mine.reindex(seconds.index)
            rows.append(
                dict(zip(CASE, key, strict=True))
                | {"side": side, "seconds": seconds.median(), "low": seconds.min(), "high": seconds.max()}
                | {"ratio": ratio.median(), "ratio_low": ratio.min(), "ratio_high": ratio.max()}
                | {"cpu_ratio": cpu.median() / case.loc[case["side"] == OURS, "cpu_seconds"].median()}
                | {name: group[name].median() for name in ("startup", "peak_mb", "level_mb")}
                | {name: group[name].median() for name in ("rank_correlation", "difference", "auroc_difference")}
                | {
                    "repeats": int(seconds.notna().sum()),
                    "note": "; ".join(dict.fromkeys(group["note"].loc[group["note"] != ""])),
                }
            )
    return pd.DataFrame(rows)


def growth(table: pd.DataFrame) -> pd.DataFrame:
    """Fit the exponent e of seconds ~ n^e to the medians above 5 ms; this needs at least two lengths."""
    rows = []
    for key, line in table.dropna(subset="seconds").groupby(LINE, sort=False):
        used = line[line["seconds"] > 5e-3]
        if used["n"].nunique() >= 2:
            slope = float(np.polyfit(np.log(used["n"]), np.log(used["seconds"]), 1)[0])
            rows.append(dict(zip(LINE, key, strict=True)) | {"exponent": slope, "lengths": used["n"].nunique()})
    return pd.DataFrame(rows, columns=[*LINE, "exponent", "lengths"])


def markdown(table: pd.DataFrame, exponents: pd.DataFrame, about: list[str]) -> str:
    """Format the whole page: how it was measured, then ratios, growth and start-up."""
    parts = ["# Bench", "\n".join(f"- {line}" for line in about)]
    parts += ["## Time, memory and agreement", EXPLAINED, _ratios(table)]
    if len(exponents):
        parts += ["## Growth: seconds ~ n^e", _growth(exponents)]
    parts += ["## Start-up", STARTUP, _startup(table)]
    return "\n\n".join(parts) + "\n"


EXPLAINED = (
    "Medians, with the range over the repeats in brackets; times ours = median of theirs / ours within a repeat, CPU "
    "times ours = the same of processor time (all threads), which a busy machine disturbs less. Peak = resident memory "
    "of a fresh process, libraries included. Rank corr. = Spearman, largest diff. = with both scores scaled to 0..1 "
    "(for VUS: of the two figures themselves), AUROC diff. = theirs - ours."
)
STARTUP = "Seconds for imports, compilers (or their caches) and one tiny call, not part of the times above."


def short(table: pd.DataFrame, about: list[str]) -> str:
    """Format a table for the documentation: seconds, memory and agreement, and how they were measured."""
    head = ["detector", "side", "series, n, W", "seconds", "peak MiB", "CPU times ours", "largest diff."]
    rows = [
        [
            *(row["detector"], row["side"], f"{row['series']}, {row['n']:,}, {row['window']}"),
            *(_number(row["seconds"], ".3f"), _number(row["peak_mb"], ".0f")),
            "" if row["side"] == OURS else _number(row["cpu_ratio"], ".1f"),
            _number(row["difference"], ".0e"),
        ]
        for row in table.to_dict("records")
    ]
    lines = "\n".join(f"- {line}" for line in about)
    return f"{md.table(head, rows, left=3)}\n\n{lines}"


def _ratios(table: pd.DataFrame) -> str:
    head = ["detector", "series", "n", "W", "threads", "side", "seconds", "times ours", "CPU times ours", "peak MiB"]
    head += ["rank corr.", "largest diff.", "AUROC diff.", "note"]
    return md.table(head, [_case(row) for row in table.to_dict("records")], left=2)


def _case(row: dict[Any, Any]) -> list[object]:
    ours = row["side"] == OURS
    case = [row["detector"], row["series"], f"{row['n']:,}", row["window"], row["threads"], row["side"]]
    return [
        *case,
        _spread(row["seconds"], row["low"], row["high"]),
        "" if ours else _spread(row["ratio"], row["ratio_low"], row["ratio_high"], 1),
        "" if ours else _number(row["cpu_ratio"], ".1f"),
        _number(row["peak_mb"], ".0f"),
        _number(row["rank_correlation"], ".5f"),
        _number(row["difference"], ".1e"),
        _number(row["auroc_difference"], "+.4f"),
        row["note"],
    ]


def _growth(exponents: pd.DataFrame) -> str:
    sides = sorted(dict.fromkeys(exponents["side"]), key=lambda side: side != OURS)
    lines: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in exponents.to_dict("records"):
        case = (row["detector"], row["series"], row["window"], row["threads"])
        lines.setdefault(case, {})[row["side"]] = row["exponent"]
    rows: list[list[object]] = [
        [*case, *(_number(line.get(side, np.nan), ".2f") for side in sides)] for case, line in lines.items()
    ]
    return md.table(["detector", "series", "W", "threads", *sides], rows, left=2)


def _startup(table: pd.DataFrame) -> str:
    medians = table.dropna(subset="startup").groupby(["detector", "side"], sort=False)["startup"].median()
    rows = [[*place, f"{seconds:.1f}"] for *place, seconds in medians.reset_index().itertuples(index=False, name=None)]
    return md.table(["detector", "side", "seconds"], rows, left=2)


def _spread(middle: float, low: float, high: float, digits: int = 3) -> str:
    if np.isnan(middle):
        return ""
    return f"{_short(middle, digits)} ({_short(low, digits)}-{_short(high, digits)})"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits if value < 100 else 0}f}"


def _number(value: float, style: str) -> str:
    return "" if np.isnan(value) else format(value, style)
