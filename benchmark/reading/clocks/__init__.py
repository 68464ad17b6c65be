"""Find the columns of time, read them as one clock, and order the rows by it."""

from benchmark.reading.clocks.clock import Clock
from benchmark.reading.clocks.epochs import from_epoch
from benchmark.reading.clocks.find import CLOCK_NAME, find_clock, unread_times
from benchmark.reading.clocks.order import Order, arrange, file_order, wall_at
from benchmark.reading.clocks.zones import TimeText, in_zone
