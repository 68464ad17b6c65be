"""Array types of the detectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]
Index = NDArray[np.intp]
Int32 = NDArray[np.int32]
