"""Converters of the original publishers' files, on small valid and broken inputs."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest

import datasets
from datasets import DataError

DODGERS = "101-freeway-traffic.test.out"
EVENT = "04/10/05,{},{},55892,San Francisco,W 9-8\xa0"
GENESIS = "genesis-anomalies.test.csv@{}.out"


def npy(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_dodgers_labels_games_with_both_ends_and_missing_counts() -> None:
    times = [f"4/10/2005 {hour}:{minute:02}" for hour in (0, 1) for minute in range(0, 60, 5)]
    counts = [-1.0, *range(10, 33)]
    data = "\n".join(f"{time},{count:g}" for time, count in zip(times, counts, strict=True))  # no final newline
    events = "\n".join(EVENT.format(*game) for game in (("00:10:00", "00:20:00"), ("01:31:00", "01:44:59")))
    files = {"Dodgers.data": data.encode("latin-1"), "Dodgers.events": events.encode("latin-1")}
    values, labels, train = datasets.get("Dodgers").convert(DODGERS, files)
    assert values.tolist() == counts
    assert np.flatnonzero(labels).tolist() == [0, 2, 3, 4, 19, 20]
    assert train is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Dodgers.data", b"4/10/2005 0:00,1\n13/40/2005 0:05,2", r"Dodgers\.data, row 2"),
        ("Dodgers.data", b"4/10/2005 0:00", r"Dodgers\.data, row 1"),
        ("Dodgers.events", b"04/12/05,13:10", r"Dodgers\.events, row 1"),
        ("Dodgers.events", b"<html>", r"Dodgers\.events, row 1"),
    ],
)
def test_broken_dodgers_files(name: str, text: bytes, expected: str) -> None:
    files = {"Dodgers.data": b"4/10/2005 0:00,1", "Dodgers.events": b""} | {name: text}
    with pytest.raises(DataError, match=expected):
        datasets.get("Dodgers").convert(DODGERS, files)


def test_mgab_labels_twenty_points_around_the_middle_of_a_window() -> None:
    """Row 32718 is the middle of the first window of MGAB/1, rows 32518 to 32918; TSB-UAD labels 32708 to 32727."""
    flags = np.zeros(2000, dtype=int)
    flags[518:919] = 1
    flags[1200:1601] = 1
    values = np.random.default_rng(0).random(2000)
    rows = [f"{k},{value!r},{flag},0" for k, (value, flag) in enumerate(zip(values.tolist(), flags, strict=True))]
    text = "\n".join([",value,is_anomaly,is_ignored", *rows, ""]).encode()
    got, labels, _ = datasets.get("MGAB").convert("3.test.out", {"3.csv": text})
    assert got.tobytes() == values.tobytes()
    assert np.flatnonzero(labels).tolist() == [*range(708, 728), *range(1390, 1410)]


@pytest.mark.parametrize(
    "text", [b"", b"a,b\n", b",value,is_anomaly,is_ignored\n0,1.0\n", b",value,is_anomaly,is_ignored\n0,x,0,0\n"]
)
def test_broken_mgab_files(text: bytes) -> None:
    with pytest.raises(DataError, match=r"3\.csv"):
        datasets.get("MGAB").convert("3.test.out", {"3.csv": text})


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_genesis_takes_feature_k_after_time_and_label(pack) -> None:
    header = "Timestamp,Label," + ",".join(f"f{k}" for k in range(1, 19))
    rows = [
        ",".join(["1461148512.9", label, *(str(100 * row + k) for k in range(1, 19))])
        for row, label in enumerate("0120")
    ]
    files = {"Genesis_AnomalyLabels.csv": pack("\n".join([header, *rows]).encode())}
    for k in (1, 13, 17):
        values, labels, _ = datasets.get("Genesis").convert(GENESIS.format(k), files)
        assert values.tolist() == [k, 100 + k, 200 + k, 300 + k]
        assert labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    "data", [b"", b"Time,x\n", b"Timestamp,Label,f1\n1,0\n", b"\x1f\x8bbroken", gzip.compress(b"x" * 99, mtime=0)[:-9]]
)
def test_broken_genesis_files(data: bytes) -> None:
    with pytest.raises(DataError, match="Genesis_AnomalyLabels"):
        datasets.get("Genesis").convert(GENESIS.format(1), {"Genesis_AnomalyLabels.csv": data})


LABELS = b"""chan_id,spacecraft,anomaly_sequences,class,num_values
C-1,SMAP,"[[0, 1]]",[point],50
C-1,MSL,"[[5, 7], [20, 20]]","[point, contextual]",50
T-9,MSL,"[[5, oops]]",[point],50
"""


def test_telemanom_takes_column_0_and_ranges_with_both_ends() -> None:
    test, train = (np.random.default_rng(k).random((50, 55)) for k in (0, 1))
    files = {"test/C-1.npy": npy(test), "train/C-1.npy": npy(train), "labeled_anomalies.csv": LABELS}
    values, labels, got_train = datasets.get("NASA-MSL").convert("C-1.test.out", files)
    assert values.tolist() == test[:, 0].tolist()
    assert got_train is not None
    assert got_train.tolist() == train[:, 0].tolist()
    assert np.flatnonzero(labels).tolist() == [5, 6, 7, 20]


@pytest.mark.parametrize(
    ("series", "array", "expected"),
    [
        ("C-1.test.out", npy(np.zeros(50)), "not a telemanom array"),
        ("C-1.test.out", npy(np.array([[object()]]), allow_pickle=True), "not a telemanom array"),
        ("C-1.test.out", npy(np.zeros((50, 2)))[:-1], "not a telemanom array"),
        ("C-1.test.out", npy(np.zeros((50, 2))).replace(b"(50, 2)", b"(9**9,)"), "not a telemanom array"),
        (
            "C-1.test.out",
            npy(np.zeros((50, 2))).replace(b"(50, 2), }", b"(9999999999999, 9), }"),
            "not a telemanom array",
        ),
        ("C-1.test.out", b"<html>", "not a telemanom array"),
        ("T-9.test.out", npy(np.zeros((50, 2))), "ranges of T-9"),
        ("D-14.test.out", npy(np.zeros((50, 2))), "no channel D-14"),
    ],
)
def test_broken_telemanom_files(series: str, array: bytes, expected: str) -> None:
    channel = series.split(".")[0]
    files = {
        f"test/{channel}.npy": array,
        f"train/{channel}.npy": npy(np.zeros((9, 2))),
        "labeled_anomalies.csv": LABELS,
    }
    with pytest.raises(DataError, match=expected):
        datasets.get("NASA-MSL").convert(series, files)
