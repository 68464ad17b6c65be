"""Classes of other libraries, by name: equal scores, options and seeds passed on, unusable classes refused."""

from __future__ import annotations

import pickle
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from benchmark import execution
from benchmark.adapters import LIBRARIES, Borrowed, arguments, borrowed, folded, listed, missing
from benchmark.adapters.names import Listed, found
from benchmark.adapters.options import silence
from benchmark.catalogue import registry
from benchmark.catalogue.checks import iter_checks
from benchmark.catalogue.trials import CheckFailed
from benchmark.cli import main
from benchmark.commands._options import parse_set
from benchmark.errors import UserError
from benchmark.grid import Selection, rows
from detectors.core import Array
from tests.support.conformance import failed_checks

W = 20


def wave(n: int = 300, seed: int = 0) -> Array:
    x = np.sin(np.arange(n) / 4) + 0.1 * np.random.default_rng(seed).standard_normal(n)
    x[2 * n // 3] += 3
    return x


def windows(x: Array) -> Array:
    return np.ascontiguousarray(sliding_window_view(x, W))


def of(spec: str, **params: Any) -> Borrowed:
    """An instance that puts a window's score at its start, so that scores and windows agree row by row."""
    cls = borrowed(spec)
    assert issubclass(cls, Borrowed)
    start = {"window": W, "align": "start"} if "align" in cls.param_defaults() else {}
    return cls(**(start | params))


# -- the library's own output --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["KNN", "HBOS", "PCA", "COPOD", "IForest", "OCSVM", "LOF", "INNE"])
def test_pyod_scores_are_those_of_its_own_fit(name: str) -> None:
    from pyod.models import copod, hbos, iforest, inne, knn, lof, ocsvm, pca

    modules = {"KNN": knn, "HBOS": hbos, "PCA": pca, "COPOD": copod, "IForest": iforest, "OCSVM": ocsvm, "LOF": lof}
    make = getattr(modules.get(name, inne), name)
    x, other = wave(), wave(120, seed=1)
    detector = of(f"pyod:{name}").fit(x)
    np.random.seed(0)  # noqa: NPY002 - PyOD draws from it
    theirs = make(random_state=0) if "random_state" in borrowed(f"pyod:{name}").param_defaults() else make()
    theirs.fit(windows(x))
    np.testing.assert_array_equal(detector.score(x)[: len(windows(x))], theirs.decision_scores_)
    np.testing.assert_array_equal(detector.score(x[50:150])[: 100 - W + 1], theirs.decision_scores_[50 : 150 - W + 1])
    np.testing.assert_array_equal(
        detector.score(other)[: len(windows(other))], theirs.decision_function(windows(other))
    )


def test_scikit_learns_outlier_classes_are_turned_and_a_window_is_not_its_own_neighbour() -> None:
    from sklearn.neighbors import KernelDensity, LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    x, other = wave(), wave(120, seed=1)
    matrix, fresh = windows(x), windows(other)
    lof = of("sklearn:LocalOutlierFactor").fit(x)
    own = -LocalOutlierFactor().fit(matrix).negative_outlier_factor_
    np.testing.assert_array_equal(lof.score(x)[: len(matrix)], own)
    novel = -LocalOutlierFactor(novelty=True).fit(matrix).score_samples(fresh)
    np.testing.assert_array_equal(lof.score(other)[: len(fresh)], novel)
    for cls in (OneClassSVM, KernelDensity):
        theirs = -cls().fit(matrix).score_samples(matrix)
        np.testing.assert_array_equal(of(f"sklearn:{cls.__name__}").fit(x).score(x)[: len(matrix)], theirs)


@pytest.mark.parametrize("name", ["kde.KDE", "gmm.GMM", "mcd.MCD", "loda.LODA", "cof.COF", "ecod.ECOD", "lmdd.LMDD"])
def test_more_of_pyods_scores_are_its_own(name: str) -> None:
    file, _, cls = name.partition(".")
    model: Any = getattr(import_module(f"pyod.models.{file}"), cls)
    drawing = "random_state" in borrowed(f"pyod:{cls}").param_defaults()
    np.random.seed(0)  # noqa: NPY002 - LODA draws from it
    x = wave(150)
    theirs = model(**({"random_state": 0} if "random_state" in arguments(model) else {})).fit(windows(x))
    ours = of(f"pyod:{cls}", **({"random_state": 0} if drawing else {})).fit(x).score(x)
    np.testing.assert_array_equal(ours[: len(windows(x))], theirs.decision_scores_)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("auto_encoder.AutoEncoder", {"epoch_num": 2}),
        ("vae.VAE", {"epoch_num": 2}),
        ("deep_svdd.DeepSVDD", {"epochs": 2}),
        ("lunar.LUNAR", {"n_epochs": 2}),
    ],
)
def test_pyods_networks_run_and_score_as_they_do_alone(name: str, options: dict[str, int]) -> None:
    """With the seed that the run gives them, and without a word on the screen."""
    file, _, cls = name.partition(".")
    model: Any = getattr(import_module(f"pyod.models.{file}"), cls)
    x = wave(120)
    detector = of(f"pyod:{cls}", options=options)
    detector.seed_generators()
    own = {"random_state": 0} if "random_state" in arguments(model) else {}
    own |= {"verbose": 0} if "verbose" in arguments(model) else {}
    own |= {"n_features": W} if "n_features" in arguments(model) else {}
    with silence():
        theirs = model(**own, **options).fit(windows(x))
    ours = detector.fit(x).score(x)
    np.testing.assert_array_equal(ours[: len(windows(x))], np.asarray(theirs.decision_scores_).ravel())


