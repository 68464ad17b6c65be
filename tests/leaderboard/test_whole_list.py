"""All 350 names of TSB-AD-U with short synthetic contents: planning, partial folders, two Dask workers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import datasets
from benchmark import cli
from benchmark.errors import counted
from benchmark.grid import source_in_name
from benchmark.store import Store
from datasets import Facts
from tests.support.cluster import Cluster
from tests.support.whole_list import put, whole_list

ROWS = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("whole"), ROWS)


@pytest.fixture(autouse=True)
def lengths_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Short contents would be refused as cut: forget the published lengths, not the names; remember nothing here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive = datasets.get("TSB-AD-U")
    monkeypatch.setattr(archive, "series", tuple(Facts(facts.name) for facts in archive.series))


def command(folder: Path, store: Path, *more: str) -> list[str]:
    base = ["run", "--dataset", "TSB-AD-U", "--data-dir", str(folder), "--detector", "MovingStd"]
    return [*base, "--store", str(store), "--quiet", "--no-report", *more]


def scores(path: Path) -> dict[str, bytes]:
    with Store(path) as store:
        cells = store.frame()
        assert set(cells["status"]) == {"ok"}
        return {name: store.scores(key)[1].tobytes() for key, name in zip(cells["key"], cells["series"], strict=True)}


@pytest.mark.slow
def test_the_whole_list_is_planned_by_source(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(command(folder, tmp_path / "none.sqlite", "--dry-run")) == 0
    out, err = capsys.readouterr()
    sources = Counter(source_in_name(facts.name) for facts in whole_list())
    assert len(sources) == 23
    assert sum(sources.values()) == 350
    for source, count in sources.items():
        assert f"{source}: {count} series, {counted(count, 'cell')}, ~" in out
    assert "350 cells to run, 0 stored" in err
    assert "at hand" not in caplog.text  # all of it
    assert "not on its list" not in caplog.text
    assert not (tmp_path / "none.sqlite").exists()


def test_a_part_of_the_list_is_planned_as_that_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    part = put(tmp_path, ROWS, every=50) / "TSB-AD-U"
    (part / "README.md").write_text("of another kind")
    (part / "999_Mine_id_1_Web_tr_100_1st_300.csv").write_text("Data,Label\n1,0\n2,1\n")
    assert cli.main(command(tmp_path, tmp_path / "none.sqlite", "--dry-run")) == 0
    out, err = capsys.readouterr()
    assert "TSB-AD-U: 7 of 350 series are available" in caplog.text
    assert "TSB-AD-U: 1 other file of the folder is not on its list, e.g. 999_Mine_id_1_Web" in caplog.text
    assert "7 cells to run" in err
    assert "999_Mine" not in out


@pytest.mark.slow
def test_two_dask_workers_score_the_whole_list_as_the_local_run_does(folder: Path, tmp_path: Path) -> None:
    local, apart = tmp_path / "local.sqlite", tmp_path / "dask.sqlite"
    assert cli.main(command(folder, local, "--backend", "serial")) == 0
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    try:
        made.add_worker()
        made.add_worker()
        assert cli.main(command(folder, apart, "--backend", "dask", "--scheduler", made.address)) == 0
    finally:
        made.close()
    expected = scores(local)
    assert set(expected) == {facts.name for facts in whole_list()}
    assert all(np.frombuffer(one).size == ROWS for one in expected.values())
    assert scores(apart) == expected
