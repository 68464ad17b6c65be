"""Outputs of adapters: other libraries (stand-ins), our detectors for them, external programs."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from sklearn.base import BaseEstimator

from benchmark import adapters
from benchmark.adapters import (  # fmt: skip
    aeon,
    apart,
    dtaianomaly,
    names,
    options,
    program,
    pyod,
    pyod_classes,
    sklearn,
    stumpy,
    tsb_ad,
)
from benchmark.adapters.borrowed import REFUSALS, class_of, folded, text_of
from benchmark.adapters.names import Listed, borrowed
from benchmark.errors import UserError
from benchmark.grid import Selection, rows
from detectors import HBOS, LOF, AbsDeviation, Array, Detector
from tests.support.programs import script
from tests.support.series import rhythm
from tests.whole import Subject
from tests.whole.kept import array, cleaned, numbers, shown


def told(action: Callable[[], Any]) -> str:
    """What an action returns, or how it is refused."""
    try:
        return "; ".join(shown(action()))
    except (ValueError, TypeError, UserError, ArithmeticError, RuntimeError, AttributeError) as error:
        notes = f" ({'; '.join(error.__notes__)})" if hasattr(error, "__notes__") else ""
        return f"{type(error).__name__}: {error}{notes}"


class Model(BaseEstimator):
    """In place of a library's class: says what it was given, scores by first and last values."""

    said: list[str] = []  # noqa: RUF012 - one list for all

    def __init__(self, n_neighbors: int = 5, method: str = "mean", flag: bool = False, verbose: int = 1, random_state: Any = None, window_size: int = 3, n_features: Any = None, base_estimator: Any = None, epochs: int = 9) -> None:  # fmt: skip
        if method == "bad":
            raise KeyError("bad")
        self.__dict__.update({k: v for k, v in locals().items() if k not in ("self", "__class__")})

    def fit(self, X: Array, y: Any = None) -> Model:
        given = {k: v for k, v in self.__dict__.items() if not k.endswith("_") and k != "said"}
        self.said.append(f"fit {X.shape} {array(np.ravel(X), 2)} {given}")
        if self.method == "worse":
            raise RuntimeError("no such method")
        self.decision_scores_ = 100.0 + np.arange(len(X))
        self.negative_outlier_factor_ = -self.decision_scores_
        return self

    def decision_function(self, X: Array) -> Array:
        self.said.append(f"score {X.shape}")
        return X[:, 0] - X[:, -1] if X.ndim == 2 else X * 2.0

    def score_samples(self, X: Array) -> Array:
        return -self.decision_function(X)

    def predict(self, X: Array) -> Array:
        self.said.append(f"predict {X.shape}")
        return np.where(X > 5, np.nan, X)

    def fit_predict(self, X: Array) -> Array:
        return self.fit(X).decision_scores_

    @classmethod
    def get_class_tags(cls) -> dict[str, bool]:
        return {"learning_type:unsupervised": True, "fit_is_empty": False}

    supervision = SimpleNamespace(name="UNSUPERVISED")


class Plain(Model):
    """Without a seed or a window; for normal data."""

    supervision = SimpleNamespace(name="SEMI_SUPERVISED")

    def __init__(self, n_neighbors: int = 5, method: str = "mean") -> None:
        super().__init__(n_neighbors, method)

    @classmethod
    def get_class_tags(cls) -> dict[str, bool]:
        return {"learning_type:unsupervised": False, "fit_is_empty": False}


class Ready(Plain):
    """Learns nothing."""

    @classmethod
    def get_class_tags(cls) -> dict[str, bool]:
        return {"learning_type:unsupervised": True, "fit_is_empty": True}


def _about(cls: type[Detector]) -> list[str]:
    """What a class is, as the adapter made it."""
    names_ = ("spec", "version", "learns_from", "source", "given", "defaults", "window_arguments", "reserved", "quick", "torch", "unscored", "group", "exempt", "accepted", "command", "format")  # fmt: skip
    facts = {name: getattr(cls, name) for name in names_ if getattr(cls, name, None) not in (None, "", {}, ())}
    ranges = {name: rule.text for name, rule in cls.param_rules().items()}
    return [
        f"{cls.__name__} {cls.__mro__[1].__name__}: {facts}; {ranges}",
        *textwrap.dedent(str(cls.__doc__)).splitlines(),
    ]


