"""Find the columns of time, read them as one clock, and order the rows by it."""

from __future__ import annotations

from benchmark.reading.clocks.clock import Clock
from benchmark.reading.clocks.epochs import from_epoch
from benchmark.reading.clocks.find import CLOCK_NAME, find_clock, unread_times
from benchmark.reading.clocks.order import Order, arrange, file_order, wall_at
from benchmark.reading.clocks.zones import TimeText, in_zone

__all__ = [
    "CLOCK_NAME",
    "Clock",
    "Order",
    "TimeText",
    "arrange",
    "file_order",
    "find_clock",
    "from_epoch",
    "in_zone",
    "unread_times",
    "wall_at",
]
