"""A rerun gives byte-identical pictures, but for those that measure time. Run by make test, after the notebooks ran once.

The notebooks run again into another folder, with other hashes of strings, and what they draw is held against figures/smoke.
"""

import os
import subprocess
import sys

import pytest

from adtlib import paths
from adtlib.notebooks import saved_figures

pytestmark = pytest.mark.rerun

MEASURES_TIME = {"10_cost"}
# The background chapter, and of what reads corpora, draws from one and trains one notebook each.
SHARES = (("10", "11", "12", "14"), ("13", "20", "30", "43"))  # side by side, on two cores


@pytest.fixture(scope="module")
def rerun(tmp_path_factory):
    """The folder figures/smoke of a second run, by the number of a notebook."""
    started = []
    for numbers in SHARES:
        home = tmp_path_factory.mktemp("home")
        if paths.DATA.is_dir():  # generated corpora are the same wherever they are made; tests of their own say so
            (home / "data").symlink_to(paths.DATA)
        search = os.pathsep.join(filter(None, (str(paths.ROOT), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"ADT_HOME": str(home), "PYTHONHASHSEED": "7", "PYTHONPATH": search}
        command = [sys.executable, "-m", "adtlib", "run", *numbers, "--profile", "smoke"]
        with open(home / "said.txt", "w") as said:
            started.append((home, numbers, subprocess.Popen(command, env=environment, stdout=said, stderr=said)))
    try:
        for home, _, process in started:
            assert process.wait(timeout=900) == 0, (home / "said.txt").read_text()[-3000:]
    finally:
        for _, _, process in started:
            process.terminate()
    return {number: home / "figures" / "smoke" for home, numbers, _ in started for number in numbers}


@pytest.mark.parametrize("number", [number for numbers in SHARES for number in numbers])
def test_pictures_are_byte_identical(number, rerun):
    first = paths.FIGURES / "smoke"
    names = {row["file"] for row in saved_figures.read("smoke") if row["notebook"] == number}
    assert names, f"{paths.relative(first)} has no figure of notebook {number}: 'make test' runs the notebooks before this"
    again = {path.stem for path in rerun[number].glob(f"{number}_*.png")}
    assert names == again
    same = {name for name in names if (first / f"{name}.png").read_bytes() == (rerun[number] / f"{name}.png").read_bytes()}
    assert names - same <= MEASURES_TIME, "if the code was changed since figures/smoke was made, run 'make test'"
