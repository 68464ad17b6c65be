"""The places where series are searched, their order, and the messages about it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import datasets
from benchmark.cli import main
from datasets import DataError, Facts, Series
from datasets.core.resolve import network_of
from tests.support.stand_ins import ZIP, Server, Tiny, make_zip, tiny_zip


def put(tiny: Tiny, root: Path) -> None:
    for name in tiny.series_names():
        path = root / "Tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny.text(name))


@pytest.mark.parametrize("inside", ["TSB-UAD-Public", "."])
def test_the_local_folder_comes_first(tiny: Tiny, tmp_path: Path, inside: str) -> None:
    put(tiny, tmp_path / inside)
    said: list[str] = []
    found = list(datasets.iter_series(tiny, data_dir=tmp_path, cache_dir=tmp_path / "cache", announce=said.append))
    assert [(one.name, one.source) for one in found if isinstance(one, Series)] == [
        (n, "local") for n in tiny.series_names()
    ]
    assert said == [f"Tiny: read from the local folder {tmp_path}"]


@pytest.mark.parametrize("place", ["raw", "Tiny", "."])
def test_originals_in_the_local_folder_are_converted(tiny: Tiny, tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "tiny.bin").write_bytes(tiny.original())
    series = datasets.load(tiny, "1.test.out", data_dir=tmp_path)
    assert series.values.tobytes() == tiny.arrays("1.test.out")[0].tobytes()


def test_some_of_the_originals_are_not_enough(tmp_path: Path) -> None:
    (tmp_path / "Dodgers.data").write_text("4/10/2005 0:00,1\n")
    with pytest.raises(DataError, match=r"101-freeway-traffic\.test\.out is missing: copy it there"):
        datasets.load("Dodgers", "101-freeway-traffic.test.out", data_dir=tmp_path)


def test_each_cache_mirror_and_silence_has_a_network_of_its_own(tmp_path: Path) -> None:
    ways = [
        (tmp_path, "", False),
        (tmp_path, "", True),
        (tmp_path, "https://mirror", False),
        (tmp_path / "x", "", False),
    ]
    assert len({id(network_of(*way)) for way in ways for _ in range(2)}) == 4


def test_a_bad_local_series_yields_its_error_and_the_others_go_on(tiny: Tiny, tmp_path: Path) -> None:
    put(tiny, tmp_path)
    (tmp_path / "Tiny" / "0.test.out").unlink()
    path = tmp_path / "Tiny" / "1.test.out"
    path.write_bytes(path.read_bytes().replace(b",1\n", b",7\n", 1))
    found = list(datasets.iter_series(tiny, data_dir=tmp_path, announce=lambda _: None))
    assert [type(one) for one in found] == [DataError, DataError, Series]  # and nothing is simulated
    absent, bad, _ = found
    assert "0.test.out is missing" in str(absent)
    assert f"{path}, row 301: the label is '7'" in str(bad)
    assert (bad.dataset, bad.series) == ("Tiny", "1.test.out")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data[: len(data) // 2].rpartition(b"\n")[0] + b"\n", "rows, expected 500: the file was cut"),
        (lambda data: data.replace(b",1\n", b",0\n"), "no anomaly"),
        (lambda data: data.replace(b",1\n", b",0\n", 1), "19 anomalous rows, expected 20"),
        (lambda data: b"7" + data[1:], "hash of its values or labels is wrong"),
    ],
)
def test_local_series_that_are_not_the_published_ones(tiny: Tiny, tmp_path: Path, change, expected: str) -> None:
    put(tiny, tmp_path)
    path = tmp_path / "Tiny" / "0.test.out"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=expected) as caught:
        datasets.load(tiny, "0.test.out", data_dir=tmp_path)
    assert str(path) in str(caught.value)


def test_a_spoiled_cache_is_put_aside_and_fetched_again(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    server.files[ZIP] = tiny_zip(tiny)
    network = server.network(tmp_path)
    datasets.load(tiny, "0.test.out", cache_dir=tmp_path, network=network)
    path = tmp_path / "TSB-UAD-Public" / "Tiny" / "0.test.out"
    path.write_bytes(path.read_bytes()[:1000])
    said: list[str] = []
    again = datasets.load(tiny, "0.test.out", cache_dir=tmp_path, network=network, announce=said.append)
    assert again.source == "download"
    assert "renamed to 0.test.out.bad" in said[0]
    assert (path.parent / "0.test.out.bad").stat().st_size == 1000
    assert datasets.load(tiny, "0.test.out", cache_dir=tmp_path, network=network).source == "cache"


def test_a_cache_that_cannot_be_written_costs_nothing_but_the_next_download(
    tiny: Tiny, server: Server, tmp_path: Path
) -> None:
    server.files[ZIP] = tiny_zip(tiny)
    (tmp_path / "TSB-UAD-Public").write_text("a file where a folder should be")
    said: list[str] = []
    found = datasets.load(
        tiny, "0.test.out", cache_dir=tmp_path, network=server.network(tmp_path), announce=said.append
    )
    assert found.source == "download"
    assert "could not be written" in said[-1]


def test_modes(tiny: Tiny, tmp_path: Path) -> None:
    put(tiny, tmp_path)
    said: list[str] = []
    made = datasets.load(tiny, "0.test.out", data_dir=tmp_path, mode="simulated", announce=said.append, seed=5)
    assert made.simulated
    assert set(made.values) == {5.0}
    assert said == ["Tiny: SIMULATED series stand in for the real series (as asked)"]
    with pytest.raises(DataError, match="is not available"):
        datasets.load(tiny, "0.test.out", cache_dir=tmp_path / "empty", mode="real", offline=True)


def test_messages_reach_the_log_when_nobody_listens(
    tiny: Tiny, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    datasets.load(tiny, "0.test.out", cache_dir=tmp_path, offline=True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "SIMULATED" in caplog.text


def test_wrong_use_is_refused_at_the_call(tmp_path: Path) -> None:
    for wrong, expected in (
        ({"dataset": "MGBA"}, "did you mean 'MGAB'"),
        ({"dataset": "nasa-msl"}, "did you mean 'NASA-MSL'"),
        ({"dataset": "qqq"}, "there are .*Dodgers, .*Genesis"),
        ({"dataset": "MGAB", "names": ["11.test.out"]}, "did you mean '1"),
        ({"dataset": "MGAB", "mode": "rael"}, "mode must be"),
        ({"dataset": "MGAB", "data_dir": tmp_path / "absent"}, "does not exist"),
    ):
        with pytest.raises(DataError, match=expected):
            datasets.iter_series(**wrong)


# -- a user's folder -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "My pumps & <b>valves"
    path.mkdir()
    (path / "a.test.out").write_text("1,0\n2,1\n3,0\n")
    (path / "a.train.out").write_text("4,0\n5,0\n")
    (path / "alone.train.out").write_text("1,0\n2,1\n")
    (path / "b.csv").write_text("value,label\n1,0\n2,1\n")
    (path / "bad.csv").write_text("1,0\nx,1\n")
    (path / "notes.md").write_text("not data")
    return path


def test_a_folder_is_a_data_set_without_code(folder: Path) -> None:
    dataset = datasets.load_folder(folder)
    assert dataset.name == folder.name
    assert dataset.series_names() == ("a.test.out", "alone.train.out", "b.csv", "bad.csv")
    for handle in (dataset, str(folder)):
        found = list(datasets.iter_series(handle, announce=lambda _: None))
        assert [getattr(one, "source", "error") for one in found] == ["file", "file", "file", "error"]
        assert "bad.csv, row 2" in str(found[-1])
    a = dataset.read("a.test.out")
    assert a.train is not None
    assert a.train.tolist() == [4.0, 5.0]
    assert dataset.read("b.csv").values.tolist() == [1.0, 2.0]


def test_folders_that_are_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        datasets.load_folder(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no"):
        datasets.load_folder(tmp_path / "empty")
    with pytest.raises(DataError, match=r"did you mean 'b\.csv'"):
        datasets.load_folder(folder).read("B.csv")
    with pytest.raises(DataError, match="cannot be simulated"):
        datasets.load_folder(folder).simulate("b.csv")


# -- the table of `python -m benchmark data` -----------------------------------------------------


def test_status_reads_checks_and_downloads_nothing(tiny: Tiny, folder: Path, tmp_path: Path) -> None:
    put(tiny, tmp_path)
    (tmp_path / "Tiny" / "2.test.out").write_text("1,0\n1,9\n")
    rows = datasets.status(tiny, data_dir=tmp_path)
    assert [(row.source, row.n, row.n_anomalous, row.check) for row in rows] == [
        ("local", 500, 20, "exact"),
        ("local", 500, 20, "exact"),
        ("local", 500, 20, ""),
    ]
    assert "row 2: the label is '9'" in rows[2].problem
    assert [row.source for row in datasets.status(tiny, cache_dir=tmp_path / "empty")] == ["absent"] * 3
    assert [row.check for row in datasets.status(str(folder))] == ["unknown", "unknown", "unknown", ""]
    assert len(datasets.status(cache_dir=tmp_path / "empty")) == 44


# -- one file, one data set ----------------------------------------------------------------------


NEW = """
from datasets.core import Dataset, Facts
class New(Dataset):
    name = "New"
    series = (Facts("x.out", 10, 1, 1),)
    def _simulate(self, facts, seed): raise NotImplementedError
