"""Parallel execution on threads, for compiled loops that release the GIL, and the limit of BLAS to one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

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


def one_thread() -> AbstractContextManager[Any]:
    """Limit BLAS to one thread: a second gains nothing for such small products, and would change the rounding.

    Entering takes milliseconds, so it is used for a whole training, not for each batch.
    """
    import scipy.linalg.cython_blas  # noqa: F401 - the BLAS behind numba's np.dot; only a loaded one is limited
    from threadpoolctl import threadpool_limits

    limit: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limit
