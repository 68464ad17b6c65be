"""Every registered detector fulfils the whole contract; detectors that violate it are detected."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest.mock import Mock

import numpy as np
import pytest

from benchmark.catalogue import registry
from benchmark.catalogue.checks import Check, iter_checks
from benchmark.catalogue.invariances import INVARIANCES
from benchmark.catalogue.trials import CheckFailed
from benchmark.cli import main
from detectors.core.contract import Array, Detector

ALL = [check for cls in registry.detectors().values() for check in iter_checks(cls)]


@pytest.mark.parametrize("check", ALL, ids=str)
def test_conformance(check: Check) -> None:
    if check.run() == "exempt":
        pytest.xfail(check.reason)


def test_every_detector_of_the_package_is_held_to_invariance_and_says_what_it_cannot_see() -> None:
    for name, cls in registry.detectors().items():
        assert cls.conformance == "invariance", name
        assert cls.blind_to, name


def test_a_detector_held_to_the_contract_alone_is_spared_the_laws() -> None:
    class Modest(Sound):
        conformance = "contract"
        exempt: ClassVar[dict[str, str]] = {}

    spared = {check.name for check in iter_checks(Sound)} - {check.name for check in iter_checks(Modest)}
    assert spared == set(INVARIANCES)


def test_every_file_of_a_detector_can_be_imported() -> None:
    assert registry.broken() == {}


# -- each check can fail: one broken detector for it ---------------------------------------------


LEAVES = """
from detectors import Detector

class Leaves(Detector):
    def _fit(self, pieces):
        raise SystemExit(3)

    def _score(self, x):
        return x
