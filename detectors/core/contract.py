"""The contract that every detector keeps: parameters in, one anomaly score per point out.

Over 300 lines: half of it documents what a user calls and what a subclass writes, which is one class.
"""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.core import saved
from detectors.core.arrays import Array
from detectors.core.parameters import Rule
from detectors.core.threshold import peaks_over_threshold, upper_quantile
from detectors.core.values import as_pieces, as_series, frozen_copy, offset_in

Diet = Literal["series", "normal", "nothing"]
Conformance = Literal["contract", "invariance"]
Group = Literal["classical", "neural", "one-liner", "untrained", "successor", "field", "plug-in"]


class Diverged(ArithmeticError):
    """A training loss that is no longer finite.

    Examples
    --------
    >>> from detectors import Diverged
    >>> issubclass(Diverged, ArithmeticError)
    True
    """


class Detector(ABC):
    """An anomaly detector for one univariate series.

    Subclasses declare their parameters (:func:`~detectors.core.parameters.parameters`) or store their constructor's
    arguments untouched. They implement :meth:`_fit` and :meth:`_score`, and let learnt attributes end in an underscore.
    No signature has a label.

    Attributes
    ----------
    learns_from : {"series", "normal", "nothing"}
        What ``fit`` expects. ``"series"``: the series that will be scored, anomalies included (unsupervised).
        ``"normal"``: normal data (semi-supervised). ``"nothing"``: a score depends on the scored series alone. A
        protocol uses it to choose, or to refuse, what it hands to ``fit``.
    group : str
        The detector's block of the table; "field": not of the paper's table, run when named.
    version : int
        Raised whenever the scores change for equal input: it is part of a result's key.
    source : str
        Where the method comes from.
    quick : dict
        Parameters that make it cheap, for checks and for ``--quick`` runs, whose results are marked.
    conformance : {"contract", "invariance"}
        Which checks bind it: the contract's, or also those of invariance (unit, level, huge values) and parameter
        ranges.
    exempt : dict
        Conformance checks that it need not pass, by name, each with the reason.
    blind_to : str
        What it cannot see, whatever its parameters: a line of ``docs/edges.md``.
    ablations : dict
        Its ideas by name, each with the parameters that switch it off, for ``python -m benchmark ablate``.
    choices : dict
        Parameters that its source leaves open, each with values that are as good a reading of it, for
        ``python -m benchmark multiverse``.
    rescored : frozenset of str
        Those of the choices that only ``score`` reads: :meth:`scores_by` tries them without another fit.
    side_by_side : bool
        Whether :meth:`fit_together` costs less than one fit after the other.
    rules : dict
        What values its parameters may have; those of its base classes hold, too.
    notes_ : tuple of str
        What ``fit`` has to say of the data, a sentence each.

    Examples
    --------
    >>> import numpy as np
    >>> from detectors import Detector
    >>> class Level(Detector):
    ...     def _fit(self, pieces):
    ...         self.level_ = float(np.median(np.concatenate(pieces)))
    ...
    ...     def _score(self, x):
    ...         return np.abs(x - self.level_)
    >>> Level().fit([1.0, 2.0, 3.0]).score([2.0, 7.0])
    array([0., 5.])
    """

    learns_from: ClassVar[Diet] = "series"
    group: ClassVar[Group] = "classical"
    version: ClassVar[int] = 1
    source: ClassVar[str] = ""
    quick: ClassVar[dict[str, Any]] = {}
    conformance: ClassVar[Conformance] = "contract"
    exempt: ClassVar[dict[str, str]] = {}
    blind_to: ClassVar[str] = ""
    ablations: ClassVar[dict[str, dict[str, Any]]] = {}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {}
    rescored: ClassVar[frozenset[str]] = frozenset()
    side_by_side: ClassVar[bool] = False
    rules: ClassVar[dict[str, Rule]] = {}

    notes_: tuple[str, ...] = ()
    on_progress: Callable[[str], None] | None = None

    # -- what a user calls ---------------------------------------------------------------------

    def fit(self, x: ArrayLike | Sequence[ArrayLike]) -> Self:
        """Learn from a series, or from several pieces of one.

        Parameters
        ----------
        x : (n,) array, or a list of such arrays
            Finite values, copied: what becomes of the caller's array later does not matter. Pieces are parts of
            one series with gaps between them: no window reaches from one piece into the next.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If a value is masked, no real number, not finite or beyond 1e150. If an array is not one-dimensional, or all
            pieces are too short. If :meth:`check_params` refuses a parameter.
        """
        self._fit(self._checked(x))
        return self

    @classmethod
    def fit_together(
        cls, detectors: Sequence[Self], data: Sequence[ArrayLike | Sequence[ArrayLike]]
    ) -> list[Exception | None]:
        """Fit several detectors of this class, each to its own data, as if one after the other.

        Parameters
        ----------
        detectors : sequence of detectors
        data : sequence
            What :meth:`fit` takes, for each of them.

        Returns
        -------
        list
            What each ``fit`` raised, or None.
        """
        errors: list[Exception | None] = []
        for detector, x in zip(detectors, data, strict=True):
            try:
                detector.fit(x)
                errors.append(None)
            except Exception as error:  # noqa: BLE001 - it is the caller's to raise
                errors.append(error)
        return errors

    def _checked(self, x: ArrayLike | Sequence[ArrayLike]) -> list[Array]:
        """The fitted pieces, kept as :attr:`fitted_pieces_`; what came of an earlier fit is forgotten."""
        self.check_params()
        pieces = [frozen_copy(piece) for piece in as_pieces(x)]
        longest = max(len(piece) for piece in pieces)
        if longest < self.min_length():
            raise ValueError(
                f"{type(self).__name__} needs at least {self.min_length()} consecutive points to fit, "
                f"the longest piece has {longest}: give a longer series or a smaller window"
            )
        self.fitted_pieces_ = pieces
        for kept in ("_fitted_scores", "_usual_scores"):
            self.__dict__.pop(kept, None)
        return pieces

    def score(self, x: ArrayLike) -> Array:
        """Anomaly score of each point, higher = more anomalous.

        Parameters
        ----------
        x : (n,) array
            Finite values; not necessarily the fitted series, nor of its length. Where it *is* the fitted series, or a
            part of it, no point is compared with itself.

        Returns
        -------
        (n,) float64 array
            Finite, on the detector's own scale.

        Raises
        ------
        RuntimeError
            Before ``fit``.
        ValueError
            If ``x`` is not a finite one-dimensional array, or too short.
        FloatingPointError
            If the detector produced a score that is not finite: never repaired in silence.
        """
        if not hasattr(self, "fitted_pieces_"):
            raise RuntimeError(f"call {type(self).__name__}.fit(x) before score(x)")
        series = as_series(x)
        if len(series) < self.min_length():
            raise ValueError(
                f"{type(self).__name__} needs at least {self.min_length()} points to score, got {len(series)}"
            )
        scores = np.asarray(self._score(series), dtype=np.float64)
        if scores.shape != series.shape:
            raise RuntimeError(f"{type(self).__name__} gave {scores.shape} scores for {series.shape} points")
        if not np.isfinite(scores).all():
            row = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise FloatingPointError(
                f"{type(self).__name__} gave the score {scores[row]} at row {row} "
                f"({int((~np.isfinite(scores)).sum())} of {len(scores)} are not finite)"
            )
        return scores

    def scores_by(self, x: ArrayLike, rules: Sequence[dict[str, Any]]) -> list[Array]:
        """Scores of one series under several values of the parameters in :attr:`rescored`, without another fit.

        Parameters
        ----------
        x : (n,) array
        rules : sequence of dict
            Parameters, each in place of the detector's own.

        Returns
        -------
        list of (n,) arrays
        """
        return [copy.copy(self).set_params(**rule).score(x) for rule in rules]

    def threshold(self, rule: Literal["quantile", "pot"] = "quantile", contamination: float = 0.01) -> float:
        """Score from which on a point is called anomalous, taken from :meth:`usual_scores`.

        Parameters
        ----------
        rule : {"quantile", "pot"}
            ``"quantile"``: the ``1 - contamination`` quantile of the usual scores. ``"pot"``: peaks over threshold,
            from a generalised Pareto tail fitted to their peaks (Siffer et al., KDD 2017, Eq. 1). Where usual scores
            tie at the quantile, the ties are flagged or not, whichever comes nearer to ``contamination``. The highest
            scores always, the lowest never.
        contamination : float
            Expected share of anomalous points, in (0, 0.5).
        """
        if not 0 < contamination < 0.5:
            raise ValueError(f"contamination must lie in (0, 0.5), got {contamination}")
        if rule not in ("quantile", "pot"):
            raise ValueError(f"rule must be 'quantile' or 'pot', got {rule!r}")
        choose = upper_quantile if rule == "quantile" else peaks_over_threshold
        return choose(self.usual_scores(), contamination)

    def usual_scores(self) -> Array:
        """Scores of normal data that :meth:`threshold` refers to: the fitted ones, unless a class knows better."""
        return self.fitted_scores()

    def predict(
        self, x: ArrayLike, rule: Literal["quantile", "pot"] = "quantile", contamination: float = 0.01
    ) -> NDArray[np.bool_]:
        """Yes or no for each point: does its score reach :meth:`threshold`?

        Returns
        -------
        (n,) bool array
        """
        return self.score(x) >= self.threshold(rule, contamination)

    def fitted_scores(self) -> Array:
        """Scores of the fitted data, piece after piece, computed once and kept."""
        if not hasattr(self, "fitted_pieces_"):
            raise RuntimeError(f"call {type(self).__name__}.fit(x) first")
        if "_fitted_scores" not in self.__dict__:
            usable = [piece for piece in self.fitted_pieces_ if len(piece) >= self.min_length()]
            self._fitted_scores = np.concatenate([self.score(piece) for piece in usable])
        return self._fitted_scores

    def save(self, path: str | Path) -> None:
        """Write parameters, what was learnt and the fitted scores to one safetensors file; nothing is pickled.

        Parameters
        ----------
        path : str or Path
            Conventionally ending in ``.safetensors``. The fitted series itself is part of the file.

        Raises
        ------
        RuntimeError
            Before ``fit``.
        TypeError
            If something learnt cannot be saved without pickle.
        """
        self.fitted_scores()
        arrays: saved.Arrays = {}
        learnt = {k: v for k, v in self.__getstate__().items() if k not in self.param_defaults()}
        facts = {"detector": type(self).__name__, "version": self.version}
        encoded = {"params": saved.encode(self.get_params(), "params", arrays)}
        encoded["learnt"] = saved.encode(learnt, "learnt", arrays)
        saved.write(path, arrays, facts | encoded)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """A fitted detector from :meth:`save`: it scores and decides as the saved one did.

        Raises
        ------
        ValueError
            If the file holds something else, or the scores of another version, newer ones above all.
        """
        arrays, facts = saved.read(path)
        saved.checked(path, facts, cls.__name__, cls.version)
        self = cls(**saved.decode(facts["params"], arrays))
        vars(self).update(saved.decode(facts["learnt"], arrays))
        return self

    # -- what a subclass writes ----------------------------------------------------------------

    @abstractmethod
    def _fit(self, pieces: list[Array]) -> None:
        """Learn from checked pieces, each (n_i,) float64, read-only."""

    @abstractmethod
    def _score(self, x: Array) -> Array:
        """(n,) scores of a checked series, (n,) float64, read-only."""

    def check_params(self) -> None:
        """Refuse, with ValueError, parameters that suit no data; a run asks before its work starts."""
        rules = self.param_rules()
        for name, value in self.get_params().items():
            if name in rules and not rules[name].accepts(value):
                raise ValueError(f"{name} must be {rules[name].text}, got {value!r}")

    def min_length(self) -> int:
        """Fewest points that can be fitted or scored."""
        return 1

    def _place(self, x: Array) -> tuple[int, int] | None:
        """Where the fitted data hold a series, value for value: number of the piece and offset in it."""
        found = ((number, offset_in(piece, x)) for number, piece in enumerate(self.fitted_pieces_))
        return next(((number, at) for number, at in found if at >= 0), None)

    def _report(self, message: str) -> None:
        """Report the progress of a long fit, e.g. ``"epoch 3/50, loss 0.12"``."""
        if self.on_progress is not None:
            self.on_progress(message)

    # -- scikit-learn's habits -----------------------------------------------------------------

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        """Constructor parameters and their defaults."""
        if cls.__init__ is object.__init__:  # whose signature is (*args, **kwargs), not empty
            return {}
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {p.name: p.default for p in parameters}

    @classmethod
    def param_rules(cls) -> dict[str, Rule]:
        """What values the constructor's parameters may have, by name; its own rules in place of those of its bases."""
        known, bases = cls.param_defaults(), [vars(base).get("rules", {}) for base in reversed(cls.__mro__)]
        return {name: rule for rules in bases for name, rule in rules.items() if name in known}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Constructor parameters by name; ``deep`` is accepted for scikit-learn's sake."""
        return {name: getattr(self, name) for name in self.param_defaults()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters before ``fit``; an unknown name raises ValueError."""
        known = self.param_defaults()
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}, it has {', '.join(known) or 'none'}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = self.param_defaults()
        changed = [f"{k}={v!r}" for k, v in self.get_params().items() if v != defaults[k]]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __getstate__(self) -> dict[str, Any]:
        # A progress callback belongs to the process that set it.
        return {k: v for k, v in self.__dict__.items() if k != "on_progress"}
