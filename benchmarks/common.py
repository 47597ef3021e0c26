"""What the benchmarks share: timing, and one line a measurement."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def best_seconds(work, repeats: int = 5) -> float:
    """Shortest of several timings after one that warms up: the least disturbed by other programs."""
    work()
    timings = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        timings.append(time.perf_counter() - start)
    return min(timings)


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that a work takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def apart(script: str, part: Callable, *given, **environment: str) -> list[float]:
    """The numbers that `script --part NAME ...` prints in a process of its own, with some variables of its environment."""
    command = [sys.executable, "-W", "ignore", script, "--part", part.__name__, *map(str, given)]
    printed = subprocess.check_output(command, text=True, env=os.environ | environment)
    return [float(value) for value in printed.split()]


def in_turn(works: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, list[float]]:
    """Seconds of each work in each round, after one round that warms up: what else runs disturbs all of them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def times_faster(seconds: list[float], peer: list[float]) -> float:
    """How many times faster than the peer: the median of the rounds' ratios."""
    return statistics.median(theirs / ours for ours, theirs in zip(seconds, peer, strict=True))


def machine() -> str:
    """The processor's name, its cores, and the threads that numerical libraries may use."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    threads = os.environ.get("OMP_NUM_THREADS", "as many as cores")
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores; threads: {threads}"


def show(what: str, times_real_time: float, peer: float | None = None, peer_name: str = "") -> None:
    """Print times real time and, where a peer is named, the ratio to it."""
    ratio = f"   {times_real_time / peer:6.2f} x {peer_name}" if peer else ""
    print(f"{what:<58} {times_real_time:10,.0f} times real time{ratio}")
