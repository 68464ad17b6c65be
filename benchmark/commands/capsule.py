"""Print a script of a few lines that recomputes one stored cell.

example: python -m benchmark capsule LOF/MGAB/1.test.out > cell.py
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.commands import _options
from benchmark.errors import UserError, unknown

PARTS = ("detector", "dataset", "series", "protocol", "seed")  # of a cell's name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``capsule``."""
    parser.add_argument("cell", metavar="CELL", help="DETECTOR/DATASET/SERIES[/PROTOCOL[/SEED]], or a key of cells.csv")
    parser.add_argument("--detector", default="", metavar="SPEC", help="location of a plug-in, if it is not stored")
    parser.add_argument("--data-dir", type=Path, help="folder with the real series (BENCHMARK_DATA)")
    _options.add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Find the cell and print its script."""
    from benchmark.store import Store
    from benchmark.studies import capsule

    with Store(args.store) as store:
        frame = store.frame()
        frame = frame[frame["status"] == "ok"]
        columns = frame[list(PARTS)].astype(str)
        names = ["/".join(row) for row in columns.itertuples(index=False)]
        keys = list(frame["key"])
        found = frame[
            [f"{n}/".startswith(args.cell + "/") or key == args.cell for n, key in zip(names, keys, strict=True)]
        ]
        if found.empty:
            raise unknown("cell", args.cell, sorted(set(names)))
        cell: dict[str, Any] = {str(k): v for k, v in found.iloc[0].items()}
        if len(found) > 1:
            name = "/".join(str(cell[part]) for part in PARTS)
            _options.say(f"{len(found):,} stored cells are called so; this is {name}: name another in full, or its key")
        if cell["source"] == "simulated" or cell["quick"]:
            raise UserError("a capsule repeats cells of whole real series; this one is of a simulated or shortened one")
        cell |= {"params": json.loads(cell["params"]), "seed": int(cell["seed"]), "extra": json.loads(cell["extra"])}
        origins = {run["id"]: run["provenance"] for run in store.runs()}
    folder = str(args.data_dir.resolve()) if args.data_dir else None
    origin = origins.get(cell["run_id"], {})
    sys.stdout.write(capsule(cell, origin, args.detector, folder, str(args.store.resolve()), Path()))
    return 0