@pytest.mark.parametrize("name", ["ensemble.IsolationForest", "mixture.GaussianMixture", "linear_model.SGDOneClassSVM"])
def test_scikit_learns_random_classes_get_the_seed(name: str) -> None:
    module, _, cls = name.partition(".")
    x, seed = wave(200), 3
    theirs = getattr(import_module(f"sklearn.{module}"), cls)(random_state=seed).fit(windows(x))
    ours = of(f"sklearn:{cls}", random_state=seed).fit(x).score(x)
    np.testing.assert_array_equal(ours[: len(windows(x))], -theirs.score_samples(windows(x)))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pyod:ABOD", "nan at row 0: angles to neighbours equal to the window are not defined; pyod:KNN"),
        ("pyod:SOS", "nan at row 0: the affinity of a window equal to many others is not defined; pyod:KNN"),
        ("pyod:MatrixProfile", "inf at row 0: a constant window has no z-normalised distance here; stumpy:stump"),
        ("pyod:ECOD", "the reason is not known, another window length may help"),
    ],
)
def test_windows_without_a_score_are_refused_with_the_reason_and_what_to_take(
    spec: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.r_[np.zeros(60), wave(120)]
    if spec == "pyod:ECOD":
        monkeypatch.setattr(borrowed(spec), "own_scores", lambda self, model: np.full(len(windows(x)), np.nan))
    with pytest.raises(FloatingPointError, match=message):
        of(spec, window=W).fit(x).score(x)


@pytest.mark.slow  # stumpy compiles for a minute
def test_stumpys_profile_is_a_self_join_of_the_fitted_series_and_a_join_with_any_other() -> None:
    import stumpy

    x, other = wave(), wave(120, seed=1)
    detector = of("stumpy:stump").fit(x)
    own = stumpy.stump(x, m=W)[:, 0].astype(float)
    np.testing.assert_array_equal(detector.score(x)[: len(own)], own)
    joined = stumpy.stump(other, m=W, T_B=x, ignore_trivial=False)[:, 0].astype(float)
    np.testing.assert_array_equal(detector.score(other)[: len(joined)], joined)
    pieces = of("stumpy:stump").fit([x, other])
    nearest = np.minimum(own, stumpy.stump(x, m=W, T_B=other, ignore_trivial=False)[:, 0].astype(float))
    np.testing.assert_array_equal(pieces.score(x)[: len(own)], nearest)


def test_a_time_series_class_gets_the_series_itself() -> None:
    from pyod.models.ts_matrix_profile import MatrixProfile
    from pyod.models.ts_spectral_residual import SpectralResidual

    x, other = wave(), wave(250, seed=1)
    theirs = SpectralResidual().fit(x)
    detector = of("pyod:spectral_residual").fit(x)
    np.testing.assert_array_equal(detector.score(x), theirs.decision_scores_)
    np.testing.assert_array_equal(detector.score(other), theirs.decision_function(other))
    profile = of("pyod:MatrixProfile", window=W).fit(x)
    assert profile.learns_from == "nothing"
    np.testing.assert_array_equal(profile.score(other), MatrixProfile(window_size=W).fit(other).decision_scores_)


def test_more_windows_than_the_limit_are_sampled() -> None:
    from pyod.models.knn import KNN

    x = wave()
    sampled = of("pyod:KNN", max_windows=50).fit(x)
    rows_kept = np.linspace(0, len(windows(x)) - 1, 50).astype(int)
    theirs = KNN().fit(windows(x)[rows_kept]).decision_function(windows(x))
    np.testing.assert_array_equal(sampled.score(x)[: len(theirs)], theirs)


# -- options and seeds -----------------------------------------------------------------------------


def test_options_reach_the_class_by_set_under_either_name() -> None:
    for name in ("pyod:KNN", "PyOD_KNN"):
        given = parse_set([f"{name}.n_neighbors=3", f"{name}.window={W}"])
        (row,) = rows(Selection(detectors=("pyod:KNN",), params=given))
        assert dict(row.params) == {"options": {"n_neighbors": 3}, "window": W}
        assert registry.build(row.cls, dict(row.params)).fit(wave()).model_.n_neighbors == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("pyod:KNN.n_neighbor=3", "unknown option of PyOD_KNN 'n_neighbor': did you mean n_neighbors"),
        ("pyod:KNN.window=0", "window must be"),
        ("pyod:KNM.n_neighbors=3", "unknown detector in --set 'pyod:KNM': did you mean pyod:KNN"),
        ("pyod:KNN.contamination=0.9", "contamination"),
        ("pyod:KNN.max_windows=0", "max_windows must be"),
        ("pyod:KNN.n_neighbors=abc", "options .*'n_neighbors': 'abc'.*int"),
        ("pyod:KNN.method=larg", "options .*'method': 'larg'"),
        ("pyod:KNN.options=3", "options must be names with values, got 3"),
        ("stumpy:stump.options=3", "options must be names with values, got 3"),
        ("exec:true.options=3", "options must be names with values, got 3"),
        ("pyod:IForest.n_estimators=ten", "n_estimators"),
        ("pyod:AutoEncoder.epoch_num=ten", "epoch_num"),
        ("sklearn:OneClassSVM.nu=5", r"'nu' parameter .* must be a float in the range \(0.0, 1.0\]"),
        ("sklearn:LocalOutlierFactor.n_neighbors=abc", "'n_neighbors' parameter .* must be an int"),
        ("stumpy:stump.p=x", "option p of stumpy:stump is a number .2.0., got 'x'"),
        ("stumpy:stump.m=3", "option m of stumpy:stump is the window: set stumpy:stump.window"),
        ("stumpy:stump.normalize=3", "option normalize of stumpy:stump is True or False"),
        ("pyod:KShape.window_size=9", "is the window: set pyod:KShape.window"),
        ("sklearn:LocalOutlierFactor.novelty=False", "is set by each run"),
        ("pyod:KNN.n_neighbors=[3]", r"option n_neighbors of pyod:KNN is a number \(5\), got \(3,\)"),
        ("pyod:KNN.n_neighbors=True", "is a number"),
        ("pyod:KNN.n_neighbors=-3", "-3"),
        ("pyod:KNN.n_neighbors=3.5", "3.5"),
        ("pyod:KNN.n_neighbors=None", "None"),
        ("pyod:IForest.n_estimators=0", "n_estimators"),
        ("pyod:HBOS.n_bins=0", "not in the range|Not in the range"),
        ("pyod:PCA.n_components=[1]", "n_components"),
        ("pyod:LSCP.detector_list=KNN", "detector_list is a list of detectors"),
        ('pyod:LSCP.detector_list=["KNNN"]', "did you mean KNN"),
        ("pyod:AutoEncoder.hidden_neuron_list=8", "hidden_neuron_list"),
        ("pyod:AutoEncoder.lr=abc", "lr"),
        ("sklearn:IsolationForest.bootstrap=maybe", "True or False"),
        ("stumpy:stump.q=1", "unknown option of stumpy_stump 'q'"),
        ("pyod:ROD.window=48", "window must be a whole number of at least 1 and at most 8"),
        ("pyod:MAD.window=2", "at most 1"),
    ],
)
def test_a_wrong_option_is_refused_before_work_starts(item: str, message: str) -> None:
    given = parse_set([item])
    with pytest.raises(UserError, match=message):
        rows(Selection(detectors=("pyod:KNN", "pyod:ROD", "pyod:MAD", *set(given) - {"pyod:KNM"}), params=given))


