"""The findings in words, the same in every page."""

from __future__ import annotations

from benchmark.detection.detect import Finding
from benchmark.detection.ranking import LABELLED, Ranking

ABOUT = (
    "The rows that differ most from similar windows elsewhere, the value where the difference is largest and what "
    "those windows have there, and the rows within which the score stands out."
)


def verdict(finding: Finding) -> str:
    """How many alerts, and what the threshold promises."""
    count, options = sum(alert.flagged for alert in finding.alerts), finding.options
    if options.rule != "peaks":
        counted = {0: "No alert lies", 1: "One alert lies"}.get(count, f"{count:,} alerts lie")
        share = f"a share of {options.contamination:g} of the rows is flagged whatever the data"
        if finding.held_out:
            share = f"a share of {options.contamination:g} of held-out history reaches it"
        return f"{counted} above the threshold {finding.threshold:.6g} ({options.rule}: {share})."
    counted = {0: "Nothing stands out", 1: "One alert stands out"}.get(count, f"{count:,} alerts stand out")
    return (
        f"{counted} from the series' own ordinary peaks, which are expected to reach the threshold "
        f"{finding.threshold:.6g} about {options.false_alerts:.3g} times in as many rows (--false-alerts)."
    )


def measure(ranking: Ranking) -> str:
    """What the ranking's figures are."""
    return "AUROC" if ranking.kinds == LABELLED else "found"


def ranked(ranking: Ranking) -> str:
    """How the ranking came about, or why there is none, and whom it cannot tell apart."""
    if not ranking.merit:
        return f"No ranking is supported: {ranking.reason}"
    parts = [f"Mean AUROC on {ranking.basis}." if ranking.kinds == LABELLED else _planted(ranking)]
    if ranking.reason:
        parts.append(f"No ranking is supported: {ranking.reason}")
    elif ranking.tied:
        parts.append(f"The trials cannot tell {ranking.order[0]} from {', '.join(ranking.tied)}.")
    return " ".join(parts)


def _planted(ranking: Ranking) -> str:
    return (
        f"{len(ranking.kinds)} anomalies planted into the series; found = how far their peaks reach towards the "
        "threshold, 1 = an alert; with 95 % interval over the planted."
    )


def ranking_lines(ranking: Ranking) -> list[dict[str, str]]:
    """Name, merit, interval and what is missed, of each detector that was ranked."""
    alone = ranking.kinds == LABELLED
    lines = []
    for name in ranking.order:
        low, high = ranking.interval(name)
        missed = "" if alone else ", ".join(ranking.misses(name)) or "none of the kinds"
        span = "one trial" if alone else f"{low:.2f} to {high:.2f}"
        lines.append({"name": name, "merit": f"{ranking.merit[name].mean():.2f}", "interval": span, "missed": missed})
    return lines
