"""Files that a short command makes readable: the command of the message is run, and its result read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading import read_recording

N = 48
TIMES = pd.date_range("2024-03-04 05:00", periods=N, freq="5min")
DAYS = [str(t.date()) for t in pd.date_range("2024-01-05", periods=N)]
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 2)
ELEMENTS = ("TMAX", "TMIN")
PAIRS = [*zip(TIMES, VALUES, strict=True)]


def _rows(form: str) -> str:
    return "\n".join(form.format(t=t, v=v, s=int(t.timestamp()), k=k) for k, (t, v) in enumerate(PAIRS)) + "\n"


UTC = [f"{t}Z" for t in TIMES]
GHCN = [np.round(200 + 50 * np.sin(np.arange(31) / 3 + month)).astype(int) for month in range(2)]


def _station() -> str:
    """January and March of a station, a line for each month and element."""
    cells = ["".join(f"{v:5d}  W" for v in values) for values in GHCN]
    return "".join(f"USW000947282024{m:02d}{e}{row}\n" for m, row in zip((1, 3), cells, strict=True) for e in ELEMENTS)


FILES: dict[str, tuple[str, list[float], list[str]]] = {
    "nagios.log": (
        _rows("[{s}]\tweb1\tLoad\tOK\t0.01\tOK - load\tload1={v};5.000;10.000;0; load5=0.3;4;6;0;"),
        [*VALUES],
        UTC,
    ),
    "spool.log": (_rows("TIMET::{s}\tHOSTNAME::web1\tSERVICEPERFDATA::load1={v};5;10;0"), [*VALUES], UTC),
    "ping.txt": (
        "PING 8.8.8.8 (8.8.8.8) 56(84) bytes of data.\n"
        + _rows("[{s}.000000] 64 bytes from 8.8.8.8: icmp_seq={k} ttl=117 time={v} ms"),
        [*VALUES],
        UTC,
    ),
    "prometheus.txt": (_rows('{{__name__="load", instance="web1:9100"}} {v} {s}000'), [*VALUES], UTC),
    "mpstat.txt": (
        "Linux 5.15.0-91 (web1)\t03/04/2024\t_x86_64_\n\n05:00:01 AM CPU %usr %idle\n"
        + _rows("{t:%I:%M:%S %p} all {v} 40.1"),
        [*VALUES],
        [f"1970-01-01 {t:%H:%M:%S}" for t in TIMES],
    ),
    "aemo.csv": (
        "C,NEMP.WORLD,X,AEMO\nI,DISPATCH,PRICE,4,SETTLEMENTDATE,RRP\n"
        + _rows('D,DISPATCH,PRICE,4,"{t:%Y/%m/%d %H:%M:%S}",{v}')
        + "C,END,9\n",
        [*VALUES],
        [str(t) for t in TIMES],
    ),
    "ghcn.dly": (
        _station(),
        [*map(float, np.concatenate(GHCN))],
        [f"2024-{m:02d}-{d:02d}" for m in (1, 3) for d in range(1, 32)],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_command_of_the_message_gives_a_readable_file(name: str, tmp_path: Path) -> None:
    text, values, times = FILES[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as refused:
        read_recording(tmp_path / name)
    command = re.search(r"(sed|grep|awk) .* > (\S+)$", str(refused.value))
    assert command is not None
    subprocess.run(["sh", "-c", command[0]], cwd=tmp_path, check=True)
    found = read_recording(tmp_path / command[2])
    kept = np.flatnonzero(~found.filled)
    assert found.values[kept].tolist() == values
    assert [found.show_time(int(k)) for k in kept] == times


def test_records_of_apple_become_a_table(read: Read, tmp_path: Path) -> None:
    text = '<?xml version="1.0"?>\n<!DOCTYPE HealthData [\n<!ELEMENT Record (#PCDATA)>\n]>\n<HealthData>\n'
    text += _rows('<Record type="HKQuantityTypeIdentifierHeartRate" startDate="{t} +0100" value="{v}"/>')
    with pytest.raises(UserError, match="health record") as refused:
        read(text + "</HealthData>\n", "export.xml")
    command = re.search(r"pandas\.read_xml\(.*\)", str(refused.value))
    assert command is not None
    subject = command[0].replace("'export.xml'", repr(str(tmp_path / "export.xml")))
    eval(subject.replace("'heart.csv'", repr(str(tmp_path / "heart.csv"))), {"pandas": pd})
    assert read_recording(tmp_path / "heart.csv").values.tolist() == VALUES.tolist()


def test_limits_of_detection_are_missing_by_their_sign(read: Read) -> None:
    cells = [f"<{v}" if k % 5 == 0 else v for k, v in enumerate(VALUES)]
    text = lines("date,Hg", DAYS, cells)
    with pytest.raises(UserError, match=r"e\.g\. '<50\.0': --missing '<' takes all such limits as missing"):
        read(text)
    found = read(text, missing=("<",))
    assert found.filled.tolist() == [k % 5 == 0 for k in range(N)]


@pytest.mark.parametrize(("cell", "factor"), [("5:{s:02d}", 1), ("5:{s:02d} /km", 1), ("5:{s:02d}:00", 60)])
def test_durations_are_counted_in_their_last_part(read: Read, cell: str, factor: int) -> None:
    seconds = np.arange(N) * 7 % 60
    found = read(lines("date,km,Time asleep", DAYS, [10.0] * N, [cell.format(s=s) for s in seconds]))
    assert found.values.tolist() == (factor * (300 + seconds)).tolist()
    assert any(note.startswith("'Time asleep' holds durations: 5:00") for note in found.notes)


@pytest.mark.parametrize("cell", ["value: {}", "Temp={} °C"])
def test_a_word_before_each_number_is_cut_off(read: Read, cell: str) -> None:
    found = read(lines("time;message", TIMES, map(cell.format, VALUES), sep=";"))
    assert found.values.tolist() == VALUES.tolist()
    assert any("was cut off the cells of 'message'" in note for note in found.notes)


def test_a_last_cell_of_the_first_row_alone_is_left_out(read: Read) -> None:
    """The serial number, as EasyLog writes it."""
    rows = [f"{k + 1},{t},{v}" + (",010012345" if k == 0 else "") for k, (t, v) in enumerate(PAIRS)]
    found = read("\n".join(["Fridge,Time,Celsius(°C),Serial Number", *rows]) + "\n")
    assert found.values.tolist() == VALUES.tolist()
    assert found.show_time(0) == str(TIMES[0])
    assert "The first row alone has a last cell, '010012345': it is left out." in found.notes


def test_rows_on_the_state_of_the_recorder_are_left_out(read: Read) -> None:
    rows = [f"Tank;{t:%d.%m.%Y %H:%M:%S};{v}" for t, v in PAIRS]
    rows.insert(7, "$RT_OFF$;04.03.2024 05:33:00;0")
    found = read("\n".join(["VarName;TimeString;VarValue", *rows, "$RT_COUNT$;48;0"]) + "\n")
    assert found.values.tolist() == VALUES.tolist()
    assert "Left out: 2 rows on the state of WinCC, such as $RT_OFF$." in found.notes