def test_options_that_are_no_names_are_refused_beside_others() -> None:
    given = parse_set(["pyod:KNN.options=3", "pyod:KNN.n_neighbors=2"])
    with pytest.raises(UserError, match="options must be names with values, got 3"):
        rows(Selection(detectors=("pyod:KNN",), params=given))


@pytest.mark.parametrize(
    "item",
    [
        *("pyod:HBOS.n_bins=auto", "pyod:KNN.method=mean", "sklearn:OneClassSVM.gamma=auto", "pyod:KNN.n_jobs=None"),
        *("pyod:KNN.n_neighbors=200", "pyod:PCA.n_components=30", "pyod:FeatureBagging.base_estimator=KNN"),
        *("pyod:AutoEncoder.hidden_neuron_list=[8,4]", 'pyod:KNN.metric_params={"p": 2}'),
    ],
)
def test_what_may_be_right_is_taken(item: str) -> None:
    given = parse_set([item])
    assert len(rows(Selection(detectors=tuple(given), params=given))) == 1


def test_set_finds_the_parameter_behind_dots_and_equal_signs() -> None:
    assert parse_set(["exec:./a.sh --b=0.5.window=3"]) == {"exec:./a.sh --b=0.5": {"window": 3}}
    assert folded(borrowed("pyod:KNN"), {"p": 1, "options": {"p": 2}}) == {"options": {"p": 1}}


