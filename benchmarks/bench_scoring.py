"""Peak picking and scoring one hour, against librosa's peak_pick and mir_eval. Bar: 20,000 times real time."""

import librosa
import mir_eval
import numpy as np
from common import best_seconds, show

from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import count_matches
from adtlib.onsets.frames import seconds_to_frames
from adtlib.onsets.peak_picking import pick_peaks

SECONDS = 3600


def activations(rng):
    """An hour of activations with a hit every 0.3 s a class, each three frames wide, over a noisy floor; and the truth."""
    y = rng.uniform(0, 0.2, (SECONDS * int(FPS), 5)).astype(np.float32)
    truth = [np.sort(rng.choice(np.arange(0.5, SECONDS - 1, 0.15), SECONDS * 3, replace=False)) for _ in range(5)]
    for column, times in enumerate(truth):
        frames = seconds_to_frames(times)
        y[frames, column] = rng.uniform(0.4, 1.0, len(frames))
        y[frames + 1, column] = 0.4 * y[frames, column]
    return y, truth


def main():
    y, truth = activations(np.random.default_rng(0))

    def ours():
        return count_matches(truth, pick_peaks(y))

    def peers():
        for column, reference in zip(y.T, truth, strict=True):
            picked = librosa.util.peak_pick(column, pre_max=2, post_max=3, pre_avg=2, post_avg=3, delta=0.1, wait=2)
            estimate = picked[column[picked] >= 0.5] / FPS
            mir_eval.util.match_events(reference, estimate, 0.05)

    peer = SECONDS / best_seconds(peers, 2)
    show("librosa.util.peak_pick and mir_eval", peer)
    show("adtlib: pick_peaks", SECONDS / best_seconds(lambda: pick_peaks(y)))
    estimate = pick_peaks(y)
    show("adtlib: count_matches", SECONDS / best_seconds(lambda: count_matches(truth, estimate)))
    show("adtlib: both (bar: 20,000)", SECONDS / best_seconds(ours), peer, "librosa and mir_eval")


if __name__ == "__main__":
    main()
