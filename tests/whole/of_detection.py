"""Outputs of ``detect`` and ``watch`` on small series: pages, pictures, models, and their rules."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.detection import Model, Options, Watch, detect, false_alerts, page, report
from benchmark.detection import alerts as spans
from benchmark.detection.calibration import (
    HeldOut,
    Promise,
    Unseen,
    _moves,
    _slices_between,
    expected,
    folds,
    note_excess,
    promise,
    stable_detectors,
)
from benchmark.detection.conventions import CANDIDATES, choose_window, seconds
from benchmark.detection.detect import Finding, _affordable, _within_budget, flag_rows
from benchmark.detection.peaks import Ensemble, OrdinaryPeaks, block_maxima, mean_surprise, return_level
from benchmark.detection.planted import KINDS, plant, weekly
from benchmark.detection.ranking import Ranking, _compare, trials
from benchmark.detection.scoring import level_edges, sample_slices
from benchmark.detection.stream import Scorer
from benchmark.detection.why import _format_seconds
from benchmark.errors import UserError
from benchmark.reading import Block, ReadOptions, Recording
from detectors import PCA
from tests.whole import Subject
from tests.whole.kept import array, cleaned, command, drawings, number, numbers, runs, shown

PERIOD = 24
FEW = ("PCA", "HBOS", "MovingStd")


def wave(n: int, seed: int = 0, start: int = 0) -> np.ndarray:
    """A noisy wave of hours, with two decimals."""
    rng = np.random.default_rng([seed, start])
    return np.round(100 + 30 * np.sin((start + np.arange(n)) * 2 * np.pi / PERIOD) + rng.normal(0, 2, n), 2)


def eventful(n: int = 700) -> np.ndarray:
    """The same with a spike, a raised stretch and a standstill."""
    x = wave(n)
    x[n // 3] += 90
    x[n // 2 : n // 2 + 12] += 45
    x[3 * n // 4 : 3 * n // 4 + 20] = x[3 * n // 4]
    return x


def week() -> np.ndarray:
    """Seven weeks of hourly counts, quiet on two days of seven, and one day missed."""
    hour, day = np.arange(1176) % 24, np.arange(1176) // 24
    level = np.where((day % 7 < 5) & (day != 23), 60, 12)
    return np.random.default_rng(3).poisson(5 + level * np.exp(-0.5 * ((hour - 13) / 3) ** 2)).astype(float)


def recording(x: np.ndarray, **more: Any) -> Recording:
    """A series without a file."""
    return Recording("mine", "value", x, **{"filled": np.zeros(len(x), dtype=bool)} | more)


def _cases() -> Iterator[tuple[str, Recording, Options]]:
    x, times = eventful(), pd.Series(pd.date_range("2024-03-01", periods=700, freq="h"))
    marked = np.isin(np.arange(700), [*range(233, 234), *range(350, 362), *range(525, 545)]).astype(np.uint8)
    holes = np.isin(np.arange(700), [100, 101, 234])
    few = Options(detectors=FEW)
    yield "three detectors", recording(x), few
    yield "times, a seed, more false alerts", recording(x, times=times), replace(few, seed=4, false_alerts=3.0)
    yield "labels", recording(x, times=times.dt.tz_localize("UTC"), labels=marked), few
    yield "missing values and a decimal comma", recording(x, filled=holes, reading=ReadOptions(decimal=",")), few
    yield (
        "one detector, a share",
        recording(x),
        Options(("PCA",), {"PCA": {"window": 20}}, "quantile", contamination=0.05),
    )
    yield "one detector, a smaller share", recording(x), Options(("HBOS",), rule="quantile", contamination=0.02)
    yield "short", recording(x[160:280]), few
    yield "little budget", recording(x), replace(few, budget=1e-9)
    yield "trivial ones alone", recording(x), Options(("MovingStd", "AbsDeviation", "AbsDifference"))
    yield "constant", recording(np.full(50, 3.5)), few
    yield "nothing", recording(wave(700, 5)), few
    yield "weeks", recording(week(), times=pd.Series(pd.date_range("2024-01-01", periods=1176, freq="h"))), few
    yield "a level that changes", recording(np.round(x / 50 + np.repeat([0, 9, 3, 12], 175), 3)), few


def _whole(finding: Finding, folder: Path, page_too: bool) -> list[str]:
    """All that is left behind of a finding."""
    with drawings() as drawn:
        path = report.write(finding, folder, 6)
    scores = pd.read_csv(folder / "scores.csv")
    table = (folder / "anomalies.csv").read_text(encoding="utf-8").splitlines()
    said = [*path.read_text(encoding="utf-8").splitlines(), *table[:: 1 if page_too else 20]]
    said += [f"scores.csv {list(scores.columns)}: {array(scores['score'])}; {runs(scores['anomalous'])}"]
    return [*said, *_page(finding), *drawn] if page_too else said


def _page(finding: Finding) -> list[str]:
    """What the page has beyond the report."""
    section = page.section(finding, 6, 2)
    payload = json.loads(section["payload"])
    payload["clock"] = payload["clock"] and np.array(payload["clock"])
    for trace in (payload["signal"], *payload["scores"]):
        trace["data"] = f"{len(trace.get('data', ''))} letters"
    for alert in section["alerts"]:
        drawing = alert["drawing"] or {}
        paths = {k: np.array(re.findall(r"[\d.]+", drawing[k]), float) for k in ("own", "near", "band") if drawing}
        alert["drawing"] = drawing | paths
    kept = ("alerts", "count", "timed", "strip", "measure")
    return [*shown({key: section[key] for key in kept}, "page"), *shown(payload, "payload")]


WITH_A_PAGE = ("three detectors", "missing values and a decimal comma", "times, a seed, more false alerts")


def detection_findings(folder: Path) -> str:
    """Series of several kinds under several options."""
    parts = []
    for title, series, options in _cases():
        finding = detect(series, options)
        parts += [f"## {title}", *_whole(finding, folder / "out", title in WITH_A_PAGE), ""]
    return cleaned("\n".join(parts), folder)


def _file(folder: Path, name: str, x: np.ndarray, start: int = 0) -> Path:
    times = pd.date_range("2024-03-01", periods=start + len(x), freq="h")[start:]
    pd.DataFrame({"t": times, "v": x}).to_csv(folder / name, index=False)
    return folder / name


def detection_commands(folder: Path) -> str:
    """``detect`` at the command line: a history, its model, what follows; and what is refused."""
    _file(folder, "history.csv", eventful())
    _file(folder, "new.csv", wave(120, 1, 700) + np.where(np.arange(120) == 60, 40, 0), 700)
    few = ("--detector", "PCA", "--detector", "HBOS")
    with drawings():
        said = [
            command(folder, "detect history.csv --dry-run"),
            command(
                folder, "detect", "history.csv", *few, "--save", "model", "--top", "3", "--false-alerts", "1/month"
            ),
            command(folder, "detect new.csv --model model --out there"),
            command(folder, "detect history.csv --detector PCA --threshold quantile --contamination 0.02 --save other"),
            command(folder, "detect new.csv --model other"),
            command(folder, "watch new.csv --model model --until-end"),
            command(folder, "watch new.csv --model model --until-end"),
            command(folder, "watch new.csv --model other --until-end --json --fresh"),
        ]
        refused = (
            ("detect", "history.csv", "--detector", "PCB"),
            ("detect", "history.csv", "--contamination", "0.5"),
            ("detect", "history.csv", "--false-alerts", "1/moon"),
            ("detect", "history.csv", "--false-alerts", "-1"),
            ("detect", "history.csv", "--model", "model", "--detector", "PCA"),
            ("detect", "history.csv", "--model", "nowhere"),
            ("detect", "history.csv", "--detector", "PCA", "--set", "PCA.window=900"),
            ("detect", "no.csv"),
            ("watch", "new.csv", "--model", "model", "--poll", "0"),
            ("watch", "new.csv", "--model", "model", "--label", "x"),
            ("watch", "new.csv", "--model", "model", "--series", "all"),
            ("watch", "no.csv", "--model", "model"),
        )
        said += [command(folder, *words) for words in refused]
    return "".join(said)


def _model(options: Options, x: np.ndarray) -> Model:
    return Model.fit(detect(recording(x, reading=ReadOptions(value="v", time="t"), step=3.6e12), options))


def detection_models(folder: Path) -> str:
    """What a model keeps, promises, and sees in rows that come in pieces."""
    new = wave(400, 1, 700)
    new[150] += 60
    new[260:300] += 40
    parts: list[str] = []
    every = {
        "peaks": Options(("PCA", "HBOS"), false_alerts=0.5),
        "quantile": Options(("HBOS",), rule="quantile", contamination=0.05),
    }
    for (rule, options), x in zip(
        every.items(), (eventful(), np.round(wave(700) + np.arange(700) / 9, 2)), strict=True
    ):
        model = _model(options, x)
        model.save(folder / rule)
        facts = json.loads((folder / rule / "model.json").read_text(encoding="utf-8"))
        facts["recent"] = array(facts["recent"])
        parts += [f"## {rule}", *shown(facts), *model.promise(50), *model.promise(5000)]
        parts += [
            f"margin {model.margin}, memory {model.memory}, gap {model.gap}, reach {model.reach}, stride {model.stride}"
        ]
        finding = model.detect(recording(new))
        parts += [*report.markdown(finding, 5).splitlines(), array(finding.scores)]
        watch = Watch.begin(model, folder / rule, "new.csv", ReadOptions(), fresh=True)
        lines = [
            f"{t:%Y-%m-%d %H:%M},{v}".encode()
            for t, v in zip(pd.date_range("2024-04-01", periods=400, freq="h"), new, strict=True)
        ]
        del lines[200:204]
        offset = 0
        for k, rows in enumerate([[b"t,v"], *(lines[a : a + 37] for a in range(0, 396, 37))]):
            block = b"\n".join(rows) + b"\n"
            offset += len(block)
            told = watch.take(Block(block, offset, waiting=False, first=b"t,v"), k % 2 == 1) + watch.news(k % 2 == 1)
            parts += [f"after {watch.rows} rows: {line}" for line in told + watch.take_notes()]
            watch.keep()
            watch = Watch.begin(model, folder / rule, "new.csv", ReadOptions(), fresh=False)
        parts += [watch.beginning, *watch.finish(False), ""]
    return cleaned("\n".join(parts), folder)


def detection_planted(folder: Path) -> str:
    """What is planted where, and the trials of a ranking."""
    x, parts = wave(600), []
    for kind in KINDS:
        made = plant(x, (kind, kind), 20, 7)
        for _, a, b in made.events:
            parts += [f"{kind} in {a}-{b - 1}: {array(made.values[a:b] - x[a:b], 3)}"]
    parts += [f"all: {plant(x, tuple(KINDS), 17, 3).events}", f"too many: {plant(x[:100], tuple(KINDS), 10, 3).events}"]
    for title, series, window in (("wave", x, 24), ("weeks", week(), 72), ("long", wave(7000), 300)):
        for trial in trials(series, window, 5):
            parts += [f"{title}: {len(trial.excerpt)} rows, known {trial.known}, unseen {trial.unseen}"]
            parts += [f"    {made.events}: {array(made.values, 1)}" for made in trial.planted]
    parts += [f"a day of weeks: {weekly(week())}, of a wave: {weekly(x)}"]
    return "\n".join(parts) + "\n"


def detection_thresholds(folder: Path) -> str:
    """Levels, ensembles and flags of made-up scores."""
    rng = np.random.default_rng(2)
    scores = {
        "gamma": rng.gamma(2, 1, 900),
        "events": np.where(np.arange(900) % 101 < 4, 30, 0) + rng.normal(9, 1, 900),
        "rounded": np.round(rng.gamma(2, 1, 900), 1),
        "ties": np.repeat(rng.integers(0, 5, 90), 10).astype(float),
        "constant": np.ones(900),
        "short": rng.gamma(2, 1, 30),
    }
    parts = []
    for name, each in scores.items():
        usual = OrdinaryPeaks.fit(each, 24)
        parts += [
            f"{name}: {usual}; maxima {array(block_maxima(each, 24), 2)}; surprise {array(usual.surprise(each), 2)}"
        ]
        for rate in (0.01, 0.1, 1.0, 10.0):
            levels = [return_level(each, 24, rate, events) for events in (4, 10)]
            parts += [f"    {rate:g} false alerts: {numbers([usual.threshold(rate), *levels])}"]
        for threshold in (np.quantile(each, 0.98), each.max(), each.min()):
            holes = np.arange(len(each)) % 50 == 7
            above = Scorer([], 24, Ensemble([usual], []), threshold, each)
            found = [
                runs(rows).count(",") for rows in (flag_rows(each, threshold, holes), above.flag_rows(each, holes))
            ]
            parts += [f"    at {number(threshold)}: {found}, {int(flag_rows(each, threshold, ~holes & holes).sum())}"]
    every = [scores["gamma"], scores["events"], scores["rounded"]]
    parts += [f"joined: {array(mean_surprise(every, [OrdinaryPeaks.fit(each, 24) for each in every]))}"]
    for chosen in (1, 2, 3):
        made = Ensemble.fit(every, chosen, 24, 0.5)
        parts += [f"{chosen} chosen: {array(made(every))}", *shown(made.parts, "    parts")]
        parts += shown(made.with_higher_levels(made.with_levels([3 - e for e in every], 24, 0.1)).parts, "    raised")
    return "\n".join(parts) + "\n"


def detection_alerts(folder: Path) -> str:
    """Alerts of flags, the next peaks, and the rows that explain them."""
    x, parts = eventful(), []
    scores = np.abs(np.gradient(x)) + np.abs(x - 100) / 5
    for level in (10, 14, 18, 22, 30):
        found = spans.alerts(scores, scores >= level, 24)
        parts += [f"above {level}: {[(a.start, a.stop, a.peak, number(a.score)) for a in found]}"]
        nexts = spans.next_peaks(scores, scores >= level, 24, 4)
        parts += [f"    next: {[(a.start, a.stop, a.peak, number(a.score), a.flagged) for a in nexts]}"]
    peaks = np.where(np.arange(900) % 50 == 25, 5.0 + np.arange(900) / 100, 0.0)
    parts += [f"so many next by themselves: {[a.peak for a in spans.next_peaks(peaks, peaks > 13, 12)]}"]
    odd = scores >= 18
    for alert in spans.alerts(scores, odd, 24) + spans.next_peaks(scores, odd, 24, 4):
        near = spans.narrow(x, alert, odd, 24)
        parts += [
            f"narrowed {alert.start}-{alert.stop} to {near.start}-{near.stop} of {near.first}-{near.last}, peak {near.peak}"
        ]
        if near.similar is not None and near.band is not None:
            parts += [
                f"    like {near.similar.begins.tolist()}, normal {near.normal}, {near.shifted(7).normal} if moved"
            ]
            parts += [
                f"    {name} {array(part)}" for name, part in zip(("low", "middle", "high"), near.band, strict=True)
            ]
    marks = np.isin(np.arange(30), [0, 9, 10, 29])
    parts += [f"near by {k}: {runs(spans.dilate(marks, k))}" for k in (0, 1, 3)]
    for gap in range(9, 16):
        flags = np.isin(np.arange(60), [20, 20 + gap])
        parts += [f"{gap} apart: {[(a.start, a.stop) for a in spans.alerts(np.ones(60), flags, 24)]}"]
    return "\n".join(parts) + "\n"


def _rates() -> Iterator[str]:
    hours = recording(wave(48), times=pd.Series(pd.date_range("2024-03-01", periods=48, freq="h")))
    for text in ("2", "0.5", "1/hour", "1/day", "3/week", "1/month", "1/year", "0", "x", "1/", "inf", "1/moon"):
        for series in (hours, recording(wave(48))):
            try:
                yield f"{text}: {number(false_alerts(text, series))}"
            except UserError as error:
                yield f"{text}: refused: {error}"


def detection_rules(folder: Path) -> str:
    """Windows, costs, rates, promises and parts of a history."""
    parts = [
        f"window of {n}: {choose_window(wave(n))}, noise {choose_window(np.random.default_rng(0).normal(size=n))}"
        for n in (8, 30, 60, 160, 200, 900)
    ]
    parts += [f"window of weeks {choose_window(week())}, of a slow wave {choose_window(np.sin(np.arange(4000) / 300))}"]
    for name in CANDIDATES:
        parts += [
            f"{name}: "
            + numbers(
                [float(f"{seconds(name, n, w):.4g}") for n in (1000, 50_000, 100_001, 10**6) for w in (20, 96, 500)]
            )
        ]
    for n in (1000, 60_000, 200_000):
        for budget in (0.001, 1.0, 30.0, 300.0):
            notes: list[str] = []
            kept = _affordable(n, 100, budget, notes)
            within = _within_budget(kept, n, 100, Options(budget=budget), notes)
            parts += [f"{n} rows in {budget:g} s: {kept}; of these {within}; {notes}"]
    parts += [
        *_rates(),
        *(f"{s:g} s: {_format_seconds(s)}" for s in (1, 119, 120, 3000, 7199, 7200, 172_799, 172_800, 1e6)),
    ]
    for n in (9, 10, 95, 1000):
        parts += [f"folds of {n}: {[[(p.start, p.stop) for p in known] for known, _ in folds(n)]}"]
        parts += [f"    held out: {[[(p.start, p.stop) for p in held] for _, held in folds(n)]}"]
    for n in (100_000, 100_001, 250_000, 1_000_000):
        parts += [
            f"pieces of {n}: {[(p.start, p.stop) for p in sample_slices(n)][:3]}, between {[(p.start, p.stop) for p in _slices_between(n)][:2]}"
        ]
    for above_it in ([], [3], [2, 9, 4], [5] * 17, [1] * 40):
        held = [HeldOut(900, above_it), HeldOut(300, above_it[: len(above_it) // 3])]
        promised = Promise.from_held_out(held, 24, 500)
        parts += [f"{above_it[:5]} of {len(above_it)}: {promise(held, 24, 500)} {numbers(expected(held, 24, 500))}"]
        parts += [*shown(promised, "   "), f"    kept {[promised.kept(s) for s in (0.0, 0.01, 0.04, 0.3)]}"]
        for count in (30, 60, 90):
            parts += [f"    {count} of 300 flagged: {note_excess(held, 24, np.arange(300) < count)}"]
    for title, x in (
        ("wave", wave(600)),
        ("steps", wave(600) + np.repeat([0, 60, 10, 90, 40], 120)),
        ("drift", wave(600) + np.arange(600) / 5),
    ):
        parts += [f"{title} moves: {_moves(x, 24)}"]
        made = {
            name: Unseen(np.sin(np.arange(600) ** 2.0), np.sin(np.arange(180) ** 2.0) + shift)
            for name, shift in (("PCA", 0.9), ("HBOS", 0.5), ("MP", 0.02), ("NormA", 0.6))
        }
        parts += [
            f"    {name}: {number(u.top_tenth)}, {number(u.share_behind)}, {u.rises(24)}" for name, u in made.items()
        ]
        parts += [
            f"    lasting: {stable_detectors(made, x, 24)}, {stable_detectors({k: made[k] for k in ('PCA', 'MP')}, x, 24)}"
        ]
    rng = np.random.default_rng(1)
    for gap in (0.0, 0.05, 0.2):
        merit = {
            name: np.clip(0.6 + k * gap + 0.2 * rng.normal(size=9), 0, 1)
            for k, name in enumerate(("PCA", "LOF", "MovingStd"))
        }
        ranking = Ranking(merit, tuple(KINDS))
        ranking.tied, ranking.reason = _compare(ranking)
        parts += [f"{gap:g} apart: {ranking.order}, choice {ranking.choice}, tied {ranking.tied}"]
        parts += [f"    {n}: {numbers(ranking.interval(n))}, misses {ranking.misses(n)}" for n in ranking.order]
    edges = partial(level_edges, np.arange(60.0))
    fitted = [PCA(window=12, align=align).fit(wave(60)) for align in ("mean", "max")]  # type: ignore[arg-type]
    return (
        "\n".join(
            [
                *parts,
                *(f"edges {d.align}: {numbers(level_edges(np.arange(20.0), d))}" for d in fitted),
                f"{array(edges(fitted[0]))}",
            ]
        )
        + "\n"
    )


def detection_followed(folder: Path) -> str:
    """A file that grows, read as it begins: what each block gives."""
    from benchmark.reading import Follower

    parts = []
    hours = pd.date_range("2024-03-30 20:00", periods=40, freq="h")
    values = wave(40)
    forms = {
        "comma": "t,v\n" + "".join(f"{t},{v}\n" for t, v in zip(hours, values, strict=True)),
        "zone": "t;v\n"
        + "".join(
            f"{t:%d.%m.%Y %H:%M}+01:00;{v}\n".replace(".", ",")
            .replace(",03,2024", ".03.2024")
            .replace(",04,2024", ".04.2024")
            for t, v in zip(hours, values, strict=True)
        ),
        "days": "d,v\n"
        + "".join(f"{t:%Y-%m-%d},{v}\n" for t, v in zip(pd.date_range("2024-01-01", periods=40), values, strict=True)),
        "lines": "".join(json.dumps({"t": str(t), "v": v}) + "\n" for t, v in zip(hours, values, strict=True)),
        "counter": "n v\n" + "".join(f"{3 * k} {v}\n" for k, v in enumerate(values)),
        "values": "".join(f"{v}\n" for v in values),
        "titled": "t of 7\n\nt,v\n" + "".join(f"{t},{v}\n" for t, v in zip(hours, values, strict=True)),
        "dotted": "t,v\n"
        + "".join(
            f"{t:%d.%m.%Y %H:%M},{int(v) if k < 16 else f'{1 + v / 1000:.3f}'}\n"
            for k, (t, v) in enumerate(zip(hours, values, strict=True))
        ),
        "semicolons": "t;v\n"
        + "".join(
            f"{t};{int(v) if k < 16 else f'{v / 100:.3f}'.replace('.', ',')}\n"
            for k, (t, v) in enumerate(zip(hours, values, strict=True))
        ),
        "fractions": "s,v\n" + "".join(f"{k / 4},{v}\n" for k, v in enumerate(values)),
        "states": "t,door\n"
        + "".join(f"{t},{'shut' if v < 120 else 'ajar'}\n" for t, v in zip(hours, values, strict=True)),
        "series": "t,host,v\n"
        + "".join(f"{t},{h},{v + k}\n" for t, v in zip(hours, values, strict=True) for k, h in enumerate("ab")),
    }
    extra = {"series": ReadOptions(series="b", series_column="host")}
    for name, text in forms.items():
        lines = text.encode().splitlines(keepends=True)
        head = 1 if lines[0][:1] in b"tdns" else 0
        follower, first, rest = Follower.begin(
            b"".join(lines[:16]), folder / "f.csv", extra.get(name, ReadOptions()), None, 4
        )
        parts += [f"## {name}", *first.lineup, *shown({k: v for k, v in follower.state().items() if k != "options"})]
        pieces = {
            "rest": rest,
            "three rows left out": b"".join(lines[19:24]),
            "seven rows left out": b"".join(lines[31:33]),
            "again": b"".join(lines[30:35]),
            "header and words": b"".join([*lines[:head], b"here be dragons\n", lines[36]]),
            "nothing": lines[37].replace(str(values[37 - head]).encode(), b""),
            "a word": lines[37].replace(str(values[37 - head]).encode(), b"broken"),
            "last": b"".join(lines[38:40]),
        }
        for title, piece in pieces.items():
            points, notes = follower.read(piece, folder / "f.csv")
            text_of = follower.text(points)
            times = [text_of(k) for k in range(len(points.values))] if text_of else []
            parts += [f"{title}: {numbers(points.values)}; filled {runs(points.filled)}; {times}; {notes}"]
            follower = Follower.load(json.loads(json.dumps(follower.state())))
        parts += [
            f"skipped {follower.skipped}, held {follower.held}, renamed {follower.renamed(b'a,b' + chr(10).encode(), folder)!r}",
            "",
        ]
    return cleaned("\n".join(parts), folder)


SUBJECTS: dict[str, Subject] = {
    s.__name__: s
    for s in (
        *(detection_findings, detection_commands, detection_models, detection_planted, detection_thresholds),
        *(detection_alerts, detection_rules, detection_followed),
    )
}