SUOD = pytest.param("SUOD", marks=pytest.mark.slow)  # it fits two dozen detectors each time: half a minute


@pytest.mark.parametrize("name", ["IForest", "INNE", "LODA", "Sampling", "SO_GAAL", SUOD, "TimeSeriesOD"])
def test_equal_seeds_give_equal_scores(name: str) -> None:
    options = {"stop_epochs": 1} if name == "SO_GAAL" else None  # which has no seed, but draws from torch
    one, same, other = (
        of(f"pyod:{name}", random_state=seed, options=options).fit(wave()).score(wave(seed=1)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_class_without_randomness_takes_no_seed() -> None:
    for spec in ("pyod:KNN", "pyod:MatrixProfile", "sklearn:OneClassSVM", "stumpy:stump"):
        assert "random_state" not in borrowed(spec).param_defaults()


# -- names and refusals -----------------------------------------------------------------------------


def test_a_name_is_that_of_the_class_or_of_its_file_in_any_case() -> None:
    for name in ("SpectralResidual", "spectral_residual", "ts_spectral_residual", "SPECTRALRESIDUAL"):
        assert borrowed(f"pyod:{name}") is borrowed("pyod:SpectralResidual")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pyod:KNNN", "did you mean KNN"),
        ("pyodd:KNN", "cannot import pyodd.*did you mean pyod:"),
        ("pyod:XGBOD", "it learns from labels"),
        ("pyod:DOMINANT", "nodes of a graph"),
        ("sklearn:LocalOutlierFactr", "did you mean LocalOutlierFactor"),
        ("stumpy:mstump", "take stump"),
    ],
)
def test_what_cannot_run_says_why(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.load(spec)


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = Listed("pyod", "KNN", "a_package_that_is_not_there")
    assert missing(entry) == "pip install a_package_that_is_not_there"
    from benchmark.adapters import names

    monkeypatch.setitem(sys.modules, "aeon", None)
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))  # where nobody has made an environment
    names._entries.cache_clear()
    try:
        with pytest.raises(UserError, match=r"aeon cannot be imported here .* make an environment for it once"):
            listed("aeon")
    finally:
        names._entries.cache_clear()


def test_every_class_of_pyod_runs_or_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--from", "pyod"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed("pyod")) + 1 > 45
    assert all(line.split(maxsplit=1)[1].startswith(("runs on", "refused: ", "needs: ")) for line in lines[:-1])


