"""An executed capsule of each kind gives the stored figure; text from a store is never executed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmark.cli import main
from benchmark.studies import capsule

MINE = """
import numpy as np
from sklearn.ensemble import IsolationForest
from detectors import Detector

class MyForest(IsolationForest):
    pass

class Mine(Detector):
    group = "plug-in"
    def __init__(self, power: float = 1.0) -> None:
        self.power = power
    def _fit(self, pieces):
        self.mean_ = np.concatenate(pieces).mean()
    def _score(self, x):
        return np.abs(x - self.mean_) ** self.power
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(1200) / 9) + rng.normal(0, 0.1, 1200)
    labels = (np.abs(np.arange(1200) - 700) < 12).astype(int)
    for folder in ("own", "elsewhere/MGAB"):
        Path(folder).mkdir(parents=True)
        rows = zip(x + labels, labels, strict=True)
        Path(folder, "a.out").write_text("".join(f"{float(value)!r},{label}\n" for value, label in rows))
    Path("named").mkdir()
    table = [f"{k},{float(v)!r},{float(v) ** 2!r},{label}" for k, (v, label) in enumerate(zip(x, labels, strict=True))]
    Path("named", "a.csv").write_text("\n".join(["k,level,flow,odd", *table]) + "\n")
    Path("mine.py").write_text(MINE)
    Path("mean.sh").write_text((Path(__file__).parents[2] / "examples" / "programs" / "mean.sh").read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        (["--detector", "HBOS", "--dataset", "own"], "HBOS/own"),
        (["--detector", "HBOS", "--dataset", "elsewhere/MGAB"], "HBOS"),
        (
            ["--detector", "HBOS", "--dataset", "named", "--value", "flow", "--label", "odd", "--train", "100"],
            "HBOS/named",
        ),
        (["--detector", "mine.py", "--dataset", "own", "--set", "Mine.power=2.0"], "Mine/own"),
        (["--detector", "sklearn:mine.py:MyForest", "--dataset", "own"], "sklearn_MyForest/own"),
        (["--detector", "sklearn:LocalOutlierFactor", "--dataset", "own"], "sklearn_LocalOutlierFactor/own"),
        pytest.param(
            ["--detector", "exec:sh ./mean.sh", "--dataset", "own"],
            "sh_mean/own",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no sh"),
        ),
        (["--detector", "PCA", "--dataset", "own", "--set", "PCA.align=end"], "PCA/own"),
        (["--detector", "IForest", "--dataset", "own", "--protocol", "normal-crossfit", "--seed", "3"], "IForest/own"),
        (["--detector", "HBOS", "--dataset", "own", "--protocol", "authors-csv"], "HBOS/own"),
    ],
)
def test_a_capsule_gives_the_stored_figure(
    here: Path, capsys: pytest.CaptureFixture[str], options: list[str], cell: str
) -> None:
    assert main(["run", *options, "--jobs", "1", "--backend", "serial", "--no-report"]) == 0
    capsys.readouterr()
    assert main(["capsule", cell]) == 0
    exec(compile(capsys.readouterr().out, "capsule", "exec"), {})
    assert_stored(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        (["--detector", "mine.py"], "Mine/own"),
        pytest.param(["--detector", "pyod:COPOD"], "PyOD_COPOD/own", marks=pytest.mark.slow),
        pytest.param(
            ["--detector", "pyod:IForest", "--seed", "4", "--protocol", "prefix"],
            "PyOD_IForest/own",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_capsule_is_a_script(here: Path, capsys: pytest.CaptureFixture[str], options: list[str], cell: str) -> None:
    """In processes of their own: numba's number of threads, which PyOD asks for, is fixed by who starts them first."""
    run = ["run", *options, "--dataset", "own", "--jobs", "1", "--backend", "serial", "--no-report"]
    ran = subprocess.run([sys.executable, "-m", "benchmark", *run], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert main(["capsule", cell]) == 0
    Path("cell.py").write_text(capsys.readouterr().out)
    Path("another").mkdir()
    done = subprocess.run([sys.executable, "../cell.py"], capture_output=True, text=True, cwd="another")
    assert done.returncode == 0, done.stderr
    assert_stored(done.stdout)


def assert_stored(said: str) -> None:
    found = re.fullmatch(r"AUROC (\S+) stored (\S+)\n", said)
    assert found, said
    assert float(found[1]) == pytest.approx(float(found[2]), abs=1e-12)


def test_a_capsule_of_arrays_reads_them_from_the_store(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, labels = np.random.default_rng(0).normal(size=400), (np.arange(400) // 20 == 9).astype(int)
    stored = benchmark.evaluate("HBOS", (x, labels), store="results/results.sqlite")["auroc"].item()
    assert main(["capsule", "HBOS/arrays"]) == 0
    exec(compile(capsys.readouterr().out, "capsule", "exec"), {})
    assert capsys.readouterr().out == f"AUROC {stored} stored {stored}\n"


def test_it_says_which_of_several_cells_it_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "--detector", "HBOS", "--dataset", "own", "--protocol", "tsb-uad", "--protocol", "prefix"]
    assert main([*run, "--backend", "serial", "--no-report"]) == 0
    capsys.readouterr()
    for cell, said in (
        ("HBOS", "2 stored cells are called so; this is HBOS/own/a.out/"),
        ("HBOS/own/a.out/prefix", ""),
    ):
        assert main(["capsule", cell]) == 0
        found = capsys.readouterr()
        assert found.err.startswith(said)
        assert bool(found.err) == bool(said)
        compile(found.out, "capsule", "exec")


def test_imported_scores_have_no_capsule(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, labels = np.random.default_rng(0).normal(size=400), (np.arange(400) // 20 == 9).astype(int)
    cells = benchmark.evaluate("HBOS", (x, labels), store="results/results.sqlite")
    name = f"arrays/{cells['series'].item()}"
    Path("theirs.csv").write_text("series,score\n" + "".join(f"{name},{value}\n" for value in np.abs(x)))
    assert main(["results", "import", "theirs.csv", "--detector", "Theirs"]) == 0
    assert main(["capsule", "Theirs/arrays"]) == 2
    assert "were imported" in capsys.readouterr().err


HOSTILE = "\"\"\"'\\\n{os}\n__import__('os').system('touch stolen')\n#"


def test_text_from_a_store_stays_data() -> None:
    cell = dict.fromkeys(("key", "dataset", "series", "data_hash", "detector", "protocol", "group", "version"), HOSTILE)
    cell |= {"params": {HOSTILE: HOSTILE}, "seed": 0, "auroc": 0.5, "extra": {"spec": HOSTILE}}
    run = {"python": HOSTILE, "platform": HOSTILE, "versions": {HOSTILE: HOSTILE}, "folders": {HOSTILE: HOSTILE}}
    script = ast.parse(capsule(cell, run, data_dir=HOSTILE, store=HOSTILE))
    plain = dict.fromkeys(("key", "dataset", "series", "data_hash", "detector", "protocol", "group", "version"), "x")
    plain |= {"params": {"x": "x"}, "seed": 0, "auroc": 0.5, "extra": {"spec": "x"}}
    harmless = ast.parse(capsule(plain, {**run, "folders": {"x": "x"}}, data_dir="x", store="x"))
    assert [type(node) for node in ast.walk(script)] == [type(node) for node in ast.walk(harmless)]
    assert HOSTILE in [node.value for node in ast.walk(script) if isinstance(node, ast.Constant)]


def test_an_undefined_figure_is_none_in_the_script() -> None:
    cell = dict.fromkeys(("key", "dataset", "series", "data_hash", "detector", "protocol", "group", "version"), "x")
    script = capsule(cell | {"params": {}, "seed": 0, "auroc": float("nan"), "extra": {"spec": "x"}}, {})
    assert '"stored", None)' in script
    ast.parse(script)


def test_two_folders_of_one_name_stay_apart(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("x", "y"):
        Path(place, "own").mkdir(parents=True)
        rows = Path("own/a.out").read_text().splitlines()[:: 1 if place == "x" else -1]
        Path(place, "own", "a.out").write_text("\n".join(rows) + "\n")
    for place in ("x", "y", "x"):
        run = ["run", "--detector", "HBOS", "--dataset", f"{place}/own", "--backend", "serial", "--jobs", "1"]
        assert main([*run, "--no-report"]) == 0
    said = capsys.readouterr().err
    assert "y/own: its short name is taken" in said
    assert "1 cell: 1 stored, 0 to run" in said
    assert main(["results", "list"]) == 0
    names = {line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert names == {"own/a.out", f"{here}/y/own/a.out"}


def test_a_capsule_of_a_published_series_takes_no_simulated_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def load(dataset: str, series: str, **where: object) -> None:
        asked.update(where, dataset=dataset, series=series)
        raise KeyError("seen")

    cell = dict.fromkeys(("key", "data_hash", "detector", "protocol", "group", "version"), "x")
    cell |= {"dataset": "MGAB", "series": "1.test.out", "params": {}, "seed": 0, "auroc": 0.5, "extra": {"spec": "x"}}
    monkeypatch.setattr("datasets.load", load)
    with pytest.raises(KeyError, match="seen"):
        exec(compile(capsule(cell, {}, data_dir="here"), "capsule", "exec"), {})
    asked.pop("cache_dir")
    assert asked == {"dataset": "MGAB", "series": "1.test.out", "data_dir": "here", "mode": "real"}
