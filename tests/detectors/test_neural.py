"""The common behaviour of AE, CNN, LSTM and their untrained networks."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.ae import AE
from detectors.cnn import CNN
from detectors.core.contract import Diverged
from detectors.core.windows import Windows, evenly_spaced
from detectors.lstm import LSTM
from detectors.neural.baseline import min_max, min_max_past
from detectors.untrained import UntrainedAE, UntrainedCNN, UntrainedLSTM
from tests.support.naive_neural import min_max as naive_min_max
from tests.support.naive_neural import min_max_past as naive_min_max_past
from tests.support.series import sine

TRAINED = [AE, CNN, LSTM]
ALL = [*TRAINED, UntrainedAE, UntrainedCNN, UntrainedLSTM]


def make(cls, window=12, **params):
    known = {"epochs": 2, "window": window} | params
    return cls(**{k: v for k, v in known.items() if k in cls.param_defaults()})


@given(arrays(float, (4, 6), elements=st.integers(-3, 3).map(float)))
@settings(max_examples=50, deadline=None)
def test_scalings_equal_their_naive_oracles(windows):
    expected = np.array([naive_min_max(w) for w in windows])
    np.testing.assert_allclose(min_max(windows), expected, atol=1e-6)
    expected = np.array([naive_min_max_past(w, 0.05) for w in windows])
    np.testing.assert_allclose(min_max_past(windows, 0.05), expected, atol=1e-5)


def test_past_scaling_does_not_see_the_point_to_predict():
    window = np.array([[0.0, 1.0, 0.5, 0.2]])
    other = window.copy()
    other[0, -1] = 7.0
    assert (min_max_past(window, 0.01)[:, :-1] == min_max_past(other, 0.01)[:, :-1]).all()
    assert (min_max(window)[:, :-1] != min_max(other)[:, :-1]).any()
    assert min_max_past(other, 0.01)[0, -1] == 7.0


def test_a_step_out_of_a_flat_past_is_bounded():
    assert min_max_past(np.array([[3.0, 3.0, 3.0, 4e9]]), 0.01)[0, -1] == 11.0
    assert min_max_past(np.array([[3.0, 3.0, 3.0, 3.005]]), 0.01)[0, -1] == pytest.approx(0.5)


@pytest.mark.parametrize(("count", "limit"), [(5, 10), (10, 10), (1000, 7)])
def test_evenly(count, limit):
    index = evenly_spaced(count, limit)
    assert len(index) == len(set(index.tolist())) == min(count, limit)
    assert (index[0], index[-1]) == (0, count - 1)
    assert np.ptp(np.diff(index)) <= 1


@pytest.mark.parametrize("cls", ALL)
def test_same_seed_same_bits_whatever_the_threads(cls):
    x = sine(400)
    first = make(cls, random_state=3).fit(x).score(x)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(99)
    try:
        second = make(cls, random_state=3).fit(x).score(x)
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, make(cls, random_state=4).fit(x).score(x))


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("window", [1, 2, 9, 15])
def test_short_windows_work(cls, window):
    x = sine(120)
    scores = make(cls, window).fit(x).score(x)
    assert scores.shape == x.shape
    assert (scores >= 0).all()


@pytest.mark.parametrize("cls", ALL)
def test_constant_series_and_a_series_that_departs_from_it(cls):
    flat = np.full(200, 4.0)
    detector = make(cls).fit(flat)
    assert np.ptp(detector.score(flat)) < 1e-6
    step = np.append(flat, [5.0] * 20)
    assert np.isfinite(detector.score(step)).all()


@pytest.mark.parametrize("cls", ALL)
def test_shortest_series(cls):
    x = sine(20)
    assert make(cls, 12).fit(x).score(x).shape == (20,)
    with pytest.raises(ValueError, match="at least 20 consecutive points to fit, the longest piece has 19"):
        make(cls, 12).fit(x[:19])
    auto = make(cls, "auto").fit(x[:16])
    assert auto.window_ <= 8


@pytest.mark.parametrize("cls", TRAINED)
def test_no_window_reaches_over_a_gap(cls, monkeypatch):
    seen = []
    monkeypatch.setattr(cls, "_train", lambda self, scaled: seen.append(scaled) or {})
    pieces = [sine(40, seed=1), sine(5, seed=2), sine(60, seed=3)]
    detector = make(cls).fit(pieces)
    span = detector._span()
    expected = [p[a : a + span] for p in pieces for a in range(len(p) - span + 1)]
    assert np.array_equal(seen[0], detector._scaled(np.array(expected)))


@pytest.mark.parametrize("cls", TRAINED)
def test_max_windows_bounds_the_training(cls, monkeypatch):
    seen = []
    monkeypatch.setattr(cls, "_train", lambda self, scaled: seen.append(len(scaled)) or {})
    make(cls, max_windows=50).fit(sine(400))
    assert seen == [50]


@pytest.mark.parametrize("cls", ALL)
def test_size_of_the_inference_blocks_does_not_matter(cls, monkeypatch):
    x = sine(150)
    detector = make(cls).fit(x)
    whole = detector.score(x)
    monkeypatch.setattr(cls, "rows", 7)
    np.testing.assert_allclose(detector.score(x), whole, atol=1e-6)


@pytest.mark.parametrize("cls", TRAINED)
def test_the_last_fifteen_percent_are_held_out_and_the_rest_is_learnt(cls, monkeypatch):
    from detectors.neural import training

    seen = {}
    monkeypatch.setattr(training, "train", lambda net, loss, learnt, held, *rest: seen.update(a=learnt, b=held) or {})
    detector = make(cls).fit(sine(200))
    windows = Windows([sine(200)], detector._span())
    whole = detector._in_and_out(detector._tensor(detector._scaled(windows.take(np.arange(len(windows))))))
    kept = int(0.85 * len(windows))
    for tensor, learnt, held in zip(whole, seen["a"], seen["b"], strict=True):
        assert torch.equal(learnt, tensor[:kept])
        assert torch.equal(held, tensor[kept:])


@pytest.mark.parametrize("cls", TRAINED)
def test_history_and_progress(cls):
    lines = []
    detector = make(cls, epochs=3)
    detector.on_progress = lines.append
    detector.fit(sine(400))
    assert [len(detector.history_[part]) for part in ("train", "validation")] == [3, 3]
    assert lines[-1].startswith("epoch 3/3, loss ")


@pytest.mark.parametrize("cls", TRAINED)
def test_training_lowers_the_loss(cls):
    history = make(cls, epochs=8, patience=8).fit(sine(1500)).history_
    assert history["train"][-1] < 0.7 * history["train"][0]


@pytest.mark.parametrize("cls", TRAINED)
def test_divergence_has_its_own_error(cls):
    with pytest.raises(Diverged, match="lower the learning rate"):
        make(cls, learning_rate=1e30, epochs=5).fit(sine(400))


@pytest.mark.parametrize("cls", ALL)
def test_save_and_load(cls, tmp_path):
    x, path = sine(400), tmp_path / "model.safetensors"
    saved = make(cls).fit(x)
    saved.save(path)
    loaded = cls.load(path, device="cpu")
    assert np.array_equal(loaded.score(x), saved.score(x))
    assert loaded.threshold() == saved.threshold()
    assert loaded.window_ == saved.window_
    assert loaded.history_ == saved.history_
    assert loaded.get_params() == saved.get_params() | {"device": "cpu"}


def test_load_wants_the_class_that_was_saved(tmp_path):
    AE(window=12, epochs=1).fit(sine(400)).save(tmp_path / "ae")
    with pytest.raises(ValueError, match="holds AE, not CNN"):
        CNN.load(tmp_path / "ae")


@pytest.mark.parametrize("cls", ALL)
def test_fitted_detector_pickles(cls):
    x = sine(400)
    detector = make(cls).fit(x)
    assert np.array_equal(pickle.loads(pickle.dumps(detector)).score(x), detector.score(x))


@pytest.mark.parametrize(
    ("trained", "cls"), [(AE, UntrainedAE), (CNN, UntrainedCNN), (LSTM, UntrainedLSTM)], ids=lambda c: c.__name__
)
def test_untrained_is_the_network_before_its_first_epoch(trained, cls):
    x = sine(400)
    untrained = make(cls).fit(x)
    assert (untrained.group, untrained.history_) == ("untrained", {})
    assert np.array_equal(untrained.score(x), make(trained, epochs=0).fit(x).score(x))
    assert not np.array_equal(untrained.score(x), make(trained).fit(x).score(x))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of at least 0, got -1"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"max_windows": 7}, "max_windows must be a whole number of at least 8"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0"),
        ({"scaling": "future"}, "scaling must be 'lookahead' or 'past', got 'future'"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        CNN(window=12, **params).fit(sine(400))


def test_importing_the_detectors_costs_no_torch():
    code = "import sys, detectors.ae, detectors.cnn, detectors.lstm, detectors.untrained; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
