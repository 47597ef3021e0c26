"""Features and logits of recordings of any length in bounded memory: blocks, each made from blocks of what comes before.

What comes out, put together, is what `log_filter_spectrogram` and `predict` give for the whole recording, up to rounding: blocks
overlap by the context that a frame and a window of the network need. `audio_files` gives the blocks of samples.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import nn

from adtlib.features import FRAME_SIZE, HOP_LENGTH, N_BANDS, log_filter_spectrogram
from adtlib.prediction import MARGIN, autocast, resolve_precision
from adtlib.segments import SEGMENT_FRAMES
from adtlib.vocabulary import CLASSES

_CONTEXT = -(-FRAME_SIZE // 2 // HOP_LENGTH)  # hops that half a window reaches
MOST_WORKERS = 4  # batches under way at once: each needs some 50 MB
_STEP = SEGMENT_FRAMES - 2 * MARGIN


def feature_blocks(blocks: Iterable[np.ndarray], version: str = "madmom") -> Iterator[np.ndarray]:
    """Features `(n, 84)` float32 of blocks of samples: put together, those of the whole recording."""
    held, base, done = np.zeros(0, dtype=np.float32), 0, 0  # samples; frames: at held[0], and given away

    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        # Frames whose windows lie within what has been read.
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
    """On one thread: the products are so small that two threads spend their time waiting for each other, three times as long."""
    with _libraries().limit(limits=1, user_api="blas"):
        return log_filter_spectrogram(waveform, version=version)


def logit_blocks(
    network: nn.Module, features: Iterable[np.ndarray], batch_size: int = 8, precision: str = "auto"
) -> Iterator[np.ndarray]:
    """Logits `(n, 5)` float32 of blocks of features: put together, those that `predict_logits` gives for the whole recording.

    On processors each core takes a batch of windows on one thread, while the next features are made: two threads for one
    batch are hardly faster than one where layers are recurrent, which go from frame to frame.
    """
    device = next(network.parameters()).device
    precision = resolve_precision(precision, device)
    n_workers = min(MOST_WORKERS, os.cpu_count() or 1) if device.type == "cpu" else 1

    def predicted(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), autocast(device, precision):
            return network(torch.from_numpy(windows).to(device)).float().cpu().numpy()  # (B, 400, 5)

    threads = torch.get_num_threads()
    share = 1 if n_workers > 1 else threads
    try:
        with ThreadPoolExecutor(n_workers, initializer=torch.set_num_threads, initargs=(share,)) as pool:
            under_way: deque = deque()
            first, n_last = True, None
            for windows, n_frames in _batches(features, batch_size):
                n_last = n_frames
                under_way.append(pool.submit(predicted, windows))
                if len(under_way) > n_workers:
                    yield _kept(under_way.popleft().result(), first, None)
                    first = False
            while under_way:
                logits = under_way.popleft().result()
                yield _kept(logits, first, None if under_way else n_last)
                first = False
            if n_last is None:  # not one frame
                yield np.zeros((0, len(CLASSES)), dtype=np.float32)
    finally:
        torch.set_num_threads(threads)  # what a worker sets is also what later threads begin with


def _batches(features: Iterable[np.ndarray], batch_size: int) -> Iterator[tuple[np.ndarray, int]]:
    """Windows `(B, 400, 84)` of blocks of features, and how many frames the last window has."""
    held, waiting = np.zeros((0, N_BANDS), dtype=np.float32), []
    for block in features:
        held = np.concatenate([held, block])
        while len(held) > SEGMENT_FRAMES:  # more follows, so this window is not the last
            waiting.append(held[:SEGMENT_FRAMES])
            held = held[_STEP:]
            if len(waiting) == batch_size:
                yield np.stack(waiting), SEGMENT_FRAMES
                waiting.clear()
    if len(held):
        last = np.zeros((SEGMENT_FRAMES, N_BANDS), dtype=np.float32)
        last[: len(held)] = held
        yield np.stack([*waiting, last]), len(held)


def _kept(logits: np.ndarray, first: bool, n_last: int | None) -> np.ndarray:
    """What the windows `(B, 400, 5)` of a batch are kept for; `n_last` frames are in the last one of the recording."""
    low = 0 if first else MARGIN
    kept = [window[MARGIN : SEGMENT_FRAMES - MARGIN] for window in logits]
    kept[0] = logits[0][low : SEGMENT_FRAMES - MARGIN]
    if n_last is not None:
        kept[-1] = logits[-1][low if len(kept) == 1 else MARGIN : n_last]
    return np.concatenate(kept)