@contextmanager
def _modules(made: dict[str, dict[str, Any]]) -> Iterator[None]:
    """Modules that are not installed."""
    found = {}
    for name, content in made.items():
        found[name] = ModuleType(name)
        vars(found[name]).update(content | {"__all__": list(content)})
    with mock.patch.dict(sys.modules, found):
        yield


def adapters_listed(folder: Path) -> str:
    """Which classes of a library are offered, and what is made of each."""
    for name, text in {
        "knn": "class KNN(BaseDetector):\nclass Helper:\n",
        "ts_shape": "class Shape(BaseDetector, X):\n",
        "pyg_net": "class Net(BaseDetector):",
        "base_x": "class Base(BaseDetector):",
        "_hidden": "class Hidden(BaseDetector):",
        "deep": "class Deep(BaseDeepLearningDetector):\nclass KNN(BaseDetector):\n",
        "xgbod": "class XGBOD(BaseDetector):",
    }.items():
        (folder / f"{name}.py").write_text(text)
    parts = []
    with mock.patch("pyod.models.__path__", [str(folder)]):
        parts += [f"{entry.spec}: {entry}" for entry in pyod.entries()]
    parts += [told(lambda name=name: borrowed(f"pyod:{name}")) for name in pyod_classes.REFUSED]
    parts += [f"without a score: {name}: {why}" for name, why in pyod_classes.UNSCORED.items()]
    for name in ("KNN", "XGBOD", "LSCP", "ABOD", "MAD", "ROD", "MatrixProfile", "SUOD"):
        facts = pyod_classes.facts(name)
        facts |= {"rules": {k: rule.text for k, rule in facts.get("rules", {}).items()}}
        parts += [f"{name}: {facts}"]
    families = {f"{aeon.PLACE}.{family}": {"BaseX": Model} for family in aeon.FAMILIES}
    families[f"{aeon.PLACE}.series.distance_based"] |= {"STOMP": Model, "ROCKAD": Plain}
    families[f"{aeon.PLACE}.series.outlier_detection"] |= {"PyODAdapter": Plain}
    families[f"{aeon.PLACE}.collection"] |= {"ROCKAD": Plain, "Other": Plain}
    bases = {"BaseDetector": Model, "Chronos": Plain, "MultivariateDetector": Model, "helper": array, "Other": int}
    with _modules(families), _modules({dtaianomaly.PLACE: bases}):
        parts += [f"{entry.spec}: {entry}" for entry in (*aeon.entries(), *dtaianomaly.entries())]
    wanted = (
        "EllipticEnvelope",
        "IsolationForest",
        "LocalOutlierFactor",
        "OneClassSVM",
        "GaussianMixture",
        "KernelDensity",
    )
    parts += [f"{entry.spec}: {entry}" for entry in sklearn.entries() if entry.name in wanted]
    for there in (True, False):
        with mock.patch("numba.cuda.is_available", return_value=there):
            parts += [f"{entry.spec}: {entry.refused or 'runs'}" for entry in stumpy.entries()]
    for ready in (True, False):
        with mock.patch.object(apart.Home, "ready", ready):
            parts += [
                f"{entry.spec} {ready}: {entry.needs or entry.refused}"
                for entry in tsb_ad.entries()
                if entry.name in ("FFT", "USAD", "MOMENT_FT")
            ]
    entry = Listed("mine", "Model", __name__, also=("model_one",))
    no_cache = mock.patch.object(aeon, "keep_compiled"), mock.patch.object(dtaianomaly, "keep_compiled"), mock.patch.object(stumpy, "keep_compiled")  # fmt: skip
    with no_cache[0], no_cache[1], no_cache[2]:
        for model in (Model, Plain):
            for made in (sklearn, aeon, dtaianomaly):
                parts += _about(made.detector(entry, model))
        parts += _about(aeon.detector(entry, Ready))
        parts += _about(stumpy.detector(entry, lambda T_A, m, T_B=None, ignore_trivial=True, pre_scrump=False: None))
    for name, module in (
        ("Model", "pyod.models.mine"),
        ("Model", "pyod.models.ts_mine"),
        ("SUOD", "pyod.models.suod"),
        ("ROD", "pyod.models.rod"),
    ):
        parts += _about(pyod.detector(Listed("pyod", name, module), Model if name != "ROD" else Plain))
    return _timeless("\n".join(parts), folder)


