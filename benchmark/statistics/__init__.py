"""Intervals, and rank tests with correction for multiple comparisons, over a table of cells."""

from benchmark.statistics.intervals import Pair, paired_bootstrap, seed_interval
from benchmark.statistics.ranks import RankTest, rank_test, stratified_wilcoxon
