"""The windows' former place, for plug-ins written before the packages had faces: import from `detectors` instead."""

from detectors.core import Alignment, Array, Detector, Group, WindowDetector, Windows  # noqa: F401