def _timeless(text: str, folder: Path) -> str:
    text = re.sub(r"<function (\S+) at 0x[0-9a-f]+>", r"<function \1>", text)
    text = re.sub(r"in \S*tsad-benchmark/\S+:", "in CACHE:", text)
    text = re.sub(r"(s.npy cannot be read: )(?!complex).*", r"\1WHY", text)  # numpy's words
    return cleaned(text.replace(sys.executable, "PYTHON"), folder) + "\n"


def adapters_options(folder: Path) -> str:
    """Options of a library's class, good and bad; names that are found, and those that are not."""
    with mock.patch.dict(REFUSALS, clear=True):  # what other tests asked of a class of this name
        return _timeless("\n".join(_options(folder)), folder)


def _options(folder: Path) -> list[str]:
    parts: list[str] = []
    entry = Listed("mine", "Model", __name__)
    over, on = (base for base in (sklearn._OverWindows, pyod._Series))
    windowed = class_of(over, entry, Model, True, window_arguments=("window_size",), reserved=("verbose",))
    series = class_of(on, entry, Model, True, ("window_size",))
    cases: tuple[Any, ...] = (None, {}, {"n_neighbors": 3}, {"n_neighbours": 3}, {"n_neighbors": "x"}, {"n_neighbors": -1}, {"n_neighbors": 2.5}, {"flag": 1}, {"flag": True}, {"window_size": 3}, {"verbose": 2}, {"method": "bad"}, {"method": "worse"}, {"method": 3}, {"epochs": 0}, {"base_estimator": (1, 2)}, [1])  # fmt: skip
    for cls in (windowed, series):
        REFUSALS.clear()
        for given in cases:
            Model.said.clear()
            parts += [
                f"{cls.__mro__[1].__name__} {given}: {told(lambda cls=cls, given=given: cls(options=given).check_params())} {Model.said}"
            ]
        parts += [told(lambda cls=cls: cls(windw=3)), told(lambda cls=cls: cls(window=0).check_params())]
        detector = cls(options={"base_estimator": (1, 2)}, random_state=7)
        parts += [f"made {vars(detector.make_model(12))}"]
    parts += [told(lambda: windowed().finite(np.array([1.0, np.inf, np.nan]), "windows"))]
    cls = class_of(over, entry, Model, False, unscored="it never does")
    parts += [
        told(lambda: cls().finite(np.array([np.nan]), "points")),
        told(lambda: cls().finite(np.ones(2), "points")),
    ]
    for value in (None, True, 1, -1, 0, 2.5, "x", (1,), [1]):
        odd = [options.is_odd(value, default) for default in (None, True, 5, -5, 0.5, "x", [1])]
        parts += [f"{value!r}: odd {odd}, number {options.is_number(value)}"]
        for words in (True, False):
            kinds = [
                told(lambda d=d, words=words, value=value: options.check("mine:M", {"a": value}, {"a": d}, words=words))
                for d in (None, True, 5, 0.5, "x")
            ]
            parts += [f"    words {words}: {kinds}"]
    parts += [
        f"{folded(windowed, params)}"
        for params in ({"window": 3}, {"k": 1}, {"k": 1, "options": {"j": 2}, "window": 4})
    ]
    parts += [f"{folded(LOF, {'k': 1})}, {told(lambda: folded(windowed, {'options': 3, 'k': 1}))}"]
    for spec in ("pyod:KNN", "exec:x", "mine.py:X", "sklearn", "LOF"):
        parts += [f"{spec}: borrowed {names.is_borrowed(spec)}"]
    (folder / "mine.py").write_text(
        "from sklearn.base import BaseEstimator\nclass Mine(BaseEstimator):\n    def __init__(self, a=1): self.a = a\n    def fit(self, X): return self\n    def score_samples(self, X): return -X[:, 0]\n"
    )
    (folder / "broken.py").write_text("import nowhere_at_all\n")
    for spec in ("pyod:KNM", "pyod:k_n_n", "sklearn:localoutlierfactor", "pyod:XGBOD", "pyodd:KNN", f"sklearn:{folder}/mine.py:Mine", f"sklearn:{folder}/mine.py:Other", f"sklearn:{folder}/none.py:X", f"sklearn:{folder}/broken.py:X", "stumpy:stumpi", "exec:", "exec:'a", "exec:nowhere_at_all --x", "tsb-ad:MOMENT_FT"):  # fmt: skip
        parts += [f"{spec}: {told(lambda spec=spec: borrowed(spec).__name__)}"]
    made = borrowed(f"sklearn:{folder}/mine.py:Mine")
    parts += [
        f"{adapters.sklearn_LocalOutlierFactor.__name__}, {told(lambda: adapters.nothing)}, {told(lambda: adapters.pyodd_KNN)}"
    ]
    parts += [f"text {text_of(made)!r:.60}, {text_of(LOF)!r}"]
    parts += [f"{told(lambda: rows(Selection(('pyod:KNN',), params={'pyod:KNN': {'n_neighbours': 3}})))}"]
    return parts


