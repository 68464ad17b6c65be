"""Exports that came up last: each cell, column or document with what a person reads in it, or why it is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from written import Read, archive, lines

from benchmark.errors import UserError
from benchmark.reading import encoding

N = 60
DAYS = pd.date_range("2024-01-05", periods=N, freq="D")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 2)
MONTHS = {
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Ukrainian": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "Greek": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
    "Δεκεμβρίου",
    "Czech": "ledna února března dubna května června července srpna září října listopadu prosince",
    "Finnish": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta "
    "lokakuuta marraskuuta joulukuuta",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "Hungarian": "január február március április május június július augusztus szeptember október november december",
    "Romanian": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "short Russian": "янв фев мар апр мая июн июл авг сен окт ноя дек",
}
WRITTEN = {"Russian": "{d} {m} {y} г.", "short Russian": "{d:02d}.{m}.{y}"}


@pytest.mark.parametrize("language", MONTHS)
def test_months_by_their_names(read: Read, language: str) -> None:
    """Over all months of a year."""
    days = pd.date_range("2023-01-03", periods=N, freq="6D")
    form, names = WRITTEN.get(language, "{d} {m} {y}"), MONTHS[language].split()
    cells = [form.format(d=t.day, m=names[t.month - 1], y=t.year) for t in days]
    found = read(lines("Time;v", cells, VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t.date()) for t in days]


@pytest.mark.parametrize(
    ("years", "first", "last"),
    [
        ((1958, 1999), 1958, 1999),
        ((1951, 2024), 1951, 2024),
        ((1960, 1969), 1960, 1969),
        ((1930, 1990), 1930, 1990),
        ((1995, 2024), 1995, 2024),
        ((2020, 2045), 2020, 2045),
    ],
)
@pytest.mark.parametrize("form", ["%d/%m/%y", "%b-%y", "%y%m%d"])
def test_years_of_two_digits_have_one_century(
    read: Read, years: tuple[int, int], first: int, last: int, form: str
) -> None:
    months = [dt.date(y, m, 28) for y in range(years[0], years[1] + 1) for m in (1, 7)]
    found = read(lines("date,v", [t.strftime(form) for t in months], np.arange(len(months)) % 7 + 0.5))
    assert found.show_time(0)[:4] == str(first)
    assert found.show_time(len(found) - 1)[:4] == str(last)
    told = any(f"Years of two digits are those from {first} on." in note for note in found.notes)
    assert told == (first < 1970 and form != "%y%m%d")


@pytest.mark.parametrize("where", [0, 31, N - 1])
@pytest.mark.parametrize("wrong", ["1970-01-01", "2099-12-31"])
def test_a_wrong_clock_is_left_out_and_named(read: Read, where: int, wrong: str) -> None:
    days = [str(t.date()) for t in DAYS]
    days[where] = wrong
    found = read(lines("date,v", days, VALUES))
    assert any(f"1 row whose 'date' lies years from all others (data row {where}: {wrong}" in n for n in found.notes)
    assert found.show_time(0)[:4] == found.show_time(len(found) - 1)[:4] == "2024"


def test_many_wrong_clocks_are_refused(read: Read) -> None:
    days = ["1970-01-01 00:00:0" + str(k % 7) if k % 20 == 3 else str(t) for k, t in enumerate(DAYS)]
    with pytest.raises(UserError, match=r"3 rows whose 'date' lies years .*data row 3: .*more than 2 %"):
        read(lines("date,v", days, VALUES))


def test_a_gap_of_years_is_no_wrong_clock(read: Read) -> None:
    days = [str(t.date()) for t in [*pd.date_range("2012-01-01", periods=6), *DAYS]]
    found = read(lines("date,v", days, np.arange(N + 6) % 7))
    assert len(found) == N + 6


NUMBERS: dict[str, Callable[[float], str]] = {
    "Brazilian money": lambda v: f"R$ {v + 1000:,.2f}".translate(str.maketrans(",.", ".,")),
    "Swiss money": lambda v: f"CHF {v + 1000:,.2f}".replace(",", "'"),
    "American money": lambda v: f"US${v + 1000:,.2f}",
    "Fortran": lambda v: f"{(v + 1000) / 1000:.5f}D+03",
}


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_as_further_programs_write_them(read: Read, form: str) -> None:
    found = read(lines("date;v", [str(t.date()) for t in DAYS], map(NUMBERS[form], VALUES), sep=";"))
    assert np.allclose(found.values, VALUES + 1000)


def test_unknown_numbers_do_not_make_a_counter_the_values(read: Read) -> None:
    with pytest.raises(UserError, match=r"no numeric column .*v \('n0'\)"):
        read(lines("t,v", range(N), [f"n{k}" for k in range(N)]))


def test_times_are_made_of_start_and_step(read: Read) -> None:
    """As rrdtool writes them."""
    meta = {"start": 1700000000, "step": 300, "end": 1700000000 + 300 * (N - 1), "legend": ["load", "users"]}
    found = read(json.dumps({"about": "RRDtool xport JSON output", "meta": meta, "data": [[v, 3] for v in VALUES]}))
    assert (found.column, found.values.tolist()) == ("load", VALUES.tolist())
    assert (found.show_time(0), found.show_time(1)) == ("2023-11-14 22:13:20Z", "2023-11-14 22:18:20Z")
    assert "time from start and step" in found.lineup[1]


def test_labels_of_minus_one_are_named(read: Read) -> None:
    text = lines("", VALUES, np.where(np.arange(N) % 20 == 7, -1, 1))
    assert "Columns of two values, one of them rare, may be labels: column 2 (--label)." in read(text).notes
    found = read(text, label="column 2")
    assert found.labels is not None
    assert found.labels.sum() == 3


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip", "x.xlsx"])
def test_what_unpacks_to_too_much_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(encoding, "MOST", 1000)
    kind = "[Content_Types].xml" if name.endswith("xlsx") else "x.csv"
    packed = gzip.compress(b"0" * 1001) if name.endswith("gz") else archive({kind: "0" * 1001})
    with pytest.raises(UserError, match=r"holds more than .* MiB: unpack it, or save it as CSV"):
        read(packed, name)
