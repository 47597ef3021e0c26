"""What the benchmarks share: timing, and one line a measurement."""

import time


def best_seconds(work, repeats: int = 5) -> float:
    """Shortest of several timings after one that warms up: the least disturbed by other programs."""
    work()
    timings = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        timings.append(time.perf_counter() - start)
    return min(timings)


def show(what: str, times_real_time: float, peer: float | None = None, peer_name: str = "") -> None:
    """Print times real time and, where a peer is named, the ratio to it."""
    ratio = f"   {times_real_time / peer:6.2f} x {peer_name}" if peer else ""
    print(f"{what:<58} {times_real_time:10,.0f} times real time{ratio}")