def adapters_scores(folder: Path) -> str:
    """What a library's class is given, and which scores come of it, part and whole, one piece and several."""
    parts: list[str] = []
    x, other = np.round(rhythm(60, 3), 2), np.round(rhythm(40, 5), 2)
    entry = Listed("mine", "Model", __name__)

    def profile(T_A: Array, m: int, T_B: Array | None = None, ignore_trivial: bool = True) -> Array:
        far = 0 if T_B is None else len(T_B)
        return np.column_stack([T_A[: len(T_A) - m + 1] + far, T_A[m - 1 :]])

    bases: dict[str, Callable[[], type[Any]]] = {
        "sklearn": lambda: sklearn.detector(entry, Model),
        "pyod": lambda: pyod.detector(Listed("pyod", "Model", "pyod.models.m"), Model),
        "pyod ts": lambda: pyod.detector(Listed("pyod", "Model", "pyod.models.ts_m"), Model),
        "pyod nothing": lambda: pyod.detector(Listed("pyod", "MatrixProfile", "pyod.models.ts_m"), Model),
        "aeon": lambda: aeon.detector(entry, Model),
        "aeon normal": lambda: aeon.detector(entry, Plain),
        "aeon nothing": lambda: aeon.detector(entry, Ready),
        "dtaianomaly": lambda: dtaianomaly.detector(entry, Model),
        "stumpy": lambda: stumpy.detector(entry, profile),
    }
    with (
        mock.patch.object(aeon, "keep_compiled"),
        mock.patch.object(dtaianomaly, "keep_compiled"),
        mock.patch.object(stumpy, "keep_compiled"),
    ):
        made = {name: make() for name, make in bases.items()}
    for name, cls in made.items():
        own = {"window": 6} if "window" in cls.defaults else {}
        for params in (own, own | {"scaling": "minmax", "max_windows": 20, "align": "end"}):
            if set(params) - set(cls.defaults):
                continue
            for fitted in (x, [x, other]):
                Model.said.clear()
                with redirect_stdout(io.StringIO()):
                    detector = cls(**params).fit(fitted)
                said = [f"{name} {params} of {len(fitted)}: least {detector.min_length()}, notes {detector.notes_}"]
                for scored in (x, x[10:40], other, other + 0.5):
                    said += [f"    {told(lambda detector=detector, scored=scored: detector.score(scored))}"]
                parts += [*said, *dict.fromkeys(Model.said)]
    parts += [told(lambda: made["stumpy"](window=2).fit(x)), told(lambda: made["aeon"](window=6).fit(x).score(x + 9))]
    return _timeless("\n".join(parts), folder)


