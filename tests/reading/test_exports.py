"""Files as exports of the world have them: other languages, zones, codings and broken lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError

MONTHS = {
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
}
DAYS = pd.date_range("2023-01-01", periods=365, freq="D")
HOURS = pd.date_range("2024-05-20", periods=240, freq="h")


def values(count: int) -> np.ndarray:
    return np.round(50 + 10 * np.sin(np.arange(count) / 9), 2)


@pytest.mark.parametrize("form", ["{day} {month} {year}", "{day} de {month} de {year}", "{day}. {month} {year}"])
@pytest.mark.parametrize("language", MONTHS)
def test_months_in_other_languages(read: Read, language: str, form: str) -> None:
    names = MONTHS[language].split()
    cells = [form.format(day=t.day, month=names[t.month - 1], year=t.year) for t in DAYS]
    found = read(lines("day;value", cells, values(365), sep=";"))
    assert [found.show_time(k) for k in range(365)] == [str(t)[:10] for t in DAYS]


CLOCKS = {
    "Spanish halves of the day": lambda t: t.strftime("%d/%m/%Y %I:%M:%S ") + ("a. m." if t.hour < 12 else "p. m."),
    "web server": lambda t: t.strftime("%d/%b/%Y:%H:%M:%S"),
    "Chinese": lambda t: t.strftime("%Y年%m月%d日 %H:%M"),
}


@pytest.mark.parametrize("form", CLOCKS)
def test_clocks(read: Read, form: str) -> None:
    found = read(lines("time;value", [CLOCKS[form](t) for t in HOURS], values(240), sep=";"))
    assert [found.show_time(k) for k in range(240)] == [str(t) for t in HOURS]


@pytest.mark.parametrize("tail", ["+02:00[Europe/Berlin]", "+0200 (CEST)"])
def test_a_zone_behind_an_offset(read: Read, tail: str) -> None:
    found = read(lines("time;value", HOURS.strftime("%Y-%m-%dT%H:%M:%S") + tail, values(240), sep=";"))
    assert found.show_time(239) == f"{HOURS[-1]}+02:00"


def test_zones_by_name_are_known_or_refused(read: Read) -> None:
    text = lines("time,value", HOURS.strftime("%Y-%m-%d %H:%M:%S AEST"), values(240))
    found = read(text)
    assert found.show_time(0) == f"{HOURS[0]}+10:00"
    assert "Zones are read by their names: AEST as UTC+10." in found.notes
    with pytest.raises(UserError, match=r"'XYT' .* is not known.*--tz"):
        read(text.replace("AEST", "XYT"))


@pytest.mark.parametrize(
    ("name", "word", "usual"),
    [
        ("Anomalie", "ja", "nein"),
        ("anomalie", "VRAI", "FAUX"),
        ("label", "1", ""),
        ("label", "1", "NaN"),
        ("anomaly", "x", ""),
    ],
)
def test_labels_of_other_languages_and_marks(read: Read, name: str, word: str, usual: str) -> None:
    cells = [word if 100 <= k < 112 else usual for k in range(240)]
    found = read(lines(f"time,value,{name}", HOURS, values(240), cells))
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == list(range(100, 112))


@pytest.mark.parametrize("tail", [",", ",a note"])
def test_one_cell_too_many_in_the_first_row_keeps_the_header(read: Read, tail: str) -> None:
    head, first, *rest = lines("time,value", HOURS, values(240)).splitlines()
    found = read("\n".join([head, first + tail, *rest]))
    assert (found.column, len(found)) == ("value", 239)
    assert any(note.startswith("Dropped: 1 row of 240") for note in found.notes)


def test_rows_numbered_by_a_hash_are_no_comments(read: Read) -> None:
    found = read(lines("no,time,value", [f"#{k}" for k in range(240)], HOURS, values(240)))
    assert (found.column, len(found), found.show_time(0)) == ("value", 240, str(HOURS[0]))


def test_a_decimal_comma_without_a_header(read: Read) -> None:
    found = read("\n".join(f"{v:.2f}".replace(".", ",") for v in values(240)))
    assert found.values == pytest.approx(values(240))
