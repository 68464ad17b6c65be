"""Collections that run only when named: partial folders, recorded fingerprints, no simulated series."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import datasets
from datasets import Archive, DataError, Facts, Series, located
from tests.support.stand_ins import Server, Tiny, make_zip

ZIP = "/www.thedatum.org/datasets/Some.zip"
NAMES = ("001_A_id_1_Web_tr_100_1st_300.csv", "002_B_id_1_Web_tr_100_1st_300.csv")


def some(known: bool = True) -> Archive:
    facts = tuple(Facts(name, 500, 20, 1) for name in NAMES) if known else ()
    return Archive("Some", "a test", facts, count=2, zip_url=f"https:/{ZIP}", header=True)


def text(number: int, hole: bool = False) -> bytes:
    lines = Tiny().text(f"{number}.test.out").decode().splitlines()
    return "\n".join(["Data,Label", *([",0", "nan,1"] if hole else []), *lines, ""]).encode()


def put(root: Path, names: tuple[str, ...] = NAMES) -> None:
    (root / "Some").mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (root / "Some" / name).write_bytes(text(number))


def read(tmp_path: Path, archive: Archive, **where: object) -> tuple[list[Series], list[str]]:
    said: list[str] = []
    options = {"cache_dir": tmp_path / "cache", "announce": said.append, **where}
    found = list(datasets.iter_series(archive, **options))  # type: ignore[arg-type]
    assert all(isinstance(one, Series) for one in found), found
    return found, said  # type: ignore[return-value]


@pytest.mark.parametrize("known", [True, False])
def test_a_folder_with_a_part_is_used_as_that_part(tmp_path: Path, known: bool) -> None:
    put(tmp_path, NAMES[:1])
    found, said = read(tmp_path, some(known), data_dir=tmp_path)
    assert [one.name for one in found] == [NAMES[0]]
    assert "Some: 1 of 2 series are available" in said
    assert found[0].values.tobytes() == Tiny().arrays("0.test.out")[0].tobytes()


def test_files_of_training_values_are_series_where_the_publisher_counts_them(tmp_path: Path) -> None:
    iops = datasets.get("IOPS")
    pair = ("KPI-a.test.out", "KPI-a.train.out")
    (tmp_path / "IOPS").mkdir()
    for number, name in enumerate(pair):
        (tmp_path / "IOPS" / name).write_bytes(Tiny().text(f"{number}.test.out"))
    found, said = read(tmp_path, iops, data_dir=tmp_path)  # type: ignore[arg-type]
    assert tuple(one.name for one in found) == pair
    assert all(one.train is None for one in found)
    assert "IOPS: 2 of 58 series are available" in said
    (tmp_path / "IOPS").rename(tmp_path / "NASA-SMAP")
    assert len(read(tmp_path, datasets.get("NASA-SMAP"), data_dir=tmp_path)[0]) == 1  # type: ignore[arg-type]


def test_the_folder_itself_may_be_named(tmp_path: Path) -> None:
    put(tmp_path)
    assert len(read(tmp_path, some(), data_dir=tmp_path / "Some")[0]) == 2


def test_rows_without_a_value_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, NAMES[:1])
    (tmp_path / "Some" / NAMES[0]).write_bytes(text(0, hole=True))
    (one,), _ = read(tmp_path, some(), data_dir=tmp_path)
    assert len(one) == 500


def test_an_empty_folder_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no file of Some: put them into .*Some"):
        datasets.iter_series(some(), data_dir=tmp_path)


def test_nothing_is_simulated(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no simulated series"):
        datasets.iter_series(some(), cache_dir=tmp_path, mode="simulated")
    with pytest.raises(DataError, match="not available"):
        datasets.iter_series(some(), cache_dir=tmp_path, offline=True)


@pytest.mark.parametrize("known", [True, False])
def test_it_is_downloaded_from_its_own_zip_and_kept(server: Server, tmp_path: Path, known: bool) -> None:
    members = {f"Top/Some/{name}": text(number) for number, name in enumerate(NAMES)}
    server.files[ZIP] = make_zip({**members, "Top/Other/x.csv": b"1,0\n"})
    network = server.network(tmp_path / "cache")
    found, _ = read(tmp_path, some(known), network=network)
    assert [(one.name, one.source) for one in found] == [(name, "download") for name in NAMES]
    server.files.clear()
    found, _ = read(tmp_path, some(known), network=server.network(tmp_path / "cache"))
    assert [one.source for one in found] == ["cache", "cache"]


def test_the_cached_part_serves_where_no_host_answers(tmp_path: Path) -> None:
    put(tmp_path / "cache", NAMES[1:])
    found, said = read(tmp_path, some(), offline=True)
    assert [one.name for one in found] == [NAMES[1]]
    assert any("the others cannot be downloaded" in line for line in said)


def test_a_series_is_compared_with_its_first_sight(tmp_path: Path) -> None:
    put(tmp_path)
    read(tmp_path, some(), data_dir=tmp_path)
    record = tmp_path / "cache" / "fingerprints" / "Some.json"
    assert set(json.loads(record.read_text())) == set(NAMES)
    (tmp_path / "Some" / NAMES[1]).write_bytes(text(2))
    first, second = datasets.iter_series(some(), data_dir=tmp_path, cache_dir=tmp_path / "cache", announce=str)
    assert isinstance(first, Series)
    assert isinstance(second, DataError)
    assert str(record) in str(second)


def test_archives_are_run_only_when_named_and_described() -> None:
    archives = set(datasets.names(archives=True)) - set(datasets.names())
    assert len(archives) == 16
    for name in archives:
        one = datasets.get(name)
        assert all((one.title, one.licence, one.citation, one.urls, one.notes, one.size))
    assert (datasets.get("TSB-AD-U").size, datasets.get("TSB-AD-U-Tuning").size) == (350, 48)
    lists = [set(datasets.get(name).series_names()) for name in ("TSB-AD-U", "TSB-AD-U-Tuning")]
    assert not lists[0] & lists[1]


# README of TheDatumOrg/TSB-UAD, column "Count", as it stood
COUNTS = {
    "Dodgers": 1, "ECG": 52, "IOPS": 58, "KDD21": 250, "MGAB": 10, "NAB": 58, "SensorScope": 23, "YAHOO": 367,
    "NASA-MSL": 27, "NASA-SMAP": 54, "Daphnet": 45, "GHL": 126, "Genesis": 6, "MITDB": 32, "OPPORTUNITY": 465,
    "Occupancy": 10, "SMD": 281, "SVDB": 115,
}  # fmt: skip


def test_the_sets_of_tsb_uad_have_the_published_counts() -> None:
    assert sum(COUNTS.values()) == 1980
    assert {name: datasets.get(name).size for name in COUNTS} == COUNTS


@pytest.mark.real
def test_the_files_at_hand_have_the_published_facts(tmp_path: Path) -> None:
    folder = Path(os.environ.get("BENCHMARK_DATA", ""))
    if not (folder / "TSB-AD-U").is_dir():
        pytest.skip("BENCHMARK_DATA has no TSB-AD-U")
    dataset = datasets.get("TSB-AD-U")
    for series in datasets.iter_series("TSB-AD-U", data_dir=folder, cache_dir=tmp_path, announce=str):
        assert isinstance(series, Series), series
        facts = dataset.facts(series.name)
        assert (len(series), series.n_anomalous, len(series.segments())) == (
            facts.n,
            facts.n_anomalous,
            facts.n_segments,
        )


def test_all_sets_of_tsb_uad_hold_its_1980_series() -> None:
    """Paparrizos et al., PVLDB 15(8), 2022, Table 1."""
    from datasets import tsb_uad_others

    table = ("Dodgers", "Genesis", "MGAB", "NASA-MSL")
    counts = [one.size for one in (*tsb_uad_others.DATASETS, *map(datasets.get, table))]
    assert len(counts) == 18
    assert sum(counts) == 1980


def test_the_part_at_hand_is_known_before_it_is_read(tmp_path: Path) -> None:
    put(tmp_path, NAMES[1:])
    assert located(some(), data_dir=tmp_path).series_names() == NAMES[1:]
    with pytest.raises(DataError, match="not available"):
        located(some(), cache_dir=tmp_path / "cache", offline=True)
    mgab = datasets.get("MGAB")
    assert located(mgab) is mgab


def test_a_block_of_rows_without_a_value_holds_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.core.tsb_uad.BLOCK_BYTES", 1)
    put(tmp_path, NAMES[:1])
    (tmp_path / "Some" / NAMES[0]).write_bytes(text(0, hole=True))
    (one,), _ = read(tmp_path, some(), data_dir=tmp_path)
    assert one.labels.tolist() == Tiny().arrays("0.test.out")[1].tolist()


def test_the_rest_is_downloaded_where_the_cache_has_a_part(server: Server, tmp_path: Path) -> None:
    put(tmp_path / "cache", NAMES[:1])
    server.files[ZIP] = make_zip({f"Some/{name}": text(number) for number, name in enumerate(NAMES)})
    found, _ = read(tmp_path, some(), network=server.network(tmp_path / "cache"))
    assert [(one.name, one.source) for one in found] == list(zip(NAMES, ("cache", "download"), strict=True))


def test_series_come_in_the_publishers_order(tmp_path: Path) -> None:
    put(tmp_path)
    turned = Archive("Some", "a test", tuple(Facts(name, 500, 20, 1) for name in NAMES[::-1]), header=True)
    assert [one.name for one in read(tmp_path, turned, data_dir=tmp_path)[0]] == [*NAMES[::-1]]