def test_a_trial_says_what_works_in_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.adapters import names

    kept = {name: names._entries("pyod")[name] for name in ("KNN", "COPOD", "XGBOD", "ROD")}
    monkeypatch.setattr(names, "_entries", lambda library: kept)
    monkeypatch.setattr(borrowed("pyod:ROD"), "check_params", lambda self: (_ for _ in ()).throw(ValueError("not so")))
    assert main(["list", "--from", "pyod", "--try", "--n", "600"]) == 0
    said = capsys.readouterr().out
    assert "| `pyod:KNN` | works | " in said
    assert "| `pyod:XGBOD` | refused: it learns from labels, which no detector gets here |  |" in said
    assert "not so" in said
    assert "the first 600 points of mackey-glass" in said
    assert "2 of 4 work." in said
    assert main(["list", "--try"]) == 2
    assert main(["list", "--from", "pyod", "--markdown", "page.md"]) == 2


def test_a_page_of_trials_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.adapters import names

    kept = {name: names._entries("pyod")[name] for name in ("KNN", "HBOS", "XGBOD")}
    monkeypatch.setattr(names, "_entries", lambda library: kept)
    serial = execution.Backend("serial")  # the other test of trials has processes
    monkeypatch.setattr(execution, "Backend", lambda name, jobs: serial)
    file = tmp_path / "page.md"

    def tried(*more: str) -> list[str]:
        line = ["list", "--from", "pyod", "--try", "--n", "300", "--markdown", str(file), *more]
        assert main(line) == 0
        return sorted(said.partition(": ")[0] for said in capsys.readouterr().err.splitlines() if "pyod:" in said)

    assert tried() == ["pyod:HBOS", "pyod:KNN"]
    page = file.read_text()
    assert "list --from pyod --try --series mackey-glass --n 300 --timeout 120" in page
    assert page.count("| works |") == 2
    assert tried() == []
    assert file.read_text() == page
    file.write_text("\n".join(line for line in page.splitlines() if "KNN" not in line) + "\n")
    assert tried() == ["pyod:KNN"]
    assert tried("--timeout", "60") == ["pyod:HBOS", "pyod:KNN"], "under another limit all is tried anew"
    assert main(["list", "--from", "pyod", "--try", "--markdown", str(tmp_path / "no" / "page.md")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_lscp_chooses_between_detectors_that_are_made_anew(capsys: pytest.CaptureFixture[str]) -> None:
    one, two = of("pyod:LSCP").fit(wave()), of("pyod:LSCP", options={"detector_list": ["KNN", "KNN"]})
    assert [type(part).__name__ for part in one.model_.detector_list] == ["LOF", "KNN"]  # type: ignore[attr-defined]
    assert one.make_model(W).detector_list[0] is not one.model_.detector_list[0]  # type: ignore[attr-defined]
    assert [type(part).__name__ for part in two.make_model(W).detector_list] == ["KNN", "KNN"]


def test_pickles_and_evaluates_like_any_other() -> None:
    import benchmark

    x, labels = wave(), (np.arange(300) == 200).astype(int)
    detector = of("pyod:COPOD").fit(x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(detector)).score(x), detector.score(x))
    cells = benchmark.evaluate(["pyod:COPOD", of("pyod:COPOD"), borrowed("sklearn:KernelDensity")], (x, labels))
    assert list(cells["status"]) == ["ok"] * 3


@pytest.mark.filterwarnings("ignore:n_neighbors:UserWarning")  # of the least series, two windows
@pytest.mark.parametrize("spec", ["pyod:COPOD", "sklearn:IsolationForest", "sklearn:LocalOutlierFactor"])
def test_the_contract_is_kept(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = registry.load(spec)
    if spec == "sklearn:IsolationForest":
        monkeypatch.setattr(detector, "quick", {"options": {"n_estimators": 10}})
    assert not failed_checks(detector)


def test_a_class_that_cannot_be_seeded_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dice(borrowed("pyod:COPOD")):  # type: ignore[misc]
        def scores(self, model: Any, matrix: Array) -> Array:
            return np.random.default_rng().random(len(matrix))

        own_scores = staticmethod(lambda model: None)  # type: ignore[assignment]

    check = {c.name: c for c in iter_checks(Dice)}["reproducible"]
    with pytest.raises(CheckFailed, match="a second run with the same seed"):
        check.run()


# -- aeon and dtaianomaly: the adapters against stand-ins with the libraries' signatures ---------------


class _Aeon:
    def __init__(self, window_size: int = 10, stride: int = 1) -> None:
        self.window_size, self.stride = window_size, stride

    tags: ClassVar[dict[str, bool]] = {"learning_type:unsupervised": True, "fit_is_empty": False}

    @classmethod
    def get_class_tags(cls) -> dict[str, bool]:
        return cls.tags

    def fit(self, X: Array) -> None:
        self.mean = X.mean()

    def predict(self, X: Array) -> Array:
        return np.abs(X - self.mean) + self.window_size

    def fit_predict(self, X: Array) -> Array:
        self.fit(X)
        return self.predict(X)


class _Aeon1(_Aeon):
    tags: ClassVar[dict[str, bool]] = {"learning_type:unsupervised": True, "fit_is_empty": True}


class _Aeon2(_Aeon):
    tags: ClassVar[dict[str, bool]] = {"learning_type:unsupervised": False, "fit_is_empty": False}


def test_aeons_tags_say_what_a_class_learns_from(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.adapters import aeon

    x, other = wave(), wave(120, seed=1)
    for model, diet in ((_Aeon, "series"), (_Aeon1, "nothing"), (_Aeon2, "normal")):
        cls = aeon.detector(Listed("aeon", model.__name__, model.__module__), model)
        assert cls.learns_from == diet
        mean = (other if diet == "nothing" else x).mean()
        np.testing.assert_array_equal(cls(window=7).fit(x).score(other), np.abs(other - mean) + 7)


def test_dtaianomalys_object_says_what_it_learns_from() -> None:
    from enum import Enum

    from benchmark.adapters import dtaianomaly

    class Supervision(Enum):
        UNSUPERVISED = 1
        SEMI_SUPERVISED = 2

    class Median:
        def __init__(self, neighborhood_size_before: int) -> None:
            self.size, self.supervision = neighborhood_size_before, Supervision.SEMI_SUPERVISED

        def fit(self, X: Array) -> None:
            self.median = np.median(X)

        def decision_function(self, X: Array) -> Array:
            return np.abs(X - self.median) + self.size

    cls = dtaianomaly.detector(Listed("dtaianomaly", "Median", __name__), Median)
    assert (cls.learns_from, cls.param_defaults()["window"]) == ("normal", "auto")
    x = wave()
    detector = cls(window=9).fit([x[:100], x[150:]])
    np.testing.assert_array_equal(detector.score(x), np.abs(x - np.median(np.r_[x[:100], x[150:]])) + 9)
    assert "2 fitted pieces were joined" in detector.notes_[0]


def _absent(library: str) -> None:
    reason = f"{library} has other pins than ours: test_apart.py (slow) runs this in an environment of its own"
    pytest.importorskip(library, reason=reason)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["KMeansAD", "LOF", "COPOD", "STOMP", "IsolationForest"])
def test_aeons_scores_are_its_own(name: str) -> None:
    _absent("aeon")
    (entry,) = [entry for entry in listed("aeon") if entry.name == name]
    x, other = wave(), wave(160, seed=1)
    cls = borrowed(f"aeon:{name}")
    seed = {"random_state": 0} if "random_state" in cls.param_defaults() else {}

    def make() -> Any:
        return found(entry)(window_size=W, **seed)

    detector = of(f"aeon:{name}", window=W).fit(x)
    np.testing.assert_array_equal(detector.score(x), make().fit_predict(x))
    theirs = make().fit_predict(other) if name == "STOMP" else make().fit(x).predict(other)
    np.testing.assert_array_equal(detector.score(other), theirs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", ["KNearestNeighbors", "LocalOutlierFactor", "MatrixProfileDetector", "PrincipalComponentAnalysis"]
)
def test_dtaianomalys_scores_are_its_own(name: str) -> None:
    _absent("dtaianomaly")
    (entry,) = [entry for entry in listed("dtaianomaly") if entry.name == name]
    x, other = wave(), wave(160, seed=1)
    detector = of(f"dtaianomaly:{name}", window=W).fit(x)
    theirs = found(entry)(window_size=W).fit(x)
    for scored in (x, other):
        np.testing.assert_array_equal(detector.score(scored), theirs.decision_function(scored))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["aeon", "dtaianomaly"])
def test_every_class_runs_or_says_why_not(library: str) -> None:
    _absent(library)
    for entry in listed(library):
        if not (entry.refused or entry.needs or missing(entry)):
            assert borrowed(entry.spec).learns_from in ("series", "normal", "nothing")
    assert len(listed(library)) > 15


STYLES = """
import numpy as np

class Far:
    def __init__(self, power=1.0):
        self.power = power
    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self
    def score_samples(self, X):
        return -np.abs(X - self.mean_).mean(axis=1) ** self.power
"""


def test_a_class_of_the_users_runs_by_the_librarys_habit(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(STYLES)
    x = wave()
    detector = of(f"sklearn:{file}:Far", options={"power": 2.0}).fit(x)
    expected = np.abs(windows(x) - windows(x).mean(axis=0)).mean(axis=1) ** 2
    np.testing.assert_allclose(detector.score(x)[: len(expected)], expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(detector)).score(x), detector.score(x))
    (row,) = rows(Selection(detectors=(f"sklearn:{file}:Far",)))
    assert (row.name, row.version[:2]) == ("sklearn_Far", "1-")
    (module,) = rows(Selection(detectors=("sklearn:sklearn.svm:OneClassSVM",)))
    assert module.name == "sklearn_OneClassSVM"
    for spec, message in ((f"sklearn:{file}:Near", "has no Near"), ("sklearn:no.py:Far", "no file no.py")):
        with pytest.raises(UserError, match=message):
            registry.load(spec)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STYLES, "it is a scikit-learn style class (fit, score_samples); run it as sklearn:{file}:Far, or derive it"),
        ("from pyod.models.knn import KNN\nclass Mine(KNN): pass", "it is a class of pyod"),
        ("import torch\nclass Net(torch.nn.Module): pass", "it is a network of torch"),
        ("class Fits:\n    def fit(self, x): pass", "no method that gives scores"),
        ("class Nothing: pass", "it is a class without fit"),
        (
            "from detectors import WindowDetector\nclass Half(WindowDetector):\n    def _fit_windows(self, w): pass",
            "is an abstract class: write the missing _score_windows",
        ),
        (STYLES + "class Other: pass", "must hold one detector class, found none among Far, Other"),
    ],
)
def test_check_says_first_what_an_object_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    assert message.replace("{file}", str(file)) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("function", "it is a function; write a class"),
        ("instance", "it is an object of class Far; name a class"),
        ("Far", "it is a scikit-learn style class"),
    ],
)
def test_check_names_what_is_no_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(STYLES + "def function(x): return x\ninstance = Far()\n")
    assert main(["check", f"{file}:{name}"]) == 2
    assert message in capsys.readouterr().err
    assert main(["check", "sklearn.svm"]) == 2
    assert "sklearn.svm is a module: name a class in it, as sklearn.svm:CLASS" in capsys.readouterr().err


