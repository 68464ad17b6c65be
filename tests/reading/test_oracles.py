"""Times, zones, events and words against the standard library and pandas."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_recording
from benchmark.reading.clocks.time_of_day import _bare_clock
from benchmark.reading.clocks.zones import hours_added
from benchmark.reading.follow import _blocks
from benchmark.reading.formats.excel import _table
from benchmark.reading.parsing.cell import is_unit
from benchmark.reading.parsing.codes import without_codes
from benchmark.reading.parsing.numbers import read_numbers
from benchmark.reading.parsing.stamps import read_stamps
from benchmark.reading.parsing.states import read_states
from benchmark.reading.parsing.units import HOUR, NOT_A_TIME, SECOND
from benchmark.reading.source import open_source

FORMS = {  # form, and the finest unit that it shows
    "%Y-%m-%d %H:%M:%S.%f": "us",
    "%Y/%m/%d %H:%M": "m",
    "%d.%m.%Y %H:%M:%S": "s",
    "%d.%m.%y %H:%M": "m",
    "%m/%d/%y %I:%M %p": "m",
    "%m/%d/%Y %I:%M:%S %p": "s",
    "%d %B %Y %H:%M:%S": "s",
    "%d-%b-%y": "D",
    "%B %d, %Y %I:%M %p": "m",
    "%Y%m%d%H%M%S": "s",
    "%Y%m%dT%H%M": "m",
}
MOMENTS = [  # of a hundred years
    dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(us))
    for us in np.random.default_rng(0).integers(0, 100 * 365 * 86_400 * 10**6, 300)
]


@pytest.mark.parametrize("form", FORMS)
def test_each_time_of_a_hundred_years_is_read(form: str) -> None:
    """A year of two digits lies from 1970 to 2069."""
    found = read_stamps(pa.array([t.strftime(form) for t in MOMENTS]), day_first=form.startswith("%d"))
    assert found is not None
    assert found.wrong == 0
    expected = np.array(MOMENTS, dtype="M8[us]").astype(f"M8[{FORMS[form]}]")
    assert found.wall.view("M8[ns]").tolist() == expected.astype("M8[ns]").tolist()


@pytest.mark.parametrize("written", ["{}{}:{}", "{}{}{}"])
def test_offsets_lead_to_utc(written: str) -> None:
    cells, instants = [], []
    for k, moment in enumerate(MOMENTS):
        quarter = k % 105 - 48  # of an hour: from -12:00 to +14:00
        hours, minutes = divmod(abs(15 * quarter), 60)
        tail = written.format("-" if quarter < 0 else "+", f"{hours:02d}", f"{minutes:02d}")
        cells.append(f"{moment:%d.%m.%Y %H:%M:%S}{tail}")
        instants.append(moment.replace(microsecond=0) - dt.timedelta(minutes=15 * quarter))
    found = read_stamps(pa.array(cells), day_first=True)
    assert found is not None
    assert found.instants.view("M8[ns]").tolist() == np.array(instants, dtype="M8[ns]").tolist()


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_typed_times_with_a_zone_are_those_of_pandas(zone: str) -> None:
    times = pd.date_range("2023-03-11 22:30", periods=12, freq="h", tz=zone)
    found = read_stamps(pa.array(times))
    assert found is not None
    assert found.wall.tolist() == times.tz_localize(None).as_unit("ns").asi8.tolist()
    assert found.instants.tolist() == times.as_unit("ns").asi8.tolist()


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("20240103 1260", "%Y%m%d %H%M"),
        ("20240103 120061", "%Y%m%d %H%M%S"),
        ("20240103 2500", "%Y%m%d %H%M"),
        ("2024-01-03 12:60", "%Y-%m-%d %H:%M"),
        ("2024-01-03 25:00", "%Y-%m-%d %H:%M"),
        ("31.4.2024", "%d.%m.%Y"),
        ("29.2.2023", "%d.%m.%Y"),
    ],
)
def test_a_time_that_no_clock_shows_is_wrong(cell: str, form: str) -> None:
    good = [t.strftime(form) for t in pd.date_range("2024-01-03", periods=20, freq="26h")]
    found = read_stamps(pa.array([*good, cell]))
    assert found is not None
    assert (found.wrong, found.wall[-1], found.example) == (1, NOT_A_TIME, cell)


@pytest.mark.parametrize(
    ("good", "bad"), [(1259, 1260), (59, 60), (2359, 2360), (100_059, 100_060), (125_959, 126_000)]
)
def test_sixty_minutes_or_seconds_are_no_time_of_day(good: int, bad: int) -> None:
    others = [1, 130, 2359] if bad < 10_000 else [1, 130, 235_959]
    seconds = good // 10_000 * 3600 + good // 100 % 100 * 60 + good % 100
    minutes = good // 100 * 60 + good % 100
    found = _bare_clock(np.array([*others, good], dtype=float))
    assert found is not None
    assert found[-1] == (60 * minutes if bad < 10_000 else seconds) * SECOND
    assert _bare_clock(np.array([*others, bad], dtype=float)) is None


def test_three_years_of_clock_changes_leave_every_half_hour_once() -> None:
    times = pd.date_range("2021-01-01", "2023-12-31", freq="30min", tz="Europe/Berlin")
    wall = times.tz_localize(None).as_unit("ns").asi8
    added, notes = hours_added(wall, HOUR // 2)
    assert set(np.diff(wall + added)) == {HOUR // 2}
    assert [note for note in notes if "set back" in note] == [
        f"The clock was set back one hour at {day} 02:00: both hours are kept, in the order of the file."
        for day in ("2021-10-31", "2022-10-30", "2023-10-29")
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zone", ["Z", "+02:00", "-05:30"])
def test_events_on_another_clock_label_the_rows_between_their_ends(seed: int, zone: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    times = pd.date_range("2024-03-01", periods=60, freq="h", tz="UTC+02:00")
    rows = np.sort(rng.choice(60, 6, replace=False)).reshape(-1, 2)
    offset = times.tz_convert("UTC" if zone == "Z" else f"UTC{zone}")
    events = [",".join(f"{offset[row]:%Y-%m-%dT%H:%M:%S}{zone}" for row in pair) for pair in rows]
    (tmp_path / "events.csv").write_text("\n".join(["start,end", *events]) + "\n")
    (tmp_path / "my.csv").write_text(lines("time,v", [t.isoformat() for t in times], np.round(rng.normal(size=60), 3)))
    found = read_recording(tmp_path / "my.csv", ReadOptions(labels=tmp_path / "events.csv")).labels
    assert found is not None
    assert np.flatnonzero(found).tolist() == [row for a, b in rows for row in range(a, b + 1)]


@pytest.mark.parametrize("name", ["duration_min", "length (min)", "Dauer_min"])
def test_a_length_counts_from_the_start_in_its_unit(name: str, read: Read, tmp_path: Path) -> None:
    times = pd.date_range("2024-03-01", periods=60, freq="10min")
    (tmp_path / "events.csv").write_text(f"start,{name}\n{times[10]},30\n{times[40]},0\n")
    text = lines("time,v", times, np.round(np.sin(np.arange(60)), 3))
    found = read(text, labels=tmp_path / "events.csv").labels
    assert found is not None
    assert np.flatnonzero(found).tolist() == [10, 11, 12, 13, 40]


WORDS = [
    *("", "NA", "n/a", "#N/A", "NaN", "NULL", "None", "nil", "-", "--", "---", "?", ".", "missing", "<NA>", r"\N"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "no data", "undefined", "unavailable", "unknown"),
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_a_missing_value(word: str) -> None:
    found = read_numbers(pa.array(["1.5", word, "2.5"]), "v")
    assert found.wrong == 0
    assert np.isnan(found.values).tolist() == [False, True, False]


@pytest.mark.parametrize(("word", "state"), [("on", 1), ("off", 0), ("Closed", 0), ("open", 1), ("cog", 0)])
def test_one_word_alone_is_its_state(word: str, state: int) -> None:
    assert read_states(pa.array([word] * 3), "door", "my.csv").values.tolist() == [state] * 3


# -- several series, or one ----------------------------------------------------------------------

WAVE = np.round(np.sin(np.arange(200) / 7) + 10, 3)


def test_words_at_random_beside_rows_in_order_of_time_name_no_series(read: Read) -> None:
    """Each word comes at uneven steps: no series is recorded so."""
    times = pd.date_range("2023-05-01", periods=200, freq="10min")
    modes = np.random.default_rng(1).choice(["idle", "run", "wash", "dry", "wait"], 200)
    assert read(lines("time,mode,v", times, modes, WAVE)).values.tolist() == WAVE.tolist()


def test_words_in_turn_without_times_name_no_series(read: Read) -> None:
    assert read(lines("node,v", ["a", "b"] * 100, WAVE)).values.tolist() == WAVE.tolist()
    blocks = lines("node,v", ["a"] * 100 + ["b"] * 100, WAVE)
    with pytest.raises(UserError, match="2 series"):
        read(blocks)
    assert read(blocks, series="b").values.tolist() == WAVE[100:].tolist()


def test_two_columns_of_one_name_are_both_there(read: Read) -> None:
    text = lines("v,v", WAVE, WAVE[::-1])
    assert read(text, value="v").values.tolist() == WAVE.tolist()
    assert read(text, value="v (2)").values.tolist() == WAVE[::-1].tolist()


@pytest.mark.parametrize(("words", "labels"), [(("no", "yes"), False), (("normal", "anomaly"), True)])
def test_words_of_a_state_are_no_labels(words: tuple[str, str], labels: bool, read: Read) -> None:
    cells = [words[k % 5 == 0] for k in range(200)]
    assert (read(lines("heating,v", cells, WAVE)).labels is not None) == labels


def test_a_zone_to_show_times_in_keeps_the_instants(read: Read) -> None:
    times = pd.date_range("2024-03-09", periods=200, freq="30min", tz="UTC+02:00")
    found = read(lines("time,v", [t.isoformat() for t in times], WAVE), tz="America/New_York")
    assert [pd.Timestamp(found.show_time(k)) for k in range(200)] == times.tolist()
    assert found.show_time(0) == "2024-03-08 17:00:00-05:00"


def test_stamps_that_come_twice_here_and_there_are_no_clock_change() -> None:
    wall = pd.date_range("2023-10-29", periods=24, freq="15min").as_unit("ns").asi8
    twice = np.sort(np.concatenate([wall, wall[[4, 8, 10, 14]]]))
    added, notes = hours_added(twice, HOUR // 4)
    assert (set(added), notes) == ({0}, [])


def test_the_longest_gap_is_told_with_its_points_and_its_place(read: Read) -> None:
    times = pd.date_range("2023-05-01", periods=200, freq="10min")
    rows = [k for k in range(200) if k not in (20, 21, *range(100, 105))]
    (note,) = [note for note in read(lines("time,v", times[rows], WAVE[rows])).notes if note.startswith("Put in")]
    assert note.startswith(f"Put in: 7 missing points in 2 gaps of the time stamps (the longest: 5 after {times[99]})")


@pytest.mark.parametrize(("share", "refused"), [(3, False), (5, True)])
def test_more_than_one_row_in_fifty_at_a_time_that_was_there_is_refused(share: int, refused: bool, read: Read) -> None:
    times = pd.date_range("2023-05-01", periods=200, freq="10min").tolist()
    for k in range(share):
        times[10 * k + 5] = times[10 * k + 4]
    text = lines("time,v", times, WAVE)
    if refused:
        with pytest.raises(UserError, match="5 of 200 rows repeat a time"):
            read(text)
    else:
        assert len(read(text)) == 200


def test_dots_between_thousands_leave_the_comma_to_decimals() -> None:
    assert read_numbers(pa.array(["1.234,5", "12,25"]), "v", thousands=".").values.tolist() == [1234.5, 12.25]


@pytest.mark.parametrize("count", [20, 60])
def test_a_line_of_twenty_numbers_or_more_is_a_series(count: int, read: Read) -> None:
    assert read(" ".join(str(v) for v in WAVE[:count]) + "\n").values.tolist() == WAVE[:count].tolist()


def test_another_file_of_equal_size_and_beginning_is_read_from_its_start(tmp_path: Path) -> None:
    path, other = tmp_path / "my.csv", tmp_path / "other.csv"
    path.write_bytes(b"t,v\n1,2\n")
    with open_source(str(path), 0, 0.01, False) as source:
        assert next(source).lines == b"t,v\n1,2\n"
        other.write_bytes(b"t,v\n1,3\n")
        other.replace(path)
        block = next(block for block in islice(source, 20) if block.lines)
    assert (block.lines, block.anew) == (b"t,v\n1,3\n", True)


def test_a_column_without_an_entry_is_said_and_left_out(read: Read) -> None:
    got = read(lines("a,empty,v", WAVE, [""] * 200, WAVE * 2), value="v")
    assert "1 column without a single entry: empty." in got.notes
    assert "unused  a" in got.lineup


# -- the line-up ---------------------------------------------------------------------------------


def test_the_line_up_begins_with_the_first_known_value_and_counts_without_totals(read: Read) -> None:
    times = pd.date_range("2023-05-01", periods=200, freq="10min")
    cells = ["" if k < 3 else v for k, v in enumerate(WAVE)]
    got = read(lines("time,v", [*times, "Total"], [*cells, round(WAVE[3:].sum(), 3)]))
    assert f"values  'v', first value {WAVE[3]}" in got.lineup
    assert "rows    200 of 200 kept, 3 values missing" in got.lineup


# -- dates without marks, empty lines, jitter ----------------------------------------------------


@pytest.mark.parametrize(("tails", "zoned"), [(("Z", "Z"), True), (("Z", ""), True), (("", ""), False)])
def test_one_compact_time_of_utc_makes_the_column_utc(tails: tuple[str, str], zoned: bool) -> None:
    cells = [f"20241020T13{10 * k:02d}00{tails[k % 2]}" for k in range(4)]
    found = read_stamps(pa.array(cells))
    assert found is not None
    assert (found.offset is not None) == zoned
    assert found.wall.tolist() == [pd.Timestamp(f"2024-10-20 13:{10 * k:02d}").value for k in range(4)]


def test_an_empty_line_is_no_row_of_a_table_and_a_missing_value_of_a_column(read: Read) -> None:
    rows = lines("a,v", np.arange(200), WAVE).splitlines()
    table = read("\n".join([*rows[:50], "", *rows[50:]]) + "\n", value="v")
    assert table.values.tolist() == WAVE.tolist()
    assert not [note for note in table.notes if "cells" in note]
    cells = [*map(str, WAVE[:50]), "", *map(str, WAVE[50:])]
    column = read("v\n" + "\n".join(cells) + "\n")
    assert len(column) == 201
    assert np.flatnonzero(column.filled).tolist() == [50]


@pytest.mark.parametrize(("late", "change"), [(6, True), (7, False)])
def test_a_clock_change_may_be_a_tenth_of_a_step_off(late: int, change: bool) -> None:
    """Minutes, one row after another; the clock falls back at 3 in the night of a Sunday of October."""
    start = pd.Timestamp("2023-10-29 01:00").value
    wall = start + np.arange(240, dtype=np.int64) * 60 * SECOND
    wall[120:] += late * SECOND - HOUR
    added, notes = hours_added(wall, 60 * SECOND)
    assert (set(added[120:].tolist()) == {HOUR}) == change
    assert bool(notes) == change


@pytest.mark.parametrize(
    ("every", "step"), [("MS", "1 month"), ("2MS", "2 months"), ("QS", "3 months"), ("YS", "1 year")]
)
def test_months_count_alike_whatever_their_days(every: str, step: str, read: Read) -> None:
    times = pd.date_range("1971-01-01", periods=60, freq=every)
    rows = [k for k in range(60) if k not in (20, 21)]
    got = read(lines("time,v", times[rows].strftime("%Y-%m-%d"), WAVE[rows]))
    assert len(got) == 60
    assert np.flatnonzero(got.filled).tolist() == [20, 21]
    assert f"step    {step}" in got.lineup


# -- codes, units, rows before a header ----------------------------------------------------------

NINES = [999, 9999, 99_999, 999_999, 999.9, 999.99, 9999.9, 8888, 88_888]
LIMITS = [32_767, 65_535, 2_147_483_647, 4_294_967_295, -32_768, -2_147_483_648]


@pytest.mark.parametrize("code", [-99, -99.9, -99.99, *NINES, *(-code for code in NINES), *LIMITS])
def test_each_usual_code_far_outside_is_a_missing_value(code: float) -> None:
    values = np.where(np.arange(40) % 13 == 5, float(code), np.arange(40) % 7 / 4)
    clean, codes, (note,) = without_codes(values, "v", None)
    assert np.flatnonzero(np.isnan(clean)).tolist() == [5, 18, 31]
    assert codes == [code]
    assert "3 cells" in note


@pytest.mark.parametrize("cell", ["°C", " °C ", "[bar]", " [bar]", "15s"])
def test_a_unit_may_stand_among_blanks(cell: str) -> None:
    assert is_unit(cell)


def test_rows_before_the_header_of_a_sheet_are_told() -> None:
    rows: list[Any] = [("Station 7", None), ("a", "b"), *((k, k / 2) for k in range(30))]
    assert "1 line before the header, no data: 'Station 7'" in _table(rows, Path("mine.xlsx"), "s", []).notes
    assert not [note for note in _table(rows[1:], Path("mine.xlsx"), "s", []).notes if "before" in note]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_of_lines_join_to_the_text(size: int) -> None:
    text = b"".join(b"%d,%d\n" % (k, k * k) for k in range(50)) + b"51,"
    blocks = _blocks(text, size)
    assert b"".join(blocks) == text
    assert all(block.endswith(b"\n") for block in blocks[:-1])


# -- columns that may be something else ----------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "told"), [([0, 1], True), ([0, 0.5], False), ([0, 2], False), ([1, 0], False), ([0, 0], False)]
)
def test_only_a_column_of_0_and_few_1_may_be_labels(flag: list[float], told: bool, read: Read) -> None:
    column = [flag[k % 20 == 7] for k in range(200)]
    notes = read(lines("value,event", WAVE, column)).notes
    assert bool([note for note in notes if "may be labels: event" in note]) == told


def test_a_state_without_an_entry_here_and_there_is_one(read: Read) -> None:
    cells = ["n/a" if k % 9 == 0 else ("open", "closed")[k % 7 == 0] for k in range(200)]
    got = read(lines("valve", cells))
    assert np.flatnonzero(got.filled).tolist() == list(range(0, 200, 9))


def test_the_first_block_of_a_file_begins_nothing_anew(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_bytes(b"t,v\n1,2\n")
    with open_source(str(path), 0, 0.01, False) as source:
        block = next(source)
    assert (block.lines, block.anew) == (b"t,v\n1,2\n", False)


@pytest.mark.parametrize(("share", "put_in"), [(9, True), (11, False)])
def test_gaps_are_filled_up_to_one_step_in_twenty(share: int, put_in: bool, read: Read) -> None:
    """Of 200 steps so many are twice as long."""
    steps = [20 if k % 18 == 5 and k < 18 * share else 10 for k in range(200)]
    times = pd.Timestamp("2023-05-01") + pd.to_timedelta(np.cumsum([0, *steps]), unit="min")
    got = read(lines("time,v", times, np.append(WAVE, 5.0)))
    assert bool(got.filled.any()) == put_in
