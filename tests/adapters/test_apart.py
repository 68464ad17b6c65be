"""Libraries in environments of their own: their catalogue and how they are run, with a stand-in."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmark.adapters import apart, borrowed, listed, names
from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution import execute
from benchmark.grid import Selection, rows
from benchmark.system.environments import Environment, EnvironmentMissing
from detectors.core import Array
from tests.support.cases import planned, toy

LIBRARY = """
class _Base:
    def __init__(self, window_size=10, power=1, random_state=None):
        self.window_size, self.power, self.random_state = window_size, power, random_state

    @classmethod
    def get_class_tags(cls):
        return {"learning_type:unsupervised": cls.unsupervised, "fit_is_empty": False}

    def fit(self, X):
        self.mean = X.mean()
        return self

    def predict(self, X):
        return abs(X - self.mean) ** self.power + self.window_size + self.random_state

    def fit_predict(self, X):
        return self.fit(X).predict(X)


class Away(_Base):
    unsupervised = True


class Normal(_Base):
    unsupervised = False
"""


def forget() -> None:
    borrowed.cache_clear()
    names._entries.cache_clear()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Path]:
    """An environment of one test, which may spoil it."""
    with stand_in(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def asked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of an environment that has been asked for its detectors."""
    cache = tmp_path_factory.mktemp("asked")
    with stand_in(cache):
        main(["environment", "libraries"])
    return cache


@pytest.fixture
def asked(asked_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That environment, for a test that leaves it as it is."""
    monkeypatch.setenv("BENCHMARK_CACHE", str(asked_once))
    forget()
    yield apart.HOME.environment.folder
    forget()


@contextmanager
def stand_in(cache: Path) -> Iterator[Path]:
    """An environment that looks complete: its Python is ours, with small libraries called like the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHMARK_CACHE", str(cache))
        yield made_up(apart.HOME.environment.folder)
    forget()


def made_up(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    for family in ("series", "series.distance_based", "series.distribution_based", "series.outlier_detection"):
        package = folder / "lib" / "aeon" / "anomaly_detection" / family.replace(".", "/")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("__all__ = []")
    (folder / "lib/aeon/anomaly_detection/collection").mkdir()
    (folder / "lib/aeon/anomaly_detection/collection/__init__.py").write_text("__all__ = ['Flocks']")
    (folder / "lib/aeon/anomaly_detection/series/__init__.py").write_text("__all__ = ['Away', 'Normal']" + LIBRARY)
    (folder / "lib/dtaianomaly").mkdir()
    (folder / "lib/dtaianomaly/__init__.py").write_text("")
    (folder / "lib/dtaianomaly/anomaly_detection.py").write_text("__all__ = []\nclass BaseDetector: pass")
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder}/lib:$PYTHONPATH exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "complete").write_text("")
    forget()
    with pytest.raises(UserError, match="make an environment for it once: python -m benchmark environment libraries"):
        listed("aeon")  # it has not been asked for its detectors
    return folder