PROGRAMS = {
    "echo": 'cp "$1/series.csv" "$1/scores.csv"; sleep 0',
    "silent": "true",
    "fails": "echo one; echo two >&2; exit 3",
    "killed": "echo gone; kill -SEGV $$",
    "short": 'head -n 3 "$1/series.csv" > "$1/scores.csv"',
    "words": 'printf "1\\nx\\n" > "$1/scores.csv"',
    "folder": 'mkdir "$1/scores.csv"',
}


def adapters_programs(folder: Path) -> str:
    """Programs that work and that fail: what they are told, what is said of them."""
    parts = []
    x = np.array([0.5, 1.25, -3.0, 4.0, 1e-7, 6.0, 7.0, 8.0])
    for name, body in PROGRAMS.items():
        spec = script(folder, body, f"{name}.sh")
        cls: Any = borrowed(spec)
        detector = cls(window=2).fit(x)
        parts += [f"{cls.__name__} ({cls.source}): {told(lambda detector=detector: detector.score(x))}"]
    parts += _about(borrowed(script(folder, PROGRAMS["echo"], "echo.sh")))
    for params, fitted in (
        ({}, x),
        ({"learns_from": "nothing", "options": {"a": [1, 2]}, "random_state": 5}, x),
        ({"format": "npy", "window": 3}, [x[:6], x[2:]]),
    ):
        place = folder / f"written{len(parts)}"
        place.mkdir()
        detector = cls(**params).fit(fitted)
        with mock.patch.object(program, "threads", return_value=3):
            detector._write(place, x[:5])
        for file in sorted(place.iterdir()):
            told_ = array(np.load(file)) if file.suffix == ".npy" else file.read_text().replace("\n", " / ")
            parts += [f"{file.name}: {told_}"]
    for text in ("1\n2\n", "1\n2\n3\n", "1\n\n", "nan\n2\n", "\ufeff1\n2", "1,5\n2\n", "1" * 20_000):
        (folder / "s.csv").write_text(text, encoding="utf-8")
        parts += [f"{text[:9]!r}: {told(lambda: program.read_scores(folder / 's.csv', 2))}"]
    for values in (np.arange(2), np.ones((2, 1)), np.array(["a", "b"]), np.array([1j, 2])):
        np.save(folder / "s.npy", values)
        parts += [f"{values.tolist()}: {told(lambda: program.read_scores(folder / 's.npy', 2))}"]
    (folder / "s.npy").write_bytes(b"")
    parts += [told(lambda: program.read_scores(folder / "s.npy", 2))]
    parts += [f"{code}: {program._manner(code)}" for code in (0, 1, 128, 137, 139, 255, -9, 200)]
    log = folder / "log"
    parts += [f"no log: {program._last_lines(log, 2)}"]
    log.write_text("\n".join(f"line {k} {'x' * 300}" for k in range(30)))
    parts += [f"{len(program._last_lines(log, 2))} characters of the last, {len(program._end(log))} at the end"]
    with mock.patch.object(program, "LONGEST_LOG", 5000):
        program._shorten(log)
    parts += [f"shortened to {log.stat().st_size}"]
    echo = Path(str(borrowed(f"exec:{folder}/echo.sh --fast").__name__)).name
    before = program._fingerprint([f"{folder}/echo.sh", "--fast"])
    (folder / "echo.sh").write_text("#!/bin/sh\n")
    parts += [f"{echo}, changed {before != program._fingerprint([f'{folder}/echo.sh', '--fast'])}"]
    (folder / "plain.sh").write_text("")
    parts += [told(lambda: borrowed(f"exec:{folder}/plain.sh"))]
    return re.sub(r"\d+ MiB", "# MiB", _timeless("\n".join(parts), folder))


