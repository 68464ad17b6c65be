"""TSB-AD's detectors: found, called and refused; a stand-in replaces the 2 GB package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from benchmark.adapters import borrowed, listed, names, tsb_ad
from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution import Backend, Board, execute
from benchmark.grid import Selection, rows
from tests.support.cases import planned, toy
from tests.support.cluster import Cluster
from tests.support.programs import LINUX, MARK, gone

# TSB-AD's wrapper, in small: one function that scores the series it is given, one that learns first.
WRAPPER = """
import numpy as np

def run_SR(data, periodicity=1):
    assert data.ndim == 2
    return np.abs(data - np.median(data)).ravel() * periodicity

def run_USAD(data_train, data_test, win_size=5, lr=1e-4):
    noise = np.random.rand(len(data_test)) * 1e-9
    return (np.abs(data_test - data_train.mean()).ravel() + noise).astype(np.float32)
"""
TORCH = """
from types import SimpleNamespace
def manual_seed(seed): pass
def set_num_threads(n): assert n >= 1
cuda = SimpleNamespace(is_available=lambda: False)
Tensor, nn = SimpleNamespace(), SimpleNamespace(Module=SimpleNamespace())
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An environment that looks complete, whose Python finds the stand-in."""
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    folder = tsb_ad.ENVIRONMENT.folder
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "TSB_AD").mkdir(parents=True)
    (folder / "lib" / "TSB_AD" / "__init__.py").write_text("")
    (folder / "lib" / "TSB_AD" / "model_wrapper.py").write_text(WRAPPER)
    (folder / "lib" / "torch.py").write_text(TORCH)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder}/lib exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "complete").write_text("")
    _forget()
    with pytest.raises(UserError, match="make it once"):  # it has not been asked for its options
        registry.load("tsb-ad:SR")
    yield folder
    _forget()


def ready(environment: Path) -> None:
    """Ask the stand-in for its options, as the command does."""
    assert main(["environment", "tsb-ad"]) == 0
    _forget()


def _forget() -> None:
    borrowed.cache_clear()
    names._entries.cache_clear()


def test_the_command_makes_it_once_and_asks_for_the_options(
    environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["environment", "tsb-ad"]) == 0
        assert f"tsb-ad is ready: {environment}/bin/python" in capsys.readouterr().out
    _forget()
    options = json.loads((environment / "facts.json").read_text())
    assert options == {"SR": {"options": {"periodicity": 1}}, "USAD": {"options": {"win_size": 5, "lr": 1e-4}}}


def test_what_it_learns_from_is_what_tsb_ad_gives_it(environment: Path) -> None:
    main(["environment", "tsb-ad"])
    _forget()
    x, train = toy().values, toy(seed=1).values
    alone = registry.load("tsb-ad:SR")
    assert alone.learns_from == "nothing"
    np.testing.assert_array_equal(
        registry.build("tsb-ad:SR", {"periodicity": 2}).fit(train).score(x), np.abs(x - np.median(x)) * 2
    )
    learns = registry.build("tsb-ad:USAD", seed=1)
    assert learns.learns_from == "normal"
    scores = learns.fit(train).score(x)
    np.testing.assert_allclose(scores, np.abs(x - train.mean()), atol=1e-6)
    np.testing.assert_array_equal(scores, registry.build("tsb-ad:USAD", seed=1).fit(train).score(x))


BY_ITSELF = """
import sys, random, numpy as np, torch
from TSB_AD import model_wrapper
x = np.load(sys.argv[1]).reshape(-1, 1)
random.seed(0), np.random.seed(0), torch.manual_seed(0)
np.save(sys.argv[2], np.ravel(getattr(model_wrapper, "run_" + sys.argv[3])(x)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not tsb_ad.TSB_AD.ready, reason="needs python -m benchmark environment tsb-ad")
@pytest.mark.parametrize("name", ["POLY", "Sub_PCA", "KMeansAD_U"])
def test_scores_are_those_of_the_authors_functions(name: str, tmp_path: Path) -> None:
    """Called by TSB-AD's own Python, without anything of ours."""
    x = toy(n=500).values
    np.save(tmp_path / "x.npy", x)
    python = tsb_ad.ENVIRONMENT.folder / "bin" / "python"
    files = [str(tmp_path / "x.npy"), str(tmp_path / "scores.npy"), name]
    subprocess.run([str(python), "-c", BY_ITSELF, *files], check=True, capture_output=True, cwd=tmp_path)
    ours = registry.build(f"tsb-ad:{name}", seed=0).fit(x).score(x)
    np.testing.assert_allclose(ours, np.load(tmp_path / "scores.npy"), rtol=0, atol=1e-12)


def test_it_is_a_row_like_any_other(environment: Path) -> None:
    main(["environment", "tsb-ad"])
    _forget()
    ((task, one),) = planned(["tsb-ad:USAD"], [toy()])
    outcome = execute(task, one)
    assert (outcome.status, task.cell.detector, outcome.n_fit) == ("ok", "TSB-AD_USAD", 30)
    with pytest.raises(UserError, match="unknown option of tsb-ad:USAD 'winsize': did you mean win_size"):
        rows(Selection(("tsb-ad:USAD",), params={"tsb-ad:USAD": {"winsize": 3}}))
    with pytest.raises(UserError, match=r"option win_size of tsb-ad:USAD is a number \(5\), got 'abc'"):
        rows(Selection(("tsb-ad:USAD",), params={"tsb-ad:USAD": {"win_size": "abc"}}))


def test_without_the_environment_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    _forget()
    try:
        with pytest.raises(UserError, match="make it once with: python -m benchmark environment tsb-ad"):
            registry.load("tsb-ad:USAD")
        with pytest.raises(UserError, match="weights of a pretrained model"):
            registry.load("tsb-ad:Chronos")
        with pytest.raises(UserError, match="did you mean USAD"):
            registry.load("tsb-ad:USADD")
        assert {entry.needs or entry.refused for entry in listed("tsb-ad")} > {tsb_ad.TSB_AD.make}
    finally:
        _forget()


def test_the_runner_does_not_take_an_adapter_for_a_library() -> None:
    code = [sys.executable, "-P", str(tsb_ad.TSB_AD.runner), "--facts", "/dev/null"]
    said = subprocess.run(code, capture_output=True, text=True, cwd="/").stderr
    assert "No module named 'TSB_AD'" in said


# What TSB-AD's functions could do, in the stand-in for its environment.
HOSTILE = f"""
import subprocess, sys, time
import numpy as np

def run_SR(data):
    return np.abs(data).ravel()

def run_FFT(data):
    subprocess.Popen(["sleep", "{MARK}"], start_new_session=True)
    time.sleep(999)

def run_POLY(data):
    eat = "b = []\\nwhile True: b.append(bytearray(8 * 2**20)); __import__('time').sleep(0.01)"
    subprocess.Popen([sys.executable, "-c", eat], start_new_session=True)
    time.sleep(999)

def run_KNN(data):
    return np.full(len(data), np.nan)

def run_LOF(data):
    return np.zeros(len(data) - 1)

def run_PCA(data):
    raise ValueError("no such luck")
"""
EXPECTED = {
    "SR": ("ok", ""),
    "FFT": ("timeout", "(--timeout)"),
    "POLY": ("oom", "(--memory)"),
    "KNN": ("failed", "nan at row 0"),
    "LOF": ("failed", "holds 299 scores, the series has 300 points"),
    "PCA": ("failed", "no such luck"),
}


@LINUX
@pytest.mark.slow
def test_tsb_ads_detectors_on_a_dask_cluster(environment: Path, tmp_path: Path) -> None:
    (environment / "lib" / "TSB_AD" / "model_wrapper.py").write_text(HOSTILE)
    ready(environment)
    with ExitStack() as stack:
        cluster = Cluster(tmp_path)  # after the fixture: its workers find the environment where we do
        stack.callback(cluster.close)
        cluster.add_worker()
        work = planned([f"tsb-ad:{name}" for name in EXPECTED], [toy()], timeout=12, memory=300)
        outcomes = list(Backend("dask", scheduler=cluster.address).map(work, Board()))
    found = {task.cell.detector.removeprefix("TSB-AD_"): outcome for task, outcome in outcomes}
    for name, (status, reason) in EXPECTED.items():
        outcome = found[name]
        assert (outcome.status, reason in outcome.reason) == (status, True), (name, outcome.reason)
    assert gone()
