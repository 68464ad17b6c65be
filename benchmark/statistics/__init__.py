"""Intervals, ranks and corrected tests over a table of cells."""

from __future__ import annotations

from benchmark.statistics.bootstrap import Comparison, Pair, paired_bootstrap
from benchmark.statistics.intervals import Interval, seed_interval
from benchmark.statistics.ranks import RankTest, holm, rank_test

__all__ = ["Comparison", "Interval", "Pair", "RankTest", "holm", "paired_bootstrap", "rank_test", "seed_interval"]
