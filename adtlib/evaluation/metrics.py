"""Scoring onsets against annotations: matching, counts, F1 (thesis section 2.5). The only module that imports mir_eval.

Onsets are five sorted arrays of seconds. Counts are integer arrays whose last axis is (true positives, false positives,
false negatives); `(5, 3)` for one track, `(N, 5, 3)` for many. The thesis's protocol: micro F1, +-50 ms, pooled over all tracks.

Differences from the finished thesis's code: it scores against quantised, widened targets of 4 s sequences (here: annotation times
of whole tracks), and gives a class without onset or estimate F1 = 1, which raises macro F1 (here: NaN, left out of the mean;
`absent=1.0` reproduces it).
"""

import math

import numpy as np

from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

TOLERANCE = 0.05  # seconds, to either side
_FEW = 300  # onsets and estimates of a class, below which walking is as fast as grouping
GRID_SLACK = 1e-6  # two times exactly 50 ms apart on a 10 ms grid would miss a 0.05 s window by rounding


def count_matches(reference: Onsets, estimate: Onsets, tolerance: float = TOLERANCE, matcher: str = "greedy") -> np.ndarray:
    """Count true positives, false positives and false negatives of each class: `(5, 3)` int64.

    An estimate matches at most one reference onset of its class, within `tolerance` seconds (both ends included). `greedy`
    walks both sorted lists once, which finds as many pairs as any matching can, for one tolerance; `mir_eval` is
    `mir_eval.util.match_events`, slower and equal.

    Raises ValueError for times that are not sorted, NaN, or a negative tolerance.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance = {tolerance}: it must be 0 s or more")
    if matcher not in ("greedy", "mir_eval"):
        raise ValueError(f"unknown matcher {matcher!r}: choose greedy or mir_eval")
    if len(reference) != len(CLASSES) or len(estimate) != len(CLASSES):
        raise ValueError(f"onsets of {len(reference)} and {len(estimate)} classes: expected {len(CLASSES)}")
    hits_of = _hits if matcher == "greedy" else _hits_mir_eval
    counts = np.zeros((len(CLASSES), 3), dtype=np.int64)
    for index, (truth, found) in enumerate(zip(reference, estimate, strict=True)):
        truth, found = _checked(truth, CLASSES[index]), _checked(found, CLASSES[index])
        hits = hits_of(truth, found, tolerance + GRID_SLACK)
        counts[index] = hits, len(found) - hits, len(truth) - hits
    return counts


def match_onsets(reference: np.ndarray, estimate: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """Matched pairs of one class: `(n, 2)` int64 indices into `reference` and `estimate`."""
    pairs = _match_greedy(_checked(reference, "reference"), _checked(estimate, "estimate"), tolerance + GRID_SLACK)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _checked(times, name: str) -> np.ndarray:
    times = np.asarray(times, dtype=np.float64)
    # One comparison detects both disorder and NaN.
    if len(times) and not ((times[1:] >= times[:-1]).all() and math.isfinite(times[0]) and math.isfinite(times[-1])):
        raise ValueError(f"onset times of {name} are not sorted, finite seconds")
    return times


def _match_greedy(reference: np.ndarray, estimate: np.ndarray, window: float) -> list[tuple[int, int]]:
    truth, found = reference.tolist(), estimate.tolist()
    pairs, i, j = [], 0, 0
    while i < len(truth) and j < len(found):
        difference = found[j] - truth[i]
        if difference > window:
            i += 1
        elif difference < -window:
            j += 1
        else:
            pairs.append((i, j))
            i += 1
            j += 1
    return pairs


def _hits(reference: np.ndarray, estimate: np.ndarray, window: float) -> int:
    """The number of pairs of `_match_greedy`.

    Where times are farther apart than the window, no pair crosses the gap. Between two gaps lie groups: one with a single onset of
    either kind and any of the other holds one pair, as neighbours are near enough; only the rest are walked.
    """
    if len(reference) + len(estimate) < _FEW:
        return len(_match_greedy(reference, estimate, window))
    times = np.concatenate([reference, estimate])
    order = np.argsort(times, kind="stable")  # two sorted runs are merged
    times, estimated = times[order], order >= len(reference)
    starts = np.flatnonzero(np.concatenate([[True], times[1:] - times[:-1] > window]))
    sizes = np.diff(starts, append=len(times))
    fewer = np.add.reduceat(estimated, starts, dtype=np.int64)
    fewer = np.minimum(fewer, sizes - fewer)
    hits = int(np.count_nonzero(fewer == 1))
    walked = np.repeat(fewer > 1, sizes)
    return hits + len(_match_greedy(times[walked & ~estimated], times[walked & estimated], window))


def _hits_mir_eval(reference: np.ndarray, estimate: np.ndarray, window: float) -> int:
    import mir_eval  # slow to import, and only comparisons need it

    return len(mir_eval.util.match_events(reference, estimate, window))


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 = 2 TP / (2 TP + FP + FN) along the last axis; NaN without onsets and estimates."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def precision(counts: np.ndarray) -> np.ndarray:
    """TP / (TP + FP) along the last axis; NaN without an estimate."""
    tp, fp, _ = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return _ratio(tp, tp + fp)


def recall(counts: np.ndarray) -> np.ndarray:
    """TP / (TP + FN) along the last axis; NaN without an onset."""
    tp, _, fn = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return _ratio(tp, tp + fn)


def _ratio(numerator, denominator) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def f1_micro(counts: np.ndarray) -> float:
    """F1 of the counts pooled over tracks and classes: `(..., 5, 3)` to one number."""
    return float(f1(np.asarray(counts).reshape(-1, 3).sum(axis=0)))


def f1_macro(counts: np.ndarray, absent: float = np.nan) -> float:
    """Mean over classes of the F1 of counts pooled over tracks: `(..., 5, 3)` to one number.

    A class without onset or estimate is left out, or counts as `absent`.
    """
    by_class = f1(np.asarray(counts).reshape(-1, len(CLASSES), 3).sum(axis=0))
    by_class = np.where(np.isnan(by_class), absent, by_class)
    return float(np.nanmean(by_class)) if not np.isnan(by_class).all() else float("nan")


def scores(counts: np.ndarray) -> dict[str, float]:
    """All scores of `(5, 3)` or `(N, 5, 3)` counts: f1_micro, f1_macro, and f1, precision, recall of each class and pooled."""
    pooled = np.asarray(counts).reshape(-1, len(CLASSES), 3).sum(axis=0)
    result = {"f1_micro": f1_micro(pooled), "f1_macro": f1_macro(pooled)}
    result |= {f"f1_{name}": float(value) for name, value in zip(CLASSES, f1(pooled), strict=True)}
    for measure in (precision, recall):
        name = measure.__name__
        result[f"{name}_micro"] = float(measure(pooled.sum(axis=0)))
        result |= {f"{name}_{label}": float(value) for label, value in zip(CLASSES, measure(pooled), strict=True)}
    return result
