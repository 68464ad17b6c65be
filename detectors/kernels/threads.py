"""Parallel execution on threads, for compiled loops that release the GIL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from numba import get_num_threads

T = TypeVar("T")


def in_parallel(work: Callable[[T], None], tasks: Iterable[T]) -> None:
    """Run ``work`` on all tasks, on numba's number of threads."""
    threads = get_num_threads()
    if threads <= 1:
        for task in tasks:
            work(task)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, tasks))
