"""Options of a library's class by name: which are refused before work, and which are tried on a few values first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from benchmark.errors import unknown


def check_names(owner: str, options: Collection[str], accepted: Collection[str]) -> None:
    """Refuse an option that is not among the accepted ones."""
    for name in options:
        if name not in accepted:
            raise ValueError(str(unknown(f"option of {owner}", name, accepted)))


def check_free(spec: str, options: Collection[str], window: Collection[str], given: Collection[str]) -> None:
    """Refuse an option that the run sets itself: the window, and what the adapter cannot do without."""
    for name in options:
        if name in window:
            raise ValueError(f"option {name} of {spec} is the window: set {spec}.window")
        if name in given:
            raise ValueError(f"option {name} of {spec} is set by each run")


def check_kinds(spec: str, options: Mapping[str, Any], defaults: Mapping[str, Any], words: bool = True) -> None:
    """Refuse what is no number where the default is one; with ``words``, a text or None may be meant.

    So libraries have it: ``n_bins=10`` also takes "auto", ``n_jobs=1`` also None.
    """
    for name, value in options.items():
        default = defaults.get(name)
        if isinstance(default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"option {name} of {spec} is True or False ({default}), got {value!r}")
        elif is_number(default) and not (is_number(value) or (words and (value is None or isinstance(value, str)))):
            raise ValueError(f"option {name} of {spec} is a number ({default}), got {value!r}")


def is_odd(value: Any, default: Any) -> bool:
    """Whether a value is worth a trial: any but a number of the default's sign and kind.

    Whether a plain number fits depends on the data: 50 neighbours are too many for the few windows of a trial.
    """
    if isinstance(value, bool):
        return not isinstance(default, bool)
    if not is_number(value):
        return True
    if is_number(default):
        return bool(value <= 0 < default) or (isinstance(default, int) and value != int(value))
    return isinstance(default, list | tuple)


def is_number(value: Any) -> bool:
    """Whether it is an int or a float, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)
