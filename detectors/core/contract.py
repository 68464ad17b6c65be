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
    """Raised when a training loss is no longer finite.

    Examples
    --------
    >>> from detectors import Diverged
    >>> issubclass(Diverged, ArithmeticError)
    True
    """


class Detector(ABC):
    """An anomaly detector for one univariate series.

    Subclasses declare their parameters (:func:`~detectors.core.parameters.parameters`) or store their constructor's
    arguments unchanged. They implement :meth:`_fit` and :meth:`_score`. Names of learnt attributes end in an
    underscore. No method takes labels.

    Attributes
    ----------
    learns_from : {"series", "normal", "nothing"}
        What ``fit`` expects. ``"series"``: the series that will be scored, anomalies included (unsupervised).
        ``"normal"``: normal data (semi-supervised). ``"nothing"``: a score depends on the scored series alone. A
        protocol uses it to choose the data for ``fit``, or to refuse the detector.
    group : str
        The detector's block in the table. "field": not in the paper's table, runs only when named.
    version : int
        Raised whenever the scores change for equal input, because it is part of a result's key.
    source : str
        Where the method was published.
    quick : dict
        Parameters that make it cheap, for checks and for ``--quick`` runs, whose results are marked.
    conformance : {"contract", "invariance"}
        Which checks it must pass: those of the contract, or also those of invariance (unit, level, huge values) and
        parameter ranges.
    exempt : dict
        Conformance checks that it need not pass: name -> reason.
    blind_to : str
        Anomalies that it cannot detect with any parameters: a line of ``docs/edges.md``.
    ablations : dict
        Its ideas by name, each with the parameters that switch it off, for ``python -m benchmark ablate``.
    choices : dict
        Parameters that its source leaves open, each with the other values that agree with the source, for
        ``python -m benchmark multiverse``.
    rescored : frozenset of str
        Those of the choices that only ``score`` reads: :meth:`scores_by` tries them without another fit.
    side_by_side : bool
        True if :meth:`fit_together` costs less than one fit after the other.
    rules : dict
        Allowed values of its parameters, in addition to the rules of its base classes.
    notes_ : tuple of str
        Remarks of ``fit`` on the data, a sentence each.

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
            Finite values. They are copied, so later changes of the caller's array have no effect. Pieces are parts of
            one series with gaps between them: no window extends from one piece into the next.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If a value is masked, not a real number, not finite or beyond 1e150. If an array is not one-dimensional, or
            all pieces are too short. If :meth:`check_params` refuses a parameter.
        """
        self._fit(self._check_input(x))
        return self

    @classmethod
    def fit_together(
        cls, detectors: Sequence[Self], data: Sequence[ArrayLike | Sequence[ArrayLike]]
    ) -> list[Exception | None]:
        """Fit several detectors of this class, each to its own data, with the result of one fit after the other.

        Parameters
        ----------
        detectors : sequence of detectors
        data : sequence
            The argument of :meth:`fit` for each detector.

        Returns
        -------
        list
            For each detector the exception of its ``fit``, or None.
        """
        errors: list[Exception | None] = []
        for detector, x in zip(detectors, data, strict=True):
            try:
                detector.fit(x)
                errors.append(None)
            except Exception as error:  # noqa: BLE001 - the caller decides whether to raise it
                errors.append(error)
        return errors

    def _check_input(self, x: ArrayLike | Sequence[ArrayLike]) -> list[Array]:
        """Check the data, store them as :attr:`fitted_pieces_`, and drop cached scores of an earlier fit."""
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
        """Return the anomaly score of each point; higher means more anomalous.

        Parameters
        ----------
        x : (n,) array
            Finite values. It may differ from the fitted series, also in length. If it *is* the fitted series or a part
            of it, no point is compared with itself.

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
            If the detector produced a score that is not finite. Such scores are never replaced.
        """
        if not hasattr(self, "fitted_pieces_"):
            raise RuntimeError(f"call {type(self).__name__}.fit(x) before score(x)")
        series = as_series(x)
        if len(series) < self.min_length():
            raise ValueError(
                f"{type(self).__name__} needs at least {self.min_length()} points to score, got {len(series)}"
            )
        given = np.asarray(self._score(series))
        if np.iscomplexobj(given):
            raise TypeError(f"{type(self).__name__} gave complex scores: return real ones, e.g. np.abs(scores)")
        scores = given.astype(np.float64, copy=False)
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
        """Score one series with several values of the parameters in :attr:`rescored`, without another fit.

        Parameters
        ----------
        x : (n,) array
        rules : sequence of dict
            Parameters that replace the detector's own, one dict for each result.

        Returns
        -------
        list of (n,) arrays
        """
        return [copy.copy(self).set_params(**rule).score(x) for rule in rules]

    def threshold(self, rule: Literal["quantile", "pot"] = "quantile", contamination: float = 0.01) -> float:
        """Return the score from which a point is called anomalous, estimated from :meth:`usual_scores`.

        Parameters
        ----------
        rule : {"quantile", "pot"}
            ``"quantile"``: the ``1 - contamination`` quantile of the usual scores. ``"pot"``: peaks over threshold,
            from a generalised Pareto tail fitted to their peaks (Siffer et al., KDD 2017, Eq. 1). If usual scores tie
            at the quantile, all ties are flagged or none, whichever share is nearer to ``contamination``. The highest
            scores are always flagged, the lowest never.
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
        """Return the normal scores that :meth:`threshold` uses: the fitted scores, unless a class overrides it."""
        return self.fitted_scores()

    def predict(
        self, x: ArrayLike, rule: Literal["quantile", "pot"] = "quantile", contamination: float = 0.01
    ) -> NDArray[np.bool_]:
        """Return for each point whether its score reaches :meth:`threshold`.

        Returns
        -------
        (n,) bool array
        """
        return self.score(x) >= self.threshold(rule, contamination)

    def fitted_scores(self) -> Array:
        """Return the scores of the fitted pieces, concatenated; they are computed once and cached."""
        if not hasattr(self, "fitted_pieces_"):
            raise RuntimeError(f"call {type(self).__name__}.fit(x) first")
        if "_fitted_scores" not in self.__dict__:
            usable = [piece for piece in self.fitted_pieces_ if len(piece) >= self.min_length()]
            self._fitted_scores = np.concatenate([self.score(piece) for piece in usable])
        return self._fitted_scores

    def save(self, path: str | Path) -> None:
        """Write parameters, learnt attributes and fitted scores to one safetensors file; nothing is pickled.

        Parameters
        ----------
        path : str or Path
            Usually ends in ``.safetensors``. The fitted series itself is part of the file.

        Raises
        ------
        RuntimeError
            Before ``fit``.
        TypeError
            If a learnt attribute cannot be saved without pickle.
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
        """Load a fitted detector that :meth:`save` wrote; its scores and thresholds equal those of the saved one.

        Raises
        ------
        ValueError
            If the file holds something else, or was written by another version of the detector.
        """
        arrays, facts = saved.read(path)
        saved.check(path, facts, cls.__name__, cls.version)
        self = cls(**saved.decode(facts["params"], arrays))
        vars(self).update(saved.decode(facts["learnt"], arrays))
        return self

    # -- what a subclass writes ----------------------------------------------------------------

    @abstractmethod
    def _fit(self, pieces: list[Array]) -> None:
        """Learn from checked pieces, each a read-only (n_i,) float64 array."""

    @abstractmethod
    def _score(self, x: Array) -> Array:
        """Return (n,) scores of a checked series, a read-only (n,) float64 array."""

    def check_params(self) -> None:
        """Raise ValueError for parameters that no data permit; a run calls it before its work starts."""
        rules = self.param_rules()
        for name, value in self.get_params().items():
            if name in rules and not rules[name].accepts(value):
                raise ValueError(f"{name} must be {rules[name].text}, got {value!r}")

    def min_length(self) -> int:
        """Return the smallest number of points that can be fitted or scored."""
        return 1

    def _place(self, x: Array) -> tuple[int, int] | None:
        """Find a series among the fitted data, by equal values: (index of the piece, offset in it), or None."""
        found = ((number, offset_in(piece, x)) for number, piece in enumerate(self.fitted_pieces_))
        return next(((number, at) for number, at in found if at >= 0), None)

    def _report(self, message: str) -> None:
        """Report the progress of a long fit, e.g. ``"epoch 3/50, loss 0.12"``."""
        if self.on_progress is not None:
            self.on_progress(message)

    # -- parameters, as in scikit-learn --------------------------------------------------------

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        """Return the constructor's parameters with their defaults."""
        if cls.__init__ is object.__init__:  # its signature is (*args, **kwargs), not empty
            return {}
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {p.name: p.default for p in parameters}

    @classmethod
    def param_rules(cls) -> dict[str, Rule]:
        """Return the rule for each constructor parameter; the class's own rules override those of its bases."""
        known, bases = cls.param_defaults(), [vars(base).get("rules", {}) for base in reversed(cls.__mro__)]
        return {name: rule for rules in bases for name, rule in rules.items() if name in known}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor parameters by name; ``deep`` has no effect and exists for scikit-learn."""
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
        # A progress callback is only valid in the process that set it.
        return {k: v for k, v in self.__dict__.items() if k != "on_progress"}
