"""A short fault-injection campaign, and a proof that it detects losses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.trials import kinds
from tests.trials.faults import Campaign, order, table
from tests.trials.kinds import KINDS, kill_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign(tmp_path_factory.mktemp("faults"), seed=3, series=4)


SHORT = ("kill -9 of its process group", "detector segfaults", "full disk", "cut store")


def test_a_short_campaign_loses_nothing(campaign: Campaign) -> None:
    for kind in SHORT:
        campaign.inject(kind)
    assert "| **all** | 4 | 4 | 0 | 0 |" in table(campaign.tallies)
    for kind in SHORT:
        tally = campaign.tallies[kind]
        assert (tally.survived, tally.lost, tally.wrong, tally.notes) == (1, 0, 0, [])
    # the campaign itself must notice what it looks for
    assert campaign.bench.run() == ""
    campaign._compare([])
    with closing(sqlite3.connect(campaign.bench.store)) as db, db:
        keys = [key for (key,) in db.execute("SELECT key FROM cells ORDER BY key")]
        db.execute("UPDATE metrics SET value = value + 1e-9 WHERE key = ? AND metric = 'auroc'", (keys[0],))
        db.execute("DELETE FROM cells WHERE key = ?", (keys[1],))
    assert campaign._compare([], complete=True) == (1, 1)


def test_five_kills_of_the_whole_group_and_the_table_is_that_of_an_undisturbed_run(campaign: Campaign) -> None:
    campaign.begin_anew()
    bench = campaign.bench
    for _ in range(5):
        assert kill_run(bench, group=True) == ""
    assert bench.run() == ""
    assert bench.content() == campaign.expected


def test_every_kind_gets_its_share() -> None:
    kinds = list(order(len(KINDS) * 3, 0))
    assert all(kinds.count(name) == 3 for name in KINDS)
    assert list(order(5, 1)) == list(order(5, 1)) != list(order(5, 2))


def test_a_fault_that_is_not_met_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = kinds.Bench(tmp_path, kinds.random.Random(0), series=1)
    monkeypatch.setattr(bench, "line", ["sh", "-c", "echo Traceback >&2; exit 2"])
    assert bench.run().startswith("a traceback was shown")
    monkeypatch.setattr(bench, "line", ["sh", "-c", "echo no >&2; exit 3"])
    assert bench.run() == "exit code 3: no"
