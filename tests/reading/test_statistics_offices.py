"""Tables of statistics offices and of spreadsheets: a column for each month or year, flags, lines above the header."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

N = 36
MONTHS = pd.date_range("2018-01-01", periods=N, freq="MS")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 1)
SHOWN = [str(t.date()) for t in MONTHS]


def test_flags_of_eurostat_are_cut_off_and_named(read: Read) -> None:
    cells = [f"{v} {'ep' if k > 30 else 'b' if k == 5 else ''}" if k != 3 else ": c" for k, v in enumerate(VALUES)]
    head = ["freq,unit,geo\\TIME_PERIOD", *(f"{t:%Y-%m} " for t in MONTHS)]
    text = "\n".join(["\t".join(head), "\t".join(["M,I15,DE", *cells]), "\t".join(["M,I15,FR", *cells])]) + "\n"
    found = read(text, "sts.tsv", series="M,I15,DE")
    assert np.delete(found.values, 3).tolist() == np.delete(VALUES, 3).tolist()
    assert np.flatnonzero(found.filled).tolist() == [3]
    assert "Eurostat's flags: cut off 14 cells, e.g. ': c'." in found.notes


@pytest.mark.parametrize("form", ["%B %Y", "%b-%y", "%b %Y"])
def test_months_in_words_are_names_of_columns(read: Read, form: str) -> None:
    """As Tableau writes a cross table."""
    text = "\t".join(["", *MONTHS.strftime(form)]) + "\n" + "\t".join(["Sales", *map(str, VALUES)]) + "\n"
    found = read(text, encoding="utf-16")
    assert found.values.tolist() == VALUES.tolist()
    assert [found.show_time(k) for k in range(N)] == SHOWN


@pytest.mark.parametrize("countries", [3, 30])
def test_years_are_names_of_columns_below_other_lines(read: Read, countries: int) -> None:
    """As the World Bank writes them."""
    years = [*range(1960, 2024)]
    quoted = '","'.join(["Country Name", "Country Code", "Indicator Name", *map(str, years)])
    cells = ['","'.join(str(y * 7 % 83 + k) for y in years) for k in range(countries)]
    rows = [f'"Land {k}","L{k}","Population","{row}",' for k, row in enumerate(cells)]
    above = ['"Data Source","World",', "", '"Last Updated Date","2024-03-28",', ""]
    text = "\n".join([*above, f'"{quoted}",', *rows]) + "\n"
    found = read(text, series="Land 2")
    assert found.values.tolist() == [y * 7 % 83 + 2 for y in years]
    assert (found.show_time(0), found.show_time(63)) == ("1960-01-01", "2023-01-01")


def test_years_stand_before_months_without_a_name(read: Read) -> None:
    """As R prints a series."""
    rows = [f"{2018 + y} " + " ".join(f"{v:6.1f}" for v in VALUES[12 * y : 12 * y + 12]) for y in range(N // 12)]
    found = read("\n".join(["      " + "    ".join(MONTHS[:12].strftime("%b")), *rows]) + "\n", "ts.txt")
    assert found.values.tolist() == VALUES.tolist()
    assert [found.show_time(k) for k in range(N)] == SHOWN


def test_days_of_one_digit_are_rows_and_no_header(read: Read) -> None:
    days = pd.date_range("2024-01-01", periods=N)
    found = read(lines("", [f"{t.year}-{t.month}-{t.day}" for t in days], VALUES))
    assert [found.show_time(k) for k in range(N)] == [str(t.date()) for t in days]


def test_quarter_hours_from_one_to_the_next_are_names_of_columns(read: Read) -> None:
    """As Italian meters write a day."""
    quarters = [f"{k // 4:02d}:{k % 4 * 15:02d}-{(k + 1) // 4:02d}:{(k + 1) % 4 * 15:02d}" for k in range(96)]
    days = [f"{d}.03.2024;" + ";".join(f"{k % 7 + d}.5" for k in range(96)) for d in range(10, 20)]
    found = read("\n".join([";".join(["Giorno", *quarters]), *days]) + "\n")
    assert found.values.tolist() == [k % 7 + d + 0.5 for d in range(10, 20) for k in range(96)]
    assert (found.show_time(1), found.show_time(959)) == ("2024-03-10 00:15:00", "2024-03-19 23:45:00")
