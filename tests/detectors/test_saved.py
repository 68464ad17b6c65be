"""Saved detectors: one file without pickle, and refusal of damaged or newer files."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
import torch

from benchmark.catalogue import registry
from detectors import HBOS, PCA
from detectors.core import saved as core
from detectors.kernels.forest import Forest

LIGHT = [name for name, cls in registry.detectors().items() if cls.group in ("classical", "one-liner")]


@pytest.mark.parametrize("name", LIGHT)
def test_every_light_detector_scores_and_decides_as_before_it_was_saved(name, tmp_path):
    rng = np.random.default_rng(0)
    x, new = (np.sin(np.arange(n) / 5) + rng.normal(0, 0.1, n) for n in (500, 90))
    fitted = registry.load(name)(**registry.load(name).quick).fit([x[:300], x[320:]])
    fitted.save(tmp_path / "model.safetensors")
    loaded = registry.load(name).load(tmp_path / "model.safetensors")
    for series in (new, x[:300]):
        assert np.array_equal(loaded.score(series), fitted.score(series))
    assert loaded.threshold() == fitted.threshold()
    assert loaded.get_params() == fitted.get_params()


def test_newer_older_and_other_models_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    PCA().fit(np.sin(np.arange(300) / 5)).save(path)
    with pytest.raises(ValueError, match="holds PCA, not HBOS"):
        HBOS.load(path)
    monkeypatch.setattr(PCA, "version", PCA.version + 1)
    with pytest.raises(ValueError, match="fit again"):
        PCA.load(path)
    monkeypatch.setattr(PCA, "version", PCA.version - 2)
    with pytest.raises(ValueError, match=r"newer than this one.*update"):
        PCA.load(path)
    monkeypatch.setattr(core, "FORMAT", 0)
    with pytest.raises(ValueError, match="format 1, this release reads up to 0"):
        PCA.load(path)


def test_before_fit_there_is_nothing_to_save(tmp_path):
    with pytest.raises(RuntimeError, match="fit"):
        PCA().save(tmp_path / "model.safetensors")


def test_values_come_back_as_they_were():
    arrays = {}
    forest = Forest(np.arange(3), np.ones(3), np.zeros(4), 2.5)
    value = {"a": [np.eye(2), None, "text"], "b": (1, 2.5, True), "forest": forest}
    back = core.decode(core.encode(value, "value", arrays), arrays)
    assert back["b"] == value["b"]
    assert back["a"][1:] == [None, "text"]
    assert np.array_equal(back["a"][0], np.eye(2))
    assert vars(back["forest"]) == vars(forest)


def test_what_would_need_pickle_is_refused():
    with pytest.raises(TypeError, match=r"learnt\.model is a .*, which cannot be saved without pickle"):
        core.encode({"model": object()}, "learnt", {})


@pytest.mark.parametrize("place", ["os:system", "detectors.core.saved:json", "detectors.kernels.forest:Windows"])
def test_a_file_cannot_name_other_code(place):
    with pytest.raises(ValueError, match="not a dataclass of the detectors"):
        core.decode({"dataclass": place, "fields": {}}, {})


def test_a_file_imports_no_module_of_others(tmp_path, monkeypatch):
    (tmp_path / "of_others.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Theirs:\n    x: int = 0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="not a dataclass of the detectors"):
        core.decode({"dataclass": "of_others:Theirs", "fields": {}}, {})
    assert "of_others" not in sys.modules


def test_save_and_load(tmp_path):
    path = tmp_path / "model.safetensors"
    arrays = {"a": np.arange(12.0, dtype=np.float32).reshape(4, 3).T, "b": np.arange(3.0), "c": np.array(7)}
    core.write(path, arrays, {"window": 48, "losses": [0.1, 0.2]})
    loaded, facts = core.read(path)
    assert facts == {"window": 48, "losses": [0.1, 0.2], "format": core.FORMAT}
    assert all(np.array_equal(loaded[name], arrays[name]) for name in arrays)


def test_load_refuses_a_file_of_another_origin(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(ValueError, match=r"other\.safetensors was not saved by"):
        core.read(tmp_path / "other.safetensors")


def test_a_pickle_is_refused_unread(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    with pytest.raises(ValueError, match="pickled models are not read"):
        core.read(path)


def test_parameters_other_than_the_defaults_are_loaded_too(tmp_path):
    x = np.sin(np.arange(300) / 5) + np.random.default_rng(0).normal(0, 0.1, 300)
    for saved_one in (HBOS(window=16, n_bins=5, tol=0.0, align="max"), PCA(window=9, signs="scores", align="start")):
        saved_one.fit(x).save(tmp_path / "model.safetensors")
        loaded = type(saved_one).load(tmp_path / "model.safetensors")
        assert loaded.get_params() == saved_one.get_params()
        np.testing.assert_array_equal(loaded.score(2 * x), saved_one.score(2 * x))
