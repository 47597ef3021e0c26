"""Leakage check: fingerprints of features against scipy's peak filter and against reading them, and the search for shared ones.

No bar; at full size (2.9e8 frames, all corpora of the thesis, 49 GB of features) the check should be minutes, not days.
"""

import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from common import best_seconds, show
from scipy.ndimage import gaussian_filter, maximum_filter

MINUTES, UNITS = 5, 48
FULL_SIZE = 290_500_000  # frames: 806.95 hours


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ADT_HOME"] = folder  # before adtlib: nothing is left in the clone
        from adtlib.audio.features import FPS, N_BANDS
        from adtlib.corpora.leakage.fingerprints import PEAK_BANDS, PEAK_FRAMES, FingerprintIndex, find_peaks, hash_peaks
        from adtlib.corpora.leakage.search import MIN_VOTES

        rng = np.random.default_rng(0)
        n_frames = round(MINUTES * 60 * FPS)
        paths = []
        for number in range(UNITS):  # smooth noise has peaks as music has, some 25 a second
            matrix = gaussian_filter(rng.normal(0, 1, (n_frames, N_BANDS)).astype(np.float32), (2.5, 1.2))
            paths.append(Path(folder) / f"{number}.npy")
            np.save(paths[-1], np.maximum(matrix, 0).astype(np.float16))
        features = np.load(paths[0])
        seconds = n_frames / FPS
        size = (2 * PEAK_FRAMES + 1, 2 * PEAK_BANDS + 1)
        scipy_peaks = seconds / best_seconds(lambda: maximum_filter(features.astype(np.float32), size))
        show("peaks of features", seconds / best_seconds(lambda: find_peaks(features)), scipy_peaks, "scipy.ndimage.maximum_filter")
        read = seconds / best_seconds(lambda: np.load(paths[0]).sum(dtype=np.uint64))
        peaks = find_peaks(features)
        print(f"{'peaks a second':<58} {len(peaks[0]) / seconds:10.1f}")
        fingerprints = seconds / best_seconds(lambda: hash_peaks(*find_peaks(np.load(paths[0]))))
        show("fingerprints, reading included", fingerprints, read, "reading and adding up")

        def check(expected):
            began = time.process_time()
            with FingerprintIndex(expected) as index:
                for number, path in enumerate(paths):
                    index.add(np.load(path), number % 2)
                index.pairs(MIN_VOTES)
                return seconds * UNITS / (time.process_time() - began), index.one_in

        for what, expected in ((f"{UNITS * MINUTES / 60:g} h", n_frames * UNITS), ("at full size", FULL_SIZE)):
            speed, one_in = check(expected)
            show(f"search {what}, 1 hash in {one_in}, CPU time", speed, read, "reading and adding up")
        print(f"{'all corpora of the thesis at this speed':<58} {FULL_SIZE / FPS / speed / 60:10.0f} minutes of one core")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{'memory at the most':<58} {memory:10.0f} MB")


if __name__ == "__main__":
    main()
