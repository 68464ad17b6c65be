"""Adapters pass data, options and seeds to other libraries as documented; the libraries are stand-ins."""

from __future__ import annotations

import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from benchmark.adapters import LIBRARIES, Borrowed, borrowed, stumpy, tsb_ad_runner
from benchmark.adapters.apart import Apart
from benchmark.adapters.borrowed import class_of
from benchmark.adapters.names import Listed, version
from benchmark.adapters.pyod_classes import DRAW
from benchmark.adapters.samples import OnSeries, OverWindows
from benchmark.errors import foreign_origin
from benchmark.grid import Selection, rows
from detectors.core import Array

CLASS = """
import numpy as np
from sklearn.base import BaseEstimator

class Mine(BaseEstimator):
    def __init__(self, factor=1.0):
        self.factor = factor
    def fit(self, X, y=None):
        if (X > 99).any():
            raise ZeroDivisionError("no such value")
        return self
    def score_samples(self, X):
        if (X > 9).any():
            raise ZeroDivisionError("too high")
        return -self.factor * X[:, 0]
"""


class Model:
    """Scores a window by its first value, and those of its own fit by their places, from 1,000 on."""

    def __init__(self, depth: int = 1, random_state: int = 0) -> None:
        self.depth, self.random_state = depth, random_state

    def fit(self, matrix: Array) -> Self:
        self.fitted = matrix
        return self


class Adapter(OverWindows):
    def own_scores(self, model: Any) -> Array:
        return 1000.0 + np.arange(len(model.fitted))

    def scores(self, model: Any, matrix: Array) -> Array:
        return np.asarray(matrix[:, 0])


def made(**params: Any) -> Borrowed:
    cls = class_of(Adapter, Listed("mine", "Model", __name__), Model, seeded=True)
    return cls(window=5, align="start", **params)


# -- windows and their scores --------------------------------------------------------------------


def test_a_part_of_the_fitted_series_has_the_scores_of_its_place() -> None:
    x = np.arange(100.0) ** 2
    detector = made().fit(x)
    assert detector.score(x)[:96].tolist() == (1000.0 + np.arange(96)).tolist()
    assert detector.score(x[30:60])[:26].tolist() == (1030.0 + np.arange(26)).tolist()
    assert detector.score(x + 0.5)[:96].tolist() == (x[:96] + 0.5).tolist()


def test_up_to_twenty_thousand_windows_are_fitted_all() -> None:
    """Of more, as many are; the rest has no score of the library's own fit."""
    for n, fitted in ((20_004, 20_000), (20_005, 20_000)):
        x = np.arange(n) * 1.0
        detector = made().fit(x)
        assert len(detector.model_.fitted) == fitted  # type: ignore[attr-defined]
        assert (detector.score(x)[0] == 1000.0) == (n == 20_004)


def test_a_profile_is_cut_where_the_part_lies_and_joined_with_the_other_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[tuple[int, int | None]] = []

    def profile(self: Any, x: Array, other: Array | None = None) -> Array:
        joined.append((len(x), None if other is None else len(other)))
        return np.arange(len(x) - 4.0) if other is None else np.full(len(x) - 4, 40.0)

    monkeypatch.setattr(stumpy._Profile, "_profile", profile)
    cls = class_of(stumpy._Profile, Listed("stumpy", "stump", __name__), lambda T_A, m: None, seeded=False)
    first, second = np.sin(np.arange(100.0)), np.cos(np.arange(60.0) * 2)
    detector = cls(window=5, align="start").fit([first, second])
    found = detector.score(first[20:70])[:46]
    assert found.tolist() == np.minimum(20.0 + np.arange(46), 40).tolist()
    assert joined == [(100, None), (50, 60)]
    joined.clear()
    assert set(detector.score(first + 0.25)[:96]) == {40.0}
    assert joined == [(100, 100), (100, 60)]


# -- seeds, options, errors ----------------------------------------------------------------------


def test_every_generator_is_seeded() -> None:
    import torch

    def drawn() -> tuple[float, float, float]:
        return random.random(), np.random.random(), float(torch.rand(1))  # noqa: NPY002

    made(random_state=5).seed_generators()
    found = drawn()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)  # noqa: NPY002
    assert found == drawn()
    assert made(random_state=5).make_model(16).random_state == 5
    assert made(options={"depth": 7}).make_model(16).depth == 7


class Drawing(Adapter):
    def scores(self, model: Any, matrix: Array) -> Array:
        return np.random.random(len(matrix))  # noqa: NPY002 - as libraries do


class DrawingOnSeries(OnSeries):
    def scores(self, model: Any, x: Array) -> Array:
        return np.random.random(len(x))  # noqa: NPY002


def drawn_profile(T_A: Array, m: int, **join: Any) -> Array:
    return np.random.random((len(T_A) - m + 1, 1))  # noqa: NPY002


@pytest.mark.parametrize(
    ("base", "model"), [(Drawing, Model), (DrawingOnSeries, Model), (stumpy._Profile, drawn_profile)]
)
def test_what_is_drawn_to_score_is_drawn_by_the_seed_each_time(base: type[Borrowed], model: Any) -> None:
    cls = class_of(base, Listed("mine", "drawn", __name__), model, seeded=True)
    x, other = np.sin(np.arange(40.0)), np.cos(np.arange(40.0))
    window = {"window": 5} if "window" in cls.defaults else {}
    detector = cls(random_state=3, **window).fit(x)
    found = [detector.score(other).tolist() for _ in range(2)]
    again = cls(random_state=4, **window).fit(x).score(other).tolist()
    assert found[0] == found[1] != again


