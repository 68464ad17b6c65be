"""Networks on a GPU give the scores of the CPU. Without a GPU only the measuring script is tested."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from benchmark.grid import Outcome
from datasets import Series
from tests.trials import gpu

QUICK = {
    "Proposed": {"epochs": 1, "channels": 4, "members": 2, "max_windows": 64},
    "ScaleFlow": {"steps": 20},
    "AE": {"epochs": 2},
    "CNN": {"epochs": 1},
    "LSTM": {"epochs": 1},
}


def wave(n: int = 900) -> Series:
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(n) * 2 * np.pi / 40) + 0.05 * rng.normal(size=n)
    labels = np.zeros(n, np.uint8)
    labels[600:640] = 1
    values[600:640] *= -1
    return Series("Genesis", "wave", values, labels, "local")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", gpu.NETWORKS)
def test_scores_on_a_gpu_rank_as_on_the_cpu(name: str) -> None:
    there, here = (gpu.cell(name, device, wave(), QUICK[name]) for device in ("cuda", "cpu"))
    assert (there.status, there.reason) == ("ok", "")
    assert gpu.agreement(there, here) > 0.999


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_groups_on_a_gpu_rank_as_cells_on_the_cpu() -> None:
    found = gpu.measure_together("Proposed", [wave(), wave(800)], "cuda", (0, 1), QUICK["Proposed"])
    assert (len(found.gpu), found.failed) == (4, [])
    assert min(found.agreement) > 0.999


@pytest.mark.parametrize("name", ["Proposed", "AE"])
def test_the_script_runs_a_cell_on_the_device_it_is_given(name: str) -> None:
    first, again = (gpu.cell(name, "cpu", wave(), QUICK[name]) for _ in range(2))
    assert first.status == "ok"
    assert gpu.agreement(first, again) == pytest.approx(1)


def test_the_script_measures_groups_of_series_and_seeds() -> None:
    found = gpu.measure_together("Proposed", [wave(), wave(800)], "cpu", (0, 1), QUICK["Proposed"])
    assert (len(found.gpu), len(found.cpu), found.failed) == (4, 1, [])
    assert found.agreement[0] > 0.999
    assert str(found).startswith("| Proposed, 2 seeds in groups | ")


def test_the_script_measures_each_series_and_compares_the_first_of_a_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def cell(name: str, device: str, series: Series, params: dict[str, object]) -> Outcome:
        asked.append(device)
        return Outcome("ok", scores=np.arange(5.0), fit_seconds=1.0, score_seconds=0.5)

    monkeypatch.setattr(gpu, "cell", cell)
    found = gpu.measure("AE", [wave(), wave()], "cpu", time.monotonic() + 60, {})
    assert (found.gpu, found.cpu, found.agreement) == ([1.5, 1.5], [1.5], [pytest.approx(1)])
    assert str(found).startswith("| AE | 1.5 (1) | 3.0 (2) | 1.00000 |")
    asked.clear()
    assert gpu.measure("AE", [wave()], "cpu", time.monotonic() - 1, {}).gpu == []
    assert not asked


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_script_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main([]) == 2
    assert "finds no CUDA device" in capsys.readouterr().err
