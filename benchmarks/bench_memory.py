"""Peak memory of preparing and training on a corpus of one size and on one eight times as large: it must not grow with it."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

SECONDS, SMALL, LARGE = 60, 8, 64


def measure(folder: Path, songs: int) -> None:
    """In a process of its own: write songs, prepare them, train one epoch; print the peak after each step in MB."""
    os.environ["ADT_HOME"] = str(folder / f"home{songs}")
    from adtlib.corpora.folder import FolderCorpus
    from adtlib.corpora.preparation import prepare
    from adtlib.training.trainer import TrainingConfig, fit

    rng = np.random.default_rng(0)
    root = folder / f"songs{songs}"
    for split, count in (("train", songs), ("validation", max(songs // 8, 1))):
        (root / split).mkdir(parents=True)
        for index in range(count):
            soundfile.write(root / split / f"{index}.wav", rng.normal(0, 0.1, SECONDS * 44_100), 44_100)
            lines = (
                f"{time:.2f} {label}\n" for time in np.arange(0.5, SECONDS - 1, 0.5) for label in ("KD", "SD", "TT", "HH", "CY")
            )
            (root / split / f"{index}.txt").write_text("".join(lines))
    prepared = prepare(FolderCorpus(root), progress=False)
    after_preparing = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    config = TrainingConfig("RNN", ("songs",), {"num_layers": 2, "hidden_size": 24}, epochs=1, batch_size=8)
    fit(config, [prepared], [prepared], folder / f"run{songs}", progress=False)
    print(after_preparing / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    with tempfile.TemporaryDirectory() as folder:
        peaks = {}
        for songs in (SMALL, LARGE):
            command = [sys.executable, __file__, folder, str(songs)]
            peaks[songs] = [float(value) for value in subprocess.check_output(command, text=True).split()]
        for step, (small, large) in zip(("preparing", "training"), zip(*peaks.values(), strict=True), strict=True):
            print(f"peak memory {step}: {small:,.0f} MB with {SMALL} songs of {SECONDS} s, {large:,.0f} MB with {LARGE}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
