"""Folders of files in the forms that people have, as data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from written import lines

from benchmark.cli import main
from benchmark.reading import FolderOptions, ReadOptions, load_folder
from datasets import DataError

N = 400
VALUES = np.round(np.sin(np.arange(N) / 7) * 3 + 20, 4)
LABELS = (np.abs(np.arange(N) - 305) < 6).astype(np.uint8)
MINUTES = [f"2023-05-01 {k // 60:02d}:{k % 60:02d}:00" for k in range(N)]


FORMS = {
    "plain.out": lines("", VALUES, LABELS),
    "tsb-ad_tr_100_1st_300.csv": lines("Data,Label", VALUES, LABELS),
    "yahoo.csv": lines("timestamp,value,is_anomaly", range(1, N + 1), VALUES, LABELS),
    "timeeval.csv": lines("timestamp,value-0,is_anomaly", MINUTES, VALUES, LABELS),
    "label first.csv": lines("label,value", LABELS, VALUES),
    "skab.csv": lines("datetime;Pressure;anomaly", MINUTES, VALUES, LABELS).replace(",", ";"),
    "words.csv": lines("time,v,label", MINUTES, VALUES, ["anomaly" if x else "normal" for x in LABELS]),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name])
    got = load_folder(tmp_path).read(name)
    assert got.values.tolist() == VALUES.tolist()
    assert got.labels.tolist() == LABELS.tolist()
    assert got.train is None


@pytest.mark.parametrize("row", [False, True])
def test_ucr(tmp_path: Path, row: bool) -> None:
    name = "007_UCR_Anomaly_made_up_200_300_310.txt"
    (tmp_path / name).write_text(("  " if row else "\n").join(f"   {v:.7e}" for v in VALUES) + "\n")
    got = load_folder(tmp_path).read(name)
    assert got.train is not None
    assert [*got.train, *got.values] == pytest.approx(VALUES, rel=1e-6)
    assert got.segments() == [(100, 111)]


def test_nab(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "realOther"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(lines("timestamp,value", MINUTES, VALUES))
    with pytest.raises(DataError, match=r"has no labels \(time 'timestamp'; values 'value'.*--label.*--labels"):
        load_folder(folder).read("a.csv")
    (tmp_path / "labels").mkdir()
    windows = {"realOther/a.csv": [[MINUTES[300] + ".000000", MINUTES[310] + ".000000"]], "other/a.csv": []}
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    assert load_folder(folder).read("a.csv").labels.tolist() == LABELS.tolist()


def test_several_series_in_a_file(tmp_path: Path) -> None:
    seconds = 1_600_000_000 + 60 * np.arange(N)
    both = [*VALUES, *(VALUES + 500)]
    text = lines("timestamp,value,label,KPI ID", [*seconds, *seconds], both, [*LABELS, *LABELS], ["a"] * N + ["b"] * N)
    (tmp_path / "kpi.csv").write_text(text)
    folder = load_folder(tmp_path)
    assert folder.series_names() == ("kpi.csv:a", "kpi.csv:b")
    assert folder.read("kpi.csv:b").values.tolist() == (VALUES + 500).tolist()


def test_a_header_is_understood_or_refused(tmp_path: Path) -> None:
    door = (np.arange(N) % 9 == 0).astype(int)
    (tmp_path / "door.csv").write_text(lines("timestamp,value", 1_600_000_000 + 60 * np.arange(N), door))
    with pytest.raises(DataError, match="has no labels"):
        load_folder(tmp_path).read("door.csv")


def test_columns_and_training_part_that_a_person_names(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(lines("a,b,c", VALUES[::-1], VALUES, LABELS))
    said: list[str] = []
    options = FolderOptions(ReadOptions(value="b", label="c"), train=100)
    got = load_folder(tmp_path, "", options, said.append).read("mine.csv")
    assert got.values.tolist() == VALUES[100:].tolist()
    assert got.train is not None
    assert got.train.tolist() == VALUES[:100].tolist()
    assert "values 'b'" in said[0]
    with pytest.raises(DataError, match="anomalies among its first 350 rows"):
        load_folder(tmp_path, "", FolderOptions(ReadOptions(value="b", label="c"), train=350)).read("mine.csv")


def test_run_takes_such_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "yahoo.csv").write_text(FORMS["yahoo.csv"])
    words = ["--detector", "AbsDeviation", "--dataset", str(tmp_path / "mine"), "--backend", "serial", "--no-report"]
    assert main(["run", *words, "--store", str(tmp_path / "r.sqlite")]) == 0
    assert "yahoo.csv: values 'value'" in capsys.readouterr().err


def test_run_reads_a_folder_with_the_options_of_detect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd").mkdir()
    text = lines("when~level~what", MINUTES, VALUES, LABELS).replace(",", "~").replace(".", "·")
    (tmp_path / "odd" / "a.csv").write_text(text.replace("·", ","), encoding="latin-1")
    words = ["--dataset", str(tmp_path / "odd"), "--detector", "AbsDeviation", "--store", str(tmp_path / "r.sqlite")]
    words += ["--jobs", "1", "--no-report", "--value", "level", "--label", "what", "--decimal", ","]
    assert main(["run", *words, "--sep", ";"]) == 2
    assert main(["run", *words, "--sep", "~", "--encoding", "latin-1"]) == 0
    assert "a.csv: values 'level'" in capsys.readouterr().err


def test_a_readme_and_the_file_of_labels_are_no_series(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("These are data.\nHave fun.\n")
    (tmp_path / "a.csv").write_text("value\n" + "\n".join(map(str, range(50))))
    (tmp_path / "events.csv").write_text("file,start,end\na.csv,20,29\nb.csv,1,9\n")
    said: list[str] = []
    found = load_folder(tmp_path, "", FolderOptions(ReadOptions(labels=tmp_path / "events.csv")), said.append)
    assert found.read("a.csv").labels.sum() == 10
    assert [one.name for one in found.series] == ["a.csv"]
    assert len(said) == 3
