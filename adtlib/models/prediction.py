"""From features to activations with a trained model, for recordings of any length, in bounded memory.

A network sees windows as long as the segments that it was trained on, 400 frames unless it says otherwise, that overlap by 100
frames. Each half of an overlap is predicted by the window that has more context for it. A recording can be given whole or in
blocks: joined, the results of the blocks are those of the whole recording up to rounding.
"""

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import nn

from adtlib.audio.features import FRAME_SIZE, HOP_LENGTH, N_BANDS, log_filter_spectrogram
from adtlib.onsets.frames import SEGMENT_FRAMES

MARGIN = 50  # frames at each edge of a window that the neighbouring window predicts, with more context


def window_frames(network: nn.Module) -> int:
    """Frames of the windows that a network sees: those of the segments that it was trained on."""
    return getattr(network, "segment_frames", SEGMENT_FRAMES)


def margin_of(frames: int) -> int:
    """Frames at each edge of windows of this length that the neighbouring window predicts: MARGIN, fewer in short windows."""
    return min(MARGIN, frames // 8)


def best_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def resolve_precision(precision: str, device: torch.device) -> str:
    """For "auto" bfloat16 where the processor multiplies in it natively, else float32; any other `precision` as it is.

    Decided by the processor's capabilities and not by timing, so that the same machine always gives the same results. With AVX-512
    BF16, convolutions run several times faster (`make bench`); without such units bfloat16 is emulated and slower.
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
    """Activations of one recording: `(T, 84)` features, not standardised, to `(T, 5)` float32 in [0, 1]."""
    (logits,) = predict_logits(model, [features], precision=precision)
    return to_activations(logits)


def to_activations(logits: np.ndarray) -> np.ndarray:
    """Sigmoid of logits, `(T, 5)` float32 in [0, 1]."""
    return torch.sigmoid(torch.from_numpy(logits)).numpy()


# ---- windows --------------------------------------------------------------------------------------------------------


class _Window(NamedTuple):
    """Features `(T, 84)` of T frames. Predictions are kept for the frames `low` to before `high`."""

    features: np.ndarray
    low: int
    high: int


def _windows(blocks: Iterable[np.ndarray], frames: int) -> Iterator[_Window]:
    """The overlapping windows, of so many frames, of one recording, given as blocks of features `(n, 84)`; at least one.

    The frames that the windows keep are those of the recording, each once. The last window is padded with zeros.
    """
    held, low, margin = np.zeros((0, N_BANDS), dtype=np.float32), 0, margin_of(frames)
    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        while len(held) > frames:  # more follows, so this window is not the last
            yield _Window(held[:frames], low, frames - margin)
            held, low = held[frames - 2 * margin :], margin
    last = np.zeros((frames, held.shape[1]), dtype=np.float32)
    last[: len(held)] = held
    yield _Window(last, low, len(held))


def _batches(windows: Iterator[_Window], size: int, frames: int) -> Iterator[list[_Window]]:
    """`size` windows of 400 frames at a time, or fewer longer ones, which take as much memory."""
    return iter(lambda: list(islice(windows, max(1, size * SEGMENT_FRAMES // frames))), [])


def _kept_logits(network: nn.Module, windows: list[_Window], device: torch.device, precision: str) -> list[np.ndarray]:
    """Logits `(high - low, 5)` float32 of the frames that each window of a batch keeps."""
    batch = np.stack([window.features for window in windows], dtype=np.float32)  # (B, T, 84)
    with torch.inference_mode(), autocast(device, precision):
        logits = network(torch.from_numpy(batch).to(device)).float().cpu().numpy()  # (B, T, 5)
    return [found[window.low : window.high] for found, window in zip(logits, windows, strict=True)]


# ---- whole recordings -----------------------------------------------------------------------------------------------


def predict_logits(model: nn.Module, feature_matrices, batch_size: int = 16, precision: str = "auto"):
    """Yield `(T, 5)` float32 logits for each `(T, 84)` matrix of an iterable, in order; windows of several share a batch.

    batch_size  windows of 400 frames; fewer longer ones.

    Only the recordings of the current batch are in memory.
    """
    device = next(model.parameters()).device
    precision = resolve_precision(precision, device)
    model.eval()
    frames = window_frames(model)
    lengths: deque[int] = deque()  # of the recordings not yet yielded

    def windows() -> Iterator[_Window]:
        for features in feature_matrices:
            lengths.append(len(features))
            yield from _windows([features], frames)

    parts: list[np.ndarray] = []  # logits of the first of these recordings
    for batch in _batches(windows(), batch_size, frames):
        for part in _kept_logits(model, batch, device, precision):
            parts.append(part)
            if sum(map(len, parts)) == lengths[0]:
                yield np.concatenate(parts)
                parts = []
                lengths.popleft()


# ---- blocks of a recording of any length ----------------------------------------------------------------------------

_CONTEXT = -(-FRAME_SIZE // 2 // HOP_LENGTH)  # hops that half a window reaches


MOST_WORKERS = 4  # batches predicted at once: each needs some 50 MB


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


def logit_blocks(
    network: nn.Module, features: Iterable[np.ndarray], batch_size: int = 8, precision: str = "auto"
) -> Iterator[np.ndarray]:
    """Logits `(n, 5)` float32 of a recording given as blocks of features: joined, those of `predict_logits` up to rounding.

    On a CPU each core predicts a batch of windows on one thread, while the next features are computed: with recurrent layers,
    which go from frame to frame, two threads for one batch are hardly faster than one.
    """
    device = next(network.parameters()).device
    precision = resolve_precision(precision, device)
    n_workers = min(MOST_WORKERS, os.cpu_count() or 1) if device.type == "cpu" else 1
    threads, frames = torch.get_num_threads(), window_frames(network)
    threads_each = 1 if n_workers > 1 else threads
    try:
        with ThreadPoolExecutor(n_workers, initializer=torch.set_num_threads, initargs=(threads_each,)) as pool:
            pending: deque[Future] = deque()
            for batch in _batches(_windows(features, frames), batch_size, frames):
                pending.append(pool.submit(_kept_logits, network, batch, device, precision))
                if len(pending) > n_workers:
                    yield np.concatenate(pending.popleft().result())
            while pending:
                yield np.concatenate(pending.popleft().result())
    finally:
        torch.set_num_threads(threads)  # threads started later would inherit a worker's setting