def adapters_elsewhere(folder: Path) -> str:
    """Our detectors inside scikit-learn and PyOD; libraries in an environment of their own."""
    from benchmark.adapters.as_pyod import AsPyOD
    from benchmark.adapters.as_sklearn import AsSklearn

    x = rhythm(300, 2)
    x[200:205] += 4
    two = np.column_stack([x, x[::-1]])
    parts = []
    for made, given in (
        (AsSklearn(AbsDeviation()), x[:, None]),
        (AsSklearn(HBOS(window=6), 0.05, column=1), two),
        (AsSklearn(), x[:, None]),
        (AsSklearn(HBOS(window=6)), two),
        (AsSklearn(HBOS(window=60)), x[:100, None]),
    ):
        parts += [f"{made!r}".replace("\n", " ")]
        parts += [told(lambda made=made, given=given: made.fit(given).offset_)]
        if hasattr(made, "offset_"):
            parts += [
                f"scores {array(np.round(made.score_samples(given), 6))}; {array(np.round(made.decision_function(given), 6))}",
                f"outliers {np.flatnonzero(made.predict(given) < 0).tolist()}",
            ]
    for made, given in ((AsPyOD(AbsDeviation()), x), (AsPyOD(HBOS(window=6), 0.03), x[:, None]), (AsPyOD(HBOS()), two)):
        parts += [told(lambda made=made, given=given: made.fit(given).threshold_)]
        if hasattr(made, "labels_"):
            parts += [
                f"{array(np.round(made.decision_scores_, 6))}; labels {np.flatnonzero(made.labels_).tolist()}; new {numbers(np.round(made.decision_function(given[:40])[:3], 6))}"
            ]
    facts = {
        "aeon:LOF": {
            "needs": "",
            "refused": "",
            "options": {"k": 5, "flag": True},
            "learns_from": "series",
            "defaults": {"window": "auto", "random_state": 0, "options": None},
            "source": "aeon.LOF",
        },
        "aeon:Net": {"needs": "pip install x", "refused": ""},
        "aeon:Deep": {"needs": "", "refused": "no"},
        "other:X": {"needs": "", "refused": ""},
    }
    with (
        mock.patch.object(apart.Home, "facts", return_value=facts),
        mock.patch.object(apart.Home, "words", lambda self, *rest: ["python", "-P", "runner.py", *rest]),
    ):
        found = list(apart.entries("aeon"))
        parts += [f"{entry}" for entry in found]
        cls = apart.detector(found[0], None)
        parts += [*_about(cls), f"text {str(cls.text).splitlines()[:9]}"]
        for given in ({"k": 3}, {"k": "x"}, {"flag": 1}, {"window_size": 3}, {"j": 1}, {"k": None}):
            parts += [f"{given}: {told(lambda given=given: cls(options=given).check_params())}"]
        parts += [told(lambda: apart.detector(found[1], None))]
    with mock.patch.object(apart.Home, "ready", False):
        parts += [
            told(lambda: names._entries_apart("aeon", ImportError("none"))),
            told(lambda: names._entries_apart("sklearn", ImportError("none", name="sklearn.x"))),
        ]
        parts += [told(lambda: tsb_ad.detector(Listed("tsb-ad", "FFT", ""), None))]
    with (
        mock.patch.object(apart.Home, "ready", True),
        mock.patch.object(apart.Home, "facts", return_value={"FFT": {"options": {"a": 1}}, "USAD": {"options": {}}}),
        mock.patch.object(apart.Home, "words", lambda self, *rest: ["python", "-P", "runner.py", *rest]),
    ):
        parts += _about(tsb_ad.detector(Listed("tsb-ad", "FFT", ""), None)) + _about(
            tsb_ad.detector(Listed("tsb-ad", "USAD", ""), None)
        )
    return _timeless("\n".join(parts), folder)


SUBJECTS: dict[str, Subject] = {
    s.__name__: s for s in (adapters_listed, adapters_options, adapters_scores, adapters_programs, adapters_elsewhere)
}