"""


class Sound(Detector):
    """Distance from the mean of the fitted values.

    Parameters
    ----------
    scale : float
        Factor of the distance.
    """

    source = "nowhere, a test"
    conformance = "invariance"
    exempt: ClassVar[dict[str, str]] = {"huge value fitted": "the mean is of all values"}

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def check_params(self) -> None:
        if not (isinstance(self.scale, int | float) and np.isfinite(self.scale)):
            raise ValueError(f"scale must be a finite number, got {self.scale!r}")

    def _fit(self, pieces: list[Array]) -> None:
        self.mean_ = float(np.concatenate(pieces).mean())

    def _score(self, x: Array) -> Array:
        return np.abs(x - self.mean_) * self.scale


class Undocumented(Sound):
    source = ""


class AsksForLabels(Sound):
    def tune(self, x: Array, labels: Array) -> None: ...


class RewritesParameters(Sound):
    def _fit(self, pieces: list[Array]) -> None:
        super()._fit(pieces)
        self.scale = self.mean_


class CopiesParameters(Sound):
    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale + 1


class ScoresUnfitted(Sound):
    mean_ = 0.0

    def score(self, x: Any) -> Array:
        return self._score(np.asarray(x, dtype=float))


class AcceptsAnything(Sound):
    def fit(self, x: Any) -> AcceptsAnything:
        try:
            return super().fit(x)
        except ValueError:
            return self


class Mutates(Sound):
    def fit(self, x: Any) -> Mutates:
        super().fit(x)
        if isinstance(x, np.ndarray) and x.flags.writeable:
            x[0] = 0
        return self


class Remembers(Sound):
    def _score(self, x: Array) -> Array:
        self.mean_ = 0.5 * self.mean_ + 0.5 * float(x.mean())
        return super()._score(x)


class Dice(Sound):
    def _score(self, x: Array) -> Array:
        return np.random.uniform(size=len(x))  # noqa: NPY002 - the fault under test


class OnlyItsOwnLength(Sound):
    def _score(self, x: Array) -> Array:
        return super()._score(x) + np.zeros(len(self.fitted_pieces_[0]))


class Forgets(Sound):
    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "mean_": 1e3}


class DividesByTheSpread(Sound):
    def _score(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return super()._score(x) / np.std(x)


class FirstPieceOnly(Sound):
    def _score(self, x: Array) -> Array:
        return super()._score(x[: 2 * len(self.fitted_pieces_[0])])


class SwapsTheSign(Sound):
    def _score(self, x: Array) -> Array:
        return -super()._score(x)


class LooksAtTheType(Sound):
    def fit(self, x: Any) -> LooksAtTheType:
        super().fit(x)
        self.mean_ += float(np.asarray(x[0]).dtype == np.float32)
        return self


class PredictsAtRandom(Sound):
    def predict(self, x: Any, rule: Any = "quantile", contamination: float = 0.01) -> Any:
        return np.zeros(len(x), dtype=bool)


class Hoards(Sound):
    def _fit(self, pieces: list[Array]) -> None:
        super()._fit(pieces)
        self.copies_ = np.tile(pieces[0], (110, 1))


class KnowsUnits(Sound):
    def _score(self, x: Array) -> Array:
        return np.where(np.abs(x) > 1e-7, super()._score(x), 0.0)


class KnowsTheLevel(Sound):
    def _score(self, x: Array) -> Array:
        return np.abs(x.astype(np.float32) - np.float32(self.mean_)).astype(float)


class CarriesOn(Sound):
    exempt: ClassVar[dict[str, str]] = {}

    def _score(self, x: Array) -> Array:
        summed = np.cumsum(np.abs(x - self.mean_))
        return np.diff(summed, prepend=0.0)


class TakesAnyScale(Sound):
    def _score(self, x: Array) -> Array:
        if self.scale == 0:
            raise ZeroDivisionError
        return super()._score(x) / self.scale


BROKEN = {
    "unit": KnowsUnits,
    "level": KnowsTheLevel,
    "huge value scored": CarriesOn,
    "huge value fitted": CarriesOn,
    "parameter ranges": TakesAnyScale,
    "documented": Undocumented,
    "no labels": AsksForLabels,
    "parameters": RewritesParameters,
    "unfitted": ScoresUnfitted,
    "refusals": AcceptsAnything,
    "output": OnlyItsOwnLength,
    "input untouched": Mutates,
    "reproducible": Dice,
    "clone": CopiesParameters,
    "pickled": Forgets,
    "other types": LooksAtTheType,
    "constant": DividesByTheSpread,
    "pieces": FirstPieceOnly,
    "prediction": PredictsAtRandom,
    "spike": SwapsTheSign,
    "memory": Hoards,
}


@pytest.mark.parametrize("check", list(iter_checks(Sound)), ids=str)
def test_a_sound_detector_passes(check: Check) -> None:
    assert check.run() == ("exempt" if check.reason else "passed")


@pytest.mark.parametrize("check", list(iter_checks(Sound)), ids=lambda c: c.name)
def test_each_check_catches_its_fault(check: Check) -> None:
    broken = {c.name: c for c in iter_checks(BROKEN[check.name])}[check.name]
    assert not broken.reason, "an exempt detector shows nothing"
    with pytest.raises((CheckFailed, ValueError, RuntimeError, FloatingPointError)):
        broken.run()


def test_state_that_grows_while_scoring_is_caught() -> None:
    check = {c.name: c for c in iter_checks(Remembers)}["input untouched"]
    with pytest.raises(CheckFailed, match="changes the scores"):
        check.run()


def test_a_detector_that_cannot_score_a_wave_by_a_constant_is_caught() -> None:
    class DividesByTheFitted(Sound):
        def _fit(self, pieces: list[Array]) -> None:
            super()._fit(pieces)
            self.spread_ = float(np.ptp(np.concatenate(pieces)))

        def _score(self, x: Array) -> Array:
            distance = super()._score(x)
            with np.errstate(all="ignore"):
                return np.where(distance < 1e-9, 0.0, distance / self.spread_)

    check = {c.name: c for c in iter_checks(DividesByTheFitted)}["constant"]
    with pytest.raises(FloatingPointError, match="not finite"):
        check.run()


def test_a_detector_that_cannot_score_after_the_least_it_fits_is_caught() -> None:
    class SpreadOfDifferences(Sound):
        def _fit(self, pieces: list[Array]) -> None:
            super()._fit(pieces)
            with warnings.catch_warnings(action="ignore"):
                self.spread_ = float(np.diff(np.concatenate(pieces)).var())

        def _score(self, x: Array) -> Array:
            with np.errstate(all="ignore"):
                return super()._score(x) / self.spread_

    check = {c.name: c for c in iter_checks(SpreadOfDifferences)}["output"]
    with pytest.raises(FloatingPointError, match="not finite"):
        check.run()


def test_check_lists_what_is_kept_exempt_and_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def promise(name: str, outcome: Any) -> Any:
        return SimpleNamespace(
            name=name, requirement=f"It does {name}.", reason="none can", run=Mock(side_effect=[outcome])
        )

    made = [promise("a", "passed"), promise("b", "exempt"), promise("c", CheckFailed("no")), promise("d", KeyError(3))]
    monkeypatch.setattr("benchmark.catalogue.checks.iter_checks", lambda cls: made)
    assert main(["check", "AbsDeviation"]) == 1
    shown = re.sub(r"\(mock.py, line \d+\)", "(FILE, line N)", capsys.readouterr().out)
    assert shown.splitlines()[1:] == [
        "  ok     a                It does a.",
        "  exempt b                none can",
        "  FIX    c                no",
        "  FIX    d                It does d. But it raised KeyError: 3 (FILE, line N)",
        "2 to fix",
    ]


def test_a_detector_that_ends_the_process_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "leaves.py"
    file.write_text(LEAVES, encoding="utf-8")
    assert main(["check", str(file)]) == 1
    assert "But it raised SystemExit: 3 (leaves.py, line 6)" in capsys.readouterr().out


def test_an_exemption_that_is_no_longer_needed_is_an_error() -> None:
    class Cured(Sound):
        exempt: ClassVar[dict[str, str]] = {"spike": "once it could not"}

    check = {c.name: c for c in iter_checks(Cured)}["spike"]
    with pytest.raises(CheckFailed, match="remove it from `exempt`"):
        check.run()


def test_an_exemption_from_an_unknown_check_is_an_error() -> None:
    class Typo(Sound):
        exempt: ClassVar[dict[str, str]] = {"spikes": "a slip of the pen"}

    with pytest.raises(CheckFailed, match="spikes"):
        next(iter_checks(Typo))
