"""Exercises of notebooks 13 and 14: what a transcription is, peak picking, and how transcriptions are scored."""

import numpy as np

from adtlib.audio.features import FPS
from adtlib.evaluation.examples import example_curve
from adtlib.evaluation.metrics import f1_macro
from adtlib.notebooks.exercises.checking import Verdict, compare
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.vocabulary import CLASSES, GENERAL_MIDI

# --- 13: the drum set and its transcription ----------------------------------------------------------------------------


def check_peak_picking(mine) -> Verdict:
    """`mine(curve)`: frames of the onsets in an activation curve, with the values of the thesis."""
    rng = np.random.default_rng(4)
    inputs = [
        ("a curve of zeros", (np.zeros(20),)),
        ("one clear peak", (np.array([0.0, 0.1, 0.4, 0.9, 0.3, 0.0, 0.0]),)),
        ("a peak of exactly 0.5", (np.array([0.0, 0.0, 0.1, 0.5, 0.1, 0.0, 0.0]),)),
        ("a soft peak", (np.array([0.0, 0.0, 0.1, 0.39, 0.1, 0.0, 0.0]),)),
        ("a peak in the first frame", (np.array([0.9, 0.2, 0.0, 0.0, 0.0]),)),
        ("a slow swell", (np.array([0.50, 0.55, 0.60, 0.63, 0.64, 0.63, 0.60, 0.55, 0.50]),)),
        ("a plateau of two frames", (np.array([0.0, 0.0, 0.8, 0.8, 0.0, 0.0]),)),
        ("a plateau of three frames", (np.array([0.0, 0.0, 0.0, 0.0, 0.9, 0.9, 0.9, 0.0, 0.0]),)),
        ("a shoulder", (np.array([0.0, 0.2, 0.9, 0.5, 0.6, 0.2, 0.0]),)),
        ("the notebook's curve", (example_curve(),)),
        *((f"random curve {number}", (rng.random(200) ** 3,)) for number in range(1, 1_001)),
    ]
    hints = {
        "a peak of exactly 0.5": "The threshold itself is enough.",
        "a soft peak": "0.39 stands out, but is below the threshold of 0.5.",
        "a peak in the first frame": "At the edges of the recording the windows are cut off.",
        "a slow swell": "It is the highest, but does it stand out by 0.1 from the mean of its five frames?",
        "a plateau of two frames": "Of equal neighbours the first one is the peak.",
        "a plateau of three frames": "Of equal neighbours the first one is the peak, and only the first.",
    }
    return compare(mine, _picked, inputs, hints=hints)


def _picked(curve: np.ndarray) -> np.ndarray:
    column = np.zeros((len(curve), len(CLASSES)))
    column[:, 0] = curve
    return np.rint(pick_peaks(column)[0] * FPS).astype(int)


def check_class_of_pitch(mine) -> Verdict:
    """`mine(pitch)`: the class of a General MIDI pitch, "" for percussion outside the five classes."""
    names = {36: "kick", 40: "electric snare", 37: "side stick", 47: "middle tom", 44: "pedal hi-hat", 51: "ride", 54: "tambourine"}
    inputs = [(f"{pitch} ({name})", (pitch,)) for pitch, name in names.items()]
    inputs += [(f"{pitch}", (pitch,)) for pitch in range(35, 82) if pitch not in names]
    hints = {"54 (tambourine)": "The thesis counts it as a hi-hat.", "37 (side stick)": "It is played on the snare."}
    return compare(
        mine, lambda pitch: CLASSES[i] if (i := GENERAL_MIDI.class_index(pitch)) is not None else "", inputs, hints=hints
    )


def check_seconds_of_deltas(mine) -> Verdict:
    """`mine(deltas, bpm, ticks_a_beat)`: the time of each MIDI event in seconds."""
    inputs = [
        ("one event at the start", ([0], 120.0, 480)),
        ("four quarter notes at 120", ([0, 480, 480, 480], 120.0, 480)),
        ("two notes at once", ([0, 240, 0, 240], 90.0, 480)),
        ("a file with 96 ticks a beat", ([96, 24, 24], 60.0, 96)),
    ]
    hints = {"four quarter notes at 120": "Add the deltas up, each counts from the event before; a beat lasts 60 / bpm seconds."}
    return compare(mine, lambda deltas, bpm, ticks: np.cumsum(deltas) / ticks * 60 / bpm, inputs, hints=hints)


# --- 14: performance measures ------------------------------------------------------------------------------------------


def check_silent_accuracy(mine) -> Verdict:
    """`mine(n_frames, strokes)`: frame-wise accuracy of a transcriber that reports nothing, over all five classes."""
    inputs = [
        ("no strokes", (1_000, [0, 0, 0, 0, 0])),
        ("one kick in a second", (100, [1, 0, 0, 0, 0])),
        ("a rock song of three minutes", (18_000, [360, 360, 40, 1_440, 60])),
    ]
    hints = {"one kick in a second": "There are five classes, so five times as many frames that are right or wrong."}
    return compare(mine, lambda n_frames, strokes: 1 - sum(strokes) / (len(CLASSES) * n_frames), inputs, hints=hints)


def check_macro_f1(mine) -> Verdict:
    """`mine(counts)`: macro F1 of `(5, 3)` counts; a class without strokes and estimates is left out."""
    inputs = [
        ("five perfect classes", (np.array([[3, 0, 0]] * 5),)),
        ("a class that is all missed", (np.array([[3, 0, 0], [0, 0, 4], [2, 1, 1], [5, 5, 0], [1, 0, 1]]),)),
        ("a class that does not occur", (np.array([[3, 1, 0], [2, 0, 2], [0, 0, 0], [5, 5, 0], [1, 0, 1]]),)),
        ("a class that is invented only", (np.array([[3, 1, 0], [0, 2, 0], [2, 0, 2], [5, 5, 0], [1, 0, 1]]),)),
    ]
    hints = {
        "a class that is all missed": "Each class counts as much as any other: the mean of F1s, not the F1 of all counts.",
        "a class that does not occur": "0 / 0 says nothing about the class: take the mean over the others.",
        "a class that is invented only": "It was reported, so it counts, with F1 = 0.",
    }
    return compare(mine, f1_macro, inputs, hints=hints)


def check_best_threshold(mine) -> Verdict:
    """`mine(scores, is_onset)`: the score from which on (inclusive) everything is reported, for the highest F1."""
    rng = np.random.default_rng(5)
    truth = rng.random(60) < 0.3
    inputs = [
        ("four scores, perfectly ordered", (np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, True, False, False]))),
        (
            "a miss that costs less than an invention",
            (np.array([0.9, 0.7, 0.6, 0.5, 0.2]), np.array([True, False, False, False, True])),
        ),
        ("two thresholds that are equally good", (np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, False, True]))),
        ("60 random scores", (np.round(rng.random(60) * 0.5 + truth * 0.4, 4), truth)),
    ]
    hints = {
        "a miss that costs less than an invention": "Try each score as the threshold: F1 is 2 TP / (reported + strokes).",
        "two thresholds that are equally good": "Of equally good ones the highest.",
    }
    return compare(mine, _best_threshold, inputs, hints=hints)


def _best_threshold(scores: np.ndarray, is_onset: np.ndarray) -> float:
    def f1(threshold: float) -> float:
        reported = scores >= threshold
        return 2 * np.sum(reported & is_onset) / (reported.sum() + is_onset.sum())

    return max(np.sort(scores)[::-1], key=f1)
