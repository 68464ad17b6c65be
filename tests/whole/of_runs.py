"""Whole runs on small synthetic series: cells, tables, pages, the store and its commands."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from benchmark.grid.protocols import PROTOCOLS
from benchmark.store import Store
from datasets import Series
from tests.support.made_up import MadeUpResults, cell, frame, grid
from tests.whole import Subject
from tests.whole.kept import command, drawings, number

TIMED = ("fit_seconds", "score_seconds", "peak_mb", "finished", "host")
OWN = '''
import numpy as np
from detectors import Detector


class Own(Detector):
    """Distance from the fitted mean; refuses long pieces."""

    learns_from = "normal"

    def __init__(self, power: int = 1, random_state: int = 0) -> None:
        self.power, self.random_state = power, random_state

    def _fit(self, pieces):
        if max(map(len, pieces)) > 270:
            raise ValueError("a piece of more than 270 rows")
        self.mean_ = np.mean(np.concatenate(pieces))

    def _score(self, x):
        return np.abs(x - self.mean_) ** self.power
'''


def series(seed: int, n: int = 260, train: int = 0) -> Series:
    """A noisy wave with two anomalies behind its training part."""
    rng = np.random.default_rng(seed)
    values = np.round(np.sin(np.arange(n) / 4) + 0.1 * rng.normal(size=n), 3)
    labels = np.zeros(n, dtype=np.uint8)
    for first, last in ((n // 2, n // 2 + 9), (n - 40, n - 36)):
        values[first:last] += 2 + seed / 9
        labels[first:last] = 1
    head = values[:train].copy() if train else None
    return Series("mine", f"s{seed}", values[train:], labels[train:], "file", head)


def _folder(folder: Path) -> None:
    (folder / "mine").mkdir()
    for k, one in enumerate((series(1), series(2, 300))):
        pd.DataFrame({"value": one.values, "label": one.labels}).to_csv(folder / "mine" / f"{'ab'[k]}.csv", index=False)
    (folder / "own.py").write_text(OWN, encoding="utf-8")


def _unclocked(text: str) -> str:
    """Without times, speeds, memory and versions."""
    text = re.sub(r"\| \S+: read from .*\n", "", text)  # said once in a process
    text = re.sub(r"\b\d+(\.\d+)?(e-\d+)? (s|ms|min|MB|kB)\b", r"# \3", text)
    text = re.sub(r"20\d\d-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "DATE", text)
    return re.sub(r"(?<![\d.])\b[0-9a-f]{12,64}\b", "HASH", text)


def _page(path: Path) -> list[str]:
    """What a page says, without its style, script and paths."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"<(style|script|svg|textarea)\b.*?</\1>|<!--.*?-->", " ", text, flags=re.S)
    text = re.sub(r"""<[^>]*\btitle="([^"]*)"[^>]*>""", r" [\1] ", text)
    text = re.sub(r"<(?:tr|p|h\d|li|section|details|summary|div|caption|pre)\b[^>]*>", "\n", text)
    lines = [" ".join(unescape(line).split()) for line in re.sub(r"<[^>]*>", " ", text).splitlines()]
    return [line for line in lines if line]


def _cells(store: Path) -> list[str]:
    with Store(store) as kept:
        table = kept.frame().drop(columns=[*TIMED, "key", "data_hash"], errors="ignore")
        said = [f"columns {', '.join(table)}"]
        for row in table.sort_values(["protocol", "detector", "series", "seed"]).to_dict("records"):
            facts = {k: v for k, v in row.items() if v not in ("", "{}", None, False) and v == v}
            said += [" ".join(f"{k}={number(v) if isinstance(v, float) else v}" for k, v in facts.items())]
        return said


