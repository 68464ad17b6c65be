"""The results in one SQLite file, and all code that uses SQL."""

from benchmark.store.exchange import copy, export, merge, verify
from benchmark.store.place import is_absent, refuse_absent
from benchmark.store.scores_file import import_scores
from benchmark.store.store import Store

__all__ = ["Store", "copy", "evaluate", "export", "import_scores", "is_absent", "merge", "refuse_absent", "verify"]
