"""Check the options that a user gives at the command line or in Python, and build :class:`Options` from them."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, get_args

from benchmark.catalogue import registry
from benchmark.detection.conventions import CANDIDATES
from benchmark.detection.detect import Options, Rule, false_alerts
from benchmark.errors import UserError, unknown
from benchmark.grid import as_seed
from benchmark.reading import Recording

Given = Mapping[str, Any]  # option of the command -> its value; None or empty if not given

SET_BY_MODEL = ("detector", "set", "false_alerts", "threshold", "contamination", "budget", "seed", "save")


def check_options(given: Given, model: object) -> None:
    """Check that all options are valid and have an effect.

    Raises
    ------
    UserError
        For an option that the model or another option makes ineffective, and for an unknown detector or rule.
    """
    said = [name for name in SET_BY_MODEL if given.get(name) not in (None, (), [], {})]
    if model and said:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in said)
        raise UserError(f"--model sets the detectors, their parameters and the threshold: leave out {options}")
    _params(given)
    _check_numbers(given)
    rule, share = given["threshold"] or "peaks", given["contamination"]
    if rule not in get_args(Rule):
        raise unknown("threshold", str(rule), get_args(Rule))
    if share is not None and rule == "peaks":
        raise UserError(
            "--contamination has no effect without --threshold=quantile or --threshold=pot: add one of them"
        )
    if given["false_alerts"] is not None and rule != "peaks":
        raise UserError(f"--false-alerts has no effect with --threshold={rule}: leave out one of the two")


def _params(given: Given) -> dict[str, dict[str, Any]]:
    """Return the parameters of ``--set`` by detector; a detector in a file is named by the file or by its class."""
    named = {registry.load(spec).__name__: spec for spec in given["detector"]}
    known = named | {spec: spec for spec in given["detector"] or CANDIDATES}
    for name in given["set"]:
        if name not in known:
            raise unknown("detector in --set", name, known)
    return {known[name]: values for name, values in given["set"].items()}


def _check_numbers(given: Given) -> None:
    """Check numbers as the parser of the command does: in Python they may be anything."""
    share, budget, seed = (given[name] for name in ("contamination", "budget", "seed"))
    if share is not None and not (isinstance(share, Real) and 0 < float(share) < 0.5):
        raise UserError(f"--contamination must lie between 0 and 0.5, got {share!r}")
    if budget is not None and not (isinstance(budget, Real) and 0 <= float(budget) < float("inf")):
        raise UserError(f"--budget must be a number of seconds, at least 0, got {budget!r}")
    if seed is not None:
        as_seed(seed)


def build_options(given: Given, recording: Recording) -> Options:
    """Build the options for a series; options that are not given have their defaults."""
    rate = given["false_alerts"]
    chosen = {
        "detectors": tuple(given["detector"]),
        "params": _params(given),
        "rule": given["threshold"],
        "false_alerts": None if rate is None else false_alerts(str(rate), recording),
        "contamination": given["contamination"],
        "budget": given["budget"],
        "seed": given["seed"],
    }
    return Options(**{name: value for name, value in chosen.items() if value is not None})