def runs_cells(folder: Path) -> str:
    """Every protocol on two series: what is said, every cell, and what becomes of a second run."""
    _folder(folder)
    chosen = (
        "--detector",
        "HBOS",
        "--detector",
        "MP",
        "--detector",
        "OCSVM",
        "--detector",
        "own.py",
        "--set",
        "HBOS.n_bins=7",
    )
    words = ("run", "--dataset", "mine", *chosen, "--backend", "serial", "--store", "s.sqlite", "--no-report")
    every = [word for name in (*PROTOCOLS, "prefix:align=end:window=package") for word in ("--protocol", name)]
    said = [command(folder, *words, *every, "--seeds", "2")]
    said += [command(folder, *words, "--protocol", "prefix", "--seeds", "3", "--quiet")]
    return _unclocked("".join([*said, *(f"{line}\n" for line in _cells(folder / "s.sqlite"))]))


def runs_reports(folder: Path) -> str:
    """The report of a small run: every file of it."""
    _folder(folder)
    words = (
        "--detector",
        "HBOS",
        "--detector",
        "PCA",
        "--protocol",
        "tsb-uad",
        "--protocol",
        "prefix",
        "--backend",
        "serial",
    )
    with drawings() as drawn:
        said = command(folder, "run", "--dataset", "mine", *words, "--store", "s.sqlite", "--out", "out")
    files = sorted(
        path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file()
    )
    parts = [said, *files]
    for name in ("table.md", "table.tex", "table.csv", "citations.bib"):
        parts += [f"## {name}", *(folder / "out" / name).read_text(encoding="utf-8").splitlines()]
    cells = pd.read_csv(folder / "out" / "cells.csv")
    parts += [
        "## cells.csv",
        f"{list(cells)}",
        *(
            f"{tuple(row)}"
            for row in cells[["detector", "series", "protocol", "status", "auroc"]].astype(str).to_numpy()
        ),
    ]
    page = _page(folder / "out" / "index.html")
    parts += ["## index.html", *page[: len(page) - page[::-1].index("Provenance")], f"{len(drawn)} lines of pictures"]
    return _unclocked("\n".join(parts)) + "\n"


def runs_views(folder: Path) -> str:
    """Tables and page of made-up cells: failures, seeds, simulated and quick ones, several protocols."""
    from benchmark.report import writer

    whole = grid(("tsb-uad", "normal-only"), n=400, n_anomalous=60)
    kept = whole["dataset"].isin(["MGAB", "Genesis"])
    first = whole[kept & ((whole["protocol"] == "tsb-uad") | (whole["detector"] == "Proposed"))]
    more = frame(
        [
            *(cell("Dodgers", "1.test.out", "LOF", 0.6 + k / 50, seed=k, protocol="prefix") for k in range(3)),
            *(cell("MGAB", f"{k}.test.out", "IForest", 0.5 + k / 9, seed=s) for k in (1, 2, 3) for s in (1, 2)),
            cell("Genesis", "1.test.out", "AE", status="failed", reason="out of <memory>"),
            cell("Genesis", "2.test.out", "AE", status="timeout", reason="3600 s"),
            cell("NASA-MSL", "1.test.out", "IForest", 0.9, params='{"n_estimators": 7}'),
            cell("Genesis", "1.test.out", "Proposed", 0.7, source="simulated"),
            cell("Dodgers", "1.test.out", "IForest", 0.7, quick=True),
        ]
    )
    parts = []
    for title, cells in (("gaps", pd.concat([first, more], ignore_index=True)), ("nothing", first.head(0))):
        with drawings() as drawn:
            out = folder / title.replace(" ", "")
            writer.write_views(MadeUpResults(cells), out)
        parts += [f"# {title}"]
        for name in ("table.md", "table.tex", "table.csv", "citations.bib", "cells.csv"):
            text = (out / name).read_text(encoding="utf-8").splitlines()
            parts += [f"## {name}", *(text if name != "cells.csv" else text[:4])]
        parts += ["## index.html", *_page(out / "index.html"), "## pictures", *drawn]
        shutil.rmtree(out)
    return _unclocked("\n".join(parts)) + "\n"


