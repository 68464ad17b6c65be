"""Values and times of a recording as its file shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.clock import Clock
from benchmark.reading.order import Order, wall_at
from benchmark.reading.recording import Recording
from benchmark.reading.sheet import is_whole
from benchmark.reading.units import MINUTE
from benchmark.reading.zones import TimeText


@dataclass
class ValueText:
    """Values as the file has them, by point of the recording."""

    cells: Any
    rows: NDArray[np.int64]

    def __call__(self, point: int) -> str:
        value = self.cells[int(self.rows[point])].as_py()
        return str(value).strip()


def set_times(found: Recording, clock: Clock | None, order: Order) -> tuple[Any, Any]:
    """Times of the recording; its clock and offset for events."""
    import pandas as pd

    if clock is None:
        return None, None
    if clock.stamps is None:
        assert clock.numbers is not None
        numbers = clock.numbers[order.before] + order.ahead
        whole = is_whole(numbers) and bool(np.all(np.abs(numbers) < 2**53))
        found.times = pd.Series(numbers.astype(np.int64) if whole else numbers)
        return numbers, None
    wall = wall_at(clock.stamps, order)
    offset = None if clock.stamps.offset is None else clock.stamps.offset[order.before]
    found.times = _pandas(wall, offset)
    found.time_text = TimeText(wall, offset, clock.stamps.dates_only)
    return wall, offset


def _pandas(wall: NDArray[np.int64], offset: Any) -> Any:
    """Time stamps for pictures and tables: with one offset, in UTC where it changes, without any as written."""
    import pandas as pd

    if offset is None:
        return pd.Series(wall.view("M8[ns]"))
    shifted = wall - offset.astype(np.int64) * MINUTE
    times = pd.Series(shifted.view("M8[ns]")).dt.tz_localize("UTC")
    same = len(offset) and bool((offset == offset[0]).all())
    zone = timezone(timedelta(minutes=int(offset[0]))) if same and offset[0] else "UTC"
    return times.dt.tz_convert(zone)