def test_libraries_are_modules() -> None:
    from benchmark import adapters

    for library in set(LIBRARIES) - {"tsb-ad"}:
        module = __import__(f"{adapters.__name__}.{library}", fromlist=["entries"])
        assert isinstance(module, ModuleType)
        assert len(Path(module.__file__ or "").read_text().splitlines()) < 100, "an adapter is thin"


@pytest.mark.parametrize(
    ("spec", "text", "message"),
    [
        ("sklearn:mine.py:score", "def score(x): return x", "is no class: put it into one with fit and score_samples"),
        ("sklearn:mine.py:Own", "class Own:\n def fit(self, X): pass", "has no score_samples or decision_function"),
        ("aeon:mine.py:Own", "class Own:\n def fit(self, X): pass\n def predict(self, X): pass", "no get_class_tags"),
        (
            "sklearn:mine.py:Own",
            "class Own:\n def fit(self, X, y): pass\n def score_samples(self, X): pass",
            r"its fit needs y, but detectors are never given labels; use y=None",
        ),
        ("mine.py", "def score(x): return x", r"holds no class \(functions: score\); write one"),
        (
            "mine.py",
            "class Own:\n def fit(self, X, y=None): pass\n def decision_function(self, X): pass",
            r"run it as pyod:mine.py:Own if its high scores mean anomalies .*, as sklearn:mine.py:Own if its low",
        ),
    ],
)
def test_a_users_class_that_lacks_something_is_refused_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(text + f"\n# {message[:30]}")
    with pytest.raises(UserError, match=message):
        registry.load(spec)
