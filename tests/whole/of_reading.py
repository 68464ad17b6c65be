"""Files of many forms, whole and damaged, and the recordings read from them."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import feather, parquet

from benchmark.errors import UserError
from benchmark.reading import FolderOptions, ReadOptions, Recording, load_folder, read_recordings
from datasets import DataError
from tests.whole import Subject
from tests.whole.kept import array, cleaned, number, runs

N = 60
HOURS = pd.date_range("2024-03-01 05:00", periods=N, freq="h")
RNG = np.random.default_rng(11)
WAVE = np.round(1500 + 700 * np.sin(np.arange(N) / 4) + RNG.normal(0, 30, N), 2)
OTHER = np.round(WAVE[::-1] / 7, 3)
FLAGS = np.where((np.arange(N) >= 40) & (np.arange(N) < 43), 1, 0)
Options = dict[str, Any]


def table(sep: str = ",", **columns: Any) -> str:
    """Columns with their names as text."""
    rows = [sep.join(str(c) for c in row) for row in zip(*columns.values(), strict=True)]
    return "\n".join([sep.join(columns), *rows]) + "\n"


def comma(values: Any, grouped: bool = False) -> list[str]:
    """Numbers with a decimal comma, and dots between thousands."""
    return [f"{v:{',' if grouped else ''}.2f}".translate(str.maketrans(",.", ".,")) for v in values]


def said(found: Recording) -> list[str]:
    """All of a recording, in lines."""
    decided = asdict(found.reading) if found.reading else {}
    given = ", ".join(f"{k}={v!r}" for k, v in decided.items() if v is not None)
    times = [found.show_time(k) for k in (0, min(1, len(found) - 1), len(found) - 1)]
    lines = [*found.lineup, *(f"- {note}" for note in found.notes)]
    lines += [f"name {found.name!r}; values {array(found.values, 2)}; the first {found.show_value(0)}"]
    lines += [f"times {times}; of {None if found.times is None else found.times.dtype}; step {number(found.step)}"]
    if found.filled.any():
        lines += [f"filled {runs(found.filled)}: {array(found.values[found.filled], 2)}"]
    if found.labels is not None:
        lines += [f"labels {runs(found.labels)}"]
    if found.rows is not None and (np.diff(found.rows) != 1).any():
        lines += [f"rows {array(found.rows, 3)}"]
    return [*lines, f"as options: {given}"]


def outcome(path: Path, **options: Any) -> list[str]:
    """What is read from a file, or why not."""
    try:
        return [line for found in read_recordings(path, ReadOptions(**options)) for line in said(found)]
    except UserError as error:
        return [f"refused: {error}"]


def written(folder: Path, text: str | bytes, name: str = "mine.csv") -> Path:
    """A file of the folder."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def _excel() -> bytes:
    out, book = io.BytesIO(), pd.DataFrame({"when": HOURS, "flow": WAVE, "is_anomaly": FLAGS})
    with pd.ExcelWriter(out, engine="openpyxl") as writer:
        pd.DataFrame({"note": ["made up"] * 3}).to_excel(writer, sheet_name="about", index=False)
        book.to_excel(writer, sheet_name="data", index=False, startrow=2)
    return out.getvalue()


def _archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, table(v=WAVE))
    return out.getvalue()


def _parquet() -> bytes:
    out = io.BytesIO()
    pd.DataFrame({"ts": HOURS.tz_localize("Europe/Berlin"), "a": WAVE, "b": OTHER}).to_parquet(out)
    return out.getvalue()


def _prometheus() -> str:
    def one(host: str, values: Any) -> dict[str, Any]:
        points = [[1_700_000_000 + 60 * k, str(v)] for k, v in enumerate(values)]
        return {"metric": {"__name__": "load", "host": host, "job": "x"}, "values": points}

    return json.dumps({"status": "success", "data": {"result": [one("a", WAVE[:12]), one("b", OTHER[:12])]}})


def _grafana() -> str:
    times = [1_700_000_000_000 + 60_000 * k for k in range(12)]
    fields = [{"name": "Time", "type": "time"}, {"name": "v", "type": "number", "labels": {"host": "a"}}]
    return json.dumps([{"schema": {"fields": fields}, "data": {"values": [times, WAVE[:12].tolist()]}}])


def _influx() -> str:
    head = "#datatype,string,long,dateTime:RFC3339,double,string\n#group,false,false,false,false,true\n#default,_result,,,,\n"
    rows = [f",,{k // 12},{HOURS[k % 12]:%Y-%m-%dT%H:%M:%SZ},{WAVE[k]},{'ab'[k // 12]}" for k in range(24)]
    return head + "\n".join([",result,table,_time,_value,host", *rows]) + "\n"


def _wide() -> str:
    names = [f"{h:02d}:00" for h in range(24)]
    days = pd.date_range("2024-03-01", periods=5)
    rows = [f"{day:%Y-%m-%d}," + ",".join(f"{WAVE[(24 * k + h) % N]}" for h in range(24)) for k, day in enumerate(days)]
    return "\n".join(["date," + ",".join(names), *rows]) + "\n"


def _records() -> str:
    rows = [{"at": str(t), "host": {"cpu": v}, "tags": ["x"]} for t, v in zip(HOURS, WAVE, strict=True)]
    return json.dumps({"meta": {"n": N}, "items": rows})


def _long_series() -> str:
    rows = [
        (t, host, v) for t, a, b in zip(HOURS, WAVE, OTHER, strict=True) for host, v in (("north", a), ("south", b))
    ]
    return table(time=[r[0] for r in rows], host=[r[1] for r in rows], value=[r[2] for r in rows])


