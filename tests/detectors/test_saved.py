"""Saved networks: one file without pickle, and what is refused. Each detector's own tests compare its scores."""

from __future__ import annotations

import pickle

import pytest
import torch

from detectors.neural import saved


def test_save_and_load(tmp_path):
    path = tmp_path / "model.safetensors"
    tensors = {"a": torch.rand(3, 4).t(), "b": torch.arange(3.0, dtype=torch.float64)}
    saved.write(path, tensors, {"window": 48, "losses": [0.1, 0.2]})
    loaded, facts = saved.read(path)
    assert facts == {"window": 48, "losses": [0.1, 0.2]}
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_load_refuses_a_file_of_another_origin(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(ValueError, match=r"other\.safetensors was not saved by"):
        saved.read(tmp_path / "other.safetensors")


def test_a_pickle_is_refused_unread(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    with pytest.raises(ValueError, match="pickled models are not read"):
        saved.read(path)
