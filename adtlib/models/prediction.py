"""From features to activations with a trained model, for recordings of any length, in bounded memory.

All architectures see windows of 400 frames, as in training, that overlap by 100 frames; of the overlap each window gives the half
in which it has more context. Block by block, the results put together are those of the whole recording up to rounding: blocks
overlap by the context that a frame and a window of the network need.
"""

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import nn

from adtlib.audio.features import FRAME_SIZE, HOP_LENGTH, N_BANDS, log_filter_spectrogram
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.vocabulary import CLASSES

MARGIN = 50  # frames at the edges of a window whose predictions the neighbouring window makes with more context


def best_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def resolve_precision(precision: str, device: torch.device) -> str:
    """bfloat16 where the processor multiplies in it natively, else float32.

    Decided by what the processor is and not by timing, so that the same machine always computes the same. With AVX-512 BF16
    convolutions run several times faster (`make bench`); without such units bfloat16 is emulated and slower.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return "bfloat16" if native else "float32"


def autocast(device: torch.device, precision: str):
    """Context in which matrix products run in `precision`; weights, sums and the loss stay float32."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def predict(model: nn.Module, features: np.ndarray, precision: str = "auto") -> np.ndarray:
    """Activations of one recording: `(T, 84)` features, not standardised, to `(T, 5)` float32 in [0, 1].

    All architectures see windows of 400 frames, as in training, that overlap by 100; of the overlap each window gives the half in
    which it has more context.
    """
    (logits,) = predict_logits(model, [features], precision=precision)
    return to_activations(logits)


def to_activations(logits: np.ndarray) -> np.ndarray:
    """Sigmoid of logits, `(T, 5)` float32 in [0, 1]."""
    return torch.sigmoid(torch.from_numpy(logits)).numpy()


def _windows(n_frames: int):
    """(start, first kept, end of kept) of the windows of one recording."""
    step = SEGMENT_FRAMES - 2 * MARGIN
    count = 1 + max(0, -(-(n_frames - SEGMENT_FRAMES) // step))
    for index in range(count):
        start = index * step
        keep_from = 0 if index == 0 else start + MARGIN
        keep_to = n_frames if index == count - 1 else start + SEGMENT_FRAMES - MARGIN
        yield start, keep_from, keep_to


def predict_logits(model: nn.Module, feature_matrices, batch_size: int = 16, precision: str = "auto"):
    """Yield `(T, 5)` float32 logits for each `(T, 84)` matrix of an iterable, in order; windows of several share a batch.

    Only the recordings of the batches under way are in memory.
    """
    device = next(model.parameters()).device
    precision = resolve_precision(precision, device)
    model.eval()
    waiting, results, jobs = (
        [],
        [],
        [],
    )  # windows not yet predicted; logits under way; (result, start, keep) of the windows

    def flush():
        with torch.inference_mode(), autocast(device, precision):
            logits = model(torch.from_numpy(np.stack(waiting)).to(device)).float().cpu().numpy()  # (B, 400, 5)
        for window, (result, start, low, high) in zip(logits, jobs, strict=True):
            result[0][low:high] = window[low - start : high - start]
            result[1] -= 1
        waiting.clear()
        jobs.clear()

    for features in feature_matrices:
        windows = list(_windows(len(features)))
        result = [np.zeros((len(features), len(CLASSES)), dtype=np.float32), len(windows)]
        results.append(result)
        for start, low, high in windows:
            window = np.zeros((SEGMENT_FRAMES, features.shape[1]), dtype=np.float32)
            part = features[start : start + SEGMENT_FRAMES]
            window[: len(part)] = part
            waiting.append(window)
            jobs.append((result, start, low, high))
            if len(waiting) == batch_size:
                flush()
        while results and results[0][1] == 0:
            yield results.pop(0)[0]
    if waiting:
        flush()
    for logits, _ in results:
        yield logits


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
