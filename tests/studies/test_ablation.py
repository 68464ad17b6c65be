"""Ablation: the planned variants, and the statements of the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.grid.cells import params_text
from benchmark.grid.plan import Selection
from benchmark.studies import ablation
from detectors.core import Detector
from detectors.proposed import Proposed
from detectors.scaleflow import ScaleFlow
from tests.support.cases import toy
from tests.support.made_up import cell, frame

DISTANCE = '''
import numpy as np
from detectors import Detector

class Distance(Detector):
    """Distance from the fitted median, or from 0: centre."""

    source = "made up"
    learns_from = "normal"
    ablations = {"centre": {"centre": False}}

    def __init__(self, centre=True):
        self.centre = centre

    def _fit(self, pieces):
        self.median_ = np.median(np.concatenate(pieces)) if self.centre else 0.0

    def _score(self, x):
        return np.abs(x - self.median_)
'''


@pytest.mark.parametrize("cls", [ScaleFlow, Proposed])
def test_every_idea_is_switched_off_alone_and_really_off(cls: type[Detector]) -> None:
    found = ablation.variants(Selection(detectors=(cls.__name__,)))
    assert list(found) == [ablation.WHOLE, *cls.ablations]
    defaults = cls.param_defaults()
    for idea, off in cls.ablations.items():
        assert dict(found[idea].params) == off
        assert all(defaults[name] != value for name, value in off.items()), f"{idea} is off by default"


def test_parameters_that_the_user_set_hold_for_every_variant() -> None:
    found = ablation.variants(Selection(detectors=("ScaleFlow",), params={"ScaleFlow": {"steps": 7}}))
    assert {dict(row.params)["steps"] for row in found.values()} == {7}


def test_a_detector_without_ideas_is_refused_with_the_way_to_name_some() -> None:
    with pytest.raises(UserError, match="give its class `ablations`"):
        ablation.variants(Selection(detectors=("HBOS",)))


def test_the_command_writes_the_table_that_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detector, data = tmp_path / "distance.py", tmp_path / "own"
    detector.write_text(DISTANCE)
    data.mkdir()
    made = toy()
    np.savetxt(data / "a.out", np.column_stack([made.values, made.labels]), delimiter=",", fmt=["%.6f", "%d"])
    paths = ["--store", str(tmp_path / "r.sqlite"), "--out", str(tmp_path)]
    assert main(["ablate", str(detector), "--dataset", str(data), "--protocol", "prefix", *paths, "--jobs", "1"]) == 0
    table = (tmp_path / "ablation" / "Distance.md").read_text()
    assert table in capsys.readouterr().out
    assert "centre" in table


def test_means_weigh_data_sets_equally_and_differences_refer_to_the_whole() -> None:
    found = ablation.variants(Selection(detectors=("ScaleFlow",)))
    off = next(iter(ScaleFlow.ablations))
    stored = params_text(found[off].params)

    def made(dataset: str, series: str, auroc: float, params: str, seed: int = 0) -> dict[str, object]:
        more = {"params": params, "seed": seed, "protocol": "normal-only", "vus_pr": auroc / 2}
        return cell(dataset, series, "ScaleFlow", auroc, **more)

    cells = frame(
        [
            made("Dodgers", "one", 0.8, "{}", seed=0),
            made("Dodgers", "one", 0.6, "{}", seed=1),
            *(made("MGAB", str(k), 0.9, "{}") for k in range(3)),
            made("Dodgers", "one", 0.5, stored),
            *(made("MGAB", str(k), 0.9, stored) for k in range(3)),
            made("MGAB", "0", 0.1, "{}") | {"protocol": "prefix"},
        ]
    )
    whole, without = ablation.lines(cells, found, "normal-only")
    assert whole.auroc == {"Dodgers": pytest.approx(0.7), "MGAB": pytest.approx(0.9)}
    assert whole.mean == pytest.approx(0.8)
    assert (without.idea, without.mean, without.vus_pr) == (off, pytest.approx(0.7), pytest.approx(0.35))
    assert (without.worse, without.compared) == (1, 4)
    text = ablation.to_markdown(cells, found, ("normal-only", "prefix"))
    assert "−.100" in text
    assert "1 of 4" in text
    assert "## normal-only, mean AUROC of 2 seeds" in text, "those of the whole detector"
    assert "## prefix, mean AUROC of 1 seed\n" in text


def test_a_variant_is_compared_on_the_series_that_both_have() -> None:
    found = ablation.variants(Selection(detectors=("ScaleFlow",)))
    off, other = list(ScaleFlow.ablations)[:2]

    def made(series: str, auroc: float, params: str) -> dict[str, object]:
        return cell("MGAB", series, "ScaleFlow", auroc, params=params, protocol="prefix", vus_pr=auroc / 2)

    part, whole = (params_text(found[idea].params) for idea in (off, ablation.WHOLE))
    failed = made("hard", np.nan, part) | {"status": "crashed"}
    cells = frame([made("easy", 0.9, whole), made("hard", 0.3, whole), made("easy", 0.8, part), failed])
    full, without = ablation.lines(cells, found, "prefix")
    assert full.mean == pytest.approx(0.6)
    assert (without.mean, without.mean_gain, without.vus_pr_gain) == pytest.approx((0.8, -0.1, -0.05))
    assert (without.worse, without.compared) == (1, 1)
    text = ablation.to_markdown(cells, found, ("prefix",))
    assert "fewer than 2 series" in text
    assert off in text
    assert other not in text
