"""Untrained networks: AE, CNN and LSTM with their initial random weights.

They show what architecture and scaling reach without training; a trained network should exceed that. Kim et al.,
"Towards a rigorous evaluation of time-series anomaly detection", AAAI 2022.
"""

from __future__ import annotations

from typing import Any, ClassVar

from detectors.ae import AE
from detectors.cnn import CNN
from detectors.core import Alignment, Group, Window
from detectors.lstm import LSTM
from detectors.neural.baseline import Forecaster, Scaling

_KIM = "Kim et al., AAAI 2022, Section 3"


class UntrainedAE(AE):
    """:class:`~detectors.ae.AE` with random weights; of the fitted values only the period is used.

    Parameters
    ----------
    window, align, device, random_state
        As in :class:`~detectors.ae.AE`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(600) / 5)
    >>> detector = UntrainedAE(window=40).fit(x)
    >>> detector.history_  # nothing is learnt
    {}
    >>> detector.score(x).shape
    (600,)
    """

    group: ClassVar[Group] = "untrained"
    source: ClassVar[str] = _KIM
    exempt: ClassVar[dict[str, str]] = {"spike": "has learnt no shape that a spike could break"}
    quick: ClassVar[dict[str, Any]] = {}

    def __init__(
        self, window: Window = "auto", align: Alignment = "centre", device: str = "auto", random_state: int = 0
    ) -> None:
        super().__init__(window, epochs=0, device=device, random_state=random_state, align=align)


class _UntrainedForecaster(Forecaster):
    group: ClassVar[Group] = "untrained"
    source: ClassVar[str] = _KIM
    quick: ClassVar[dict[str, Any]] = {}

    def __init__(
        self, window: Window = "auto", scaling: Scaling = "past", device: str = "auto", random_state: int = 0
    ) -> None:
        super().__init__(window, epochs=0, device=device, random_state=random_state, scaling=scaling)


class UntrainedCNN(_UntrainedForecaster, CNN):
    """:class:`~detectors.cnn.CNN` with random weights; of the fitted values only period and range are used.

    Parameters
    ----------
    window, scaling, device, random_state
        As in :class:`~detectors.cnn.CNN`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(600) / 5)
    >>> detector = UntrainedCNN(window=40).fit(x)
    >>> detector.history_  # nothing is learnt
    {}
    >>> detector.score(x).shape
    (600,)
    """


class UntrainedLSTM(_UntrainedForecaster, LSTM):
    """:class:`~detectors.lstm.LSTM` with random weights; of the fitted values only period and range are used.

    Parameters
    ----------
    window, scaling, device, random_state
        As in :class:`~detectors.lstm.LSTM`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(600) / 5)
    >>> detector = UntrainedLSTM(window=40).fit(x)
    >>> detector.history_  # nothing is learnt
    {}
    >>> detector.score(x).shape
    (600,)
    """
