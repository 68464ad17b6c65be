"""The tasks of a selection: which detectors run on which series, under which protocol and seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from benchmark.adapters import folded, text_of
from benchmark.catalogue import registry
from benchmark.errors import UserError, for_each, refuse_unknown
from benchmark.grid import protocols
from benchmark.grid.cells import Cell, Task
from benchmark.grid.costs import expected_seconds
from datasets import Series, Source
from detectors import Detector

PAPER = "paper"
QUICK_POINTS = 12_000
QUICK_SERIES = 2


@dataclass(frozen=True)
class Selection:
    """The detectors to run and their settings; :func:`plan` gets the series."""

    detectors: tuple[str, ...] = ()  # specs (``benchmark.catalogue.registry.load``); empty = every registered one
    # names, or ``"paper"``: ``normal-only`` for the flows, ``tsb-uad`` for all others, but ``tsb-ad`` on the series of
    # TSB-AD
    protocols: tuple[str, ...] = (PAPER,)
    seeds: tuple[int, ...] = (0,)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)  # detector name -> parameters given with ``--set``
    quick: bool = False
    include_untrained: bool = False  # with empty ``detectors``, include the group "untrained"
    include_field: bool = False  # with empty ``detectors``, include the group "field"
    timeout: float | None = None  # seconds per cell; None = by the length of the series, 0 = no limit
    memory: float | None = None  # MiB per cell; the same
    device: str = ""  # torch's name of the device for networks; empty = each detector's own. Not part of a cell's key.


@dataclass(frozen=True)
class Row:
    """One detector of the selection, with parameters that were checked."""

    spec: str
    cls: type[Detector]
    params: tuple[tuple[str, Any], ...]
    explicit: frozenset[str]
    version: str
    plugin: str = ""

    @property
    def name(self) -> str:
        return self.cls.__name__


def rows(selection: Selection) -> list[Row]:
    """Return the selected detectors.

    Each is built once, so that a wrong name or parameter raises :class:`UserError` before anything is computed.
    """
    specs = selection.detectors or tuple(
        name
        for name, cls in registry.detectors().items()
        if (cls.group != "untrained" or selection.include_untrained)
        and (cls.group != "field" or selection.include_field)
    )
    chosen = for_each(lambda spec: _row(spec, selection), specs)
    named = {name: row.spec for row in chosen for name in (row.name, row.spec)}
    for row in chosen:
        if named[row.name] != row.spec:
            raise UserError(f"{row.spec} and {named[row.name]} are both called {row.name}: rename one of them")
    if selection.device and not any("device" in row.cls.param_defaults() for row in chosen):
        raise UserError(f"--device {selection.device}: none of {', '.join(sorted(named))} is a network")
    refuse_unknown("detector in --set", selection.params, named)
    for_each(protocols.get, [protocol for protocol in selection.protocols if protocol != PAPER])
    return chosen


def _row(spec: str, selection: Selection) -> Row:
    plugin = registry.plugin_text(spec)
    cls = registry.load(spec, plugin)
    taken = registry.detectors().get(cls.__name__)
    if taken not in (None, cls):
        raise UserError(f"{spec}: {cls.__name__} is the name of a detector of the package: rename the class")
    given = selection.params.get(cls.__name__, {}) | selection.params.get(spec, {})
    device = {"device": selection.device} if selection.device and "device" in cls.param_defaults() else {}
    try:
        given = folded(cls, given)
        params = {**(cls.quick if selection.quick else {}), **given}
        registry.build(cls, {**device, **params}).check_params()
    except (TypeError, ValueError) as error:
        raise UserError(f"{cls.__name__} does not take these parameters: {error}") from error
    version = str(cls.version)
    text = plugin or text_of(cls)
    if text:  # authors of plug-ins and programs do not raise a version, so a hash of the text is part of it
        version += "-" + hashlib.sha256(text.encode()).hexdigest()[:12]
    return Row(spec, cls, tuple(sorted(params.items())), frozenset(given), version, plugin)


@dataclass(frozen=True)
class Place:
    """What a plan needs to know of a series: names, length, source and hash, but no values."""

    dataset: str
    name: str
    source: Source
    sha256: str
    n: int

    def __len__(self) -> int:
        return self.n


S = TypeVar("S", Series, Place)


def plan(selection: Selection, chosen: list[Row], series: Iterable[S]) -> Iterator[tuple[Task, S]]:
    """Yield a task for each detector, series, protocol and seed; a deterministic detector gets one seed."""
    for one in series:
        for row in chosen:
            seeds = selection.seeds if "random_state" in row.cls.param_defaults() else selection.seeds[:1]
            for protocol in dict.fromkeys(_protocol(name, row.cls, one) for name in selection.protocols):
                for seed in seeds:
                    yield _task(selection, row, one, protocol, seed), one


def _protocol(name: str, cls: type[Detector], series: Series | Place) -> str:
    if name != PAPER:
        return name
    if series.dataset in protocols.TSB_AD_SETS:
        return "tsb-ad"
    return protocols.paper_protocol(cls.__name__, cls.group)


def _task(selection: Selection, row: Row, one: Series | Place, protocol: str, seed: int) -> Task:
    cell = Cell(
        dataset=one.dataset,
        series=one.name,
        detector=row.name,
        protocol=protocol,
        seed=seed,
        params=row.params,
        version=row.version + protocol_version(protocol, row.name),
        data_hash=one.sha256,
        source=one.source,
    )
    n = len(one)
    timeout = selection.timeout if selection.timeout is not None else 600 + n / 20
    memory = selection.memory if selection.memory is not None else 3072 + n / 100
    return Task(
        cell, row.spec, row.cls.group, selection.quick, row.explicit, timeout, memory, n, row.plugin, selection.device
    )


def protocol_version(name: str, detector: str) -> str:
    """Return the suffix of a cell's version for the version of a protocol; empty for version 1."""
    protocol = protocols.get(name)
    version = protocol.versions.get(detector, protocol.version)
    return f"-p{version}" if version > 1 else ""


def longest_first(tasks: Iterable[Task]) -> list[Task]:
    """Sort tasks by expected time, longest first, so that no worker is idle at the end beside a long task."""
    return sorted(tasks, key=lambda task: -expected_seconds(task.cell, task.n))


def quick_cut(series: Series) -> Series:
    """Cut a series to at most 12,000 rows around its first anomaly, for ``--quick``; the result has another hash."""
    n = len(series)
    if n <= QUICK_POINTS:
        return series
    first = int(np.argmax(series.labels))
    start = max(0, min(first - 3 * QUICK_POINTS // 4, n - QUICK_POINTS))
    kept = slice(start, start + QUICK_POINTS)
    return replace(series, values=series.values[kept].copy(), labels=series.labels[kept].copy())


def was_cut(quick: Any, n: Any) -> Any:
    """Return whether a cell is of a series that :func:`quick_cut` shortened; for one cell, or for columns of cells."""
    return quick & (n == QUICK_POINTS)
