"""`adt transcribe` killed at any moment: the same command goes on, ends with the same bytes, and leaves nothing behind.

Processes are forked from one that has loaded everything, and killed before the n-th operation on a file, or after some time.
"""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from adtlib import paths

SEED = 20261128
KINDS = ["--format", "mid,csv,musicxml", "--listen"]
OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir"}


def snapshot(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_bytes().hex() for path in folder.rglob("*") if path.is_file()}


def leftovers(*folders: Path) -> list[str]:
    return [str(path) for folder in folders for path in folder.rglob("*") if path.name.startswith(".")]


def in_a_fork(task, kill_after: float | None = None) -> int:
    """Status of a task in a process of its own, which is killed after some seconds."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(task())
        except BaseException:  # os._exit must be reached, or the fork goes on as its parent
            os._exit(70)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def watched(task, folders: list[str], kill_before: int = 0) -> int:
    """Do a task; kill this process before its n-th operation on a file of these folders. Returns the number of operations."""
    done = 0

    def watch(event: str, arguments: tuple) -> None:
        nonlocal done
        if event in OPERATIONS and str(arguments[0]).startswith(tuple(folders)):
            done += 1
            if done == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    task()
    return done


def trials(root: Path, model: str, n_operations: int, n_moments: int) -> dict:
    """Kill and go on; what was wrong afterwards."""
    from adtlib.audio import clicks  # noqa: F401 (loaded before the forks)
    from adtlib.cli import main
    from adtlib.transcription import kit_playback, pipeline, pretrained  # noqa: F401

    out, notes, failures, half, said = root / "out", paths.CACHE / "transcribed", [], 0, io.StringIO()

    def transcribe() -> int:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return main(["transcribe", str(root / "songs"), "--out", str(out), "--model", model, *KINDS])

    def begin() -> None:
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(notes, ignore_errors=True)

    def go_on(what: str) -> None:
        status, found = in_a_fork(transcribe), snapshot(out)
        wrong = sorted(name for name in {*found, *whole} if found.get(name) != whole.get(name))
        if status or wrong or leftovers(out, notes):
            failures.append([what, status, wrong, leftovers(out, notes)])

    assert in_a_fork(transcribe) == 0  # unpacks the kit
    begin()
    started = time.perf_counter()
    in_a_fork(lambda: (root / "count").write_text(str(watched(transcribe, [str(out), str(notes)]))))
    took, whole, every = time.perf_counter() - started, snapshot(out), int((root / "count").read_text())
    chosen = random.Random(SEED)
    for number in sorted(chosen.sample(range(1, every + 1), min(n_operations, every))):
        begin()
        status = in_a_fork(lambda number=number: watched(transcribe, [str(out), str(notes)], kill_before=number))
        half += 0 < len(snapshot(out)) < len(whole)
        go_on(f"before operation {number}" if status == -signal.SIGKILL else f"operation {number} was not reached")
    for _ in range(n_moments):
        begin()
        for moment in (chosen.uniform(0, took), chosen.uniform(0, took)):  # killed twice
            in_a_fork(transcribe, kill_after=moment)
        go_on(f"after {moment:.3f} s")
    return {"files": sorted(whole), "operations": every, "half": half, "failures": failures}


@pytest.mark.slow
def test_a_killed_command_goes_on_to_the_same_bytes(model, write_kit, make_music, rng, tmp_path):
    write_kit(tmp_path / "sounds" / "hydrogen" / "data" / "drumkits" / "Mine")
    for name in ("a", "deep/b"):
        path = tmp_path / "songs" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, make_music(rng, 2.0), 44_100)
    folders = {"ADT_HOME": str(tmp_path / "home"), "ADT_SOUNDS": str(tmp_path / "sounds"), "PYTHONPATH": str(paths.ROOT)}
    environment = os.environ | folders | {"OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, __file__, tmp_path, model, "10", "3"], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert len(report["files"]) == 10
    assert report["operations"] > 10
    assert report["half"] > 3, "most kills leave some results and lack others"
    assert report["failures"] == []


if __name__ == "__main__":
    print(json.dumps(trials(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
