"""Exercises of notebooks 00 and 30: the task, targets, weights, schedule."""

import numpy as np
import torch

from adtlib.models.loss import frame_weights
from adtlib.notebooks.exercises.checking import Verdict, compare, compare_value
from adtlib.onsets.frames import frame_targets, onsets_from_targets, seconds_to_frames, widen_targets
from adtlib.training.trainer import Schedule
from adtlib.vocabulary import CLASSES

# --- 00: start here ----------------------------------------------------------------------------------------------------


def check_tasks(mine) -> Verdict:
    """The task, DSC, DTD, DTP or DTM, of each of four recordings."""
    right = {"a single snare stroke": "DSC", "a drummer alone": "DTD", "drums and congas": "DTP", "a band": "DTM"}
    return compare_value(mine, right)


def check_frames(mine) -> Verdict:
    """`mine(seconds)`: the frame of each onset."""
    inputs = [
        ("the start", (np.array([0.0]),)),
        ("strokes half a second apart", (np.arange(4) / 2,)),
        ("a stroke at 1.2349 s", (np.array([1.2349]),)),
        ("a stroke at 1.2351 s", (np.array([1.2351]),)),
    ]
    return compare(mine, seconds_to_frames, inputs, hints={"a stroke at 1.2351 s": "The nearest frame: round, do not cut off."})


def check_chance(mine) -> Verdict:
    """`mine(n_frames, n_strokes)`: share of a class's frames that hold a stroke, in percent."""
    inputs = [("one stroke a second", (100, 1)), ("a song of three minutes with 360 kicks", (18_000, 360)), ("silence", (500, 0))]
    hints = {"one stroke a second": "1 of 100 frames: in percent that is 1."}
    return compare(mine, lambda n_frames, n_strokes: 100 * n_strokes / n_frames, inputs, hints=hints)


# --- 30: methodology ---------------------------------------------------------------------------------------------------


def check_onsets_of_targets(mine) -> Verdict:
    """`mine(targets)`: from widened targets `(T, 5)` the seconds of each class's onsets, a list of five arrays."""
    two = [np.array([0.1, 0.5]), np.array([0.3]), np.empty(0), np.array([0.1, 0.2, 0.3]), np.empty(0)]
    close = [np.array([0.10, 0.11]), *[np.empty(0)] * 4]
    inputs = [
        ("silence", (np.zeros((20, len(CLASSES))),)),
        ("a stroke at 0.1 s and one at 0.5 s, not widened", (frame_targets([two[0], *[np.empty(0)] * 4], 80),)),
        ("a few strokes", (widen_targets(frame_targets(two, 80)),)),
        ("two kicks in neighbouring frames", (widen_targets(frame_targets(close, 20)),)),
    ]
    hints = {
        "silence": "Five empty arrays are wanted.",
        "a stroke at 0.1 s and one at 0.5 s, not widened": "Seconds are wanted: there are 100 frames in one.",
        "a few strokes": "Only frames with a 1 are onsets; 0.5 is a neighbour.",
    }
    return compare(_joined(mine), lambda targets: _listed(onsets_from_targets(targets)), inputs, hints=hints)


def _joined(mine):
    return (lambda targets: _listed(mine(targets))) if callable(mine) else mine


def _listed(onsets) -> dict[str, np.ndarray]:
    if onsets is None or len(onsets) != len(CLASSES):
        raise ValueError("not a list of five arrays")
    return dict(zip(CLASSES, (np.asarray(times, dtype=float) for times in onsets), strict=True))


def check_frame_weights(mine) -> Verdict:
    """`mine(targets, weights)`: the weight of each frame, `(T,)`."""
    weights = np.array([12.0, 14.0, 60.0, 8.0, 30.0])
    rows = {
        "a frame of silence": [0, 0, 0, 0, 0],
        "a kick": [1, 0, 0, 0, 0],
        "a kick and a hi-hat": [1, 0, 0, 1, 0],
        "the neighbour of a snare": [0, 0.5, 0, 0, 0],
        "a tom beside a snare": [0, 0.5, 1, 0, 0],
    }
    inputs = [(name, (np.array([row]), weights)) for name, row in rows.items()]
    inputs.append(("all five frames", (np.array(list(rows.values())), weights)))
    hints = {
        "a frame of silence": "A frame in which no class begins weighs 1.",
        "the neighbour of a snare": "No class begins here (0.5 is no onset), so the weight is 1.",
    }
    return compare(mine, _frame_weights, inputs, hints=hints)


def _frame_weights(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return frame_weights(torch.as_tensor(targets, dtype=torch.float64)[None], torch.as_tensor(weights))[0].numpy()


def check_schedule(mine) -> Verdict:
    """`mine(losses)`: (epochs trained, number of times the learning rate was divided by 5), of the draft's schedule."""
    rng = np.random.default_rng(6)
    inputs = [
        ("ten falling losses", (np.linspace(1, 0.1, 10),)),
        ("no fall after the first epoch", (np.full(30, 0.5),)),
        ("a fall, then a rise", (np.concatenate([np.linspace(1, 0.3, 8), np.linspace(0.31, 0.9, 30)]),)),
        ("100 noisy epochs", (0.3 + np.exp(-np.arange(100) / 10) + rng.normal(0, 0.02, 100),)),
    ]
    hints = {
        "no fall after the first epoch": "Divide after every 3 epochs without a lower loss, stop after 10.",
        "100 noisy epochs": "Compare with the lowest loss so far, not with that of the epoch before.",
    }
    return compare(mine, _scheduled, inputs, hints=hints)


def _scheduled(losses) -> tuple[int, int]:
    schedule, divided = Schedule(patience=10, lr_patience=3), 0
    for epoch, loss in enumerate(losses, start=1):
        divided += schedule.lowers_rate(float(loss))
        if schedule.stops:
            return epoch, divided
    return len(losses), divided
