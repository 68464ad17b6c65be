"""JSON of servers and programs in many structures, with the series that they hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from written import Read

from benchmark.errors import UserError

N = 60
TIMES = pd.date_range("2024-05-01", periods=N, freq="min")
ISO = [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in TIMES]
MS = [1714521600000 + 60_000 * k for k in range(N)]
X = [float(x) for x in np.round(40 + 9 * np.sin(np.arange(N) / 5), 3)]


def points(scale: float = 1.0) -> list[list[float]]:
    return [[t, x * scale] for t, x in zip(MS, X, strict=True)]


def records(time: str = "t", value: str = "v") -> list[dict[str, Any]]:
    return [{time: t, value: x} for t, x in zip(ISO, X, strict=True)]


def buckets(scale: float = 1.0) -> dict[str, Any]:
    return {"buckets": [{"key": t, "doc_count": 7, "load": {"value": x * scale}} for t, x in zip(MS, X, strict=True)]}


ONE: dict[str, Any] = {
    "Datadog": {"series": [{"metric": "load", "pointlist": points(), "interval": 60, "scope": "host:a"}]},
    "KairosDB": {
        "queries": [{"sample_size": N, "results": [{"name": "load", "tags": {"h": ["a"]}, "values": points()}]}]
    },
    "Azure": {
        "cost": 0,
        "value": [{"name": {"value": "CPU"}, "timeseries": [{"data": records("timeStamp", "average")}]}],
    },
    "Google": {
        "timeSeries": [
            {"points": [{"interval": {"endTime": t}, "value": {"doubleValue": x}} for t, x in zip(ISO, X, strict=True)]}
        ]
    },
    "Elasticsearch": {"hits": {"hits": []}, "aggregations": {"by_minute": buckets()}},
    "USGS": {
        "value": {
            "timeSeries": [
                {
                    "values": [
                        {
                            "value": [
                                {"value": str(x), "qualifiers": ["P"], "dateTime": t}
                                for t, x in zip(ISO, X, strict=True)
                            ]
                        }
                    ]
                }
            ]
        }
    },
    "a page and its rows": [{"page": 1, "pages": 1, "total": N}, records()],
    "Home Assistant": [
        [{"entity_id": "sensor.a", "state": str(x), "last_changed": t} for t, x in zip(ISO, X, strict=True)]
    ],
    "plotly": {"data": [{"type": "scatter", "x": ISO, "y": X}], "layout": {}},
    "Chart.js": {"data": {"labels": ISO, "datasets": [{"label": "load", "data": X}]}},
    "Open-Meteo": {"latitude": 52.5, "hourly_units": {"time": "iso8601"}, "hourly": {"time": ISO, "load": X}},
    "names beside rows": {"labels": ["time", "load"], "data": [[t // 1000, x] for t, x in points()]},
    "typed names beside rows": {
        "columns": [{"name": "t", "type": "date"}, {"name": "load", "type": "real"}],
        "rows": [*zip(ISO, X, strict=True)],
    },
    "a row for each day": {
        "Meta": {"1": "x"},
        "Series": {t: {"open": x, "close": x + 1} for t, x in zip(ISO, X, strict=True)},
    },
    "GeoJSON": {
        "features": [{"properties": {"time": t, "mag": x}, "geometry": {"coordinates": [1, 2]}} for t, x in points()]
    },
    "values and their times": {"metric": {"job": "x"}, "values": X, "timestamps": MS},
}


@pytest.mark.parametrize("kind", ONE)
def test_the_longest_list_is_the_series(read: Read, kind: str) -> None:
    found = read(json.dumps(ONE[kind]), name="mine.json")
    assert (found.values.tolist(), found.show_time(N - 1)) == (X, "2024-05-01 00:59:00Z")


SEVERAL: dict[str, tuple[Callable[[], Any], tuple[str, str]]] = {
    "by key": (lambda: {"warm": points(), "cold": points(2)}, ("warm", "cold")),
    "by a word": (
        lambda: {"series": [{"name": n, "n": 1, "data": points(k)} for k, n in ((1, "a"), (2, "b"))]},
        ("a", "b"),
    ),
    "by a tag": (
        lambda: {
            "results": [
                {
                    "series": [
                        {"name": "cpu", "tags": {"host": h}, "columns": ["time", "mean"], "values": points(k)}
                        for k, h in ((1, "a"), (2, "b"))
                    ]
                }
            ]
        },
        ("a", "b"),
    ),
    "by place": (lambda: [points(), points(2)], ("0", "1")),
    "below each other": (
        lambda: {
            "hosts": {"buckets": [{"key": h, "doc_count": 9, "per": buckets(k)} for k, h in ((1, "a"), (2, "b"))]}
        },
        ("a", "b"),
    ),
    "columns of each": (
        lambda: [{"name": n, "x": ISO, "y": [x * k for x in X]} for k, n in ((1, "a"), (2, "b"))],
        ("a", "b"),
    ),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_lists_of_one_shape_are_several_series(read: Read, kind: str) -> None:
    make, names = SEVERAL[kind]
    text = json.dumps(make())
    with pytest.raises(UserError, match=f"2 series.*{names[0]}.*{names[1]}"):
        read(text, name="mine.json")
    assert read(text, name="mine.json", series=names[1]).values.tolist() == [x * 2 for x in X]


@pytest.mark.parametrize("count", [2, 5])
def test_a_longer_list_of_words_is_no_series(read: Read, count: int) -> None:
    notes = [{"value": word, "title": "note"} for word in ("site", "range", "method", "time", "id", "disclaimer")]
    rows = [{"value": str(k + 0.5), "dateTime": f"2024-01-0{k + 1}"} for k in range(count)]
    found = read(json.dumps({"note": notes, "series": [{"values": [{"value": rows}]}]}), "a.json")
    assert found.values.tolist() == [k + 0.5 for k in range(count)]


@pytest.mark.parametrize("fields", [{"cpu": 1.5}, ["a", "b"]])
def test_what_is_called_fields_need_not_be_grafanas(read: Read, fields: object) -> None:
    """As Telegraf writes its objects."""
    rows = [{"fields": fields, "v": k % 5 + 0.5, "timestamp": 1_700_000_000 + 60 * k} for k in range(30)]
    found = read("\n".join(map(json.dumps, rows)) + "\n", "x.json", value="v")
    assert found.values.tolist() == [k % 5 + 0.5 for k in range(30)]
