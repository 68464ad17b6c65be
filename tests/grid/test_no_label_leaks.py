"""Labels reach scores only as the protocol states: whole cells, every registered detector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.catalogue import registry
from benchmark.execution.execute import execute
from benchmark.grid.plan import Selection, plan, rows
from datasets.core.base import Series

DETECTORS = [name for name, cls in registry.detectors().items() if cls.group != "one-liner"]
BLOCK = slice(400, 600)  # the third of five blocks of normal-crossfit


def toy() -> Series:
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(1000) * 2 * np.pi / 25) + 0.1 * rng.standard_normal(1000)
    values[500:520] += 2.0
    labels = np.zeros(1000, dtype=np.uint8)
    labels[500:520] = labels[150:160] = 1
    return Series("Toy", "toy_tr_200_1st_300", values, labels)


def scores(detector: str, protocol: str, one: Series) -> np.ndarray:
    selection = Selection(detectors=(detector,), protocols=(protocol,), quick=True, timeout=0, memory=0)
    ((task, _),) = plan(selection, rows(selection), [one])
    outcome = execute(task, one)
    assert outcome.status == "ok", outcome.reason
    assert outcome.scores is not None
    return outcome.scores


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("protocol", ["prefix", "tsb-uad", "tsb-ad"])
def test_without_normal_in_its_name_a_protocol_gives_equal_scores_whatever_the_labels(detector, protocol) -> None:
    one = toy()
    shuffled = replace(one, labels=np.random.default_rng(1).permutation(one.labels))
    np.testing.assert_array_equal(scores(detector, protocol, one), scores(detector, protocol, shuffled))


@pytest.mark.parametrize("detector", ["ScaleFlow", "Proposed", "LOF", "OCSVM"])
def test_in_crossfit_a_blocks_scores_do_not_depend_on_its_labels(detector) -> None:
    one = toy()
    labels = one.labels.copy()
    labels[BLOCK] = np.random.default_rng(1).permutation(labels[BLOCK])
    before = scores(detector, "normal-crossfit", one)
    after = scores(detector, "normal-crossfit", replace(one, labels=labels))
    np.testing.assert_array_equal(after[BLOCK], before[BLOCK])
    assert not np.array_equal(after, before)  # other blocks' models may learn other rows


@pytest.mark.parametrize("detector", ["ScaleFlow", "Proposed", "LOF", "OCSVM", "AE", "CNN", "LSTM"])
def test_a_marker_in_unfitted_rows_moves_no_score_beyond_its_windows(detector) -> None:
    one = toy()
    values = one.values.copy()
    values[900] = 40.0
    before, after = (scores(detector, "prefix", s) for s in (one, replace(one, values=values)))
    np.testing.assert_allclose(after[:700], before[:700], rtol=1e-5, atol=1e-6)
    assert not np.allclose(after[880:921], before[880:921], rtol=0.01)
