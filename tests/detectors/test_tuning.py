"""The series on which ScaleFlow's settings are chosen, and the table of that choice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from detectors.scaleflow import ScaleFlow
from tests.trials import joins, weights
from tests.trials.novelty import Novel, Occurrences
from tests.trials.planted import CHARACTERS, EVENTS, cases
from tests.trials.rules import RULES
from tests.trials.tuning import by_group, choice, compared, planted

CASES = list(cases(0, n=1800))


def test_each_character_has_each_of_its_kinds_once_and_a_seed_fixes_all():
    assert [case.name for case in CASES] == [f"{c}_{kind}" for c, (_, kinds) in CHARACTERS.items() for kind in kinds]
    for one, again, other in zip(CASES, cases(0, n=1800), cases(1, n=1800), strict=True):
        np.testing.assert_array_equal(one.values, again.values)
        assert not np.array_equal(one.values, other.values)


def test_three_events_stand_behind_the_fitted_rows_and_one_in_every_second_fitted_part():
    for number, case in enumerate(CASES, 1):
        starts = np.flatnonzero(np.diff(case.labels.astype(int), prepend=0) == 1)
        assert np.isfinite(case.values).all()
        assert len(starts[starts >= case.fitted]) == EVENTS, case.name
        assert len(starts[starts < case.fitted]) == (number % 2 == 0), case.name


def test_discrete_channels_stay_discrete_and_most_rows_are_normal():
    for case in CASES:
        assert 0 < case.labels.mean() < 0.5, case.name
        if case.name.startswith(("switching", "programme")):
            assert set(np.unique(case.values)) <= set(range(5)), case.name


def test_planted_series_ship_what_is_fitted_apart():
    series = planted(range(1))
    assert len(series) == sum(len(kinds) for _, kinds in CHARACTERS.values())
    assert all(len(one.train) == 2 * (len(one.train) + len(one)) // 5 for one in series)


def frame(shift: float) -> pd.DataFrame:
    rows = [
        {"variant": variant, "on": on, "dataset": on, "series": f"0_waves_{kind}", "auroc": auroc + more, "vus_pr": 0.5}
        for variant, more in (("default", 0.0), ('{"blocks": 0}', shift))
        for on in ("planted", "prefix")
        for kind, auroc in (("spike", 0.5), ("dip", 0.7), ("noise", 0.6))
    ]
    return pd.DataFrame(rows)


def test_the_choice_table_gives_the_difference_to_the_default():
    made = frame(0.1)
    mine, default = (made[(made["variant"] == v) & (made["on"] == "prefix")] for v in ('{"blocks": 0}', "default"))
    assert compared(mine, default, "auroc") == "+.100 (p 0.25)"
    assert compared(mine, default, "vus_pr") == "0"
    lines = choice(made).splitlines()
    assert lines[2] == "| planted | `default` | 3 | .600 0 | .500 0 |"
    assert lines[3] == '| planted | `{"blocks": 0}` | 3 | .700 +.100 (p 0.25) | .500 0 |'


def test_planted_kinds_have_a_line_each():
    lines = by_group(frame(0.1), "auroc").splitlines()
    assert lines[0] == '| auroc | `default` | `{"blocks": 0}` |'
    assert lines[2:] == ["| planted spike | .500 | .600 |", "| planted dip | .700 | .800 |",
                         "| planted noise | .600 | .700 |", "| prefix prefix | .600 | .700 |"]  # fmt: skip


def test_joining_kept_surprises_gives_the_detectors_score(tmp_path):
    series = next(one for one in planted([0]) if one.name == "0_switching_duty")
    first, again = (joins.parts_of(series, "prefix", 0, tmp_path, **ScaleFlow.quick) for _ in range(2))
    assert len(list(tmp_path.iterdir())) == len(first) == 1
    expected = ScaleFlow(random_state=0, **ScaleFlow.quick).fit(series.train).score(series.values)
    for rules, name in (("version 6", "durations"), ("ablation", "all ideas on (version 6)")):
        np.testing.assert_allclose(RULES[rules][name](again[0]), expected, rtol=1e-6)
    (own,) = joins.parts_of(series, "prefix", 0, tmp_path, joins.Own, **ScaleFlow.quick)
    assert len(list(tmp_path.iterdir())) == 2
    (novel,) = joins.parts_of(series, "prefix", 0, tmp_path, Novel, **ScaleFlow.quick)
    np.testing.assert_allclose(RULES["version 7"]["version 6"](novel), expected, rtol=1e-6)
    for name, rule in RULES["ablation"].items():
        np.testing.assert_allclose(rule(own), rule(first[0]), rtol=1e-6, err_msg=name)
    made = {Novel: novel, joins.Own: own, joins.Wider: first[0]}
    kinds = {rules: joins.KINDS.get(rules, joins.Wider) for rules in RULES}
    scores = [rule(made[kinds[rules]]) for rules in RULES if kinds[rules] in made for rule in RULES[rules].values()]
    assert all(np.isfinite(one).all() and one.shape == expected.shape for one in scores)
    # Versions 4 to 6 are in several lists, and no stretch of this series is left out.
    assert len({one.tobytes() for one in scores}) == len(scores) - 7


def test_the_bench_compares_with_the_first_rule():
    rows = [
        {
            "rule": rule,
            "on": "planted",
            "dataset": "planted",
            "series": f"0_waves_{k}",
            "auroc": 0.5 + more,
            "vus_pr": 0.5,
        }
        for rule, more in (("version 3", 0.0), ("smoothed", 0.1))
        for k in range(5)
    ]
    lines = joins.compared(pd.DataFrame(rows)).splitlines()
    assert lines[2] == "| planted | version 3 | 5 | .500 | .500 |"
    assert lines[3] == "| planted | smoothed | 5 | .600 +.1000 (p 0.062) | .500 |"


def test_the_third_occurrence_overlaps_neither_the_window_nor_a_nearer_one():
    values = np.random.default_rng(0).normal(size=150).cumsum()
    windows = np.lib.stride_tricks.sliding_window_view(values, 16)
    view, places = torch.from_numpy(windows.astype(np.float32)), np.arange(len(windows))
    found = Occurrences(view, torch.from_numpy(places), 16, "distance")(windows, places)
    for at, window in enumerate(windows):
        distances = np.linalg.norm(windows - window, axis=1)
        distances[np.abs(places - at) < 16] = np.inf
        for _ in range(2):
            distances[np.abs(places - distances.argmin()) < 16] = np.inf
        assert np.isclose(found[at], distances.min(), rtol=1e-4)


def test_an_anomaly_that_recurs_in_the_scored_series_is_less_novel():
    x = np.sin(np.arange(3000) / 5) + np.random.default_rng(0).normal(0, 0.05, 3000)
    x[1200:2900] += 3  # a regime that is not fitted
    rows = dict(Novel(**ScaleFlow.quick).fit(x[:900]).rows(x))
    plain, novel = (rows[32, name][1500:2500].mean() for name in ("distance", "novel distance"))
    assert novel < 3 < 10 < plain


def test_weights_are_learned_at_least_0_and_within_each_series():
    rng, labels = np.random.default_rng(0), (np.arange(400) < 20).astype(np.uint8)
    samples = [(np.array([labels, -1.0 * labels]) + rng.normal(size=(2, 400)), labels) for _ in range(2)]
    useful, against = weights.fitted(samples)
    assert useful > 0
    assert against == 0
    shifted = [(values + 9 * k, labels) for k, (values, labels) in enumerate(samples)]
    np.testing.assert_allclose(weights.fitted(shifted), [useful, 0], rtol=1e-3)
