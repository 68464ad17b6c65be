"""The script that chooses settings: its ranking, and its refusal of the table's data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.grid import Selection
from benchmark.studies import multiverse
from tests.trials import choices


def figure(maps: str, series: str, protocol: str, seed: int, auroc: float | None) -> dict[str, object]:
    params = json.dumps({} if maps == "all" else {"maps": maps})
    place = {"dataset": "own", "series": series, "detector": "Proposed", "protocol": protocol, "seed": seed}
    return place | {"params": params, "auroc": auroc}


def test_the_best_universe_has_the_best_mean_over_protocols_seeds_and_complete_series() -> None:
    many = multiverse.multiverse(Selection(("Proposed",)), ["maps"])
    lines = [
        figure(maps, series, protocol, seed, value + seed / 10 - (protocol == "prefix") / 5)
        for maps, value in (("all", 0.7), ("deepest", 0.6))
        for series in ("a", "b")
        for protocol in ("normal-only", "prefix")
        for seed in (0, 1)
    ]
    # A series that one of the protocols cannot fit counts nowhere, however good the figure under the other.
    lines += [figure("deepest", "short", "normal-only", 0, 1.0), figure("deepest", "short", "prefix", 0, None)]
    table = choices.ranking(many, pd.DataFrame(lines))
    assert list(table["maps"]) == ["all", "deepest"]
    np.testing.assert_allclose(
        table[["normal-only", "prefix", "mean", "spread"]], [[0.75, 0.55, 0.65, 0.1], [0.65, 0.45, 0.55, 0.1]]
    )
    assert table[["seeds", "series"]].to_numpy().tolist() == [[2, 2], [2, 2]]
    assert "| deepest | 0.650 | 0.450 | 0.550 | 0.100 | 2 | 2 |" in choices.to_markdown(table, 12)
    numbers = pd.DataFrame({"window": [128], "mean": [0.9]})
    assert "| 128 | 0.900 |" in choices.to_markdown(numbers, 12), "a whole number stays one beside figures"


def test_nothing_is_chosen_on_a_data_set_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "MGAB").mkdir()
    with pytest.raises(SystemExit, match="MGAB is a data set of the table"):
        list(choices.series_of([tmp_path / "MGAB"]))


def test_the_script_runs_what_is_missing_and_ranks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng, folder = np.random.default_rng(0), tmp_path / "own"
    folder.mkdir()
    x = np.c_[np.sin(np.arange(1500) / 5) + 0.1 * rng.normal(size=1500), np.zeros(1500)]
    x[900:910] += [[2.0, 1.0]] * 10
    np.savetxt(folder / "a.out", x, delimiter=",", fmt="%.6g")
    quick = {"epochs": 1, "channels": 4, "members": 1, "max_windows": 64, "window": 64}
    command = [str(folder), "--vary", "maps", "--figures", str(tmp_path / "f.csv")]
    command += [f"--set=Proposed.{name}={value}" for name, value in quick.items()]
    assert choices.main(command) == 0
    out, err = capsys.readouterr()
    assert err.count("a.out (") == 2
    assert len(out.splitlines()) == 2 + 4
    assert choices.main(command) == 0
    assert capsys.readouterr() == (out, "")
