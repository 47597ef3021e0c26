"""A recording in pieces, whatever its length: blocks of samples become features, and these the windows that networks see.

A network sees windows as long as the segments that it was trained on, 400 frames unless it says otherwise, that overlap by 100
frames. Each half of an overlap is predicted by the window that has more context for it. A recording can be given whole or in
blocks: joined, the results of the blocks are those of the whole recording up to rounding. Needs no torch.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from adtlib.audio.features import FRAME_SIZE, HOP_LENGTH, N_BANDS, log_filter_spectrogram
from adtlib.onsets.frames import SEGMENT_FRAMES

MARGIN = 50  # frames at each edge of a window that the neighbouring window predicts, with more context

# ---- features -------------------------------------------------------------------------------------------------------

_CONTEXT = -(-FRAME_SIZE // 2 // HOP_LENGTH)  # hops that half a window reaches


def feature_blocks(blocks: Iterable[np.ndarray], version: str = "madmom") -> Iterator[np.ndarray]:
    """Features `(n, 84)` float32 of a recording given as blocks of samples: joined, those of the whole recording."""
    held, base, done = np.zeros(0, dtype=np.float32), 0, 0  # samples; frame at held[0]; frames yielded

    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        # Frames whose windows lie within the samples read so far.
        ready = base + (len(held) - FRAME_SIZE // 2) // HOP_LENGTH + 1 if len(held) >= FRAME_SIZE // 2 else 0
        if ready - done <= 2 * _CONTEXT:
            continue
        yield _features(held, version)[done - base : ready - base]
        done, start = ready, max(0, ready - _CONTEXT)
        held, base = held[(start - base) * HOP_LENGTH :], start
    if len(held):
        yield _features(held, version)[done - base :]


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _features(waveform: np.ndarray, version: str) -> np.ndarray:
    """On one thread: the products are so small that two threads, waiting for each other, take three times as long."""
    with _libraries().limit(limits=1, user_api="blas"):
        return log_filter_spectrogram(waveform, version=version)


# ---- windows --------------------------------------------------------------------------------------------------------


def window_frames(network: object) -> int:
    """Frames of the windows that a network sees: those of the segments that it was trained on, its `segment_frames`."""
    return getattr(network, "segment_frames", SEGMENT_FRAMES)


def margin_of(frames: int) -> int:
    """Frames at each edge of windows of this length that the neighbouring window predicts: MARGIN, fewer in short windows."""
    return min(MARGIN, frames // 8)


class Window(NamedTuple):
    """Features `(T, 84)` of T frames. Predictions are kept for the frames `low` to before `high`."""

    features: np.ndarray
    low: int
    high: int


def windows_of(blocks: Iterable[np.ndarray], frames: int = SEGMENT_FRAMES) -> Iterator[Window]:
    """The overlapping windows, of so many frames, of one recording, given as blocks of features `(n, 84)`; at least one.

    The frames that the windows keep are those of the recording, each once. The last window is padded with zeros.
    """
    held, low, margin = np.zeros((0, N_BANDS), dtype=np.float32), 0, margin_of(frames)
    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        while len(held) > frames:  # more follows, so this window is not the last
            yield Window(held[:frames], low, frames - margin)
            held, low = held[frames - 2 * margin :], margin
    last = np.zeros((frames, held.shape[1]), dtype=np.float32)
    last[: len(held)] = held
    yield Window(last, low, len(held))


def batches(windows: Iterator[Window], size: int, frames: int = SEGMENT_FRAMES) -> Iterator[list[Window]]:
    """The windows in lists of up to `size`, or of fewer where they are longer than 400 frames, which take as much memory."""
    return iter(lambda: list(islice(windows, max(1, size * SEGMENT_FRAMES // frames))), [])


def kept(outputs: np.ndarray, windows: Sequence[Window]) -> list[np.ndarray]:
    """Of outputs `(B, T, N)` of a batch of windows the frames that each keeps, `(high - low, N)`."""
    return [output[window.low : window.high] for output, window in zip(outputs, windows, strict=True)]


def to_activations(logits: np.ndarray) -> np.ndarray:
    """Sigmoid of logits, float32 in [0, 1]."""
    with np.errstate(over="ignore"):  # of logits below -88, whose activation is 0
        return 1 / (1 + np.exp(-logits))
