"""Processes side by side: results in order, errors and warnings passed on, no orphan when the parent is killed."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
import torch
from threadpoolctl import threadpool_info

from adtlib.training.parallel import call_side_by_side


def square(number):
    if number == 13:
        raise ValueError("thirteen is not squared here")
    if number == 2:
        warnings.warn("two is even", stacklevel=1)
    return number * number, os.getpid(), {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())}


def test_results_come_in_order_from_other_processes_and_warnings_too():
    seen = []
    with pytest.warns(UserWarning, match="two is even"):
        results = call_side_by_side(square, [(n,) for n in range(4)], jobs=2, watch=seen.append, every=0.1)
    assert [number for number, _, _ in results] == [0, 1, 4, 9]
    assert os.getpid() not in {process for _, process, _ in results}
    assert set().union(*(threads for *_, threads in results)) == {max(1, os.cpu_count() // 2)}
    assert seen[-1] == 4


def test_an_error_is_raised_as_it_was():
    with pytest.raises(ValueError, match="thirteen"):
        call_side_by_side(square, [(1,), (13,), (3,)], jobs=2)


PARENT = """
import sys
sys.path.insert(0, {tests!r})
from test_parallel import linger
from adtlib.training.parallel import call_side_by_side
if __name__ == "__main__":
    call_side_by_side(linger, [({folder!r}, n) for n in range(2)], jobs=2)
"""


def linger(folder, number):
    """Write a file every fiftieth of a second for two minutes."""
    for beat in range(6_000):
        with open(f"{folder}/{number}", "w") as file:
            file.write(str(beat))
        time.sleep(0.02)


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(tests=os.path.dirname(__file__), folder=str(tmp_path)))
    parent = subprocess.Popen([sys.executable, script])
    deadline = time.monotonic() + 60
    while not ((tmp_path / "0").exists() and (tmp_path / "1").exists()):
        assert time.monotonic() < deadline and parent.poll() is None
        time.sleep(0.1)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # A worker looks twice a second whether its parent is there; on a busy machine it may be a while before it can.
    last, still = None, 0
    while still < 10:
        assert time.monotonic() < deadline, "they go on"
        time.sleep(0.1)
        beats = [(tmp_path / name).read_text() for name in "01"]
        last, still = beats, still + 1 if beats == last else 0