def test_the_command_asks_for_what_is_there(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = (asked / "facts.json").stat().st_mtime_ns
    assert main(["environment", "libraries"]) == 0
    assert f"libraries is ready: {asked}/bin/python" in capsys.readouterr().out
    assert (asked / "facts.json").stat().st_mtime_ns == written, "it is asked once"
    facts = json.loads((asked / "facts.json").read_text())
    assert facts["aeon:Away"]["options"] == {"window_size": 10, "power": 1, "random_state": None}
    assert [facts[name]["learns_from"] for name in ("aeon:Away", "aeon:Normal")] == ["series", "normal"]
    forget()
    assert main(["list", "--from", "aeon"]) == 0
    said = capsys.readouterr().out
    assert "aeon:Away" in said
    assert "runs on the series, in an environment of its own, seeded, learns from series" in said
    assert "refused: it finds unusual series in a collection" in said
    assert "2 of 3 run here" in said


@pytest.mark.slow
def test_a_second_call_starts_nothing_until_our_code_has_changed(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart.HOME.prepare(print)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it has been asked before"))
        assert apart.HOME.prepare(print) == environment / "bin" / "python"
    (environment / "facts.json").write_text("{}")
    monkeypatch.setattr(apart.Home, "_mark", lambda self: "of changed code")
    apart.HOME.prepare(print)
    assert "aeon:Away" in apart.HOME.facts()


@pytest.mark.slow
@pytest.mark.usefixtures("asked")
def test_window_seed_options_and_data_arrive() -> None:
    x, train = toy().values, toy(seed=1).values
    made = registry.build("aeon:Away", {"power": 2, "window": 7}, seed=5)
    expected = np.abs(x - np.r_[train[:40], train[50:]].mean()) ** 2 + 7 + 5
    np.testing.assert_allclose(made.fit([train[:40], train[50:]]).score(x), expected)
    ((task, one),) = planned(["aeon:Normal"], [toy()])
    outcome = execute(task, one)
    assert (outcome.status, task.cell.detector, outcome.n_fit) == ("ok", "aeon_Normal", 30)
    with pytest.raises(UserError, match="unknown option of aeon:Away 'powr': did you mean power"):
        rows(Selection(("aeon:Away",), params={"aeon:Away": {"powr": 3}}))
    with pytest.raises(UserError, match=r"option power of aeon:Away is a number \(1\), got 'two'"):
        rows(Selection(("aeon:Away",), params={"aeon:Away": {"power": "two"}}))
    with pytest.raises(UserError, match=r"option power of aeon:Away is a number \(1\), got None"):
        rows(Selection(("aeon:Away",), params={"aeon:Away": {"power": None}}))
    with pytest.raises(UserError, match=r"option window_size of aeon:Away is the window: set aeon:Away.window"):
        rows(Selection(("aeon:Away",), params={"aeon:Away": {"window_size": 5}}))
    with pytest.raises(UserError, match="options must be names with values, got 3"):
        rows(Selection(("aeon:Away",), params={"aeon:Away": {"options": 3}}))
    with pytest.raises(UserError, match="did you mean Away"):
        registry.load("aeon:Awya")


def test_what_the_environment_lacks_is_named(environment: Path) -> None:
    package = environment / "lib/dtaianomaly/anomaly_detection.py"
    package.write_text("__all__ = ['MOMENT']\nclass BaseDetector: pass\nclass MOMENT(BaseDetector): pass")
    main(["environment", "libraries"])
    forget()
    with pytest.raises(UserError, match=r"dtaianomaly:MOMENT lacks something in .*: pip install momentfm"):
        registry.load("dtaianomaly:MOMENT")


def test_libraries_that_cannot_be_imported_are_named(environment: Path) -> None:
    (environment / "lib/aeon/anomaly_detection/series/__init__.py").write_text("import nowhere_at_all")
    with pytest.raises(EnvironmentMissing, match=r"remove it and try again: .*nowhere_at_all"):
        apart.HOME.prepare(lambda line: None)
    assert not apart.HOME.ready


def _reachable() -> bool:
    line = [sys.executable, "-m", "pip", "index", "versions", "aeon"]
    return subprocess.run(line, capture_output=True, timeout=60).returncode == 0


@pytest.mark.slow
def test_the_libraries_themselves() -> None:
    """Makes the environment or takes the one that is there; the tests that need the libraries run inside it."""
    if not apart.HOME.environment.made and not _reachable():
        pytest.skip("the package registry cannot be reached, and the environment of aeon and dtaianomaly is not made")
    python = apart.HOME.prepare(lambda line: None)
    chosen = "(aeon or dtaianomaly or combinations) and not STOMP and not MatrixProfile"  # which compile for a minute
    files = [str(Path(__file__).with_name(name)) for name in ("test_libraries.py", "test_elsewhere.py")]
    line = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", chosen, *files]
    done = subprocess.run(line, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout
    forget()
    try:
        x = toy(n=300).values
        for spec, (module, call) in DIRECTLY.items():
            ours = registry.build(spec, window=20).fit(x).score(x)
            np.testing.assert_array_equal(ours, _directly(python, module, spec.partition(":")[2], call, x))
    finally:
        forget()


DIRECTLY = {
    "aeon:COPOD": ("aeon.anomaly_detection.series.distribution_based", "fit_predict(x)"),
    "dtaianomaly:PrincipalComponentAnalysis": ("dtaianomaly.anomaly_detection", "fit(x).decision_function(x)"),
}


def _directly(python: Path, module: str, name: str, call: str, x: Array) -> Array:
    """The library's own output, by its own Python and without anything of ours."""
    code = (
        f"import sys, ast, numpy as np; from {module} import {name}; "
        f"x = np.array(ast.literal_eval(sys.argv[1])); print({name}(window_size=20).{call}.tolist())"
    )
    done = subprocess.run([str(python), "-c", code, repr(x.tolist())], capture_output=True, text=True, check=True)
    return np.array(ast.literal_eval(done.stdout))


@pytest.mark.slow
def test_the_environment_stands_over_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not hold comes from ours, what it holds comes first; compiled code is kept apart."""
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)  # whoever sets it decides for every environment
    made = Environment("over", "", ("--no-index", "numpy"), (), "nothing", over_ours=True)  # numpy is there: ours
    python = made.interpreter(lambda line: None)
    (own,) = made.folder.glob("lib/python*/site-packages")
    (own / "stumpy.py").write_text("mine = 1")
    code = "import numpy, stumpy, os; print(numpy.__version__, stumpy.mine, os.environ['NUMBA_CACHE_DIR'])"
    said = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == [np.__version__, "1", str(made.folder / "numba")]


@pytest.mark.slow
def test_the_link_by_which_ours_was_called_may_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are named after the folder of ours without links, so that is where they must look."""
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    ours = tmp_path / "ours" / "site-packages"
    ours.mkdir(parents=True)
    (ours / "only_ours.py").write_text("here = 1")
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "link" / "site-packages")])
    python = Environment("over", "", ("--no-index", "numpy"), (), "nothing", over_ours=True).interpreter(print)
    (tmp_path / "link").unlink()
    subprocess.run([str(python), "-c", "import only_ours"], check=True)
