"""Beats from elsewhere: Beat This! (Foscarin, Schlüter and Widmer, ISMIR 2024), which hears the whole music, not drums alone.

Its package comes with the extra `beats`; its weights do not come with the package: where there is a network it downloads them once
(78 MB), else name a file that holds them. It finds beats and downbeats, from which the time signature is read.
"""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.notation.beats import Beats, extended
from adtlib.notation.time_signatures import MOST_BEATS
from adtlib.transcription import extras

ENGINES = ("beat_this",)
WEIGHTS = "final0"  # of the published model


class EngineError(RuntimeError):
    """Beats cannot be found this way; the message says why, and the remedy."""


def check_engine(engine: str | None) -> None:
    """ValueError for an engine that is not `beat_this` or `beat_this:FILE`, with a file of its weights."""
    if engine is not None and engine.partition(":")[0] not in ENGINES:
        raise ValueError(f"beats = {engine!r}: choose beat_this, or beat_this:FILE with a file of its weights")


def load_engine(engine: str) -> Callable[[np.ndarray], Beats]:
    """A function from samples, mono `(n,)` at 44.1 kHz, to their beats. It raises EngineError for fewer than two beats.

    engine  as `check_engine` takes it.

    Raises EngineError where the package or its weights are missing.
    """
    check_engine(engine)
    return partial(_beats, _beat_this(engine.partition(":")[2] or WEIGHTS))


def _beats(tracker, samples: np.ndarray) -> Beats:
    beats, downbeats = tracker(samples, SAMPLE_RATE)
    return from_downbeats(np.asarray(beats, dtype=np.float64), np.asarray(downbeats, dtype=np.float64), len(samples) / SAMPLE_RATE)


@lru_cache(maxsize=1)
def _beat_this(weights: str):
    if problem := extras.missing("beats"):
        raise EngineError(f"beats by beat_this: {problem}")
    from beat_this.inference import Audio2Beats

    try:
        return Audio2Beats(checkpoint_path=weights, device="cpu")
    except Exception as error:  # it wraps whatever happened while it looked for the file or downloaded it
        raise EngineError(
            f"beats by beat_this: its weights {weights} could not be loaded ({error}); download them where there is a network "
            "(they are listed in its README), and name the file: beat_this:FILE"
        ) from error


def from_downbeats(times: np.ndarray, downbeats: np.ndarray, duration: float) -> Beats:
    """Beats that cover a recording, in bars of as many beats as most have; bars are counted as most downbeats say.

    times, downbeats  seconds, rising; each downbeat is a beat.
    duration          of the recording in seconds.

    Raises EngineError for fewer than two beats.
    """
    if len(times) < 2:
        raise EngineError(f"beats by beat_this: {len(times)} found; leave this engine out, or state a tempo")
    before = max(0, int(np.ceil(times[0] / (times[1] - times[0]))))
    times = np.concatenate([times[0] - (times[1] - times[0]) * np.arange(before, 0, -1), times])
    at = np.abs(times[:, None] - downbeats).argmin(axis=0)
    counts = np.bincount(np.diff(at), minlength=MOST_BEATS + 1)[2 : MOST_BEATS + 1]
    n = int(counts.argmax()) + 2 if counts.any() else 4
    first = int(np.bincount(at % n, minlength=n).argmax())
    times = extended(times, duration)
    return Beats(times, (np.arange(len(times)) - first) % n + 1, True, (n, 4))
