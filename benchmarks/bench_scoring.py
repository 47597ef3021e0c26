"""Peak picking and scoring, against librosa's peak_pick and mir_eval, with equal counts. Bar: 10 times faster.

Twenty hours a round: as recordings of an hour, of four minutes, and of four seconds, where what is done once for each counts.
"""

import statistics

import librosa
import mir_eval
import numpy as np
from common import in_turn, machine, show, times_faster

from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import GRID_SLACK, TOLERANCE, count_matches
from adtlib.onsets.frames import seconds_to_frames
from adtlib.onsets.peak_picking import pick_peaks

HOURS, DIFFERENT = 20, 20  # of a round; different recordings, each scored several times


def recording(seconds: int, rng) -> tuple[np.ndarray, list[np.ndarray]]:
    """Activations with a hit every 0.3 s a class, each three frames wide, over a noisy floor; and the truth."""
    y = rng.uniform(0, 0.2, (seconds * int(FPS), 5)).astype(np.float32)
    places = np.arange(0.5, seconds - 1, 0.15)
    truth = [np.sort(rng.choice(places, len(places) // 2, replace=False)) for _ in range(5)]
    for column, times in enumerate(truth):
        frames = seconds_to_frames(times)
        y[frames, column] = rng.uniform(0.4, 1.0, len(frames))
        y[frames + 1, column] = 0.4 * y[frames, column]
    return y, truth


def peers(y: np.ndarray, truth: list[np.ndarray]) -> np.ndarray:
    counts = np.zeros((5, 3), dtype=np.int64)
    for index, (column, reference) in enumerate(zip(y.T, truth, strict=True)):
        picked = librosa.util.peak_pick(column, pre_max=2, post_max=3, pre_avg=2, post_avg=3, delta=0.1, wait=2)
        estimate = picked[column[picked] >= 0.5] / FPS
        hits = len(mir_eval.util.match_events(reference, estimate, TOLERANCE + GRID_SLACK))
        counts[index] = hits, len(estimate) - hits, len(reference) - hits
    return counts


def main():
    print(machine())
    rng = np.random.default_rng(0)
    for seconds in (3600, 240, 4):
        recordings = [recording(seconds, rng) for _ in range(DIFFERENT)]
        assert all(np.array_equal(count_matches(truth, pick_peaks(y)), peers(y, truth)) for y, truth in recordings)
        repeats = max(1, HOURS * 3600 // seconds // DIFFERENT)

        def ours(recordings=recordings, repeats=repeats):
            for y, truth in recordings * repeats:
                count_matches(truth, pick_peaks(y))

        def theirs(recordings=recordings, repeats=repeats):
            for y, truth in recordings * repeats:
                peers(y, truth)

        found = in_turn({"adtlib": ours, "librosa and mir_eval": theirs})
        speed = {name: HOURS * 3600 / statistics.median(timings) for name, timings in found.items()}
        show(f"librosa.util.peak_pick and mir_eval, recordings of {seconds:,} s", speed["librosa and mir_eval"])
        show(f"adtlib, recordings of {seconds:,} s", speed["adtlib"])
        print(f"{'':58} {times_faster(*found.values()):10.1f} times the speed of librosa and mir_eval (bar: 10)")


if __name__ == "__main__":
    main()