"""


def test_a_file_is_enough_and_a_broken_one_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from datasets.core import registry

    (tmp_path / "new.py").write_text(NEW)
    (tmp_path / "fault.py").write_text("import no_such_library")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    (tmp_path / "hollow.py").write_text("")
    (tmp_path / "_private.py").write_text("1/0")
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "core" / "registry.py"))
    monkeypatch.setattr(datasets, "__path__", [str(tmp_path)])
    registry._load_all.cache_clear()
    try:
        assert datasets.names() == ("New",)
        assert datasets.get("New").series_names() == ("x.out",)
        causes = datasets.broken()
        assert set(causes) == {"fault", "leaves", "hollow"}
        assert "no_such_library" in causes["fault"]
        with pytest.raises(DataError, match=r"datasets/fault\.py cannot be used: ModuleNotFoundError"):
            datasets.get("fault")
        assert main(["list"]) == 0
        assert re.search(r"fault +\[cannot be used\] ModuleNotFoundError: .*no_such_library", capsys.readouterr().out)
    finally:
        registry._load_all.cache_clear()
        for name in ("new", "fault", "leaves", "hollow"):
            sys.modules.pop(f"datasets.{name}", None)


def test_every_shipped_data_set_is_described() -> None:
    assert datasets.broken() == {}
    for name in datasets.names():
        dataset = datasets.get(name)
        assert all((dataset.title, dataset.licence, dataset.citation, dataset.urls, dataset.notes, dataset.series))
        assert all(facts.n > facts.n_anomalous > 0 for facts in dataset.series)
        assert all(
            remote.url.startswith("https://") for facts in dataset.series for remote in dataset.originals(facts.name)
        )


def test_every_shipped_series_has_a_fingerprint() -> None:
    from datasets.core.tsb_uad import fingerprints

    assert {name: set(datasets.get(name).series_names()) for name in datasets.names()} == {
        name: set(known) for name, known in fingerprints().items()
    }


def test_the_package_can_be_told_from_its_namesake() -> None:
    assert datasets.PROJECT == "tsad-benchmark"
    assert datasets.default_cache_dir().is_absolute()


def test_series_are_read_only_and_know_their_segments() -> None:
    series = Series("d", "s", np.arange(6.0), np.array([1, 0, 1, 1, 0, 1], dtype=np.uint8))
    assert series.segments() == [(0, 1), (2, 4), (5, 6)]
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 1


def test_values_labels_and_training_values_each_change_the_hash_of_a_series() -> None:
    values, labels, train = np.arange(4.0), np.array([0, 1, 0, 0], dtype=np.uint8), np.arange(3.0)
    made = [
        Series("d", "s", *arrays).sha256
        for arrays in (
            (values, labels),
            (values + 1, labels),
            (values, labels[::-1]),
            (values, labels, "file", train),
            (values, labels, "file", train + 1),
        )
    ]
    assert len(set(made)) == 5
    assert Series("other", "name", values.copy(), labels.copy(), "local").sha256 == made[0]


class Paired(Tiny):
    """A training file of 50 points ships apart."""

    series = (Facts("0.test.out", 500, 20, 1, 50),)

    def originals(self, series: str):
        return ()


@pytest.mark.parametrize("place", ["local", "zip"])
@pytest.mark.parametrize("marked", [False, True])
def test_an_anomaly_in_a_training_file_is_refused_wherever_it_comes_from(
    server: Server, tmp_path: Path, place: str, marked: bool
) -> None:
    train = "".join(f"{k},{int(marked and k == 7)}\n" for k in range(50)).encode()
    files = {"0.test.out": Paired().text("0.test.out"), "0.train.out": train}
    for name, data in files.items():
        (tmp_path / "Tiny").mkdir(exist_ok=True)
        (tmp_path / "Tiny" / name).write_bytes(data)
    server.files[ZIP] = make_zip({f"Tiny/{name}": data for name, data in files.items()})
    cache = tmp_path / "cache"
    where = {"data_dir": tmp_path} if place == "local" else {"network": server.network(cache), "mode": "real"}
    (found,) = datasets.iter_series(Paired(), cache_dir=cache, announce=str, **where)
    if marked:
        assert "row 8: a training file must not have anomalies" in str(found)
    else:
        assert isinstance(found, Series)
        assert found.train is not None
        assert found.train.tolist() == list(range(50))
