"""The reader of ``value,label`` files: exact values, and errors that name the row."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DataError, Facts, load_folder
from datasets.core.tsb_uad import (
    check_facts,
    check_fingerprint,
    check_labels,
    check_train,
    fingerprint,
    read_bytes,
    read_file,
    read_stream,
    write_file,
)

BROKEN = {
    "nan": (b"1,0\nnan,0\n3,1\n", "row 2: the value is nan"),
    "infinity": (b"1,0\n2,0\n-inf,1\n", "row 3: the value is -inf"),
    "label 2": (b"1,0\n2,2\n", "row 2: the label is '2', expected 0"),
    "label half": (b"1,0.5\n", "row 1: the label is '0.5'"),
    "label text": (b"1,0\n2,yes\n", "row 2: the label is 'yes'"),
    "label nan": (b"1,nan\n", "row 1: the label is 'nan'"),
    "label absent": (b"1,0\n2,\n", "row 2: the label is ''"),
    "one column": (b"1,0\n2\n", "row 2: has 1 columns, expected 2"),
    "three columns": (b"1,0\n2,0,0\n", "row 2: has 3 columns, expected 2"),
    "columns that even out": (b"1,0,1\n0\n", "row 1: has 3 columns"),
    "cut in a line": (b"1,0\n2,0\n3.", "row 3: has 1 columns"),
    "empty line": (b"1,0\n\n2,1\n", "row 2: is empty"),
    "header": (b"value,label\n1,0\n", "row 1: the value 'value' is not a number"),
    "underscore": (b"1_000,0\n", "row 1: the value '1_000' is not a number"),
    "comma as point": (b"1,0\n1,5,0\n", "row 2: has 3 columns"),
    "not utf-8": (b"1,0\n\xff\xfe,0\n", "row 2: is not UTF-8"),
    "utf-16": ("1,0\n".encode("utf-16"), "row 1: is not UTF-8"),
    "binary": (b"PK\x03\x04\x00\x00,\x00\n", "row 1: the value"),
    "html": (b"<!doctype html><html>\n", "row 1: has 1 columns"),
    "spreadsheet formula": (b"=1+1,0\n", "row 1: the value '=1+1'"),
    "control characters": (b"\x1b[31m,0\n", r"row 1: the value '\x1b[31m'"),
    "empty": (b"", "is empty"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_file_row_and_cure(case: str, tmp_path: Path) -> None:
    data, expected = BROKEN[case]
    path = tmp_path / "s.out"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert expected in message
    assert message.isprintable()


def test_the_row_is_right_beyond_the_first_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.core.tsb_uad.BLOCK_BYTES", 64)
    rows = [b"1,0\n"] * 1000
    rows[777] = b"1,7\n"
    with pytest.raises(DataError, match="row 778: the label is '7'"):
        read_bytes(b"".join(rows), "x")


def test_a_long_line_is_not_repeated_in_the_message() -> None:
    with pytest.raises(DataError) as caught:
        read_bytes(b"9" * 100_000 + b"x,0\n", "x")
    assert len(str(caught.value)) < 300


def test_missing_and_huge_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"absent\.out cannot be read .*No such file"):
        read_file(tmp_path / "absent.out")
    with pytest.raises(DataError, match="cannot be read"):
        read_file(tmp_path)
    (tmp_path / "big.out").write_bytes(b"1,0\n" * 100)
    monkeypatch.setattr("datasets.core.tsb_uad.MAX_BYTES", 399)
    with pytest.raises(DataError, match="400 bytes, more than 399: split"):
        read_file(tmp_path / "big.out")


@pytest.mark.parametrize(
    "text", ["1.5,0\n-2,1\n", "1.5,0\r\n-2,1\r\n", "1.5, 0\n -2,1", "\ufeff1.5,0\n-2,1\n", "15e-1,0.0\n-2.0,1.0\n"]
)
def test_spellings_that_mean_the_same(text: str) -> None:
    values, labels = read_bytes(text.encode(), "x")
    assert values.tolist() == [1.5, -2.0]
    assert labels.tolist() == [0, 1]
    assert (values.dtype, labels.dtype) == (np.float64, np.uint8)


def test_a_header_is_skipped_where_it_is_allowed() -> None:
    values, _ = read_stream(BytesIO(b"value,label\n1,0\n"), "x", header=True)
    assert values.tolist() == [1.0]
    with pytest.raises(DataError, match="row 3: the label"):
        read_stream(BytesIO(b"value,label\n1,0\n2,3\n"), "x", header=True)


@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 1)), min_size=1))
def test_written_and_read_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, int]]
) -> None:
    path = tmp_path_factory.mktemp("round") / "s.out"
    values, labels = (np.array(column) for column in zip(*rows, strict=True))
    write_file(path, values, labels)
    got_values, got_labels = read_file(path)
    assert got_values.tobytes() == values.astype("<f8").tobytes()  # -0.0 too
    assert got_labels.tolist() == labels.tolist()
    assert [child.name for child in path.parent.iterdir()] == ["s.out"]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_as_the_obvious_reader_would(data: bytes) -> None:
    try:
        values, labels = read_bytes(data, "x")
    except DataError as error:
        assert str(error).startswith("x")  # noqa: PT017 - refusing is one of two right answers
        return
    rows = [line.split(",") for line in data.decode("utf-8-sig").strip("\n").split("\n")]
    assert values.tolist() == [float(value) for value, _ in rows]
    assert labels.tolist() == [float(label) for _, label in rows]


def test_one_class_of_labels_and_labelled_training_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no anomaly"):
        check_labels(np.zeros(5, dtype=np.uint8), "x")
    with pytest.raises(DataError, match="no normal point"):
        check_labels(np.ones(5, dtype=np.uint8), "x")
    with pytest.raises(DataError, match="row 3: a training file must not have anomalies"):
        check_train(np.array([0, 0, 1], dtype=np.uint8), "x")


def test_a_folder_takes_every_file_and_no_labelled_training_rows(tmp_path: Path) -> None:
    (tmp_path / "a.CSV").write_text("1,0\n2,1\n")
    (tmp_path / "b.test.out").write_text("1,0\n2,1\n")
    (tmp_path / "b.train.out").write_text("1,0\n2,1\n")
    folder = load_folder(tmp_path)
    assert folder.series_names() == ("a.CSV", "b.test.out")
    with pytest.raises(DataError, match=r"b\.train\.out, row 2: a training file must not have anomalies"):
        folder.read("b.test.out")


def test_a_file_cut_between_two_lines_is_noticed() -> None:
    arrays = (np.zeros(90), (np.arange(90) < 9).astype(np.uint8), None)
    with pytest.raises(DataError, match="x has 90 rows, expected 100: the file was cut"):
        check_facts(arrays, Facts("s", 100), "x")
    with pytest.raises(DataError, match="x has 90 rows, expected 80: it is another file"):
        check_facts(arrays, Facts("s", 80), "x")
    with pytest.raises(DataError, match="0 training rows, expected 7"):
        check_facts(arrays, Facts("s", 90, 9, 1, 7), "x")
    for other in (8, 10):
        with pytest.raises(DataError, match=f"9 anomalous rows, expected {other}"):
            check_facts(arrays, Facts("s", 90, other), "x")


def test_fingerprints_tell_the_same_a_reprint_and_another_content(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values, train = rng.standard_normal(1000), rng.standard_normal(50)
    labels = (np.arange(1000) == 7).astype(np.uint8)
    known = {"D": {"s": fingerprint((values, labels, train))}}
    monkeypatch.setattr("datasets.core.tsb_uad.fingerprints", lambda: known)
    assert check_fingerprint("D", "s", (values, labels, train), "x") == "exact"
    assert check_fingerprint("D", "s", (values + 1e-15, labels, train), "x") == "6 decimals"
    assert check_fingerprint("D", "t", (values, labels, train), "x") == "unknown"
    for wrong in ((values + 1e-4, labels, train), (values, np.roll(labels, 1), train)):
        with pytest.raises(DataError, match="hash of its values or labels is wrong"):
            check_fingerprint("D", "s", wrong, "x")
    for wrong_train in (train + 1, None):
        with pytest.raises(DataError, match="hash of its training values is wrong"):
            check_fingerprint("D", "s", (values, labels, wrong_train), "x")