def _in_turn() -> str:
    first = pd.date_range("2024-03-01 05:00", periods=30, freq="10min")
    times = first.append(first + pd.Timedelta("15h"))
    rows = sorted((t + pd.Timedelta(minutes=k), "ab"[k], v) for t, v in zip(times, WAVE, strict=True) for k in (0, 1))
    return table(t=[r[0] for r in rows], sensor=[r[1] for r in rows], v=[r[2] for r in rows])


EPOCH = HOURS.as_unit("s").asi8
ISO = HOURS.strftime("%Y-%m-%dT%H:%M:%S")
BERLIN = pd.date_range("2024-03-30 06:00", periods=N, freq="h", tz="Europe/Berlin")
AUTUMN = pd.date_range("2024-10-26 06:00", periods=N, freq="h", tz="Europe/Berlin")
DAYS = pd.date_range("2024-01-31", periods=N, freq="D")
MONTHS = pd.date_range("2019-01-01", periods=N, freq="MS")

FILES: dict[str, tuple[str | bytes, str, Options]] = {
    "times and values": (table(time=HOURS, value=WAVE), "mine.csv", {}),
    "labels of 0 and 1": (table(time=HOURS, value=WAVE, is_anomaly=FLAGS), "mine.csv", {}),
    "labels in words": (table(t=HOURS, v=WAVE, state=np.where(FLAGS, "abnormal", "normal")), "mine.csv", {}),
    "labels of -1 and 1": (table(t=HOURS, v=WAVE, label=1 - 2 * FLAGS), "mine.csv", {}),
    "labels ignored": (table(t=HOURS, v=WAVE, label=FLAGS), "mine.csv", {"label": "none"}),
    "labels that are none": (table(t=HOURS, v=WAVE, label=OTHER), "mine.csv", {"label": "label"}),
    "flags that may be labels": (table(t=HOURS, v=WAVE, hot=FLAGS), "mine.csv", {}),
    "three measurements": (table(t=HOURS, a=WAVE, b=OTHER, c=WAVE + OTHER), "mine.csv", {}),
    "one of them named": (table(t=HOURS, a=WAVE, b=OTHER, c=WAVE + OTHER), "mine.csv", {"value": "b"}),
    "a name that is none": (table(t=HOURS, alpha=WAVE), "mine.csv", {"value": "alpa"}),
    "a counter and a constant": (table(no=range(N), k=[5] * N, v=WAVE), "mine.csv", {}),
    "an identifier": (table(device_id=np.arange(N) % 7, v=WAVE), "mine.csv", {}),
    "numbered rows": (table(index=range(3, N + 3), v=WAVE), "mine.csv", {}),
    "rows numbered by will": (table(t=HOURS, v=WAVE), "mine.csv", {"time": "none"}),
    "pressures": (table(p=[f"{v:.1f}" for v in 1013 + WAVE / 200]), "mine.csv", {}),
    "four decimals": (table(no=range(N), v=[f"{v / 100:.4f}" for v in WAVE]), "mine.csv", {}),
    "months with a dot": (table(m=MONTHS.strftime("%Y.%m"), v=WAVE), "mine.csv", {}),
    "months with a dot, year last": (table(m=MONTHS.strftime("%m.%Y"), v=WAVE), "mine.csv", {}),
    "months with a stroke": (table(m=[f"{t.month}/{t.year}" for t in MONTHS], v=WAVE), "mine.csv", {}),
    "values alone": ("\n".join(map(str, WAVE)) + "\n", "mine.csv", {}),
    "two columns, no header": ("".join(f"{v},{f}\n" for v, f in zip(WAVE, FLAGS, strict=True)), "mine.out", {}),
    "times, no header": ("".join(f"{t},{v}\n" for t, v in zip(HOURS, WAVE, strict=True)), "mine.csv", {}),
    "one line of numbers": (",".join(map(str, WAVE)), "mine.csv", {}),
    "a tab": (table("\t", t=HOURS, v=WAVE), "mine.tsv", {}),
    "blanks": ("".join(f"{i}   {v}\n" for i, v in zip(ISO, WAVE, strict=True)), "mine.txt", {}),
    "bars": (table("|", t=HOURS, v=WAVE), "mine.csv", {}),
    "said by the file": ("sep=;\n" + table(";", t=HOURS, v=WAVE), "mine.csv", {}),
    "a wrong separator": (table(t=HOURS, v=WAVE), "mine.csv", {"separator": ";"}),
    "decimal commas": (table(";", Datum=HOURS.strftime("%d.%m.%Y %H:%M"), Wert=comma(WAVE)), "mine.csv", {}),
    "dots between thousands": (table(";", t=ISO, v=comma(WAVE, True)), "mine.csv", {}),
    "commas between thousands": (table(";", t=ISO, v=[f"{v:,.1f}" for v in WAVE]), "mine.csv", {}),
    "blanks between thousands": (table(";", t=ISO, v=[f"{v:,.1f}".replace(",", " ") for v in WAVE]), "mine.csv", {}),
    "undecided commas": (table(";", t=ISO, v=[f"{int(v):,}" for v in WAVE + 1000]), "mine.csv", {}),
    "undecided dots": (table(";", t=ISO, v=[f"{int(v):,}".replace(",", ".") for v in WAVE + 1000]), "mine.csv", {}),
    "dots said to be decimal": (table(";", t=ISO, v=[f"{v / 1000:.3f}" for v in WAVE + 1000]), "mine.csv", {"decimal": "."}),
    "units and percents": (table(t=HOURS, v=[f"{v} kW" for v in WAVE], p=[f"{v}%" for v in OTHER]), "mine.csv", {}),
    "mixed units": (table(t=HOURS, v=[f"{v} {'kW' if k % 2 else 'W'}" for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "brackets and exponents": (table(t=HOURS, v=[f"({v})" if k % 5 == 0 else f"{v:.5e}" for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "a comment, a preamble and units": ("# station 7\nlogger;x\n\n" + table(";", t=["-", *ISO], v=["kW", *WAVE]), "mine.csv", {}),
    "a comment of as many numbers": ("# 12,13\n" + table(t=HOURS, v=WAVE).partition("\n")[2], "mine.csv", {}),
    "a comment of more words": ("# by hand,twice,in spring\n" + table(t=HOURS, v=WAVE).partition("\n")[2], "mine.csv", {}),
    "a comment of names": ("# time,load\n" + table(t=HOURS, v=WAVE).partition("\n")[2], "mine.csv", {}),
    "a footer": (table(no=range(1, N + 1), v=WAVE) + "Total,90000\n", "mine.csv", {}),
    "a header that comes again": (table(t=HOURS[:30], v=WAVE[:30]) + table(t=HOURS[30:], v=WAVE[30:]), "mine.csv", {}),
    "quoted cells": (table(t=[f'"{t}"' for t in HOURS], v=[f'"{v}"' for v in WAVE]), "mine.csv", {}),
    "names twice": ("t,v,v\n" + "".join(f"{t},{v},{o}\n" for t, v, o in zip(ISO, WAVE, OTHER, strict=True)), "mine.csv", {}),
    "newest first": (table(t=HOURS[::-1], v=WAVE[::-1]), "mine.csv", {}),
    "gaps": (table(t=HOURS.delete([10, 11, 30]), v=np.delete(WAVE, [10, 11, 30])), "mine.csv", {}),
    "nights left out": (table(t=pd.date_range("2024-03-01", periods=96, freq="h")[pd.Index(range(96)) % 24 < 15], v=WAVE), "mine.csv", {}),
    "uneven steps": (table(t=HOURS + pd.to_timedelta(RNG.integers(0, 2000, N), unit="s"), v=WAVE), "mine.csv", {}),
    "jitter": (table(t=HOURS + pd.to_timedelta(RNG.integers(0, 90, N), unit="s"), v=WAVE), "mine.csv", {}),
    "out of order": (table(t=HOURS[[*range(5), 8, 7, 6, 5, *range(9, N)]], v=WAVE), "mine.csv", {}),
    "half of the times twice": (table(t=HOURS[np.arange(N) // 2], v=WAVE), "mine.csv", {}),
    "missing values": (table(t=HOURS, v=["" if k in (0, 7, 8, 59) else v for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "words for nothing": (table(t=HOURS, v=["n/a" if k in (7, 8) else v for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "a code for nothing": (table(t=HOURS, v=["-9999" if k in (7, 8) else v for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "a code that is kept": (table(t=HOURS, v=["-9999" if k in (7, 8) else v for k, v in enumerate(WAVE)]), "mine.csv", {"missing": ("none",)}),
    "a code that is named": (table(t=HOURS, v=["0" if k in (7, 8) else v for k, v in enumerate(WAVE)]), "mine.csv", {"missing": ("0", "frost")}),
    "mostly missing": (table(t=HOURS, v=["" if k % 3 else v for k, v in enumerate(WAVE)], w=["x"] * N), "mine.csv", {}),
    "a word among numbers": (table(t=HOURS, v=["broken" if k == 7 else v for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "words among numbers": (table(t=HOURS, v=["broken" if k % 9 == 7 else v for k, v in enumerate(WAVE)]), "mine.csv", {}),
    "states": (table(t=HOURS, door=np.where(WAVE > 1800, "open", "closed")), "mine.csv", {}),
    "states of no known pair": (table(t=HOURS, mode=np.where(WAVE > 1800, "warm", "cold")), "mine.csv", {}),
    "states, one a word for nothing": (table(t=HOURS, link=np.where(WAVE > 1800, "online", "offline")), "mine.csv", {}),
    "states, some missing": (table(t=HOURS, v=WAVE, link=["n/a" if k % 9 == 4 else "on" if k % 4 else "off" for k in range(N)]), "mine.csv", {"value": "link"}),
    "one state throughout, a word for nothing, named": (table(t=HOURS, v=WAVE, link=["offline"] * N), "mine.csv", {"value": "link"}),
    "words for nothing alone": (table(t=HOURS, v=WAVE, spare=["n/a"] * N), "mine.csv", {}),
    "words for nothing alone, named": (table(t=HOURS, v=WAVE, spare=["n/a", "-", "null"] * 20), "mine.csv", {"value": "spare"}),
    "words for nothing and series": (table(t=HOURS.repeat(2)[:N], name=["n/a", "-"] * 30, v=WAVE), "mine.csv", {}),
    "three states": (table(t=HOURS, mode=[("a", "b", "c")[k % 3] for k in range(N)]), "mine.csv", {}),
    "three states, one missing": (table(t=HOURS, mode=[("a", "b", "c")[k % 3] for k in range(N)]), "mine.csv", {"missing": ("c",), "value": "mode"}),
    "words alone": (table(a=[f"w{k}" for k in range(N)], b=["x"] * N), "mine.csv", {}),
    "seconds since 1970": (table(time=EPOCH, v=WAVE), "mine.csv", {}),
    "milliseconds, in a zone": (table(time=EPOCH * 1000, v=WAVE), "mine.csv", {"tz": "Europe/Berlin"}),
    "fractions of seconds": (table(time=[f"{e + k / 8:.3f}" for k, e in enumerate([EPOCH[0]] * N)], v=WAVE), "mine.csv", {}),
    "days of a spreadsheet": (table(date=[f"{45000 + k / 24:.8f}" for k in range(N)], v=WAVE), "mine.csv", {}),
    "offsets": (table(t=[f"{t.isoformat()}" for t in BERLIN], v=WAVE), "mine.csv", {}),
    "offsets, in a zone": (table(t=[f"{t.isoformat()}" for t in BERLIN], v=WAVE), "mine.csv", {"tz": "America/New_York"}),
    "a clock set forward": (table(t=BERLIN.tz_localize(None), v=WAVE), "mine.csv", {}),
    "a clock set back": (table(t=AUTUMN.tz_localize(None), v=WAVE), "mine.csv", {}),
    "a clock set back, in its zone": (table(t=AUTUMN.tz_localize(None), v=WAVE), "mine.csv", {"tz": "Europe/Berlin"}),
    "a zone that is none": (table(t=HOURS, v=WAVE), "mine.csv", {"tz": "Europe/Berln"}),
    "a zone by its name": (table(t=HOURS.strftime("%Y-%m-%d %H:%M CET"), v=WAVE), "mine.csv", {}),
    "days": (table(t=DAYS.date, v=WAVE), "mine.csv", {}),
    "days in two ways": (table(t=DAYS[1:12].strftime("%m/%d/%Y"), v=WAVE[:11]), "mine.csv", {}),
    "days, day first": (table(t=DAYS[1:12].strftime("%m/%d/%Y"), v=WAVE[:11]), "mine.csv", {"day_first": True}),
    "days, month first": (table(t=DAYS[1:12].strftime("%m/%d/%Y"), v=WAVE[:11]), "mine.csv", {"day_first": False}),
    "months": (table(t=MONTHS.strftime("%Y-%m"), v=WAVE), "mine.csv", {}),
    "quarters": (table(t=[f"{1990 + k // 4}Q{k % 4 + 1}" for k in range(N)], v=WAVE), "mine.csv", {}),
    "weeks": (table(t=[f"2023-W{k + 1:02d}" for k in range(52)], v=WAVE[:52]), "mine.csv", {}),
    "months by name": (table(t=MONTHS.strftime("%b %Y"), v=WAVE), "mine.csv", {}),
    "year, month and day": (table(year=DAYS.year, month=DAYS.month, day=DAYS.day, v=WAVE), "mine.csv", {}),
    "year, month, day and hour": (table(year=HOURS.year, month=HOURS.month, day=HOURS.day, hour=HOURS.hour, v=WAVE), "mine.csv", {}),
    "year and day of the year": (table(year=DAYS.year, doy=DAYS.day_of_year, v=WAVE), "mine.csv", {}),
    "an archive": (_archive("in/one.csv", "in/", "__MACOSX/._one.csv"), "mine.zip", {}),
    "an archive of six": (_archive(*(f"{k}.csv" for k in "abcdef")), "mine.zip", {}),
    "a date and a time of day": (table(date=HOURS.date, time=HOURS.time, v=WAVE), "mine.csv", {}),
    "a date and bare hours": (table(date=HOURS.strftime("%d.%m.%Y"), hour=HOURS.hour * 100, v=WAVE), "mine.csv", {}),
    "twelve hours": (table(t=HOURS.strftime("%d %b %Y %I:%M %p"), v=WAVE), "mine.csv", {}),
    "whole numbers as dates": (table(date=DAYS.strftime("%Y%m%d"), v=WAVE), "mine.csv", {}),
    "two clocks": (table(created=DAYS, updated=HOURS, v=WAVE), "mine.csv", {}),
    "times of several forms": (table(t=[f"{t:%Y-%m-%d}" if k % 2 else f"{t:%d. %B}" for k, t in enumerate(DAYS)], v=WAVE), "mine.csv", {}),
    "times without a year": (table(t=HOURS.strftime("%d %b %H:%M"), v=WAVE), "mine.csv", {}),
    "a time that is none": (table(t=["?" if k == 7 else t for k, t in enumerate(HOURS)], v=WAVE), "mine.csv", {}),
    "times that are none": (table(t=["?" if k % 9 == 7 else t for k, t in enumerate(HOURS)], v=WAVE), "mine.csv", {"time": "t"}),
    "several series": (_long_series(), "mine.csv", {}),
    "each of several series": (_long_series(), "mine.csv", {"series": "all"}),
    "one of several series": (_long_series(), "mine.csv", {"series": "south", "tz": "UTC"}),
    "a series that is none": (_long_series(), "mine.csv", {"series": "soth"}),
    "a series of a single one": (table(t=HOURS, v=WAVE), "mine.csv", {"series": "x"}),
    "series by a named column": (table(t=HOURS, k=["a"] * 30 + ["b"] * 30, v=WAVE), "mine.csv", {"series_column": "k", "series": "b"}),
    "two series in turn, and a night without any": (_in_turn(), "mine.csv", {"series": "all"}),
    "a blank behind the name of the labels": (
        json.dumps({"t": ISO.tolist(), "v": WAVE.tolist(), "label ": FLAGS.tolist()}),
        "mine.json",
        {},
    ),
    "hours of a day": (_wide(), "mine.csv", {}),
    "months of years": ("year," + ",".join(pd.date_range("2024-01-01", periods=12, freq="MS").strftime("%b")) + "\n" + "".join(f"{2019 + k}," + ",".join(map(str, WAVE[12 * k : 12 * k + 12])) + "\n" for k in range(5)), "mine.csv", {}),
    "excel": (_excel(), "mine.xlsx", {}),
    "excel, a sheet": (_excel(), "mine.xlsx", {"sheet": "abot"}),
    "parquet": (_parquet(), "mine.parquet", {}),
    "prometheus": (_prometheus(), "mine.json", {"series": "all"}),
    "grafana": (_grafana(), "mine.json", {}),
    "influx": (_influx(), "mine.csv", {"series": "all"}),
    "records": (_records(), "mine.json", {}),
    "columns": (json.dumps({"time": ISO.tolist(), "v": WAVE.tolist()}), "mine.json", {}),
    "a list of numbers": (json.dumps(WAVE.tolist()), "mine.json", {}),
    "json lines": ("".join(json.dumps({"t": i, "v": v}) + "\n" for i, v in zip(ISO, WAVE, strict=True)), "mine.jsonl", {}),
    "an error of a server": (json.dumps({"status": "error", "error": "too many"}), "mine.json", {}),
    "json of no series": (json.dumps({"a": 1}), "mine.json", {}),
    "broken json": ('{"t": 1}\n{"t": 2', "mine.json", {}),
    "packed": (gzip.compress(table(t=HOURS, v=WAVE).encode(), mtime=0), "mine.csv.gz", {}),
    "two bytes a letter": (table(t=HOURS, Größe=WAVE).encode("utf-16"), "mine.csv", {}),
    "another alphabet": (table(t=HOURS, Größe=WAVE).encode("latin-1"), "mine.csv", {}),
    "an empty file": ("", "mine.csv", {}),
    "a header alone": ("t,v\n", "mine.csv", {}),
    "a row alone": (table(t=HOURS[:1], v=WAVE[:1]), "mine.csv", {}),
    "sideways": ("\n".join(",".join(map(str, row)) for row in np.arange(120.0).reshape(3, 40) ** 1.5) + "\n", "mine.csv", {}),
    "rows of other columns": (table(t=HOURS, v=["" if k % 2 else v for k, v in enumerate(WAVE)], w=["" if k % 2 == 0 else v for k, v in enumerate(OTHER)]), "mine.csv", {}),
    "a short row": (table(t=HOURS, v=WAVE).replace(f"{HOURS[9]},{WAVE[9]}", f"{HOURS[9]}"), "mine.csv", {}),
}  # fmt: skip


def _typed() -> bytes:
    """Columns that the file itself has typed: days, times of day, decimals, words by number, labels that lack."""
    out, labels = io.BytesIO(), np.where(np.arange(N) == 7, np.nan, FLAGS.astype(float))
    day, clock = pa.array(HOURS.date, pa.date32()), pa.array([None, *HOURS.time[1:]], pa.time64("us"))
    words = pa.array(["kW"] * N).dictionary_encode()
    values = pa.array([Decimal(f"{v:.2f}") for v in WAVE], pa.decimal128(9, 2))
    parquet.write_table(pa.table({"day": day, "clock": clock, "unit": words, "v": values, "label": labels}), out)
    return out.getvalue()


def _feather() -> bytes:
    out = io.BytesIO()
    feather.write_feather(pd.DataFrame({"t": HOURS, "v": WAVE, "on": WAVE > 1800}), out)
    return out.getvalue()


def _empty_book() -> bytes:
    out = io.BytesIO()
    pd.DataFrame().to_excel(out, index=False)
    return out.getvalue()


LINES = "".join(f"{t},{v}\n" for t, v in zip(HOURS, WAVE, strict=True))
YEAR, DAY = HOURS.year, HOURS.day_of_year + np.arange(N)
RARE: dict[str, tuple[str | bytes, str, Options]] = {
    "typed": (_typed(), "mine.parquet", {}),
    "feather": (_feather(), "mine.feather", {}),
    "a broken Feather": (_feather()[:90], "mine.feather", {}),
    "a broken Parquet": (_typed()[:90], "mine.parquet", {}),
    "a broken Excel": (_archive("[Content_Types].xml"), "mine.xlsx", {}),
    "an Excel file without rows": (_empty_book(), "mine.xlsx", {}),
    "an encoding that is none": (table(t=HOURS, v=WAVE), "mine.csv", {"encoding": "utf-9"}),
    "not in the encoding that is said": (table(t=HOURS, Größe=WAVE).encode("latin-1"), "mine.csv", {"encoding": "ascii"}),
    "ends of lines of old": (table(t=HOURS, v=WAVE).replace("\n", "\r"), "mine.csv", {}),
    "a separator behind the names": ("t,v,\n" + LINES, "mine.csv", {}),
    "a separator behind the cells": ("t,v\n" + LINES.replace("\n", ",\n"), "mine.csv", {}),
    "names fewer than cells": ("a title\nt\n" + LINES, "mine.csv", {}),
    "a counter alone": (table(n=range(3, N + 3)), "mine.csv", {}),
    "a clock that is none": (table(v=WAVE, t=["soon" if k % 3 else "4" for k in range(N)]), "mine.csv", {"time": "t"}),
    "times, a tenth none": (table(t=["soon" if k % 10 == 9 else i for k, i in enumerate(ISO)], v=WAVE), "mine.csv", {"time": "t"}),
    "a counter with holes": (table(n=["" if k % 10 == 9 else k for k in range(N)], v=WAVE), "mine.csv", {"time": "n"}),
    "lines of JSON that are no objects": ('{"a": 1}\n3\n', "mine.json", {}),
    "as many objects as keys": (json.dumps({f"row{k}": {f"key{j}": round(float(WAVE[k + j]), 2) for j in range(12)} for k in range(12)}), "mine.json", {"value": "row3"}),
    "true and false": (json.dumps([{"t": str(t), "v": v, "label": bool(f)} for t, v, f in zip(HOURS, WAVE, FLAGS, strict=True)]), "mine.json", {}),
    "labels that lack": (table(t=HOURS, v=WAVE, label=["" if k else "n/a" for k in range(N)]), "mine.csv", {"label": "label"}),
    "year and day of the year": (table(year=YEAR, doy=DAY, v=WAVE), "mine.csv", {}),
    "days of the year that are not whole": (table(year=YEAR, doy=DAY + 0.5, v=WAVE), "mine.csv", {}),
    "months that are none": (table(year=YEAR, month=["Foo"] * N, v=WAVE), "mine.csv", {}),
    "years to come": (table(year=YEAR + 1000, month=HOURS.month, day=HOURS.day, v=WAVE), "mine.csv", {}),
    "three a second": (table(t=[f"2024-03-01 05:00:{k // 3:02d}.{['000', '333333', '666667'][k % 3]}" for k in range(N)], v=WAVE), "mine.csv", {}),
    "hours as names beside times": (_wide().replace("date,", "at,").replace("\n2024", " 5:00\n2024"), "mine.csv", {}),
    "annotations alone": ("#datatype,string\n#group,false\n#default,_result\n", "mine.csv", {}),
    "hours since no day": (table(time=range(9000, 9000 + N), v=WAVE), "mine.csv", {"since": "hours since long ago"}),
    "hours since a day that is none": (table(time=range(9000, 9000 + N), v=WAVE), "mine.csv", {"since": "hours since 2001-02-30"}),
    "an error of InfluxDB": ("#datatype,string,string\n#group,true,true\n#default,,\nerror,reference\nfailed to parse,897\n", "mine.csv", {}),
    "an error of a server": ('{"status": "error", "error": "out of range"}', "mine.json", {}),
    "an answer without a series": ('{"status": "success", "data": {"result": []}}', "mine.json", {}),
    "bytes that are no text": (bytes(range(256)) * 4, "mine.csv", {}),
    "an Excel file of old": (b"\xd0\xcf\x11\xe0\xa1\xb1", "mine.xls", {}),
    "HDF5": (b"\x89HDF\r\n", "mine.csv", {}),
    "PDF": (b"%PDF-1.7\n", "mine.csv", {}),
    "a page": ("<html><table><tr><td>1</td></tr></table></html>\n", "mine.csv", {}),
    "NEM12 with a mark": ("\ufeff100,NEM12,202403010000,A,B\n200,N\n", "mine.csv", {}),
    "InfluxDB's lines": ("room,at=hall v=1.5,w=2 1709269200000000000\n", "mine.csv", {}),
    "sar of twelve hours": ("Linux 6.1 (desk)  03/01/24\n\n05:00:01 AM  CPU  %user\n", "mine.csv", {}),
    "another format by its name": (table(t=HOURS, v=WAVE), "mine.pq", {}),
    "four digits beside a mark": (table(";", t=HOURS, v=[f"{v:.3f}" if v < 9 else f"{1000 * v:.0f}" for v in WAVE / 180]), "mine.csv", {}),
}  # fmt: skip


def reading_rare(folder: Path) -> str:
    """Forms that few files have, each by itself."""
    said = re.sub(r"(is not a readable \w+ file: ).*", r"\1WHY", _files(folder, RARE))  # in the libraries' words
    return re.sub(r"(names no day) \(.*?\)", r"\1 (WHY)", said)  # in Python's


def reading_files(folder: Path) -> str:
    """Every form by itself."""
    return _files(folder, FILES)


def _files(folder: Path, files: dict[str, tuple[str | bytes, str, Options]]) -> str:
    parts = []
    for title, (text, name, options) in files.items():
        parts += [f"## {title}", *outcome(written(folder, text, name), **options), ""]
    return cleaned("\n".join(parts), folder)


Lines = list[str]
DAMAGES: dict[str, Callable[[Lines], Lines]] = {
    "a row less": lambda rows: rows[:20] + rows[21:],
    "three rows less": lambda rows: rows[:20] + rows[23:],
    "a row twice": lambda rows: rows[:20] + rows[19:],
    "two rows turned": lambda rows: [*rows[:20], rows[21], rows[20], *rows[22:]],
    "an empty line": lambda rows: [*rows[:20], "", *rows[20:]],
    "a comment": lambda rows: [*rows[:20], "# here", *rows[20:]],
    "a line of words": lambda rows: [*rows[:20], "here be dragons", *rows[20:]],
    "cut in a line": lambda rows: [*rows[:-1], rows[-1][: len(rows[-1]) // 2]],
    "no header": lambda rows: rows[1:],
    "four rows": lambda rows: rows[:5],
    "two rows": lambda rows: rows[:3],
    "one row": lambda rows: rows[:2],
    "a line above": lambda rows: ["exported by hand", *rows],
    "from the end": lambda rows: [rows[0], *rows[:0:-1]],
    "every other row": lambda rows: [rows[0], *rows[1::2]],
    "twice as a whole": lambda rows: rows + rows[1:],
}
DAMAGED = (
    *("labels of 0 and 1", "numbered rows", "values alone", "decimal commas", "missing values", "offsets"),
    *("months", "a date and a time of day", "several series", "json lines"),
)


def reading_damages(folder: Path) -> str:
    """The same with something wrong: the lines that become others by it."""
    parts = []
    for title in DAMAGED:
        text, name, options = FILES[title]
        assert isinstance(text, str)
        options = options | {"series": "all"} if title == "several series" else options
        before = set(outcome(written(folder, text, name), **options))
        parts += ["", f"## {title}"]
        for what, damage in DAMAGES.items():
            after = outcome(written(folder, "\n".join(damage(text.splitlines())) + "\n", name), **options)
            parts += [f"{what}:", *(f"    {line}" for line in after if line not in before)]
    return cleaned("\n".join(parts) + "\n", folder)


def _sweeps() -> Iterator[tuple[str, str, Options]]:
    """One thing in growing amounts, on a hundred rows."""
    hours, values = pd.date_range("2024-05-01", periods=100, freq="h"), np.round(20 + 9 * np.sin(np.arange(100) / 5), 1)
    for count in (1, 2, 3):
        yield f"{count} words", table(t=hours, v=["x" if k < count else v for k, v in enumerate(values)]), {}
        yield f"{count} unread times", table(t=["x" if k < count else t for k, t in enumerate(hours)], v=values), {}
        yield f"{count} times again", table(t=hours[[*range(100 - count), *range(count)]], v=values), {}
        yield (
            f"{count} rows too long",
            "\n".join(
                f"{line},1" if 0 < k <= count else line for k, line in enumerate(table(t=hours, v=values).splitlines())
            ),
            {},
        )
    for count in (2, 4, 5, 6):
        gone = [10 + 12 * k for k in range(count)]
        yield f"{count} gaps", table(t=hours.delete(gone), v=np.delete(values, gone)), {}
    for length in (50, 97, 98, 99, 100, 101):
        late = hours + pd.to_timedelta([0] * 50 + [length] * 50, unit="h")
        yield f"a gap of {length}", table(t=late, v=values), {}
    for share in (49, 50, 51):
        gone = set(np.random.default_rng(3).permutation(100)[:share].tolist())
        yield f"{share} missing of 100", table(t=hours, v=["" if k in gone else v for k, v in enumerate(values)]), {}
    for seconds in (170, 190, 350, 370, 700, 730):
        moved = hours + pd.to_timedelta([seconds if k % 2 else 0 for k in range(100)], unit="s")
        yield f"every other {seconds} s late", table(t=moved, v=values), {}
    for count in (99, 100, 101, 102, 150):
        late = pd.date_range("2024-05-01", periods=count, freq="h").to_series()
        late.iloc[40] += pd.Timedelta("25min")
        yield f"one of {count} late", table(t=late, v=np.resize(values, count)), {}
    for factor in (20, 21, 22):
        cells = [999 if k == 50 else round(v * factor, 1) for k, v in enumerate(values)]
        yield f"999 beside {factor} times as much", table(t=hours, v=cells), {}
    for count in (9, 10, 11):
        yield f"-9999 beside {count}", table(t=hours[: count + 1], v=[*values[:count], -9999]), {}
    for count in (19, 20, 21, 40):
        yield f"{count} flags", table(t=hours, v=values, flag=[int(k < count) for k in range(100)]), {}
    for count in (2, 3, 20, 21, 22, 48, 52):
        yield (
            f"{count} words",
            table(t=hours, w=[f"word{chr(97 + k % count // 26)}{chr(97 + k % count % 26)}" for k in range(100)]),
            {},
        )
        yield f"{count} labels", table(t=hours, v=values, label=[k % count for k in range(100)]), {}
    for count in (2, 49, 50, 51):
        keys = [f"s{k % count}" for k in range(100)]
        yield f"{count} series", table(t=hours[np.arange(100) // count], sensor=keys, v=values), {}
    for share in (50, 60, 69, 71, 90):
        yield f"{share} rows with a value", table(t=hours, v=[v if k * share // 100 != (k - 1) * share // 100 else "" for k, v in enumerate(values)], w=values), {"value": "v"}  # fmt: skip
    for scale in (0.03, 0.7, 11, 250, 1010, 1800, 20_000, 150_000):
        for decimals in (0, 1, 2, 3, 4, 6):
            cells = [f"{scale * (1 + v / 200):.{decimals}f}" for v in values]
            yield f"{decimals} decimals around {scale}", table(p=cells), {}
    for year in (1, 20, 69, 70, 99):
        yield f"year {year:02d}", table(t=[f"{d:02d}-Mar-{year:02d}" for d in range(1, 21)], v=values[:20]), {}
    for power in (0, 3, 6, 9):
        for start in (10**8, 1.4e9, 4.2e9):
            yield (
                f"counts of {start:g}e{power}",
                table(time=[int((start + 60 * k) * 10**power) for k in range(20)], v=values[:20]),
                {},
            )
    for step in ("250ms", "1s", "90s", "15min", "7h", "1D", "3D", "7D", "28D", "MS", "QS", "YS"):
        yield f"steps of {step}", table(t=pd.date_range("2020-01-01", periods=20, freq=step), v=values[:20]), {}


def reading_sweeps(folder: Path) -> str:
    """What is said as one thing grows; of notes and refusals alone."""
    parts = []
    for title, text, options in _sweeps():
        lines = [x for x in outcome(written(folder, text), **options) if x[:7].strip() in ("step", "first") or x[:6] in ("rows  ", "refuse", "filled") or x[:1] == "-"]  # fmt: skip
        parts += [f"{title}: " + " | ".join(" ".join(line.split()) for line in lines)]
    return cleaned("\n".join(parts) + "\n", folder)


EVENTS: dict[str, tuple[str, str]] = {
    "start and end": ("start,end\n2024-03-01 10:00,2024-03-01 12:00\n2024-03-02 01:30,2024-03-02 01:59\n", "e.csv"),
    "single times": ("time\n2024-03-01 10:00\n2024-03-01 17:00\n", "e.csv"),
    "rows": ("start,end\n3,5\n9,9\n20,21\n", "e.csv"),
    "a duration in minutes": ("onset,duration_min\n2024-03-01 10:00,90\n", "e.csv"),
    "a duration without a unit": ("onset,duration\n2024-03-01 10:00,90\n", "e.csv"),
    "a label for each time": ("t,label\n2024-03-01 10:00,1\n2024-03-01 11:00,0\n", "e.csv"),
    "seconds since 1970": (f"from,to\n{EPOCH[4]},{EPOCH[6]}\n", "e.csv"),
    "outside": ("start,end\n2023-03-01 10:00,2023-03-01 12:00\n", "e.csv"),
    "words": ("start,end\nmonday,tuesday\n", "e.csv"),
    "windows of this file": (json.dumps({"x/other.csv": [], "x/mine.csv": [["2024-03-01 10:00", "2024-03-01 12:00"]]}), "e.json"),
    "objects": (json.dumps([{"start": "2024-03-01 10:00", "end": "2024-03-01 12:00"}]), "e.json"),
    "times in JSON": (json.dumps(["2024-03-01 10:00"]), "e.json"),
    "windows of others": (json.dumps({"x/other.csv": [["2024-03-01 10:00", "2024-03-01 12:00"]]}), "e.json"),
    "no window": (json.dumps([[1, 2, 3]]), "e.json"),
    "broken JSON": ("[", "e.json"),
    "offsets": ("start,end\n2024-03-01T10:00+01:00,2024-03-01T12:00+01:00\n", "e.csv"),
    "a word among ends": ("start,end\n" + "".join(f"2024-03-01 {h:02d}:00,{f'2024-03-01 {h:02d}:30' if h < 17 else 'later'}\n" for h in range(6, 18)), "e.csv"),
    "of other files too": ("file,start,end\nmine.csv,2024-03-01 10:00,2024-03-01 12:00\nyours.csv,2024-03-01 15:00,2024-03-01 16:00\n", "e.csv"),
    "of other files alone": ("file,start,end\nhis.csv,2024-03-01 10:00,2024-03-01 12:00\nyours.csv,2024-03-01 15:00,2024-03-01 16:00\n", "e.csv"),
    "of this file alone": ("file,start,end\nmine.csv,2024-03-01 10:00,2024-03-01 12:00\nmine.csv,2024-03-01 15:00,2024-03-01 16:00\n", "e.csv"),
    "a label for each row": ("label\n" + "".join(f"{int(k in (0, 7, 50))}\n" for k in range(N - 3)), "e.csv"),
}  # fmt: skip
CLOCKS = {
    "local": table(t=HOURS, v=WAVE),
    "offsets": table(t=[f"{i}+02:00" for i in ISO], v=WAVE),
    "none": table(v=WAVE),
    "with a gap": table(t=HOURS.delete([10, 11, 30]), v=np.delete(WAVE, [10, 11, 30])),
}


def reading_events(folder: Path) -> str:
    """Anomalies in a second file, on three clocks."""
    parts = []
    for title, (text, name) in EVENTS.items():
        parts += [f"## {title}"]
        for clock, series in CLOCKS.items():
            found = outcome(written(folder, series), labels=written(folder, text, name))
            shown = [line for line in found if line[:6] in ("labels", "refuse") or "vent" in line]
            parts += [f"{clock}: " + " | ".join(shown)]
    return cleaned("\n".join(parts) + "\n", folder)


def reading_folder(folder: Path) -> str:
    """A folder of files as a data set: their names, what is said, every series."""
    for title in (
        "labels of 0 and 1",
        "labels in words",
        "times and values",
        "values alone",
        "two columns, no header",
        "excel",
    ):
        text, name, _ = FILES[title]
        written(folder, text, f"{title}{Path(name).suffix}")
    written(
        folder,
        "Data,Label\n" + "".join(f"{v},{f}\n" for v, f in zip(["", *WAVE[1:]], FLAGS, strict=True)),
        "tsb-ad.csv",
    )
    written(folder, "\n".join(map(str, WAVE)), "UCR_Anomaly_20_41_44.txt")
    written(folder, "\n".join(map(str, WAVE)), "UCR_Anomaly_20_41_99.txt")
    written(folder, table(t=HOURS, v=WAVE, label=FLAGS), "a.test.csv")
    written(folder, table(t=HOURS, v=WAVE), "a.train.csv")
    written(folder, table(t=HOURS, v=WAVE, label=FLAGS * 0), "without.csv")
    long = _long_series().splitlines()
    written(
        folder,
        "\n".join([long[0] + ",label", *(f"{line},{int(k in (50, 51))}" for k, line in enumerate(long[1:]))]),
        "two.csv",
    )
    written(folder, json.dumps({"mine/times and values.csv": [[str(HOURS[5]), str(HOURS[6])]]}), "windows.json")
    parts: list[str] = []
    for train in (0, 10, 45):
        parts += ["", f"## {train} rows to train on"]
        dataset = load_folder(folder, "mine", FolderOptions(train=train), parts.append)
        for name in dataset.series_names():
            try:
                one = dataset.read(name)
                head = "none" if one.train is None else array(one.train, 1)
                parts += [f"{name}: {array(one.values, 2)}; labels {runs(one.labels)}; train {head}; {one.source}"]
            except DataError as error:
                parts += [f"{name}: refused: {error}"]
    return cleaned("\n".join(parts) + "\n", folder)


SUBJECTS: dict[str, Subject] = {
    s.__name__: s
    for s in (reading_files, reading_rare, reading_damages, reading_sweeps, reading_events, reading_folder)
}
