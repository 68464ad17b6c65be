"""Folders of files as data sets, in common forms."""

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


NOT_SERIES = {
    "readme.txt": "Yahoo Webscope S5\n",
    "datasets.csv": "dataset_name,train_path,test_path\na,,b\n",
    "combined_windows.json": "{}",
    "._a.csv": "\0",
    "~$a.xlsx": "x",
    "metadata.csv": "file,unit\na.csv,bar\n",
    "train_anomaly.csv": FORMS["yahoo.csv"],
}


@pytest.mark.parametrize("name", NOT_SERIES)
def test_a_folder_whose_series_are_below_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(NOT_SERIES[name])
    below = tmp_path / "data" / "real"
    below.mkdir(parents=True)
    (below / "a.csv").write_text(FORMS["yahoo.csv"])
    with pytest.raises(DataError, match=r"its subfolders do.*--dataset .*real \(data/real\)"):
        load_folder(tmp_path)
    (tmp_path / "b.csv").write_text(FORMS["yahoo.csv"])
    assert load_folder(tmp_path).series_names() == ("b.csv",)


def test_a_folder_of_other_files_names_them(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match=r"no file that is read as a series \(x.npy\): write each series as a .csv"):
        load_folder(tmp_path)


def test_subfolders_beside_files_are_mentioned(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("a.csv", "more/b.csv"):
        (tmp_path / name).write_text(FORMS["plain.out"])
    said: list[str] = []
    load_folder(tmp_path, "", None, said.append)
    assert said[0].endswith(
        f"its subfolders are not read; each is a data set of its own, e.g. --dataset {tmp_path}/more"
    )


@pytest.mark.parametrize(
    ("test", "train"),
    [("x.test.csv", "x.train.csv"), ("x_TEST.csv", "x_TRAIN.csv"), ("test.csv", "train_no_anomaly.csv")],
)
def test_names_of_training_parts(tmp_path: Path, test: str, train: str) -> None:
    (tmp_path / test).write_text(lines("pressure,flow,is_anomaly", VALUES, np.r_[1, VALUES[1:] * 2], LABELS))
    (tmp_path / train).write_text(lines("pressure,flow", np.full(N, 3), VALUES))
    said: list[str] = []
    folder = load_folder(tmp_path, "", None, said.append)
    assert folder.series_names() == (test,)
    got = folder.read(test)
    assert got.train is not None
    assert got.train.tolist() == [3] * N  # the test file's column, though another varies here
    assert f"Training part: {train}." in said[-1]


def test_latest_is_no_test_file(tmp_path: Path) -> None:
    for name in ("latest.csv", "latrain.csv"):
        (tmp_path / name).write_text(FORMS["plain.out"])
    assert load_folder(tmp_path).series_names() == ("latest.csv", "latrain.csv")


def test_several_columns_of_labels(tmp_path: Path) -> None:
    kind = ["shift" if x else "" for x in LABELS]
    (tmp_path / "a.csv").write_text(
        lines("v,predicted_anomaly,anomaly_type,is_anomaly,label", VALUES, LABELS[::-1], kind, LABELS, LABELS)
    )
    said: list[str] = []
    assert load_folder(tmp_path, "", None, said.append).read("a.csv").labels.tolist() == LABELS.tolist()
    assert "labels 'is_anomaly'. The column 'predicted_anomaly' was not used as labels" in said[0]
    assert "from the column 'is_anomaly'; --label chooses another (anomaly_type, label)." in said[0]


def test_labels_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(lines("v,label", VALUES, LABELS + 1))
    (tmp_path / "b.csv").write_text(lines("Data,Label", VALUES, 2 * LABELS.astype(int) - 1))
    with pytest.raises(DataError, match=r"'label' was not used as labels: its entries are '1' \(389\), '2' \(11\)"):
        load_folder(tmp_path).read("a.csv")
    with pytest.raises(DataError, match=r"the label is '-1'.*--label Label takes -1 and 1, too"):
        load_folder(tmp_path).read("b.csv")
    got = load_folder(tmp_path, "", FolderOptions(ReadOptions(label="Label"))).read("b.csv")
    assert got.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("header", ["0,1", "0,1,2", "0,1,Label", ",0,1"])
def test_numbers_of_columns_are_a_header(tmp_path: Path, header: str) -> None:
    width = header.count(",") + 1
    columns = [np.arange(N) if header[0] == "," else VALUES, *[VALUES * 2] * (width - 2), LABELS]
    (tmp_path / "a.csv").write_text(lines(header, *columns))
    got = load_folder(tmp_path, "", FolderOptions(ReadOptions(label=header.split(",")[-1]))).read("a.csv")
    assert len(got.values) == N
    assert got.labels.tolist() == LABELS.tolist()
    if header == "0,1":
        with pytest.raises(DataError, match="unused 1"):
            load_folder(tmp_path).read("a.csv")


def test_an_anomaly_in_the_first_row_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,1\n0.5,1\n" + lines("", VALUES, LABELS))
    assert load_folder(tmp_path).read("a.csv").values[:3].tolist() == [0, 0.5, VALUES[0]]
