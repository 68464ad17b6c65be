"""A few lines of Python that recompute one cell, with its data hash, versions and seed."""

from __future__ import annotations

from typing import Any

TEMPLATE = '''"""{title}

Recomputes one cell of a benchmark. It was computed with {versions}
on {host}; AUROC {auroc}.
"""

import datasets
from benchmark import metrics
from benchmark.execution import execute
from benchmark.grid import Cell, Task, protocols

DATA_HASH = {data_hash!r}

series = datasets.load({dataset!r}, {series!r}, data_dir=None)  # data_dir: folder with the real series, or download
assert series.sha256 == DATA_HASH, f"other data: {{series.sha256}}"

cell = Cell(
    dataset={dataset!r},
    series={series!r},
    detector={detector!r},
    protocol={protocol!r},
    seed={seed!r},
    params={params!r},
    version={version!r},
    data_hash=DATA_HASH,
)
outcome = execute(Task(cell, spec={detector!r}), series)
assert outcome.status == "ok", outcome.reason

scores = get(cell.protocol).scores_for_metric(outcome.scores)
auroc = metrics.auroc(series.labels[outcome.first_row :], scores, 1)
print("AUROC", auroc, "stored", {auroc})
'''


def capsule(cell: dict[str, Any], provenance: dict[str, Any]) -> str:
    """The script for a stored cell (a row of the store) and the provenance of its run."""
    versions = ", ".join(f"{k} {v}" for k, v in sorted(provenance.get("versions", {}).items()) if v)
    return TEMPLATE.format(
        title=f"{cell['detector']} on {cell['dataset']}/{cell['series']}, {cell['protocol']}, seed {cell['seed']}.",
        versions=f"Python {provenance.get('python', '?')}, {versions}",
        host=provenance.get("platform", "an unknown platform"),
        auroc=repr(float(cell["auroc"])),
        params=tuple(sorted(cell["params"].items())),
        **{k: cell[k] for k in ("data_hash", "dataset", "series", "detector", "protocol", "seed", "version")},
    )
