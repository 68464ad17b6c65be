"""Parse the cells of a column, as a whole: numbers, time stamps, states, labels."""

from benchmark.reading.parsing import cell, labels
from benchmark.reading.parsing.calendars import BUDDHIST, THAI, is_buddhist, years_of_eras
from benchmark.reading.parsing.cell import kind
from benchmark.reading.parsing.codes import without_codes
from benchmark.reading.parsing.fields import (
    LATEST,
    Fields,
    day_of_year,
    first_year,
    full_year,
    in_order,
    midnight,
    plain_times,
)
from benchmark.reading.parsing.marks import Undecided
from benchmark.reading.parsing.names import ANY, LETTERS, PARTS, PERIODS, RANGES, SHORT, is_short_part, month_of
from benchmark.reading.parsing.numbers import LIMITS, Numbers, mostly, sample
from benchmark.reading.parsing.sheet import Sheet, is_constant, is_counter, is_whole
from benchmark.reading.parsing.stamps import YEARLESS, Stamps, read_stamps
from benchmark.reading.parsing.table import Cells, Table, as_mask, from_columns, unique_names
from benchmark.reading.parsing.units import DAY, HOUR, MINUTE, NOT_A_TIME, SECOND, Nanoseconds
