"""Small worked examples for notebooks 13 and 14: a pattern, a curve for peak picking, good and bad transcribers.

Each is tested against the module that does the same for whole corpora: `peak_picking`, `metrics`.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import count_matches, f1_micro
from adtlib.notation.patterns import Pattern, note_onsets, pattern_from_rows
from adtlib.onsets.frames import Onsets, frame_targets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.synthesis.groove_styles import STYLES
from adtlib.synthesis.grooves import bars_for, perform
from adtlib.vocabulary import CLASSES

# --- a pattern ---------------------------------------------------------------------------------------------------------


def example_pattern() -> Pattern:
    """Two bars of rock at 100 beats a minute, with a ghost note, an open hi-hat and a fill: all five classes."""
    rows = {
        49: "X... .... .... .... | .... .... .... ....",
        42: "..x. x.x. x.x. x... | x.x. x.x. x... ....",
        46: ".... .... .... ..x. | .... .... .... ....",
        38: ".... X..g .... X... | .... X... .... X...",
        50: ".... .... .... .... | .... .... ..xx ....",
        47: ".... .... .... .... | .... .... .... .xx.",
        43: ".... .... .... .... | .... .... .... ...x",
        36: "x... ..x. x... .... | x... ..x. .... x...",
        44: ".... .... .... .... | .... .... .... x...",
    }
    return pattern_from_rows(rows, bpm=100)


# --- peak picking ------------------------------------------------------------------------------------------------------


def example_curve() -> np.ndarray:
    """A made-up activation function of 84 frames, `(84,)`, with typical cases of peak picking."""
    curve = 0.03 + 0.012 * np.sin(np.arange(84) * 1.7) + 0.008 * np.sin(np.arange(84) * 0.61)
    bumps = {
        7: [0.14, 0.52, 0.93, 0.46, 0.12],  # a stroke
        18: [0.10, 0.38, 0.88, 0.50, 0.61, 0.22, 0.08],  # a stroke with a shoulder
        30: [0.10, 0.22, 0.36, 0.47, 0.55, 0.60, 0.63, 0.64, 0.62, 0.58, 0.52, 0.43, 0.32, 0.19, 0.09],  # a slow swell
        49: [0.10, 0.39, 0.13],  # possibly a soft stroke
        58: [0.12, 0.45, 0.82, 0.40, 0.26, 0.44, 0.74, 0.33, 0.10],  # two strokes in quick succession
        73: [0.11, 0.34, 0.62, 0.29, 0.09],  # an uncertain stroke
    }
    for start, values in bumps.items():
        curve[start : start + len(values)] = values
    return np.round(curve, 3)


def explain_peaks(curve: np.ndarray, config: PeakPicking) -> pd.DataFrame:
    """Every condition of peak picking for each frame of one class's curve `(T,)`: the slow, readable version.

    Columns: frame, activation, level (mean of the window plus delta), highest, above_mean, above_threshold, waited, onset.
    `waited` is True if an earlier condition fails. On a plateau the first frame is the highest.
    """
    curve = np.asarray(curve, dtype=np.float64)
    rows, last = [], -np.inf
    for n, value in enumerate(curve):
        near = curve[max(0, n - config.max_window) : n + config.max_window + 1]
        level = curve[max(0, n - config.mean_window) : n + config.mean_window + 1].mean() + config.delta
        highest = bool(value == near.max() and (n == 0 or value > curve[n - 1]))
        conditions = highest, bool(value >= level), bool(value >= config.threshold)
        waited = bool(not all(conditions) or n >= last + config.wait)
        onset = all(conditions) and waited
        last = n if onset else last
        rows.append((n, value, level, *conditions, waited, onset))
    return pd.DataFrame(
        rows, columns=["frame", "activation", "level", "highest", "above_mean", "above_threshold", "waited", "onset"]
    )


# --- matching ----------------------------------------------------------------------------------------------------------


def matching_example() -> tuple[np.ndarray, np.ndarray]:
    """Annotated and estimated onsets of one class in seconds, with every case of matching."""
    reference = np.array([0.15, 0.40, 0.76, 1.02, 1.30, 1.36, 1.62])
    estimate = np.array([0.17, 0.58, 0.73, 0.79, 1.085, 1.33, 1.38, 1.67])
    return reference, estimate


def score_over_tolerance(reference: np.ndarray, estimate: np.ndarray, tolerances: Sequence[float]) -> pd.DataFrame:
    """tolerance, tp, fp, fn and f1 of one class for each tolerance in seconds."""
    empty = [np.empty(0)] * (len(CLASSES) - 1)
    rows = []
    for tolerance in tolerances:
        counts = count_matches([reference, *empty], [estimate, *empty], tolerance)
        rows.append((tolerance, *counts[0], f1_micro(counts)))
    return pd.DataFrame(rows, columns=["tolerance", "tp", "fp", "fn", "f1"])


# --- accuracy ----------------------------------------------------------------------------------------------------------


def drumming(minutes_a_style: float = 2.0) -> tuple[list[Onsets], list[int]]:
    """Onsets of one generated performance of each style, and its number of frames."""
    onsets, frames = [], []
    for index, (name, style) in enumerate(STYLES.items()):
        rng = np.random.default_rng([0, index])
        bpm = float(np.clip(np.mean(style.bpm), 70, 190))
        performance = perform(name, bpm, bars_for(60 * minutes_a_style, bpm), rng)
        onsets.append(note_onsets(performance.notes))
        frames.append(round(performance.duration * FPS))
    return onsets, frames


def transcribers(onsets: list[Onsets], seed: int = 0) -> dict[str, list[Onsets]]:
    """Estimates of four made-up transcribers for the same performances: from perfect, but a frame late, to silent."""
    rng = np.random.default_rng(seed)
    nothing = [np.empty(0)] * len(CLASSES)

    def good(times: np.ndarray) -> np.ndarray:
        """90 % of the strokes, a few milliseconds off, and 5 % invented strokes."""
        kept = times[rng.random(len(times)) < 0.9]
        invented = rng.uniform(0, times[-1] if len(times) else 0, rng.binomial(len(times), 0.05))
        return np.sort(np.concatenate([kept + rng.normal(0, 0.008, len(kept)), invented]).clip(0))

    return {
        "silent": [nothing for _ in onsets],
        "every second stroke": [[times[::2] for times in track] for track in onsets],
        "good, not perfect": [[good(times) for times in track] for track in onsets],
        "perfect, 10 ms late": [[times + 1 / FPS for times in track] for track in onsets],
    }


def frame_counts(reference: Onsets, estimate: Onsets, n_frames: int) -> np.ndarray:
    """True positives, true negatives, false positives and false negatives of each class, frame by frame: `(5, 4)`."""
    truth, found = (frame_targets(onsets, n_frames) > 0 for onsets in (reference, estimate))
    pairs = ((truth & found), ~(truth | found), (found & ~truth), (truth & ~found))
    return np.stack([pair.sum(axis=0) for pair in pairs], axis=1)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """(TP + TN) / all along the last axis of frame counts."""
    return counts[..., :2].sum(axis=-1) / counts.sum(axis=-1)


def accuracy_table(
    onsets: list[Onsets], frames: list[int], estimated: Mapping[str, list[Onsets]], tolerance: float
) -> pd.DataFrame:
    """A row a transcriber: frame-wise accuracy, frame-wise F1, and micro F1 of events within the tolerance."""
    rows = []
    for name, estimates in estimated.items():
        by_frame = sum(frame_counts(*track) for track in zip(onsets, estimates, frames, strict=True)).sum(axis=0)
        tp, _, fp, fn = by_frame
        events = np.stack([count_matches(truth, estimate, tolerance) for truth, estimate in zip(onsets, estimates, strict=True)])
        rows.append((name, accuracy(by_frame), 2 * tp / (2 * tp + fp + fn), f1_micro(events)))
    return pd.DataFrame(rows, columns=["transcriber", "accuracy", "f1_frames", "f1_micro"])


# --- micro and macro ---------------------------------------------------------------------------------------------------

# True positives, false positives, false negatives in the order of CLASSES, of two transcribers of the same song: 160 strokes.
UNBALANCED = {
    "A": ((38, 2, 2), (28, 2, 2), (1, 1, 3), (76, 4, 4), (3, 2, 3)),
    "B": ((34, 6, 6), (25, 5, 5), (4, 1, 0), (67, 13, 13), (5, 1, 1)),
}


def onsets_with_counts(counts: Sequence[Sequence[int]]) -> tuple[Onsets, Onsets]:
    """Reference and estimate whose matching gives these (TP, FP, FN) a class: one event a second, 10 ms from its match."""
    reference, estimate = [], []
    for tp, fp, fn in counts:
        matched = 1.0 + np.arange(tp)
        reference.append(np.concatenate([matched, 1.0 + tp + np.arange(fn)]))
        estimate.append(np.concatenate([matched + 0.01, 1.5 + tp + fn + np.arange(fp)]))
    return reference, estimate


def exact_f1(counts: Sequence[int]) -> Fraction:
    """F1 = 2 TP / (2 TP + FP + FN) as a fraction."""
    tp, fp, fn = map(int, counts)
    return Fraction(2 * tp, 2 * tp + fp + fn)


def exact_scores(counts: Sequence[Sequence[int]]) -> tuple[list[Fraction], Fraction, Fraction]:
    """F1 of each class, micro F1 and macro F1 by hand, without rounding."""
    by_class = [exact_f1(row) for row in counts]
    return by_class, exact_f1(np.sum(counts, axis=0)), sum(by_class) / len(by_class)


def micro_macro_table(counts: Sequence[Sequence[int]]) -> pd.DataFrame:
    """The calculation, a row for each class and for micro and macro: TP, FP, FN, the fraction, its value."""
    by_class, micro, macro = exact_scores(counts)
    total = [int(n) for n in np.sum(counts, axis=0)]
    rows = [(name, *row, _written(row), float(value)) for name, row, value in zip(CLASSES, counts, by_class, strict=True)]
    rows.append(("micro", *total, _written(total), float(micro)))
    mean = "(" + " + ".join(f"{float(value):.3f}" for value in by_class) + f") / {len(by_class)}"
    rows.append(("macro", "", "", "", mean, float(macro)))
    return pd.DataFrame(rows, columns=["class", "TP", "FP", "FN", "calculation", "F1"])


def _written(counts: Sequence[int]) -> str:
    tp, fp, fn = counts
    return f"{2 * tp} / ({2 * tp} + {fp} + {fn})"
