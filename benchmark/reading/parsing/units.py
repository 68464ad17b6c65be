"""Time as whole nanoseconds since 1970."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Nanoseconds = NDArray[np.int64]
NOT_A_TIME = np.iinfo(np.int64).min
SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