def runs_cards(folder: Path) -> str:
    """What a page's viewer gets of each series: which rows are kept whole, which traces are shown, in which order."""
    from benchmark.report import profile
    from benchmark.report.cells.source import Source
    from benchmark.report.page import cards
    from benchmark.report.tables import builder as build

    cells = frame(
        [
            *(
                cell("MGAB", f"{k}.test.out", d, 0.5 + k / 50, n=9000)
                for k in range(1, 5)
                for d in ("LOF", "TimeIndex")
            ),
            *(cell("mine", name, "HBOS", 0.9, n=n, seed=s) for name, n in (("s10", 300), ("s9", 6000)) for s in (1, 0)),
            cell("mine", "s9", "HBOS", 0.7, n=6000, protocol="prefix"),
            cell("Genesis", "1.test.out", "Proposed", 0.8, n=9000, source="simulated"),
            cell("Genesis", "2.test.out", "AE", status="failed"),
        ]
    )
    ends = (10.0, 14.0, 21.5, 20.0)
    timed = frame(
        cell("mine", f"{k}", d, fit_seconds=1.25 + k, score_seconds=0.5 * k, peak_mb=70.0 + k, finished=end)
        for k, (d, end) in enumerate(zip(("LOF", "HBOS", "LOF", "AE"), ends, strict=True))
    )
    parts = [line for jobs in (1, 2, 3) for line in profile(timed, 12.5, jobs).splitlines()]
    parts += [profile(timed.head(0), 1.0, 1)]
    for most, coarse, fine, chosen in (
        (4000, 1 << 18, 1 << 20, ()),
        (5, 1 << 15, 1 << 16, ()),
        (4000, 1 << 15, 99, ("s*",)),
    ):
        with mock.patch.multiple(cards, MOST_TRACES=most, COARSE=coarse, FINE=fine):
            made = cards.series(Source(MadeUpResults(cells)), build.current(cells), chosen)
        for card in made:
            payload = json.loads(card.pop("payload") or "{}")
            shown = [(t["label"], t["protocol"], t["group"], t["paper"], t["auroc"]) for t in payload.get("scores", ())]
            about = {k: v for k, v in card.items() if k not in ("sha256", "health", "strip")}
            parts += [f"{about} health {card['health']} strip {card['strip'][:3]}"]
            parts += [
                f"    {payload.get('n')} {payload.get('segments')} fine {payload.get('fine')} {sorted(payload.get('signal', ()))} {shown}"
            ]
    counts = {f"{k}": k for k in (1, 3)}
    about = {
        name: {"n": 900_000, "segments": [(10_000 * k, 10_000 * k + 4000) for k in range(1, 9)]} for name in counts
    }
    for fine in [int(2 ** (17 + k / 5)) for k in range(14)]:
        with mock.patch.object(cards, "FINE", fine):
            parts += [f"{fine} bytes: {cards._size(counts, about)}"]
    return _unclocked("\n".join(parts)) + "\n"


def runs_results(folder: Path) -> str:
    """What is done with stored results: list, verify, export, import, merge, report, and what is refused."""
    _folder(folder)
    words = ("--protocol", "prefix", "--backend", "serial", "--no-report")
    said = [
        command(folder, "run", "--dataset", "mine", "--detector", "HBOS", *words, "--store", "s.sqlite"),
        command(
            folder, "run", "--dataset", "mine", "--detector", "PCA", "--series", "a*", *words, "--store", "t.sqlite"
        ),
        command(folder, "results list --store s.sqlite"),
        command(folder, "results verify --store s.sqlite"),
        command(folder, "results export copy.sqlite --store s.sqlite"),
        command(folder, "results merge s.sqlite t.sqlite copy.sqlite --store all.sqlite"),
        command(folder, "results list --store all.sqlite"),
    ]
    steps = np.round(np.abs(np.diff(series(1).values, prepend=0)), 4)
    rows = [("mine/a.csv", v) for v in np.where(steps < 0.1, 0.0, steps)]  # some 0, as answers are
    pd.DataFrame(rows, columns=["series", "score"]).to_csv(folder / "theirs.csv", index=False)
    pd.DataFrame([(n, int(v > 1)) for n, v in rows], columns=["series", "score"]).to_csv(
        folder / "answers.csv", index=False
    )
    pd.DataFrame(rows[:-3], columns=["series", "score"]).to_csv(folder / "short.csv", index=False)
    said += [
        command(folder, "results import theirs.csv --detector Theirs --store all.sqlite"),
        command(folder, "results import answers.csv --detector Answers --protocol prefix --store all.sqlite"),
        command(folder, "results import short.csv --detector Short --store all.sqlite"),
        command(folder, "results import theirs.csv --store all.sqlite"),
        command(folder, "results import theirs.csv --detector Theirs --protocol prefx --store all.sqlite"),
        command(folder, "results export --store all.sqlite"),
        command(folder, "results merge nowhere.sqlite --store all.sqlite"),
        command(folder, "results list --store nowhere.sqlite"),
        command(folder, "results verify --store all.sqlite"),
        command(folder, "report --store all.sqlite --series 'zz*'"),
    ]
    return _unclocked("".join([*said, *(f"{line}\n" for line in _cells(folder / "all.sqlite"))]))


