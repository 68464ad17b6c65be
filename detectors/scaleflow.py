"""ScaleFlow: windows of several lengths, scored by small flows and by distances to their nearest normal windows.

Over 300 lines: a third documents and stores the parameters, one for each idea that an ablation switches off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.core import (
    SEED,
    Array,
    Diet,
    Explanation,
    Group,
    Index,
    as_series,
    contiguous_folds,
    one_of,
    parameter,
    parameters,
    real,
    share_interval,
    whole,
)
from detectors.neural.saved import Facts, SavedDetector, Tensors

if TYPE_CHECKING:
    from torch import Tensor

    from detectors.flows.components import Component, Evidence
    from detectors.flows.runs import Runs
    from detectors.flows.scale import CoarseWindows, Scale

Join = Literal["log", "mean", "max"]
Reference = Literal["held-out", "fitted"]
FEW = 10  # fitted data shorter than this many of the longest windows are few
PARTS = 5  # folds of the fitted data, each held out once for the threshold
RARE = float(np.log(100))  # nats; surprise of a score that 1 in 100 normal windows reaches
UNLIKE = "the scored series is unlike the fitted one"
UNSURE = "the threshold rests on few events"
COMPONENTS = ("likelihood", "gaussian", "distance", "shape", "spectrum", "duration")


@parameters
class ScaleFlow(SavedDetector):
    """The successor of :class:`~detectors.proposed.Proposed`: flows on whole windows, and distances to normal windows.

    An encoder trained for reconstruction loses information, mostly on dynamics. Here windows of several spans, long
    ones as block means, are whitened without loss. Flows of affine couplings with dense subnets model their density,
    and so does a Gaussian. With few normal windows densities are unreliable. So three more scores are distances to the
    nearest normal windows: of values, of shapes and of spectra. For discrete channels a last score is how unusual the
    duration of a state is.

    Each score is converted to a surprise under held-out normal windows
    (:class:`~detectors.flows.components.Evidence`). A point's score combines the mean surprises of the windows that
    cover it, over scales and components.

    Parameters
    ----------
    period : int or "auto"
        One period in points. A window of ``periods`` periods is an additional scale. ``"auto"``: estimated from the
        fitted data (:func:`~detectors.core.periods.period`); without a period there is no additional scale.
    points : int
        Coordinates of a window at every scale.
    factors : tuple of int
        The scales: a window of factor f is ``points`` means of f points each. Windows are shortened to a third of the
        longest fitted piece.
    periods : float
        Length of the additional scale's window, in periods; 0 = none.
    blocks, hidden : int
        Couplings per flow and width of their subnets; with 0 blocks a Gaussian remains.
    members : int
        Flows per scale, with different seeds, whose likelihoods are averaged.
    steps, batch, rate : int, int, float
        Training steps per flow, windows per step, peak of the one-cycle learning rate.
    rotate : bool
        Whiten along principal directions; False only standardises each coordinate.
    noise : float
        Least deviation of the dequantisation noise, in deviations of the series. It is at least 0.001, and for a series
        on a grid that of uniform noise one step wide. Used by ``fit`` alone.
    typicality : float
        Weight of windows that are too likely, 0 to 1.
    calibrate : {"held-out", "fitted"}
        Scores by which surprises are calibrated. "held-out": likelihoods of windows that the flow was not trained on,
        and distances between fitted windows that share no point. The threshold is calibrated accordingly, see
        :meth:`usual_scores`.
    join : {"log", "mean", "max"}
        How a point's surprises, one for each scale and component, are combined. "log" is the mean of log(1 + surprise).
        The likelihoods together have the weight of one distance.
    half_weight : float
        Fitted data, in spans of a scale, for which it has half of the full weight in the mean: a scale with *n* points
        and span *s* has the weight n / (n + half_weight s). 0 = equal weights.
    components : tuple of {"likelihood", "gaussian", "distance", "shape", "spectrum", "duration"}
        Scores of a window: its likelihood under the flow, and under a Gaussian; its distance to the third nearest
        fitted window, also of windows with mean 0 and deviation 1, and of their Fourier amplitudes. "duration"
        scores the runs of a discrete channel (:class:`~detectors.flows.runs.Runs`), and no other series.
    max_windows : int
        Largest number of windows per scale for training the flow, and as references of distances.
    device : str
        ``"auto"`` is CUDA if available, else the CPU.
    random_state : int

    Attributes
    ----------
    notes_ : tuple of str
        Whether there are few fitted data, and whether the last scored series is unlike them. Also the share of normal
        points that the last :meth:`predict` may flag, if uncertain by more than a factor of two.
    history_ : dict
        ``"train"`` and ``"validation"``: mean and median negative log-likelihood per epoch, over all flows.

    Raises
    ------
    Diverged
        By ``fit``, if a loss is not finite.

    Notes
    -----
    Settings were chosen on 40 series of other data sets than the table's. The criterion was mean AUROC and VUS-PR under
    ``prefix`` and ``normal-crossfit``. ``docs/successor.md`` has the comparison and the ablation.

    References
    ----------
    Couplings: Dinh et al., "Density estimation using Real NVP", 2017. Typicality: Nalisnick et al. 2019.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = ScaleFlow(factors=(1, 2), members=1, steps=50).fit(x[:800]).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    learns_from: ClassVar[Diet] = "normal"
    group: ClassVar[Group] = "successor"
    conformance = "invariance"
    blind_to = "anomalies longer than its widest window, and any in the series that it was fitted on"
    version: ClassVar[int] = 6
    source: ClassVar[str] = "this project; after Dinh et al. 2017 and Nalisnick et al. 2019"
    quick: ClassVar[dict[str, Any]] = {"steps": 30, "hidden": 16, "max_windows": 1000}

    period: int | Literal["auto"] = parameter(default="auto", must_be=whole(2) | one_of("auto"))
    points: int = parameter(default=32, must_be=whole(4))
    factors: tuple[int, ...] = (1, 2, 4, 8)
    periods: float = parameter(default=1.5, must_be=real(0))
    blocks: int = parameter(default=6, must_be=whole(0))
    hidden: int = parameter(default=64, must_be=whole(1))
    members: int = parameter(default=1, must_be=whole(1))
    steps: int = parameter(default=200, must_be=whole(1))
    batch: int = parameter(default=256, must_be=whole(1))
    rate: float = parameter(default=2e-3, must_be=real(0, ends="(]"))
    rotate: bool = parameter(default=True, must_be=one_of(False, True))
    noise: float = parameter(default=0.01, must_be=real(0))
    typicality: float = parameter(default=0.5, must_be=real(0, 1))
    calibrate: Reference = parameter(default="held-out", must_be=one_of(*get_args(Reference)))
    join: Join = parameter(default="log", must_be=one_of(*get_args(Join)))
    half_weight: float = parameter(default=10.0, must_be=real(0))
    components: tuple[str, ...] = COMPONENTS
    max_windows: int = parameter(default=4000, must_be=whole(4))
    device: str = "auto"
    random_state: int = parameter(default=0, must_be=SEED)
    ablations: ClassVar[dict[str, dict[str, Any]]] = {
        "flow (a Gaussian is left)": {"blocks": 0},
        "Gaussian beside the flow": {"components": ("likelihood", "distance", "shape", "spectrum", "duration")},
        "likelihoods (distances are left)": {"components": ("distance", "shape", "spectrum", "duration")},
        "distances (likelihoods are left)": {"components": ("likelihood", "gaussian", "duration")},
        "distance in shape": {"components": ("likelihood", "gaussian", "distance", "spectrum", "duration")},
        "distance of spectra": {"components": ("likelihood", "gaussian", "distance", "shape", "duration")},
        "durations of states": {"components": ("likelihood", "gaussian", "distance", "shape", "spectrum")},
        "whitening by rotation": {"rotate": False},
        "several scales": {"factors": (8,), "periods": 0},
        "scale of the period": {"periods": 0},
        "typicality": {"typicality": 0},
        "held-out calibration": {"calibrate": "fitted"},
        "dequantisation beyond the grid step": {"noise": 0},
        "scales weighted by their data": {"half_weight": 0},
        "logarithm in the join": {"join": "mean"},
        "mean in the join (the maximum)": {"join": "max"},
    }

    def min_length(self) -> int:
        """Return three windows of the least length, 4 points; longer windows are shortened to fit the data."""
        return 12

    # -- fit -----------------------------------------------------------------------------------

    def _fit(self, pieces: list[Array]) -> None:
        from detectors.core import period
        from detectors.flows.resnet import series_scale

        self.mean_, self.deviation_, step = series_scale(np.concatenate(pieces))
        longest, n = max(pieces, key=len), sum(len(piece) for piece in pieces)
        estimated = period(longest) if self.period == "auto" else self.period
        self.period_ = estimated if self.periods else None
        self.scales_ = self._scales(len(longest), n)
        self.window_ = max(scale.span for scale in self.scales_)
        self.notes_ = self._few_data_note(n)
        scaled = [self._standardise(p) for p in pieces]
        self.runs_ = self._runs(scaled)
        noise = max(step / self.deviation_ / 12**0.5, self.noise, 1e-3)
        with self._steady(self.random_state):
            self._build()
            self._learn(scaled, noise)

    def _runs(self, scaled: list[Array]) -> list[Runs]:
        """Fit the duration component, if it is selected and the standardised pieces are a discrete channel."""
        from detectors.flows.runs import Runs

        found = Runs.fit(scaled, self.half_weight) if "duration" in self.components else None
        return [] if found is None else [found]

    def _window_components(self) -> list[str]:
        """Return the components that score windows."""
        return [name for name in self.components if name != "duration"]

    def _few_data_note(self, n: int) -> tuple[str, ...]:
        """Return a note if there are too few fitted data for the longest windows."""
        if n >= FEW * self.window_:
            return ()
        return (
            f"few fitted data: {n} points are {n / self.window_:.1f} of the longest windows ({self.window_} points); "
            f"below {FEW} of them, scores of long anomalies are unreliable",
        )

    def check_params(self) -> None:
        super().check_params()
        if not (self.factors or self.periods):
            raise ValueError("give at least one factor, or periods > 0")
        if not all(whole(1).accepts(factor) for factor in self.factors):
            raise ValueError(f"factors must be whole numbers of at least 1, got {self.factors!r}")
        if not self.components or not set(self.components) <= set(COMPONENTS):
            raise ValueError(f"components must be some of {', '.join(COMPONENTS)}; got {self.components!r}")
        if not self._window_components():
            raise ValueError('components must be more than "duration", which scores discrete channels alone')

    def _scales(self, longest: int, n: int) -> list[Scale]:
        from detectors.flows.scale import Scale

        most = longest // 3
        points = max(4, min(self.points, most) // 2 * 2)
        wanted = [*self.factors] + ([round(self.periods * self.period_ / points)] if self.period_ else [])
        factors = sorted({min(max(factor, 1), max(1, most // points)) for factor in wanted or [1]})
        flows = [slice(k * self.members, (k + 1) * self.members) for k in range(len(factors))]
        weights = [n / (n + self.half_weight * points * factor) for factor in factors]
        return [Scale(points, *scale) for scale in zip(factors, flows, weights, strict=True)]

    def _build(self) -> None:
        from detectors.flows.bank import FlowBank

        count, points = len(self.scales_) * self.members, self.scales_[0].points
        self.bank_ = FlowBank(count, points, self.blocks, self.hidden).to(self._device())

    def _standardise(self, x: Array) -> Array:
        from detectors.flows.resnet import compress

        return compress((x - self.mean_) / self.deviation_)

    def _learn(self, pieces: list[Array], noise: float) -> None:
        from detectors.flows.scale import CoarseWindows, WindowWhitening

        windows = [CoarseWindows(pieces, scale.points, scale.factor) for scale in self.scales_]
        rows = self._rows([len(w) for w in windows])
        training = [mine.take(chosen) for mine, (chosen, _) in zip(windows, rows, strict=True)]
        held = [mine.take(chosen) for mine, (_, chosen) in zip(windows, rows, strict=True)]
        quiet = [noise / scale.factor**0.5 for scale in self.scales_]  # a block mean also averages the noise
        for scale, mine, least in zip(self.scales_, training, quiet, strict=True):
            scale.whitening = WindowWhitening.fit(mine, least, self.rotate)
        self.history_: dict[str, list[float]] = {"train": [], "validation": []}
        if self.blocks and "likelihood" in self.components:
            self.history_ = self._train(training, held, quiet)
        for scale, source, (known, unseen) in zip(self.scales_, windows, rows, strict=True):
            self._fit_components(scale, source, known, unseen)

    def _train(self, training: list[Array], held: list[Array], quiet: list[float]) -> dict[str, list[float]]:
        """Train the flows of all scales together; the held-out windows only choose the best epoch."""
        from detectors.flows.bank import train_bank

        data: list[NDArray[np.float32]] = []
        shapes: list[NDArray[np.float32]] = []
        for scale, known, unknown, least in zip(self.scales_, training, held, quiet, strict=True):
            data.append(scale.whitening(np.concatenate([known, unknown])).astype(np.float32))
            shapes.append((scale.whitening.matrix * least).astype(np.float32))
        stacked, noise = (np.repeat(np.array(part), self.members, axis=0) for part in (data, shapes))
        schedule, rng = (self.steps, self.batch, self.rate), np.random.default_rng(self.random_state)
        return train_bank(self.bank_, stacked, noise, len(held[0]), schedule, rng, self._report)

    def _fit_components(self, scale: Scale, windows: CoarseWindows, known: Index, unseen: Index) -> None:
        """Fit the components of a scale, and calibrate each by its scores of normal windows.

        Likelihoods are calibrated on held-out windows. Distances refer to all windows, and are calibrated on windows
        that are compared only with those that they do not overlap.
        """
        from detectors.core import evenly_spaced
        from detectors.flows.components import LIKELIHOODS, view_tensor

        honest, every = self.calibrate == "held-out", evenly_spaced(len(windows), self.max_windows)
        some, references = every[evenly_spaced(len(every), max(1, self.max_windows // 4))], windows.take(every)
        for name in self._window_components():
            normal = some if name not in LIKELIHOODS else unseen if honest else known
            view = None if name in LIKELIHOODS else view_tensor(references, name, self._device())
            component = self._component(name, scale, view, windows.places(every))
            usual = component(windows.take(normal), windows.places(normal) if honest else None)
            scale.components[name] = component, self._evidence(name, np.sort(usual))

    def _component(self, name: str, scale: Scale, references: Tensor | None, places: Index) -> Component:
        """Build a component: a likelihood under the scale's flows or a Gaussian, or a distance to references."""
        import torch

        from detectors.flows.components import Distance, Gaussian, Likelihood

        if references is None:
            gaussian = name == "gaussian"
            return Gaussian(scale.whitening) if gaussian else Likelihood(self.bank_, scale.flows, scale.whitening)
        return Distance(references, torch.from_numpy(places).to(references.device), scale.span, name)

    def _evidence(self, name: str, usual: Array) -> Evidence:
        """Build the conversion to surprises from sorted normal scores; only likelihoods can be too high."""
        from detectors.flows.components import LIKELIHOODS, Evidence

        return Evidence(usual, self.typicality if name in LIKELIHOODS else 0.0)

    def _rows(self, counts: list[int]) -> list[tuple[Index, Index]]:
        """Return the indices of training and held-out windows of each scale, equally many for all scales."""
        from detectors.flows.scale import held_out_mask, take_evenly

        masks = [held_out_mask(count, scale.span) for count, scale in zip(counts, self.scales_, strict=True)]
        held = min(self.max_windows // 4, max(int(mask.sum()) for mask in masks))
        training = min(self.max_windows, max(int((~mask).sum()) for mask in masks))
        return [
            (take_evenly(np.flatnonzero(~mask), training), take_evenly(np.flatnonzero(mask), held)) for mask in masks
        ]

    # -- score ---------------------------------------------------------------------------------

    def _score(self, x: Array) -> Array:
        scales, unlike, joined = self._usable_scales(len(x)), [], np.zeros(len(x))
        weights = [weight for scale in scales for weight in scale.weights]
        rows = self.surprises(self._standardise(x), scales, self._fitted_row(x))
        for surprise, weight in zip(rows, weights, strict=True):
            unlike.append(float(np.median(surprise)) > RARE)
            if self.join == "max":
                np.maximum(joined, surprise, out=joined)
            else:
                joined += weight * (np.log1p(surprise) if self.join == "log" else surprise)
        self._note_unlike(float(np.mean(unlike)))
        return joined if self.join == "max" else joined / sum(weights)

    def _note_unlike(self, share: float) -> None:
        """Add a note if for at least half of the scales and components most scores are rare among the fitted ones."""
        self._set_note(
            UNLIKE,
            f"by {share:.0%} of scales and components, at least half of its points have scores that fewer than 1 in "
            "100 fitted points reach; fit data of the same kind",
            holds=share >= 0.5,
        )

    def _set_note(self, subject: str, text: str, holds: bool) -> None:
        """Replace the note on a subject, or remove it if it does not hold."""
        self.notes_ = tuple(note for note in self.notes_ if not note.startswith(subject))
        if holds:
            self.notes_ += (f"{subject}: {text}",)

    def predict(
        self, x: ArrayLike, rule: Literal["quantile", "pot"] = "quantile", contamination: float = 0.01
    ) -> NDArray[np.bool_]:
        """Return for each point whether its score reaches the threshold, (n,).

        ``notes_`` says if the share of flagged normal points may be below half or above twice ``contamination``.
        """
        scores, level = self.score(x), self.threshold(rule, contamination)
        low, high = share_interval(self.usual_scores(), level, self.window_, len(scores), seed=self.random_state)
        share = f"{low:.1%} to {high:.1%} are flagged, not {contamination:.1%}"
        text = f"of {len(scores)} points like the fitted ones, {share}"
        self._set_note(UNSURE, text, holds=low < contamination / 2 or high > contamination * 2)
        return scores >= level

    def usual_scores(self) -> Array:
        """Return the scores of each fifth of the fitted data by a detector fitted to the others; cached.

        They are used because fitted data have lower scores than new data. The five additional fits are made when a
        threshold is first needed. The fitted scores are returned instead if the data are too short, if the held-out
        scores are even lower, and with ``calibrate="fitted"``.
        """
        if "_usual_scores" not in self.__dict__:
            self._usual_scores = self._held_out_scores()
        return self._usual_scores

    def _held_out_scores(self) -> Array:
        parts = list(contiguous_folds(self.fitted_pieces_, PARTS, self.min_length()))
        if self.calibrate == "fitted" or not all(known and held for known, held in parts):
            return self.fitted_scores()
        found = []
        for known, held in parts:
            other = type(self)(**self.get_params()).fit(known)
            found += [other.score(piece) for piece in held]
        scores, fitted = np.concatenate(found), self.fitted_scores()
        # If a series repeats exactly, the scores of each fit are nearly constant, at a level that depends on the fit.
        return fitted if np.quantile(scores, 0.9) < np.median(fitted) else scores

    def fitted_scores(self) -> Array:
        """Return the fitted scores without a change of the notes, which concern the series scored last."""
        notes, scores = self.notes_, super().fitted_scores()
        self.notes_ = notes
        return scores

    def _usable_scales(self, n: int) -> list[Scale | Runs]:
        """Return the scales whose windows fit into n points (at least the first one), and the duration component."""
        return [*([scale for scale in self.scales_ if scale.span <= n] or self.scales_[:1]), *self.runs_]

    def _fitted_row(self, x: Array) -> int | None:
        """Return the position of a series in the fitted data, or None."""
        from detectors.flows.scale import piece_offsets

        found = self._place(x)
        if found is None:
            return None
        return int(piece_offsets([len(piece) for piece in self.fitted_pieces_])[found[0]]) + found[1]

    def surprises(self, scaled: Array, scales: Sequence[Scale | Runs], place: int | None = None) -> Iterator[Array]:
        """Yield for each scale and component the (n,) surprises of the points of an (n,) standardised series."""
        for scale in scales:
            with self._steady():
                rows = scale.surprises(scaled, place)
            yield from rows

    def explain(self, x: ArrayLike, start: int, stop: int) -> Explanation:
        """Find the scale and component that contribute most to the score of some rows, and the nearest fitted window.

        Parameters
        ----------
        x : (n,) array
            The scored series.
        start, stop : int
            The rows ``start`` to ``stop - 1``, 0 <= start < stop <= n.

        Returns
        -------
        Explanation
            ``str`` of it is a sentence. ``span`` and ``component`` contribute most to the score of the rows. ``start``
            and ``stop`` bound the most surprising window or run of that component. ``nearest`` are the values of the
            fitted window nearest to it, by shape or spectrum if that is the component, else by value. For durations, it
            is the run nearest in value, then in length. ``piece`` and ``row`` are its position in the fitted data.

        Raises
        ------
        RuntimeError
            Before ``fit``.
        ValueError
            If the rows are not in the series, or it is not a finite one-dimensional array.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.sin(np.arange(600) / 5)
        >>> odd = x.copy()
        >>> odd[300:330] = 0
        >>> why = ScaleFlow(steps=20).fit(x).explain(odd, 300, 330)
        >>> 0 <= why.start < 330, why.stop > 300, len(why.nearest) == why.span
        (True, True, True)
        """
        from detectors.flows.explaining import largest_contribution, nearest_window

        if not hasattr(self, "fitted_pieces_"):
            raise RuntimeError(f"call {type(self).__name__}.fit(x) before explain(x, start, stop)")
        series = as_series(x)
        if not 0 <= start < stop <= len(series):
            raise ValueError(f"a stretch needs 0 <= start < stop <= {len(series)}, got start={start}, stop={stop}")
        scaled = self._standardise(series)
        with self._steady():
            scales, place = self._usable_scales(len(series)), self._fitted_row(series)
            found, shares = largest_contribution(scaled, scales, start, stop, place)
        piece, row = nearest_window(scaled, found, [self._standardise(piece) for piece in self.fitted_pieces_])
        end = min(found.row + found.span, len(series))
        nearest = self.fitted_pieces_[piece][row : row + end - found.row]
        return Explanation(found.component, found.span, found.row, end, found.surprise, shares, nearest, piece, row)

    # -- save and load -------------------------------------------------------------------------

    def _state(self) -> tuple[Tensors, Facts]:
        import torch

        from detectors.flows.components import Distance

        arrays: dict[str, Array] = {}
        for k, scale in enumerate(self.scales_):
            arrays |= {f"{k}.mean": scale.whitening.mean, f"{k}.matrix": scale.whitening.matrix}
            for name, (component, evidence) in scale.components.items():
                arrays[f"{k}.{name}.usual"] = evidence.normal
                if isinstance(component, Distance):
                    arrays[f"{k}.{name}.references"] = component.references.cpu().numpy()
                    arrays[f"{k}.{name}.places"] = component.places.cpu().numpy()
        arrays |= {f"piece.{k}": piece for k, piece in enumerate(self.fitted_pieces_)}
        if "_usual_scores" in self.__dict__ and self.calibrate != "fitted":  # else a loaded detector recomputes them
            arrays["usual"] = self._usual_scores
        tensors = {name: torch.from_numpy(np.array(a)) for name, a in arrays.items()}
        return tensors | {f"bank.{name}": tensor for name, tensor in self.bank_.state_dict().items()}, {
            "standardised": [self.mean_, self.deviation_],
            "window": self.window_,
            "scales": [[s.points, s.factor, s.flows.start, s.flows.stop, s.weight] for s in self.scales_],
            "history": self.history_,
            "notes": [note for note in self.notes_ if not note.startswith((UNLIKE, UNSURE))],
            "pieces": len(self.fitted_pieces_),
        }

    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        from detectors.flows.scale import Scale

        def under(prefix: str) -> Tensors:
            return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}

        self.mean_, self.deviation_ = facts["standardised"]
        self.window_, self.history_, self.notes_ = facts["window"], facts["history"], tuple(facts["notes"])
        self.scales_ = [Scale(points, factor, slice(a, b), weight) for points, factor, a, b, weight in facts["scales"]]
        self.fitted_pieces_ = [tensors[f"piece.{k}"].numpy() for k in range(facts["pieces"])]
        if "usual" in tensors:
            self._usual_scores = tensors["usual"].numpy()
        self.runs_ = self._runs([self._standardise(piece) for piece in self.fitted_pieces_])
        self._build()
        self.bank_.load_state_dict(under("bank."))
        for k, scale in enumerate(self.scales_):
            self._restore_scale(scale, under(f"{k}."))

    def _restore_scale(self, scale: Scale, tensors: Tensors) -> None:
        """Restore the whitening and the components of a scale."""
        import torch

        from detectors.flows.scale import WindowWhitening

        scale.whitening = WindowWhitening(tensors["mean"].numpy(), tensors["matrix"].numpy())
        for name in self._window_components():
            references = tensors.get(f"{name}.references")
            moved = None if references is None else references.to(self._device())
            places = tensors.get(f"{name}.places", torch.empty(0)).numpy()
            component = self._component(name, scale, moved, places)
            scale.components[name] = component, self._evidence(name, tensors[f"{name}.usual"].numpy())
