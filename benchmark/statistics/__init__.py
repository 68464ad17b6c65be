"""Intervals, and rank tests with correction for multiple comparisons, over a table of cells."""

from benchmark.statistics.intervals import Pair, paired_bootstrap, seed_interval
from benchmark.statistics.ranks import RankTest, rank_test, stratified_wilcoxon

__all__ = [
    "Pair",
    "RankTest",
    "paired_bootstrap",
    "rank_test",
    "seed_interval",
    "stratified_wilcoxon",
]
