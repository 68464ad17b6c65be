"""Equal seeds give equal scores in any order and place; the seed reaches every source of randomness."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from benchmark.catalogue import registry
from benchmark.catalogue.trials import make, wave
from benchmark.execution import Backend, Board
from benchmark.grid.plan import Selection, plan, rows
from tests.support.cases import toy

ROOT = Path(__file__).parents[2]
DETECTORS = registry.detectors()
RANDOM = [name for name, cls in DETECTORS.items() if "random_state" in cls.param_defaults()]
SMALL = {
    "AE": {"epochs": 1},
    "OCSVM": {"max_windows": 100},
    "IForest": {"max_samples": 64},
    "IForest1": {"max_samples": 64},
}


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_gives_other_scores(name: str) -> None:
    """Else the seed reaches nothing, and figures of five seeds would be one figure."""
    x = wave(300)
    one, same, other = (
        make(DETECTORS[name]).set_params(random_state=seed, **SMALL.get(name, {})).fit(x).score(x) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def sources() -> list[tuple[str, ast.Call]]:
    """Calls that make or seed a generator of random numbers, in the detectors."""
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "detectors").rglob("*.py")}
    return [
        (f"{file.relative_to(ROOT)}:{node.lineno}", node)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("default_rng", "manual_seed", ".seed"))
    ]


def test_every_generator_of_a_detector_is_made_of_its_seed() -> None:
    assert len(sources()) >= 7
    for place, call in sources():
        given = [ast.unparse(argument) for argument in call.args]
        assert given in (["self.random_state"], ["seed"]), f"{place}: {ast.unparse(call)}"


def test_no_detector_draws_from_a_global_generator_of_numpy_or_python() -> None:
    for file in sorted((ROOT / "detectors").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        drawn = re.findall(r"np\.random\.(?!default_rng|Generator)\w+|^\s*(?:import|from) random\b", text, flags=re.M)
        assert not drawn, f"{file}: {drawn}"


def found(backend: Backend, todo: list) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    outcomes = {str(task.cell): outcome for task, outcome in backend.map(todo, Board())}
    assert {outcome.status for outcome in outcomes.values()} == {"ok"}
    return {name: outcome.scores for name, outcome in outcomes.items() if outcome.scores is not None}


@pytest.mark.slow
def test_order_jobs_threads_and_backend_change_no_bit() -> None:
    """Every registered detector."""
    selection = Selection(protocols=("tsb-uad",), quick=True, include_untrained=True)
    todo = list(plan(selection, rows(selection), [toy("a", 700)]))
    expected = found(Backend("serial"), todo)
    for backend, order in (
        (Backend("processes", 2), todo[::-1]),
        (Backend("processes", 1, 2), sorted(todo, key=lambda item: item[0].cell.key)),
        (Backend("joblib", 2), todo),
    ):
        given = found(backend, order)
        for name, scores in expected.items():
            np.testing.assert_array_equal(scores, given[name], err_msg=f"{backend.name}, {backend.threads}: {name}")


def test_the_table_of_processors_names_every_detector() -> None:
    page = (ROOT / "docs" / "determinism.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\w+) \| (?:equal|\d)", page, flags=re.M) == list(DETECTORS)
