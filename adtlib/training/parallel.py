"""Training several models at once: processes of few threads each instead of one process of many.

Measured on two cores: two runs of one thread each train 1.2 to 1.6 times as fast in parallel as one after the other on two threads.
They also suffer less from other programs: threads that wait for each other at each time step of an LSTM are ten times slower beside
one busy program. Processes are spawned, never forked: torch's threads and a notebook's kernel do not survive a fork.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait

import torch
from threadpoolctl import threadpool_limits

from adtlib.corpora.ahead import caught, follow, passed_on

MOST_JOBS = 4  # each holds a model, its gradients and a batch


def default_jobs() -> int:
    """One for each core, at most four; one if there is a GPU, as runs share it badly."""
    return 1 if torch.cuda.is_available() else min(os.cpu_count() or 1, MOST_JOBS)


def _start_worker(parent: int, threads: int) -> None:
    torch.set_num_threads(threads)
    threadpool_limits(threads)  # NumPy's matrix products as well: threads that wait for each other halved the speed of rendering
    follow(parent)  # else a worker would go on writing a run's folder after its parent was killed and restarted


def call_side_by_side(
    function: Callable, calls: Iterable[tuple], jobs: int, watch: Callable[[int], None] | None = None, every: float = 1.0
) -> list:
    """`[function(*arguments) for arguments in calls]`, `jobs` at a time, each in a process with its share of the cores.

    function  importable from its module.
    watch     called every `every` seconds with the number of finished calls.

    The first error cancels the calls that have not begun and is raised when those running have finished; warnings are passed on.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start_worker, (os.getpid(), threads)) as pool:
        futures = [pool.submit(caught, function, *arguments) for arguments in calls]
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, timeout=every, return_when=FIRST_EXCEPTION)
                if watch:
                    watch(len(futures) - len(pending))
                for future in done:
                    future.result()  # raises what the call raised
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [passed_on(future.result()) for future in futures]