def test_a_list_of_the_command_line_reaches_the_class_as_a_list() -> None:
    assert made(options={"depth": (1, 2)}).make_model(16).depth == [1, 2]


def test_the_first_column_of_a_profile_is_the_distance() -> None:
    def profile(T_A: Array, m: int) -> Array:
        return np.column_stack([np.arange(len(T_A) - m + 1.0), np.full(len(T_A) - m + 1, -7)]).astype(object)

    cls = class_of(stumpy._Profile, Listed("stumpy", "stump", __name__), profile, seeded=False)
    detector = cls(window=5, align="start").fit(np.sin(np.arange(40.0)))
    assert detector.score(np.sin(np.arange(40.0)))[:36].tolist() == list(range(36))


def test_windows_of_the_notebook_are_scaled_each_by_itself() -> None:
    from benchmark.speed.worker import scaled_rows

    found = scaled_rows(np.array([[0.0, 5.0, 10.0], [100.0, 100.0, 300.0]]))
    assert found.tolist() == [[0.0, 0.5, 1.0], [0.0, 0.0, 1.0]]


def test_what_a_class_cannot_do_without_is_given_and_yields_to_the_users() -> None:
    cls = class_of(Adapter, Listed("mine", "Model", __name__), Model, seeded=True, given={"depth": 4})
    assert cls(window=5).make_model(16).depth == 4
    assert cls(window=5, options={"depth": 7}).make_model(16).depth == 7


def test_a_changed_class_of_the_users_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    versions = []
    for text in (CLASS, CLASS.replace("-self.factor", "-2 * self.factor")):
        Path("mine.py").write_text(text)
        borrowed.cache_clear()
        ((row),) = rows(Selection(detectors=("sklearn:mine.py:Mine",)))
        versions.append(row.version)
    assert len(set(versions)) == 2


def test_an_error_says_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(CLASS)
    borrowed.cache_clear()
    detector = borrowed("sklearn:mine.py:Mine")(window=5)  # type: ignore[call-arg]
    with pytest.raises(ZeroDivisionError) as failed:
        detector.fit(np.arange(200.0))
    assert foreign_origin(failed.value) == "sklearn:mine.py:Mine"
    with pytest.raises(ZeroDivisionError) as failed:
        detector.fit(np.arange(90.0) / 30).score(np.arange(90.0))
    assert foreign_origin(failed.value) == "sklearn:mine.py:Mine"


def test_parts_by_name_become_detectors_each() -> None:
    model = borrowed("pyod:LSCP")(options={"detector_list": ["LOF", "KNN", "HBOS"]}).make_model(16)  # type: ignore[call-arg,attr-defined]
    assert [type(one).__name__ for one in model.detector_list] == ["LOF", "KNN", "HBOS"]


# -- what is known of single names ---------------------------------------------------------------


@pytest.mark.parametrize("name", DRAW)
def test_results_from_before_the_seed_do_not_count(name: str) -> None:
    """Up to version 3 these drew without one."""
    cls = borrowed(f"pyod:{name}")
    assert cls.version > 3
    assert "random_state" in cls.param_defaults()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_a_version_wherever_it_lives(library: str) -> None:
    assert re.fullmatch(r"\d+(\.\d+)+", version(library))


def test_a_class_on_series_draws_the_same_however_often_it_scores() -> None:
    class Drawing(OnSeries):
        spec = "library:Drawing"
        learns_from = "nothing"
        defaults: ClassVar[dict[str, Any]] = {"options": None, "random_state": 0}

        def make_model(self, window: int) -> None:
            return None

        def scores(self, model: Any, x: Array) -> Array:
            return np.random.random(len(x))  # noqa: NPY002

    x = np.arange(30.0)
    detector = Drawing().fit(x)
    np.testing.assert_array_equal(detector.score(x), detector.score(x))


def test_an_unknown_parameter_of_a_borrowed_class_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'depht'"):
        made(depht=2)


@pytest.mark.parametrize("windowed", [True, False])
def test_the_length_of_windows_is_no_option_where_it_is_a_parameter(windowed: bool) -> None:
    class Mine(Apart):
        spec = "aeon:Mine"
        accepted: ClassVar[dict[str, Any]] = {"window_size": 10}
        defaults: ClassVar[dict[str, Any]] = {"options": None} | ({"window": "auto"} if windowed else {})

    if windowed:
        with pytest.raises(ValueError, match="window"):
            Mine().check_options({"window_size": 5})
    else:
        Mine().check_options({"window_size": 5})


@pytest.mark.parametrize("there", [True, False])
def test_networks_that_ask_for_a_gpu_run_without_one(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Anything:
        cuda = "as it was"

    said: list[int] = []
    torch = SimpleNamespace(
        manual_seed=said.append,
        set_num_threads=said.append,
        Tensor=Anything,
        nn=SimpleNamespace(Module=type("Module", (Anything,), {})),
        cuda=SimpleNamespace(is_available=lambda: there),
    )
    monkeypatch.setattr(tsb_ad_runner, "import_module", lambda name: torch)
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        tsb_ad_runner._seed(7, 2)
        assert random.random() == random.Random(7).random()
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
    assert said == [7, 2]
    assert (Anything.cuda == "as it was") == there
