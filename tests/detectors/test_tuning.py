"""The series on which ScaleFlow's settings are chosen, and the table of that choice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detectors.scaleflow import ScaleFlow
from tests.trials import joins
from tests.trials.planted import CHARACTERS, EVENTS, cases
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
        np.testing.assert_allclose(joins.RULES[rules][name](again[0]), expected, rtol=1e-6)
    (own,) = joins.parts_of(series, "prefix", 0, tmp_path, joins.Own, **ScaleFlow.quick)
    assert len(list(tmp_path.iterdir())) == 2
    for name, rule in joins.RULES["ablation"].items():
        np.testing.assert_allclose(rule(own), rule(first[0]), rtol=1e-6, err_msg=name)
    scores = [rule(first[0]) for rules in joins.RULES.values() for rule in rules.values()]
    assert all(np.isfinite(one).all() and one.shape == expected.shape for one in scores)
    # Versions 4 to 6 are in several lists, and no stretch of this series is left out.
    assert len({one.tobytes() for one in scores}) == len(scores) - 6


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
