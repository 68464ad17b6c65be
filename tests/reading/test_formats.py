"""Files of other programs: InfluxDB, Prometheus, Grafana, CloudWatch, pandas, Parquet, Excel."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from written import Read

from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_recording

N = 120
SECONDS = 1_650_000_000 + 60 * np.arange(N)
VALUES = [round(float(v), 3) for v in np.sin(np.arange(N) / 5) * 4 + 40]
OTHER = [round(v + 7, 3) for v in VALUES]
STAMPS = [str(np.datetime64(int(s), "s")) + "Z" for s in SECONDS]


def influx(tables: dict[str, list[float]], annotated: bool = True) -> str:
    head = "#group,false,false,true,true,false,false,true,true\n" + (
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string\n"
        "#default,_result,,,,,,,\n"
    )
    columns = ",result,table,_start,_stop,_time,_value,_field,host\n"
    blocks = []
    for number, (host, values) in enumerate(tables.items()):
        rows = [
            f",,{number},2022-04-15T00:00:00Z,2022-04-16T00:00:00Z,{t},{v},load,{host}"
            for t, v in zip(STAMPS, values, strict=True)
        ]
        blocks.append((head if annotated else "") + columns + "\r\n".join(rows) + "\r\n")
    return "\r\n".join(blocks)


@pytest.mark.parametrize("annotated", [True, False])
def test_influx(read: Read, annotated: bool) -> None:
    got = read(influx({"web-1": VALUES}, annotated))
    assert (got.column, got.values.tolist(), got.show_time(0)) == ("_value", VALUES, "2022-04-15 05:20:00Z")
    assert not any("Dropped" in note for note in got.notes)


def test_influx_with_two_tables(read: Read) -> None:
    text = influx({"web-1": VALUES, "web-2": OTHER})
    with pytest.raises(UserError, match=r"web-1 \(120 rows\), web-2 \(120 rows\)"):
        read(text)
    assert read(text, series="web-2").values.tolist() == OTHER


def prometheus(count: int) -> Any:
    points = [[[int(s), str(v)] for s, v in zip(SECONDS, vs, strict=True)] for vs in (VALUES, OTHER)]
    result = [
        {"metric": {"__name__": "load", "job": "x", "instance": f"h{k}"}, "values": points[k]} for k in range(count)
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


JSONS: dict[str, Any] = {
    "prometheus": prometheus(1),
    "grafana points": [
        {"target": "load", "datapoints": [[v, int(s) * 1000] for s, v in zip(SECONDS, VALUES, strict=True)]}
    ],
    "grafana frames": {
        "results": {
            "A": {
                "frames": [
                    {
                        "schema": {"fields": [{"name": "Time", "type": "time"}, {"name": "load", "type": "number"}]},
                        "data": {"values": [(SECONDS * 1000).tolist(), VALUES]},
                    }
                ]
            }
        }
    },
    "grafana panel": [
        {
            "fields": [
                {"name": "Time", "type": "time", "values": (SECONDS * 1000).tolist()},
                {"name": "load", "type": "number", "values": VALUES},
            ]
        }
    ],
    "cloudwatch": {"MetricDataResults": [{"Id": "m", "Label": "load", "Timestamps": STAMPS, "Values": VALUES}]},
    "influx 1": {
        "results": [
            {
                "series": [
                    {
                        "name": "load",
                        "columns": ["time", "value"],
                        "values": [[*p] for p in zip(STAMPS, VALUES, strict=True)],
                    }
                ]
            }
        ]
    },
    "rows": [{"at": t, "load": v, "tags": {"a": 1}} for t, v in zip(STAMPS, VALUES, strict=True)],
    "rows below": {"meta": {"n": N}, "data": [{"at": t, "load": v} for t, v in zip(STAMPS, VALUES, strict=True)]},
    "pairs": [[int(s) * 1000, v] for s, v in zip(SECONDS, VALUES, strict=True)],
    "columns": {"time": STAMPS, "load": VALUES},
    "split": {"index": STAMPS, "columns": ["load"], "data": [[v] for v in VALUES]},
    "by column": {"load": dict(zip(STAMPS, VALUES, strict=True))},
    "by time": dict(zip(STAMPS, VALUES, strict=True)),
}


@pytest.mark.parametrize("kind", JSONS)
def test_json(read: Read, kind: str) -> None:
    got = read(json.dumps(JSONS[kind]), name="mine.json")
    assert got.values.tolist() == VALUES
    assert got.show_time(0) == "2022-04-15 05:20:00Z"


def test_json_lines(read: Read) -> None:
    text = "\n".join(json.dumps({"at": t, "load": v}) for t, v in zip(STAMPS, VALUES, strict=True))
    assert read(text, name="mine.jsonl").values.tolist() == VALUES


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.json"])
def test_json_lines_without_times_keep_their_order(read: Read, name: str) -> None:
    assert read("\n".join(json.dumps({"load": v}) for v in VALUES), name=name).values.tolist() == VALUES


def test_json_of_two_series(read: Read) -> None:
    text = json.dumps(prometheus(2))
    with pytest.raises(UserError, match=r'load\{instance="h0"\}'):
        read(text, name="mine.json")
    assert read(text, name="mine.json", series='load{instance="h1"}').values.tolist() == OTHER


@pytest.mark.parametrize("text", ['{"a": 1}', '{"a": ', "[]"])
def test_json_without_a_series(read: Read, text: str) -> None:
    with pytest.raises(UserError, match=r"JSON|no rows|numeric"):
        read(text, name="mine.json")


def test_gzip(read: Read) -> None:
    text = "\n".join(["t,v", *[f"{t},{v}" for t, v in zip(STAMPS, VALUES, strict=True)]])
    assert read(gzip.compress(text.encode()), name="mine.csv.gz").values.tolist() == VALUES


def test_parquet_with_times_in_its_index(tmp_path: Path) -> None:
    index = pd.date_range("2023-01-01", periods=N, freq="h", tz="Europe/Berlin", name="when")
    for named in (True, False):
        frame = pd.DataFrame({"x": VALUES}, index=index if named else index.rename(None))
        frame.to_parquet(tmp_path / "mine.parquet")
        got = read_recording(tmp_path / "mine.parquet")
        assert got.values.tolist() == VALUES
        assert got.show_time(0) == "2023-01-01 00:00:00+01:00"


def test_parquet_with_types(tmp_path: Path) -> None:
    pd.DataFrame(
        {"id": range(N), "at": SECONDS, "v": np.array(VALUES, dtype=np.float32), "anomaly": [k == 5 for k in range(N)]}
    ).to_parquet(tmp_path / "mine.parquet")
    got = read_recording(tmp_path / "mine.parquet")
    assert got.column == "v"
    assert got.show_time(0) == "2022-04-15 05:20:00Z"
    assert got.labels is not None
    assert np.flatnonzero(got.labels).tolist() == [5]


def test_excel(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    times = pd.date_range("2023-01-01", periods=N, freq="h")
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        pd.DataFrame({"a": []}).to_excel(book, sheet_name="empty", index=False)
        pd.DataFrame({"when": times, "load": VALUES}).to_excel(book, sheet_name="data", index=False, startrow=2)
    got = read_recording(path)
    assert got.values.tolist() == VALUES
    assert got.show_time(1) == "2023-01-01 01:00:00"
    assert any("'data'" in note for note in got.notes)


def test_excel_with_a_title_units_and_midnights(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["note", "of the plant"])
    sheet = book.create_sheet("data")
    for row in (["site", "north", "south"], ["when", "load", "flow"], ["[h]", "bar", "[m3/h]"]):
        sheet.append(row)
    for time, value in zip(pd.date_range("2023-01-01", periods=N, freq="12h"), VALUES, strict=True):
        sheet.append([time.to_pydatetime(), value, 2 * value])
    book.save(tmp_path / "mine.xlsx")
    got = read_recording(tmp_path / "mine.xlsx", ReadOptions(value="load"))
    assert (got.values.tolist(), got.show_time(1)) == (VALUES, "2023-01-01 12:00:00")


def test_excel_without_a_header_whose_rows_are_of_unequal_width(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook(write_only=True)  # as programs write that know no width before the end
    sheet = book.create_sheet("data")
    for k, value in enumerate(VALUES):
        sheet.append([k * 0.5, value, *["seen"] * (k % 7 == 6)])
    book.save(tmp_path / "mine.xlsx")
    got = read_recording(tmp_path / "mine.xlsx", ReadOptions(value="column 2", time="none"))
    assert got.values.tolist() == VALUES
    assert "The file has no header; its columns are called column 1, column 2, column 3." in got.notes


def test_excel_without_openpyxl_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    (tmp_path / "mine.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    with pytest.raises(UserError, match="excel"):
        read_recording(tmp_path / "mine.xlsx")


def test_old_excel_and_broken_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 20)
    (tmp_path / "b.parquet").write_bytes(b"PAR1" + b"\0" * 20)
    (tmp_path / "c.parquet").write_text("a,b\n1,2\n")
    for name, message in (("a.xls", "save it as"), ("b.parquet", "Parquet"), ("c.parquet", "PAR1")):
        with pytest.raises(UserError, match=message):
            read_recording(tmp_path / name)


def events(tmp_path: Path, name: str, text: str, **options: Any) -> list[int]:
    (tmp_path / name).write_text(text)
    buffer = io.StringIO()
    pd.DataFrame({"t": STAMPS, "v": VALUES}).to_csv(buffer, index=False)
    (tmp_path / "mine.csv").write_text(buffer.getvalue())
    got = read_recording(tmp_path / "mine.csv", ReadOptions(labels=tmp_path / name, **options))
    assert got.labels is not None
    return np.flatnonzero(got.labels).tolist()


def test_a_second_file_of_labels_row_by_row(tmp_path: Path) -> None:
    flags = [int(10 <= k < 16) for k in range(N)]
    for text in ("\n".join(map(str, flags)), "label\n" + "\n".join("yes" if f else "no" for f in flags)):
        assert events(tmp_path, "e.txt", text) == [*range(10, 16)], "0 and 1 are no numbers of rows"
    assert events(tmp_path, "e.txt", "row\n0\n5\n7\n") == [0, 5, 7]
    with pytest.raises(UserError, match=f"has {N - 1} labels, .* {N} rows"):
        events(tmp_path, "e.txt", "\n".join(map(str, flags[1:])))


@pytest.mark.parametrize(("column", "mine"), [("file", "mine.csv"), ("signal", "mine"), ("where", "a/mine.csv")])
def test_events_of_other_files_are_left_out(tmp_path: Path, column: str, mine: str) -> None:
    rows = f"{column},start,end\nother.csv,{STAMPS[0]},{STAMPS[9]}\n{mine},{STAMPS[10]},{STAMPS[15]}\n"
    assert events(tmp_path, "e.csv", rows) == [*range(10, 16)]


def test_events_of_other_files_alone_are_refused(tmp_path: Path) -> None:
    rows = f"file,start,end\na.csv,{STAMPS[0]},{STAMPS[9]}\nb.csv,{STAMPS[10]},{STAMPS[15]}\n"
    with pytest.raises(UserError, match=r"no cell of 'file' names mine.csv, e.g. 'a.csv'"):
        events(tmp_path, "e.csv", rows)


@pytest.mark.parametrize("text", ["start,end\n2022-04-15,2022-04-15\n", "date\n2022-04-15\n"])
def test_a_day_of_events_is_the_whole_day(tmp_path: Path, text: str) -> None:
    assert events(tmp_path, "e.csv", text) == [k for k in range(N) if STAMPS[k].startswith("2022-04-15")]


def test_labels_of_a_second_file(tmp_path: Path) -> None:
    expected = [*range(10, 16), *range(50, 53)]
    pairs = [[STAMPS[10], STAMPS[15]], [STAMPS[50], STAMPS[52]]]
    rows = "\n".join(",".join(p) for p in pairs)
    assert events(tmp_path, "e.csv", f"start,end\n{rows}\n") == expected
    assert events(tmp_path, "e.csv", f"id,begin,stop\n1,{','.join(pairs[0])}\n2,{','.join(pairs[1])}\n") == expected
    assert events(tmp_path, "e.csv", "10,15\n50,52\n") == expected
    table = "\n".join(f"{t},{int(k in expected)}" for k, t in enumerate(STAMPS))
    assert events(tmp_path, "e.csv", f"timestamp,label\n{table}\n") == expected
    windows = [[t.replace("T", " ").replace("Z", ".000000") for t in p] for p in pairs]
    nab = {"realOther/mine.csv": windows, "realOther/yours.csv": []}
    assert events(tmp_path, "windows.json", json.dumps(nab)) == expected
    assert events(tmp_path, "points.json", json.dumps({"x/mine.csv": [windows[0][0]]})) == [10]
    two = {"x/mine.csv": windows[:1], f"{tmp_path.name}/mine.csv": windows[1:]}
    assert events(tmp_path, "two.json", json.dumps(two)) == expected[6:], "the key that has the folder, too"


def test_labels_outside_or_of_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none of the 1 event"):
        events(tmp_path, "e.csv", "start,end\n1999-01-01T00:00:00Z,1999-01-02T00:00:00Z\n")
    with pytest.raises(UserError, match=r"has no windows of mine\.csv"):
        events(tmp_path, "w.json", json.dumps({"x/yours.csv": []}))
    with pytest.raises(UserError, match=r"has no windows for mine\.csv"):
        events(tmp_path, "w.json", json.dumps({"x/mine.csv": []}))