def runs_refused(folder: Path) -> str:
    """Wrong options of every command, and those that only tell."""
    _folder(folder)
    run, detect = ("run", "--dataset", "mine", "--detector", "HBOS"), ("detect", "mine/a.csv")
    lines = (
        (*run, "--set", "HBOS.bins=3"),
        (*run, "--set", "HBOS"),
        (*run, "--set", "LOF.n_neighbors=3"),
        (*run, "--protocol", "prefx"),
        (*run, "--protocol", "prefix:align=ende"),
        (*run, "--series", "z*"),
        (*run, "--seeds", "0"),
        (*run, "--seed", "-1"),
        (*run, "--jobs", "0"),
        (*run, "--backend", "serail"),
        (*run, "--backend", "dask"),
        (*run, "--train", "9999", "--store", "s.sqlite", "--no-report", "--backend", "serial"),
        ("run", "--dataset", "mime"),
        ("run", "--detector", "HBSO"),
        ("run",),
        ("rnu",),
        ("explain", "HBOS", "Genesi"),
        ("ablate", "HBOS", "--dataset", "mine"),
        ("multiverse", "HBOS", "--dataset", "mine"),
        ("leaderboard", "--store", "nowhere.sqlite"),
        ("submit", "HBSO"),
        ("bench", "--n", "10"),
        ("bench", "--detector", "HBSO"),
        ("bench", "--budget", "0"),
        ("bench", "--page", "nowhere.md"),
        ("bench", "--page", "nowhere.md", "--memory"),
        ("bench", "--package", "pyod"),
        ("check",),
        ("check", "HBSO"),
        ("check", "MovingStd"),
        ("new", "Theirs"),
        ("check", "theirs.py"),
        ("list", "datasets"),
        ("list", "protocols"),
        ("list", "--from", "pyodd"),
        ("list", "--try"),
        ("data", "--about", "--dataset", "MGAB"),
        ("data", "--dataset", "mine"),
        ("environment", "nowhere"),
        ("capsule",),
        ("check", "MovingStd", "--edges", "nowhere/edges.md"),
        ("new", "detector", "theirs"),
        ("new", "detector", "HBOS"),
        ("results", "list", "s.sqlite"),
        ("run", "--dataset", "mine/a.csv"),
        (*run, "--store", "mine/a.csv"),
        (*run, "--store", "packed.sqlite"),
        ("run", "--dataset", "mine", "--detector", "latin.py"),
        (*detect, "--contamination", "0.1"),
        (*detect, "--threshold", "quantile", "--false-alerts", "1 per week"),
        ("list", "--from", "pyod", "--markdown", "names.md"),
    )
    (folder / "packed.sqlite").write_bytes(b"\x1f\x8b\x08 packed")
    (folder / "latin.py").write_bytes("# Größe".encode("latin-1"))
    return _unclocked("".join(command(folder, *words) for words in lines))


SUBJECTS: dict[str, Subject] = {
    s.__name__: s for s in (runs_cells, runs_reports, runs_views, runs_cards, runs_results, runs_refused)
}
