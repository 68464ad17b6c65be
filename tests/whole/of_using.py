"""Use from Python, exchange of stores, and files written by single commands: capsules, submissions, pages."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import re
import sqlite3
import sys
import warnings
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

import benchmark
from benchmark import leaderboard
from benchmark.adapters import Listed
from benchmark.catalogue import registry, trials
from benchmark.commands import _trial
from benchmark.errors import UserError
from benchmark.execution import Backend
from benchmark.grid import Cell, Outcome
from benchmark.report import summary
from benchmark.report.summary import update
from benchmark.store import Store, export, import_scores, merge, verify
from benchmark.store.evaluate import measure
from benchmark.store.exchange import Merged
from benchmark.store.scores_file import read_scores
from benchmark.studies import capsule, edges
from datasets import DataError, Series
from detectors import HBOS, AbsDeviation, Array, Detector
from tests.support.made_up import cell, frame
from tests.support.series import rhythm
from tests.support.stored import cell as stored_cell
from tests.support.stored import fill, ok
from tests.whole import Subject
from tests.whole.kept import array, cleaned, command, number, shown


def told(action: Callable[[], Any]) -> str:
    """What an action returns, or how it is refused."""
    try:
        found = action()
    except (UserError, DataError, ValueError, TypeError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return str(found) if isinstance(found, Merged | str) else "; ".join(shown(found))


def _hashless(text: str) -> str:
    """Without hashes, and without what Python, pandas and SQLite say."""
    text = re.sub(
        "(Python int too large|unable to open database|No columns to parse|invalid literal|'utf-8' codec)[^;\\n]*",
        "WHY",
        text,
    )
    return re.sub(r"(?<![\d.])\b[0-9a-f]{12,64}\b", "HASH", text)


class Kept(Detector):
    """Distance from the fitted mean, by a power."""

    learns_from = "normal"

    def __init__(self, power: float = 1.0, parts: Any = ()) -> None:
        self.power, self.parts = power, parts

    def _fit(self, pieces: list[Array]) -> None:
        self.mean_ = float(np.mean(np.concatenate(pieces)))

    def _score(self, x: Array) -> Array:
        return np.abs(x - self.mean_) ** self.power


def _labelled(seed: int, n: int = 240) -> tuple[Array, Any]:
    x, labels = np.round(rhythm(n, seed), 3), np.zeros(n, dtype=int)
    x[n // 2 : n // 2 + 6] += 3
    labels[n // 2 : n // 2 + 6] = 1
    return x, labels


def using_evaluate(folder: Path) -> str:
    """What :func:`benchmark.evaluate` takes, gives and refuses; tables and stored cells."""
    one, two = _labelled(1), _labelled(2, 300)
    own = Series("mine", "s", one[0].copy(), one[1].astype(np.uint8))
    (folder / "pump").mkdir()
    pd.DataFrame({"value": two[0], "label": two[1]}).to_csv(folder / "pump" / "a.csv", index=False)
    calls: dict[str, dict[str, Any]] = {
        "pair": {"detectors": "AbsDeviation", "data": one},
        "list": {"detectors": [AbsDeviation, HBOS(window=5, n_bins=np.int64(4)), Kept(2.0, [1, 2])], "data": [one, own, str(folder / "pump")], "protocol": ["tsb-uad", "normal-only"], "store": folder / "s.sqlite"},
        "again": {"detectors": [Kept(2.0, [1, 2])], "data": (own, two), "protocol": "normal-only", "metrics": ["f1_topk"], "store": folder / "s.sqlite"},
        "seeds": {"detectors": ["RandomScore", "AbsDeviation"], "data": own, "seeds": [0, 3], "metrics": "best_f1_oracle"},
        "quick": {"detectors": "HBOS", "data": own, "quick": True, "timeout": 0, "memory": 0.5},
        "simulated": {"detectors": "AbsDeviation", "data": "Genesis", "mode": "simulated", "quick": True},
    }  # fmt: skip
    parts: list[str] = []
    serial = lambda name, jobs=1: Backend("serial", jobs)  # noqa: E731 - worker processes take seconds to start
    for title, given in calls.items():
        said = StringIO()
        with (
            warnings.catch_warnings(record=True) as heard,
            redirect_stderr(said),
            mock.patch("benchmark.evaluation.Backend", serial),
        ):
            warnings.simplefilter("always")
            cells = told_frame(lambda given=given: benchmark.evaluate(**given))
        parts += [
            f"## {title}",
            *cells,
            *(line for line in said.getvalue().splitlines() if "read from" not in line and "(as asked)" not in line),
            *(str(w.message) for w in heard if w.category is UserWarning),
        ]
    wrong: dict[str, dict[str, Any]] = {
        "detector": {"detectors": "HBSO"}, "object": {"detectors": 3}, "nothing": {"detectors": []}, "no data": {"data": []},
        "data": {"data": "MGBA"}, "values": {"data": 7}, "lengths": {"data": (one[0], one[1][:5])}, "flat": {"data": (np.ones((3, 1)), np.ones((3, 1)))},
        "missing": {"data": (np.where(one[1], np.nan, one[0]), one[1])}, "labels": {"data": (one[0], one[1] * 2)}, "normal": {"data": (one[0], one[1] * 0)},
        "protocol": {"protocol": "tsbuad"}, "no protocol": {"protocol": ()}, "seed": {"seeds": [-1]}, "true": {"seeds": (True,)}, "seed 2": {"seeds": [2**32]}, "a number of seeds": {"seeds": 3}, "seeds as text": {"seeds": "3"}, "a file": {"data": str(folder / "pump" / "a.csv")},
        "metric": {"metrics": ["f11"]}, "jobs": {"jobs": 0}, "local": {"detectors": type("Here", (Kept,), {"__module__": "nowhere"})}, "mode": {"data": "MGAB", "mode": "fake"},
    }  # fmt: skip
    on_no_disk = {name: ModuleType(name) for name in ("by_hand", "__main__")}
    for name, module in on_no_disk.items():
        vars(module)["Of"] = type("Of", (Kept,), {"__module__": name, "__qualname__": "Of"})
        wrong[f"of {name}"] = {"detectors": vars(module)["Of"]}
    with mock.patch.dict(sys.modules, on_no_disk):
        for title, given in wrong.items():
            asked = {"detectors": "AbsDeviation", "data": one} | given
            parts += [f"{title}: {told(lambda asked=asked: benchmark.evaluate(**asked))}"]
    unread: dict[str, tuple[Any, dict[str, Any]]] = {
        "words": (["a", "b"], {}), "two columns": (np.ones((5, 2)), {}), "an object": (object(), {}), "no rows": (pd.DataFrame({"v": []}), {}),
        "cells of two types": (pd.DataFrame({"v": [1, "a", b"b"]}), {}), "budget": (one[0], {"budget": -1}), "seed": (one[0], {"seed": 0.5}),
        "share": (one[0], {"contamination": 0.6, "threshold": "pot"}), "rule": (one[0], {"threshold": "peak"}),
    }  # fmt: skip
    for title, (data, options) in unread.items():
        refused = told(lambda data=data, options=options: benchmark.detect(data, **options))
        parts += [re.sub(r"(no one type) \(.*\):", r"\1 (WHY):", f"to detect, {title}: {refused}")]
    made = frame(
        [
            *(
                cell(d, f"{k}.test.out", "LOF", 0.5 + k / 10, seed=s)
                for d in ("MGAB", "Genesis")
                for k in range(2)
                for s in range(2)
            ),
            cell("MGAB", "1.test.out", "AE", status="failed"),
            cell("mine", "a", "HBOS", 0.9, quick=True),
            cell("mine", "a", "LOF", 0.4, source="simulated"),
        ]
    )
    for metric in ("auroc", "auprc"):
        parts += [benchmark.table(made, metric).round(6).to_csv()]
    parts += [
        told(lambda: benchmark.table(made, "f11")),
        benchmark.table(benchmark.load(folder / "s.sqlite")).round(6).to_csv(),
        told(lambda: benchmark.load(folder / "none.sqlite")),
    ]
    return _hashless(cleaned("\n".join(parts), folder)) + "\n"


def told_frame(action: Callable[[], pd.DataFrame]) -> list[str]:
    """Rows of cells without what differs from run to run."""
    cells = action()
    left = cells.drop(
        columns=["fit_seconds", "score_seconds", "peak_mb", "finished", "key", "host", "run_id"], errors="ignore"
    )
    said = [
        " ".join(
            f"{k}={number(v) if isinstance(v, float) else v}"
            for k, v in row.items()
            if v not in ("", "{}", None, False) and v == v
        )
        for row in left.to_dict("records")
    ]
    trivial = [
        f"{row['detector']} {row['protocol']} {row['series']} {number(row.get('auroc'))} {row['quick']}"
        for one in cells.attrs.values()
        for row in one
    ]
    return [f"columns {', '.join(left)}", *said, f"trivial {trivial}"]


def using_stores(folder: Path) -> str:
    """Stores that were tampered with, merged, exported, and files of scores: what is said of each."""
    from tests.store.test_forged import ALL

    parts: list[str] = []
    good = fill(folder / "good.sqlite", "A", "B")
    ours = fill(folder / "ours.sqlite", "A", "C")
    with Store(ours, write=True) as store:
        failed = replace(ok(), status="failed", reason="why", scores=None)
        store.put(stored_cell("B"), failed)
        store.put(
            stored_cell("A", seed=1),
            ok(7),
            metrics=measure(
                stored_cell("A", seed=1).key,
                ["auroc"],
                store.series(stored_cell().data_hash)[1],
                ok(7).scores,
                "tsb-uad",
                1,
            ),
        )  # type: ignore[arg-type]
        parts += [
            told(lambda: merge(store, good)),
            told(lambda: merge(store, good)),
            told(lambda: merge(store, ours)),
            told(lambda: merge(store, folder / "none.sqlite")),
        ]
        parts += [
            f"{verify(store)}",
            f"{len(told(lambda: export(store, folder / 'out.sqlite')))} characters",
            told(lambda: export(store, good)),
            told(lambda: export(store, folder / "no" / "x.sqlite")),
        ]
        parts += [
            str(Merged(1, 2, 3, ("x", "y"))),
            f"{sorted((r['detector'], r['status'], r['seed']) for r in store.frame().to_dict('records'))}",
        ]
    for title, statement in ALL.items():
        path = folder / "forged.sqlite"
        path.write_bytes(good.read_bytes())
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(statement)
        with Store(folder / "fresh.sqlite", write=True) as fresh:
            taken = told(lambda fresh=fresh, path=path: merge(fresh, path))
        (folder / "fresh.sqlite").unlink()
        with Store(path, write=True) as store:
            found = told(lambda store=store: verify(store, repair=True))
            left = told(lambda store=store: verify(store))
        parts += [f"## {title}", f"merge: {taken[:400]}", f"verify: {found[:600]}", f"then: {left[:200]}"]
    return _hashless(cleaned("\n".join([*parts, *_scores_files(folder)]), folder)) + "\n"


def _scores_files(folder: Path) -> list[str]:
    parts = []
    name = "Toy/toy"
    lines = "\n".join(f"{name},{k / 7!r}" for k in range(300))
    texts = {
        "good": f"series,score\n{lines}\n",
        "rows": "series;row;score\n" + "\n".join(f"{name};{299 - k};{k / 7!r}" for k in range(300)),
        "answers": "Series, SCORE\n" + "\n".join(f"{name}, {('no', 'yes')[k > 290]}" for k in range(300)),
        "two": "series,score,row\na,1,0\na,2,2\n",
        "half row": "series,score,row\na,1,0\na,2,x\n",
        "comma": 'series;score\na;"1,5"\n',
        "wide": "series,score\na,1,2\nb,2,3\n",
        "more": "series,score,label\na,1,0\n",
        "less": "series\na\n",
        "none": "series,score\n",
        "empty": "",
        "inf": "series,score\na,1\na,inf\n",
        "stranger": "series,score\nToy/tyo,1\n",
        "short": f"series,score\n{name},1\n",
        "bytes": "series,score\n\udcff,1\n",
    }
    with Store(fill(folder / "scores.sqlite", "A"), write=True) as store:
        for title, text in texts.items():
            file = folder / f"{title}.csv"
            file.write_text(text, encoding="utf-8", errors="surrogateescape")
            parts += [f"{title}: {told(lambda file=file: {k: array(v) for k, v in read_scores(file).items()})}"]
            parts += [f"    {told(lambda file=file, title=title: import_scores(store, file, f'By{title}'))}"]
        for detector, protocol in (("LOF", "tsb-uad"), ("pyod:KNN", "tsb-uad"), ("Mine", "prefx")):
            parts += [
                f"{detector}: {told(lambda d=detector, p=protocol: import_scores(store, folder / 'good.csv', d, p))}"
            ]
        table = store.frame()
        parts += [
            f"{row['detector']} {row['group']} {row['status']} {number(row['auroc'])} {row['extra']}"
            for row in table.to_dict("records")
        ]
    return parts


def using_capsules(folder: Path) -> str:
    """Scripts of cells, submissions to the leaderboard, the shipped table, pages of trials and of edges."""
    parts = []
    row = {
        "key": "k1",
        "dataset": "MGAB",
        "series": "1.test.out",
        "data_hash": "h",
        "detector": "LOF",
        "params": {"window": 9, "x": [1, "a"]},
        "protocol": "tsb-uad",
        "seed": 3,
        "extra": {},
        "version": "2",
        "group": "classical",
        "auroc": 0.75,
    }
    run = {
        "python": "3.11",
        "platform": "any",
        "versions": {"numpy": "2"},
        "folders": {"own": "somewhere"},
        "reading": {"own": {"value": "x"}},
        "host": "h",
    }
    (folder / "mine.py").write_text("")
    cases: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({}, {}), ({"dataset": "own", "auroc": float("nan")}, {"data_dir": "data"}), ({"dataset": "arrays", "detector": "Mine", "group": "plug-in", "extra": {"spec": "mine.py:Mine"}}, {"store": "s.sqlite", "here": folder}),
        ({"detector": "Mine", "group": "plug-in"}, {}), ({"detector": "Mine", "group": "plug-in"}, {"spec": "exec:sh ./mine.py", "here": folder}), ({"version": "imported-1"}, {}),
    )  # fmt: skip
    for more, options in cases:
        text = told(lambda more=more, options=options: capsule(row | more, run, **options))
        parts += [
            f"## {more} {sorted(options)}",
            *(line for line in text.splitlines() if re.match("[A-Z_, ]+ = |UserError", line)),
        ]
    with Store(folder / "s.sqlite", write=True) as store:
        parts += [told(lambda: leaderboard.submission(store, "LOF"))]
        store.begin_run("test", {})
        names = ("277_NEK_id_1_WebService_tr_500_1st_17.csv", "001_NAB_id_1_Facility_tr_1007_1st_2014.csv")
        for k, name in enumerate(names):
            values, labels = _labelled(k, 200)
            one = Series("TSB-AD-U", name, values, labels.astype(np.uint8))
            store.put_series(one)
            for detector, seeds in (("LOF", 1), ("IForest", 2), ("OCSVM", 1)):
                for seed in range(seeds):
                    mine = Cell(
                        "TSB-AD-U",
                        name,
                        detector,
                        "tsb-ad",
                        seed,
                        (),
                        str(registry.detectors()[detector].version) + "-1" * 0,
                        one.sha256,
                        "file",
                    )
                    outcome = Outcome(
                        "ok",
                        scores=np.abs(values) + seed,
                        n=200,
                        n_anomalous=6,
                        window=9,
                        fit_seconds=1.25 + k,
                        score_seconds=0.5,
                    )
                    store.put(
                        mine,
                        outcome,
                        "classical",
                        False,
                        measure(mine.key, ["auroc", "auprc"], one.labels, outcome.scores, "tsb-ad", 9),
                    )  # type: ignore[arg-type]
        for label in ("LOF", "IForest", "OCSVM", "LFO"):
            try:
                for file, text in leaderboard.submission(store, label).items():
                    parts += [f"## {file}", *text.splitlines()]
            except UserError as error:
                parts += [f"{label}: {error}"]
    parts += [
        command(folder, "submit LOF --store s.sqlite --out sent"),
        *sorted(path.name for path in (folder / "sent").glob("*")),
    ]
    parts += [command(folder, f"capsule {what} --store s.sqlite") for what in ("LOF/TSB-AD-U", "LFO/TSB-AD-U")]
    return _hashless(cleaned("\n".join([*parts, *_summary(folder), *_trials(folder)]), folder)) + "\n"


def _summary(folder: Path) -> list[str]:
    """The table that ships, from a made-up report: full, with holes, of other versions."""
    report, page = folder / "report", folder / "README.md"
    (report / "glance").mkdir(parents=True)
    from PIL import Image

    Image.new("RGB", (4, 4), "white").save(report / "glance" / "table.png")
    names = ("HBOS", "IForest", "TimeIndex", "MovingStd")
    parts = []
    for protocol, title in (("", summary.MAIN_TITLE), ("prefix", summary.common_title("prefix"))):
        rows_ = [
            {"table": title, "detector": name, "group": "one-liner" if name in names[2:] else "classical", "protocol": protocol or "tsb-uad", "seeds": 5 if name == "IForest" else 1, "dataset": d, "n_series": 3, "size": 3, "published": 0.5 if d == "MGAB" and not protocol else "", "ours": 0.5123456 + k / 10 + j / 100, "low": 0.4 if name == "IForest" else "", "high": 0.7 if name == "IForest" else "", "verdict": ("reproduced", "inside the seed interval", "explained", "not reproduced")[(k + j) % 4], "not_better_than_one_liner": name == "HBOS" and d != "MGAB"}
            for k, name in enumerate(names) for j, d in enumerate(summary.DATASETS)
        ]  # fmt: skip
        pd.DataFrame(rows_).to_csv(report / "table.csv", index=False)
        pd.DataFrame(
            [
                {"detector": name, "params": "{}", "quick": False, "version": v}
                for name, v in (("HBOS", 1), ("HBOS", 2), ("IForest", 99), ("TimeIndex", 1), ("MovingStd", 1))
            ]
        ).to_csv(report / "cells.csv", index=False)
        page.write_text(f"# Page\n\n{summary.begin(protocol)}\nold\n{summary.END}\nrest\n")
        parts += [
            told(lambda protocol=protocol: update(report, page, protocol)),
            *page.read_text().splitlines(),
            *(folder / "docs" / summary.csv_name(protocol)).read_text().splitlines(),
        ]
        pd.DataFrame(rows_[:-1]).to_csv(report / "table.csv", index=False)
        parts += [told(lambda protocol=protocol: update(report, page, protocol))]
        rows_[2]["n_series"] = 2
        pd.DataFrame(rows_).to_csv(report / "table.csv", index=False)
        parts += [told(lambda protocol=protocol: update(report, page, protocol))]
    return parts


def _trials(folder: Path) -> list[str]:
    """The page of trials of a library, begun and continued; edges of two detectors."""
    parts: list[str] = []
    file = folder / "trials.md"
    listed = [Listed("sklearn", name, "x", refused="no") for name in ("A", "B", "C", "D")]
    state = {"sklearn:A": "runs", "sklearn:B": "runs as | it is", "sklearn:C": "refused: no", "sklearn:D": "runs"}
    outcomes = [
        ("sklearn:A", "works", "1.5"),
        ("sklearn:B", "failed: " + "x" * 400, "0.2"),
        ("sklearn:D", "refused: a|b", "0.0"),
    ]
    words = "list --from sklearn --try --series counts --n 600 --timeout 9"
    for k, conditions in enumerate(("Version 1.", "Version 1.", "Version 2.")):
        give = lambda args, specs, one: iter([o for o in outcomes if o[0] in list(specs)][: 2 if k == 0 else 9])  # noqa: E731, B023
        with (
            mock.patch("benchmark.adapters.listed", return_value=listed),
            mock.patch.object(_trial, "_outcomes", give),
            mock.patch.object(_trial, "_conditions", return_value=conditions),
            mock.patch.object(_trial, "_machine", return_value="A machine."),
            mock.patch("benchmark.commands.list._state", lambda entry: state[entry.spec], create=True),
        ):
            parts += [command(folder, f"{words} --markdown {file.name}")]
        parts += file.read_text().splitlines()
    for outcome in (
        Outcome("ok"),
        Outcome("failed", "a\nValueError: b"),
        Outcome("failed", "FloatingPointError: nan"),
        Outcome("timeout", ""),
        Outcome("oom", "x"),
    ):
        parts += [f"{outcome.status}: {_trial._outcome(outcome)}"]
    classes = [registry.detectors()[name] for name in ("AbsDeviation", "MovingStd")]
    with mock.patch.object(trials, "peak_memory", return_value=123_456.0):
        made = edges.page(classes[:1], edges.page(classes))
    return [*parts, *made.splitlines()[3:]]


SUBJECTS: dict[str, Subject] = {s.__name__: s for s in (using_evaluate, using_stores, using_capsules)}
