"""Files of each kind that a folder may hold, with their usual variations."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import archive, lines

from benchmark.reading import FolderOptions, ReadOptions, load_folder
from datasets import DataError

N = 400
VALUES = np.round(np.sin(np.arange(N) / 7) * 3 + 20, 4)
LABELS = (np.abs(np.arange(N) - 305) < 6).astype(int)
FLOATS = [float(x) for x in LABELS]
MINUTES = pd.date_range("2023-05-01", periods=N, freq="min")
SECONDS = 1_600_000_000 + 60 * np.arange(N)
SCIENTIFIC = [f"{v:.7e}" for v in VALUES]
KPI = ("02e99bd4f6cfb33f", "046ec29ddf80d62e")


def zipped(*names: str) -> bytes:
    text = lines("timestamp,value,label", MINUTES, VALUES, LABELS)
    return archive(dict.fromkeys(names, text))


def two_kpis(labels: object = LABELS) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"timestamp": SECONDS, "value": VALUES + shift, "label": labels, "KPI ID": name})
        for name, shift in zip(KPI, (0, 500), strict=True)
    ]
    return pd.concat(parts)


def parquet(frame: pd.DataFrame) -> bytes:
    packed = io.BytesIO()
    frame.to_parquet(packed, index=False)
    return packed.getvalue()


@dataclass
class File:
    """A file, those beside it, and what is to be read of it."""

    name: str
    data: str | bytes
    beside: dict[str, str] = field(default_factory=dict)
    train: int = 0
    parts: tuple[str, ...] = ()
    options: FolderOptions | None = None
    values: np.ndarray = field(default_factory=lambda: VALUES)
    labels: np.ndarray = field(default_factory=lambda: LABELS)

    def write(self, folder: Path) -> None:
        for name, data in {self.name: self.data, **self.beside}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())


def ucr(name: str, data: str | bytes) -> File:
    return File(name, data, train=200)


def nab(name: str, key: str, place: str = "combined_windows.json", text: str = "") -> File:
    windows = {key: [["2023-05-01 05:00:00.000000", "2023-05-01 05:10:00.000000"]], "artificial/none.csv": []}
    return File(name, text or lines("timestamp,value", MINUTES, VALUES), {place: json.dumps(windows)})


def yahoo_benchmark_3(name: str, changes: object, labels: object = LABELS) -> File:
    head = "timestamps,value,anomaly,changepoint,trend,noise,seasonality1,seasonality2,seasonality3"
    noise = 0.3 * np.sin(VALUES * 99)
    rest = (np.arange(N) / 10, noise, VALUES, VALUES / 2, VALUES / 3)
    return File(name, lines(head, SECONDS, VALUES, labels, changes, *rest))


def kpis(name: str, data: str | bytes) -> File:
    return File(name, data, parts=KPI)


def skab(name: str, labels: object = LABELS, **written: str) -> File:
    head = (
        "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;"
        "Volume Flow RateRMS;anomaly;changepoint"
    )
    others = [VALUES / k for k in range(2, 9)]
    return File(name, lines(head, MINUTES, VALUES, *others, labels, np.zeros(N), sep=";", **written))


TIMEEVAL_INDEX = (
    "collection_name,dataset_name,train_path,test_path,dataset_type,datetime_index,split_at,train_type,length\n"
    "mine,w,w.train.csv,w.test.csv,synthetic,False,,semi-supervised,400\n"
)
GAPS = ["" if k == 50 else "nan" if k == 60 else v for k, v in enumerate(VALUES)]
KEPT = ~np.isin(np.arange(N), (50, 60))
SHIFTED = lines("timestamp,value-0,value-1,is_anomaly", range(N), VALUES + 1, VALUES, [0] * N)
FILES = {
    "UCR": [
        ucr("007 UCR Anomaly my heart 200 300 310.txt", "\n".join(SCIENTIFIC)),
        ucr("007_UCR_Anomaly_my heart_200_300_310.txt", "\r\n".join(SCIENTIFIC) + "\r\n"),
        ucr("007_UCR_Anomaly_mark_200_300_310.txt", "\ufeff" + "\n".join(map(str, VALUES))),
        ucr("007_UCR_Anomaly_packed_200_300_310.txt.gz", gzip.compress("\n".join(SCIENTIFIC).encode())),
        ucr("007_UCR_Anomaly_row_200_300_310.txt", "   " + "   ".join(SCIENTIFIC) + "\n"),
        ucr("007_UCR_Anomaly_ends_200_300_310.txt", "\n".join(f" {v} " for v in SCIENTIFIC) + "\n\n\n"),
        ucr("UCR_Anomaly_header_200_300_310.csv", lines("value", SCIENTIFIC)),
        ucr("heart_200_300_310.txt", "\n".join(SCIENTIFIC)),  # one column: the name is all that can say it
        File("UCR_Anomaly_own_200_300_310.out", lines("", VALUES, LABELS)),  # as in TSB-UAD: labels of its own
    ],
    "NAB": [
        nab("a.csv", "realX/a.csv"),
        nab("b.csv", "realX/b.csv", "labels/combined_windows.json"),
        nab("c.csv", "c.csv"),
        nab("d.csv", "realX\\d.csv", text=lines("timestamp,value", MINUTES, VALUES, end="\r\n")),
        File(
            "e.csv",
            lines("timestamp,value", MINUTES, VALUES),
            {"combined_labels.json": json.dumps({"realX/e.csv": [str(t) for t in MINUTES[300:311]]})},
        ),
        File("f.csv", lines("timestamp,value,label", MINUTES, VALUES, LABELS)),
        File("g.csv", lines("timestamp,anomaly_score,value,label", MINUTES, np.arange(N) / N, VALUES, LABELS)),
    ],
    "Yahoo": [
        File("real_1.csv", lines("timestamp,value,is_anomaly", range(1, N + 1), VALUES, LABELS)),
        File("synthetic_1.csv", lines("timestamp,value,is_anomaly", SECONDS, VALUES, LABELS)),
        File("real_2.csv", lines("timestamp,value,is_anomaly", range(1, N + 1), VALUES, LABELS == 1)),
        File("real_3.csv", lines("timestamp,value,is_anomaly", range(1, N + 1), VALUES, FLOATS, end="\r\n")),
        yahoo_benchmark_3("A3Benchmark-TS1.csv", [0] * N),
        yahoo_benchmark_3("A4Benchmark-TS1.csv", (np.arange(N) == 100).astype(int)),
    ],
    "AIOps": [
        kpis("train.csv", two_kpis().to_csv(index=False)),
        kpis("floats.csv", two_kpis(FLOATS).to_csv(index=False)),
        kpis("interleaved.csv", two_kpis().sort_values(["timestamp", "KPI ID"]).to_csv(index=False)),
        kpis("numbered.csv", two_kpis().reset_index(drop=True).to_csv()),
        kpis("identity first.csv", two_kpis()[["KPI ID", "timestamp", "value", "label"]].to_csv(index=False)),
        kpis("packed.csv.gz", gzip.compress(two_kpis().to_csv(index=False).encode())),
        kpis("kpi.parquet", parquet(two_kpis())),
    ],
    "TSB-AD": [
        File("001_My Source_id_1_Web_tr_100_1st_300.csv", lines("Data,Label", VALUES, LABELS)),
        File("002_X-Y_id_1_tr_100_1st_300.csv", lines("Data,Label", VALUES, FLOATS, end="\r\n")),
        File("003_Q_id_1_tr_100_1st_300.csv", "\ufeff" + lines("Data,Label", SCIENTIFIC, LABELS)),
        File("004_N_tr_1_1st_3.csv", lines("Data,Label", GAPS, LABELS), values=VALUES[KEPT], labels=LABELS[KEPT]),
        File("005_M_id_1_tr_100_1st_300.csv", lines("Data,Data2,Label", VALUES, VALUES * 2, LABELS)),
        File("006_I_tr_100_1st_300.csv", lines("Data,Label", np.arange(N) + 3, LABELS), values=np.arange(N) + 3.0),
        File("007_W_tr_100_1st_300.csv", lines("Data,Label", VALUES, LABELS == 1)),
        File("008_S_tr_100_1st_300.csv", lines("Label,Data", LABELS, VALUES)),
        File("009_B_tr_100_1st_300.csv", lines("Data,Label", LABELS[::-1], LABELS), values=LABELS[::-1]),
    ],
    "TimeEval": [
        File("t.csv", lines("timestamp,value-0,is_anomaly", MINUTES, VALUES, LABELS)),
        File("m.csv", lines("timestamp,value-0,value-1,is_anomaly", MINUTES, VALUES, VALUES * 3, LABELS)),
        File(
            "w.test.csv",
            lines("timestamp,value-0,value-1,is_anomaly", range(N), VALUES, VALUES * 2, LABELS),
            {"w.train.csv": SHIFTED, "datasets.csv": TIMEEVAL_INDEX},
        ),
        File(
            "second.csv",
            lines("timestamp,value-0,value-1,is_anomaly", MINUTES, VALUES, VALUES * 3, LABELS),
            options=FolderOptions(ReadOptions(value="value-1")),
            values=VALUES * 3,
        ),
    ],
    "SKAB": [
        skab("0.csv"),
        skab("1.csv", FLOATS),
        skab("2.csv", end="\r\n"),
        File("3.csv", "\ufeff" + str(skab("3.csv").data)),
        File("4.csv", str(skab("4.csv").data).replace(".", ",")),
        File("6.csv", lines("datetime,Current,changepoint,anomaly", MINUTES, VALUES, np.arange(N) == 9, LABELS)),
        File("5.csv", skab("").data, options=FolderOptions(ReadOptions(value="Pressure")), values=VALUES / 4),
    ],
    "any": [
        File(
            "named.csv",
            lines("t,temp,bad", MINUTES, VALUES, ["yes" if x else "no" for x in LABELS]),
            options=FolderOptions(ReadOptions(value="temp", time="t", label="bad"), train=100),
            train=100,
        ),
        File("packed.zip", zipped("inside.csv")),
        File("words.csv", lines("when,v,label", MINUTES, VALUES, ["anomaly" if x else "normal" for x in LABELS])),
        File("true.csv", lines("when,v,outlier", MINUTES, VALUES, LABELS == 1)),
        File("signs.csv", lines("when,v,label", MINUTES, VALUES, 1 - 2 * LABELS)),
        File("tabs.tsv", lines("value\tlabel", VALUES, LABELS, sep="\t")),
    ],
}
EACH = [(kind, file) for kind, files in FILES.items() for file in files]


@pytest.mark.parametrize(("kind", "file"), EACH, ids=[f"{kind}-{file.name}" for kind, file in EACH])
def test_it_is_read_to_the_value(kind: str, file: File, tmp_path: Path) -> None:
    file.write(tmp_path)
    said: list[str] = []
    folder = load_folder(tmp_path, "", file.options, said.append)
    assert folder.series_names() == (tuple(f"{file.name}:{part}" for part in file.parts) or (file.name,))
    read = folder.read(folder.series_names()[0])
    if (tmp_path / file.name.replace(".test.", ".train.")) != tmp_path / file.name:
        assert read.train is not None
        assert read.train.tolist() == (VALUES + 1).tolist()
        train = np.zeros(0)
    else:
        train = np.zeros(0) if read.train is None else read.train
        assert len(train) == file.train
    assert np.concatenate([train, read.values]) == pytest.approx(file.values, rel=1e-7)
    assert read.labels.tolist() == file.labels[file.train :].tolist()
    if file.parts:
        assert folder.read(folder.series_names()[1]).values == pytest.approx(VALUES + 500)


def test_each_kind_has_four_variations() -> None:
    assert min(map(len, FILES.values())) >= 4


REFUSED: dict[str, tuple[Callable[[], File], str]] = {
    "UCR beyond its rows": (
        lambda: File("1_UCR_Anomaly_200_300_31000.txt", "\n".join(SCIENTIFIC)),
        "has 400 rows, its name an anomaly from 300 to 31,000",
    ),
    "UCR with blank lines": (lambda: ucr("1_UCR_Anomaly_200_300_310.txt", "\n\n".join(SCIENTIFIC)), "counts rows, so"),
    "Yahoo's change points alone": (lambda: yahoo_benchmark_3("A4Benchmark-TS2.csv", LABELS, [0] * N), "no anomaly"),
    "a date is no UCR name": (
        lambda: File("pump_2023_05_01.txt", "\n".join(SCIENTIFIC)),
        "has no labels.*--label.*--labels",
    ),
    "NAB's windows broken": (
        lambda: File("g.csv", lines("timestamp,value", MINUTES, VALUES), {"combined_windows.json": "{"}),
        "is not readable JSON",
    ),
    "NAB's windows of others": (lambda: nab("h.csv", "realX/other.csv"), "has no windows of h.csv"),
    "AIOps' HDF5": (
        lambda: File("truth.hdf", b"\x89HDF\r\n\x1a\n" + bytes(90)),
        r"is HDF5: write it as CSV or Parquet.*read_hdf",
    ),
    "SKAB without labels": (
        lambda: File("anomaly-free.csv", lines("datetime;Current", MINUTES, VALUES, sep=";")),
        "has no labels.*--label",
    ),
    "TimeEval's training part with anomalies": (
        lambda: File(
            "x.test.csv",
            lines("timestamp,value,is_anomaly", MINUTES, VALUES, LABELS),
            {"x.train.csv": lines("timestamp,value,is_anomaly", MINUTES, VALUES, LABELS)},
        ),
        r"x.train.csv, row 301: a training file must not have anomalies",
    ),
    "several files in an archive": (lambda: File("c.zip", zipped("a.csv", "b.csv")), "archive of 2 files.*unpack it"),
    "a broken archive": (
        lambda: File("d.zip", zipped("a.csv")[:60]),
        "cannot be unpacked: .*copy or download it again",
    ),
    "labels that are scores": (
        lambda: File("k.csv", lines("value,label", VALUES, np.where(LABELS == 1, 0.7, 0.2))),
        "has no labels",
    ),
    "no anomaly": (lambda: File("l.csv", lines("value,label", VALUES, [0] * N)), "has no anomaly"),
    "a header alone": (lambda: File("m.csv", "value,label\n"), "has no rows below its header"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_refused_with_the_cure(case: str, tmp_path: Path) -> None:
    made, message = REFUSED[case]
    file = made()
    file.write(tmp_path)
    with pytest.raises(DataError, match=message):
        load_folder(tmp_path).read(file.name)


def test_the_index_of_timeeval_is_said_to_be_none(tmp_path: Path) -> None:
    FILES["TimeEval"][2].write(tmp_path)
    said: list[str] = []
    assert load_folder(tmp_path, "", None, said.append).series_names() == ("w.test.csv",)
    assert "datasets.csv is TimeEval's index" in said[0]


def test_a_folder_of_folders_names_them(tmp_path: Path) -> None:
    for part in ("realTweets", "realTraffic"):
        nab("a.csv", "a.csv").write(tmp_path / part)
    with pytest.raises(DataError, match=r"its subfolders do: give one of them.*realTraffic, realTweets"):
        load_folder(tmp_path)
