"""The basics: windows, thresholds and periods, splits, data sets, refused parameters."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
from safetensors.numpy import save_file

import benchmark
import datasets
import detectors
from benchmark.catalogue import registry
from benchmark.errors import UserError
from benchmark.grid import Cell, expected_seconds, protocols
from benchmark.grid.protocols import PROTOCOLS
from benchmark.grid.splits import WINDOW_RULES, Inapplicable, count_fitted, fitted_parts, normal_spans
from benchmark.metrics import vus
from datasets import DataError, Series, read_file
from datasets.core.simulate import (
    best_cut,
    labels_of,
    mackey_glass,
    place,
    place_beside,
    ramps,
    split,
    switching,
    wandering,
)
from detectors import Array, estimate_window
from detectors.core import windows as rows_of
from detectors.core.periods import autocorrelation, period
from detectors.core.threshold import (
    contiguous_folds,
    exceedance_counts,
    peaks_over_threshold,
    share_interval_from_counts,
    upper_quantile,
)
from detectors.core.values import as_pieces, as_series, offset_in
from detectors.flows import resnet
from detectors.kernels import huge, shapes
from tests.support import toys
from tests.support.series import rhythm
from tests.whole import Subject
from tests.whole.kept import array, cleaned, number, numbers, runs, shown


def told(action: Callable[[], Any]) -> str:
    """What an action returns, or how it is refused."""
    try:
        return "; ".join(shown(action()))
    except (ValueError, TypeError, RuntimeError, AttributeError, UserError, DataError, Inapplicable) as error:
        return f"{type(error).__name__}: {error}"


def core_windows(folder: Path) -> str:
    """Windows of pieces, their moments, and scores back on points by every alignment."""
    pieces = [rhythm(23, 1), rhythm(4, 2), np.repeat([1.5, 2.5], 9), rhythm(7, 3)]
    parts = []
    for window in (1, 2, 5, 7):
        made = rows_of.Windows(pieces, window)
        parts += [f"## window {window}: {made.shape}, starts {made.starts.tolist()}"]
        parts += [
            f"chunks {[(part.start, part.stop) for part, _ in made.chunks(4)]}, {[len(b) for _, b in made.chunks()]}"
        ]
        parts += [
            f"take {array(made.take(np.array([0, 3, len(made) - 1])).ravel(), 3)}; sample {array(made.sample(5, 2).ravel(), 3)}"
        ]
        for exact in (True, False):
            mean, deviation = rows_of.window_moments(made, exact)
            parts += [f"moments {array(mean, 2)} | {array(deviation, 2)}"]
            parts += [f"z {array(rows_of.z_normalised(made.take(np.arange(len(made))), exact).ravel(), 2)}"]
        parts += [f"min max {array(rows_of.min_max(made.take(np.arange(len(made)))).ravel(), 3)}"]
        scores = np.abs(rhythm(20, 5))
        for align in get_args(rows_of.Alignment):
            for count in (1, 3, 20):
                parts += [
                    f"{align} of {count}: {numbers(rows_of.windows_to_points(scores[:count], window, align)[:8])}"
                ]
        parts += [f"moving sum {array(rows_of.moving_sum(scores, window), 3)}"]
    parts += [f"evenly {[rows_of.evenly_spaced(count, 5).tolist() for count in (1, 4, 5, 6, 100)]}"]
    parts += [told(lambda: rows_of.windows_to_points(scores, 3, "middle"))]  # type: ignore[arg-type]
    return "\n".join(parts) + "\n"


def core_thresholds(folder: Path) -> str:
    """Levels, counts of exceedances, intervals and parts held out."""
    rng = np.random.default_rng(3)
    kinds = {
        "gamma": rng.gamma(2, 1, 500),
        "ties": np.round(rng.gamma(2, 1, 500)),
        "few": rng.gamma(2, 1, 12),
        "same": np.ones(50),
        "uniform": rng.random(400),
        "heavy": rng.standard_t(2, 500),
    }
    parts = []
    for name, scores in kinds.items():
        for share in (0.001, 0.01, 0.05, 0.2, 0.5):
            level = upper_quantile(scores, share)
            parts += [
                f"{name} {share:g}: {number(level)} reached by {int((scores >= level).sum())}; tail {float(f'{peaks_over_threshold(scores, share):.2g}') if share < 0.5 else ''}"
            ]
        found = [exceedance_counts(scores, float(np.quantile(scores, 0.9)), gap) for gap in (1, 3, 20)]
        parts += [f"    stretches {[f[:9] for f in found]}"]
        parts += [
            f"    interval {numbers(share_interval_from_counts(f, len(scores), gap, new))}"
            for f, gap in zip(found, (1, 3, 20), strict=True)
            for new in (10, 1000)
        ]
    for count in (2, 3, 5):
        for known, held in contiguous_folds([np.arange(10.0), np.arange(20.0, 23), np.arange(30.0, 41)], count, 2):
            parts += [
                f"of {count}: known {[f'{p[0]:g}-{p[-1]:g}' for p in known]}, held {[f'{p[0]:g}-{p[-1]:g}' for p in held]}"
            ]
    return "\n".join(parts) + "\n"


def core_periods(folder: Path) -> str:
    """Estimates of a period, and what counts as a series."""
    parts = []
    for title, x in (
        *((f"period {p:g}", rhythm(900, 2, period=p)) for p in (2.5, 6, 7, 25, 60.5, 125, 299, 301, 350)),
        *(("noise", np.random.default_rng(0).normal(size=500)), ("line", np.arange(300.0)), ("constant", np.ones(50))),
        *(("seven", rhythm(7)), ("eight", rhythm(8)), ("two", rhythm(900, 1) + 0.6 * np.sin(np.arange(900) / 2))),
        (
            "weeks",
            np.tile([*np.sin(np.arange(120) / 3.8197), *np.zeros(48)], 6)
            + 0.1 * np.random.default_rng(2).normal(size=1008),
        ),
    ):
        found = [estimate_window(x), estimate_window(x, rank=2), estimate_window(x, fallback=9, lags=50, points=200)]
        parts += [f"{title}: {found}, {period(x) if len(x) > 9 else ''}; {array(autocorrelation(x, 30), 3)}"]
    for value in (
        [1, 2],
        [[1.0]],
        [],
        [1.0, np.nan],
        [1e151, 1.0],
        [np.inf],
        ["a"],
        [1j],
        np.array(["2024-01-01"], "M8[D]"),
        np.ma.masked_array([1.0, 2.0], [0, 1]),
        [True, False],
        [None],
        [[1.0], [1.0, 2.0]],
        (np.arange(3.0), np.arange(4.0)),
    ):
        parts += [
            f"{value!r}: {told(lambda value=value: as_series(value))} | {told(lambda value=value: as_pieces(value))}"
        ]
    x = rhythm(30)
    parts += [f"offsets {[offset_in(x, part) for part in (x[3:9], x[::-1], x, x[29:], x + 1)]}"]
    sequences = np.array([np.roll(rhythm(40, 4), k % 5) + 0.1 * rhythm(40, k) for k in range(12)])
    made = shapes.k_shape(shapes.unit_rows(sequences), 3, np.random.default_rng(1))
    return "\n".join([*parts, *shown(made, "k-Shape")]) + "\n"


def _series() -> Iterator[Series]:
    for title, n, spans, train in (
        ("plain", 400, ((100, 110), (300, 301)), 0),
        ("early", 400, ((5, 15), (399, 400)), 0),
        ("trained", 300, ((50, 60),), 80),
        ("dense", 120, ((0, 50), (60, 119)), 0),
        ("001_NAB_id_1_Facility_tr_90_1st_120.csv", 300, ((120, 130),), 0),
    ):
        labels = np.isin(np.arange(n), [k for a, b in spans for k in range(a, b)]).astype(np.uint8)
        yield Series("NAB", title, rhythm(n, 7), labels, "file", rhythm(train, 8) if train else None)


def core_splits(folder: Path) -> str:
    """Which rows every protocol fits and scores, its windows and settings, on five series."""
    parts = []
    kinds = {"series": toys.Echo, "normal": toys.Normal, "nothing": toys.Nothing, "LOF": toys.LOF}
    for series in _series():
        parts += [f"## {series.name}: normal {normal_spans(series.labels, (0, len(series)))}"]
        parts += [
            f"windows {', '.join(f'{name} {told(lambda rule=rule, series=series: rule(series))}' for name, rule in WINDOW_RULES.items())}"
        ]
        for name, (kind, cls) in itertools.product(PROTOCOLS, kinds.items()):
            protocol, detector = protocols.get(name), cls()
            try:
                protocol.configure(detector, series)
                found = protocol.splits(series, detector, protocol.first_row)
                fits = [[len(piece) for piece in fitted_parts(series, each)] for each in found]
            except (Inapplicable, UserError) as error:
                parts += [f"{name} {kind}: {error}"]
                continue
            parts += [
                f"{name} {kind}: {[(s.train, s.test, s.keep) for s in found]} {fits} {count_fitted(series, found)} {detector.get_params()}"
            ]
    for name in (
        "prefix:align=end",
        "authors-csv:decimals=none:first_row=3",
        "tsb-uad:window=second",
        "tsb-ad",
        "tsb-uad:window=x",
        "tsb-uad:decimals=x",
        "tsb-uad:windw=package",
        "tsbuad",
    ):
        parts += [f"{name}: {told(lambda name=name: vars(protocols.get(name)))}"[:500].split(" at 0x")[0]]
    for protocol in PROTOCOLS.values():
        parts += [
            f"{protocol.name}: {numbers(protocol.scores_for_metric(np.array([0.123456, 5.0, 2.5])))}, {numbers(protocol.scores_for_metric(np.ones(2)))}"
        ]
    for name, protocol_name in (
        ("LOF", "tsb-uad"),
        ("LOF", "tsb-ad"),
        ("IForest", "normal-crossfit"),
        ("AE", "tsb-uad"),
        ("PCA", "prefix"),
        ("none", "prefix"),
    ):
        costs = [f"{expected_seconds(Cell('', '', name, protocol_name), n):.5g}" for n in (100, 10_000, 10**6)]
        parts += [f"{name} {protocol_name}: {', '.join(costs)}"]
    return re.sub(r"np\.int64\((\d+)\)", r"\1", "\n".join(parts)) + "\n"


def core_parameters(folder: Path) -> str:
    """Every parameter of every detector: its default, what it may be, and how others are refused."""
    parts = []
    for name, cls in registry.detectors().items():
        rules = cls.param_rules()
        parts += [f"## {name}: {cls.group}, learns from {cls.learns_from}, version {cls.version}"]
        for parameter, default in cls.param_defaults().items():
            parts += [f"{parameter}={default!r}: {rules[parameter].text if parameter in rules else 'anything'}"]
            accepted = [
                v
                for v in (-1, 0, 1, 2, 0.5, 1.0, 1.5, True, None, "auto", "x", np.nan, 2**32)
                if parameter in rules and rules[parameter].accepts(v)
            ]
            parts += [f"    of some accepts {accepted}"]
    return "\n".join(parts) + "\n"


def core_datasets(folder: Path) -> str:
    """Facts of the data sets, simulated series, files that are read strictly."""
    parts = []
    for name in datasets.names(archives=True):
        one = datasets.get(name)
        parts += [
            f"{name}: {one.title}; {one.licence}; {one.citation}; {one.urls}; {one.notes}; {one.size} series, home {one.home}"
        ]
        parts += [f"    {facts}" for facts in one.series[:2]]
    for dataset, wanted in (("Genesis", 2), ("NASA-MSL", 6), ("MGAB", 0)):
        for series in datasets.get(dataset).series_names()[:wanted]:
            made = datasets.get(dataset).simulate(series, 1)
            parts += [
                f"{dataset}/{series}: {array(made.values, 2)}; labels {runs(made.labels)}; train {None if made.train is None else array(made.train, 2)}; {made.segments()}"
            ]
    rng = np.random.default_rng(5)
    parts += [f"split {[split(rng, total, count, least).copy() for total, count, least in ((10, 3, 1), (50, 4, 9))]}"]
    taken = place(rng, 200, (5, 9, 20), 3, 20)
    parts += [f"places {taken}, beside {place_beside(rng, 200, (4, 8), taken)}, labels {runs(labels_of(200, taken))}"]
    parts += [f"Mackey-Glass {array(mackey_glass(300, rng))}, cut {best_cut(mackey_glass(900, rng), 200)}"]
    parts += [
        f"ramps {array(ramps(rng, 200, 25.5))}, switching {array(switching(rng, 200, (0, 1, 3), 20))}, wandering {array(wandering(rng, 200, 2, 1))}"
    ]
    lines = (
        "1,0\n2,1\n3.5,0\n",
        "1,0\n2,2\n",
        "1,0\nx,1\n",
        "1,0,0\n",
        "1\n",
        "",
        "nan,0\n1,1\n",
        "1,0\n,1\n2,1\n",
        "1,0\n2,0\n",
        "1,1\n2,1\n",
        "value,label\n1,0\n2,1\n",
        "1;0\n2;1\n",
        "1,0\n1e400,1\n",
    )
    for text in lines:
        (folder / "f.out").write_text(text, encoding="utf-8")
        for header, drop in ((False, False), (True, True)):
            parts += [
                f"{text!r} {header}: {told(lambda header=header, drop=drop: read_file(folder / 'f.out', header=header, drop_missing=drop))}"
            ]
    parts += [told(lambda: datasets.get("MGAV")), told(lambda: datasets.get("MGAB").facts("11.test.out"))]
    parts += [
        f"{pattern}: {[n for n in ('C-1', 'c-2.test.out', 'D-1') if datasets.name_matches(n, pattern)]}"
        for pattern in ("C-*", "c-2", "C-1", "*1", "")
    ]
    return cleaned("\n".join(parts), folder) + "\n"


def core_faces(folder: Path) -> str:
    """What the packages offer, each with its defaults: callers rely on these. Modules are left to themselves."""
    parts: dict[int, list[str]] = {}
    for name in sorted(find_packages()):
        face = importlib.import_module(name)
        here = {key: thing for key, thing in vars(face).items() if not inspect.ismodule(thing)}
        top = vars(face)["__all__"] if "." not in name else here
        for offered in sorted(top, key=lambda key: (not key.isupper(), not key[0].isupper(), key)):
            thing = here.get(offered)
            if thing is not None and offered[0] != "_" and offered not in ("annotations", "Path"):
                parts.setdefault(id(thing), [f"{name}.{line}" for line in _defaults(offered, thing)])
    return "\n".join(itertools.chain.from_iterable(parts.values())) + "\n"


def find_packages() -> Iterator[str]:
    """The three packages and those within them."""
    for top in (benchmark, datasets, detectors):
        yield top.__name__
        yield from (m.name for m in pkgutil.walk_packages(top.__path__, f"{top.__name__}.") if m.ispkg)


def _defaults(name: str, thing: Any) -> Iterator[str]:
    """Parameters with their defaults, of a class also those of its methods; else its name."""
    yield _signature(name, thing) if callable(thing) and not get_origin(thing) else name
    if isinstance(thing, type) and thing.__module__.partition(".")[0] in ("benchmark", "datasets", "detectors"):
        methods = ((key, getattr(part, "__func__", part)) for key, part in vars(thing).items())
        yield from (
            _signature(f"{name}.{key}", part)
            for key, part in methods
            if inspect.isfunction(part) and not key.startswith("_")
        )


def _signature(name: str, thing: Any) -> str:
    try:
        given = inspect.signature(thing).parameters.values()
    except ValueError:  # an exception without parameters of its own
        return name
    if [p.name for p in given] == ["args", "kwargs"]:  # nor has this one, by a later Python
        return name
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    shown = [f"{stars.get(p.kind, '')}{p.name}{'' if p.default is p.empty else f'={p.default!r}'}" for p in given]
    return re.sub(" at 0x[0-9a-f]+", "", f"{name}({', '.join(shown)})")


def _grids() -> Iterator[tuple[str, Array]]:
    """Series at the edges of what lies on a grid, of what is constant, and of what is huge."""
    grid = np.arange(120) % 5 * 2.5 - 5
    for off in (0.0, 0.0008, 0.0012, 0.0018, 0.0022, 0.005):
        yield f"the highest off by {off} of a step", np.where(grid == grid.max(), grid + 2.5 * off, grid)
    for distinct in (1, 2, 5, 6, 7):
        yield f"{distinct} of 120 distinct", np.arange(120.0) % distinct
    for ulps in (1, 2, 4, 8, 16, 32):
        yield f"constant but for {ulps} ulps", 1e9 + np.arange(120) % 2 * ulps * np.spacing(1e9)
    for size in (1e4, 9e4, 1.1e5, 1e7, 1e150):
        yield f"a value of {size}", np.where(np.arange(120) == 64, size, np.sin(np.arange(120) / 3))
    for count in (5, 6, 7):
        yield f"{count} of 120 not zero", np.where(np.arange(120) < count, 2.0 + np.arange(120), 0.0)


def core_scales(folder: Path) -> str:
    """Level, deviation and grid of a series, what is huge in it, and how large values are compressed."""
    parts = []
    for title, x in _grids():
        level, reach = huge.usual_range([x[:50], x[50:]])
        calm = huge.zero_huge(x - level, reach)
        parts += [
            f"{title}: scale {numbers(resnet.series_scale(x))}; level {number(level)}, huge beyond {number(reach)}: "
            f"{runs(calm != x - level)}, windows {runs(huge.windows_with(calm != x - level, 6))}"
        ]
    sizes = np.array([0, 1, 2.9, 3, 3.5, 9.9, 10, 10.5, 20, 1e6, 1e150])
    for limit in (3.0, 10.0):
        parts += [f"compressed beyond {limit}: {numbers(resnet.compress(sizes, limit))}, {numbers(resnet.compress(-sizes, limit))}"]  # fmt: skip
    return "\n".join([*parts, f"by default: {numbers(resnet.compress(sizes))}"]) + "\n"


def core_refusals(folder: Path) -> str:
    """What detectors say to calls in a wrong order, to series too short or of no numbers, and to files not theirs."""
    x, short = rhythm(200, 1), rhythm(30, 2)
    pca, flow = detectors.PCA(window=20), detectors.ScaleFlow(steps=1)
    fitted = detectors.PCA(window=20).fit(x)
    fitted.save(folder / "pca.safetensors")
    save_file({"a": x}, folder / "theirs.safetensors")
    (folder / "none.safetensors").write_bytes(b"\x80\x04 a pickle")
    cases: dict[str, Callable[[], Any]] = {
        "score first": lambda: pca.score(x),
        "threshold first": lambda: pca.threshold(),
        "explain first": lambda: flow.explain(x, 3, 9),
        "a share of 0": lambda: fitted.threshold(contamination=0.0),
        "a share of a half": lambda: fitted.threshold(contamination=0.5),
        "a rule that is none": lambda: fitted.threshold(rule="peaks"),  # type: ignore[arg-type]
        "no such parameter": lambda: pca.set_params(windows=3),
        "no parameters": lambda: detectors.AbsDeviation().set_params(window=3),
        "no such detector": lambda: detectors.PCB,
        "objects": lambda: pca.fit([object(), object()]),  # type: ignore[list-item]
        "numbers beyond float64": lambda: pca.fit([10**400, 1]),
        "too short to fit": lambda: pca.fit(short[:10]),
        "too short to score": lambda: fitted.score(short[:10]),
        "pieces below a window": lambda: detectors.PCA(window=20).fit([short[:15], short[:15], short[:15]]),
        "pieces below a window of a path": lambda: detectors.Series2Graph(window=20).fit([short[:15]] * 3),
        "a window of 2 for a profile": lambda: detectors.MP(window=2).fit(x),
        "a window of 2 for shapes": lambda: detectors.KShapeAD(window=2).fit(x),
        "five points for a profile": lambda: detectors.MP().fit(short[:5]),
        "five points for shapes": lambda: detectors.KShapeAD().fit(short[:5]),
        "a stride above the window": lambda: detectors.Proposed(window=64, stride=65).fit(x),
        "no factor": lambda: detectors.ScaleFlow(factors=(), periods=0).fit(x),
        "a factor of a half": lambda: detectors.ScaleFlow(factors=(0.5,)).fit(x),  # type: ignore[arg-type]
        "own trees, scaled": lambda: detectors.IForest(scaling="z").fit(x),
        "another's file": lambda: detectors.HBOS.load(folder / "pca.safetensors"),
        "a file of other origin": lambda: detectors.PCA.load(folder / "theirs.safetensors"),
        "a file of no such form": lambda: detectors.PCA.load(folder / "none.safetensors"),
        "a buffer below 0": lambda: vus.volume_under_surface((np.arange(9) == 4).astype(np.uint8), x[:9], -1),
    }
    text = "\n".join(f"{title}: {told(case)}" for title, case in cases.items()) + "\n"
    return cleaned(re.sub(r"(safetensors file )\(.*?\)", r"\1(WHY)", text), folder)  # in the library's words


def core_protocols(folder: Path) -> str:
    """The settings that protocols give to detectors, each beside its version.

    Raise the version with the settings: stored cells of the former ones would be taken for those of the new ones.
    """
    lines = []
    for protocol in PROTOCOLS.values():
        for name in sorted({*protocol.overrides, *protocol.windows}):
            version = protocol.versions.get(name.split()[0], protocol.version)
            settings = dict(sorted(protocol.overrides.get(name, {}).items()))
            rule = protocol.windows.get(name, protocol.window).__name__
            lines.append(f"{protocol.name}, {name}, version {version}: {settings}, {rule}")
    return "\n".join(lines) + "\n"


SUBJECTS: dict[str, Subject] = {
    s.__name__: s
    for s in (
        core_windows,
        core_thresholds,
        core_periods,
        core_splits,
        core_protocols,
        core_parameters,
        core_scales,
        core_datasets,
        core_faces,
        core_refusals,
    )
}
