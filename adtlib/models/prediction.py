"""Prediction with torch: features of recordings to activations. `adtlib.models.windows` cuts recordings into what networks see."""

import contextlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn

from adtlib.models.engines import MOST_WORKERS
from adtlib.models.windows import Window, batches, kept, to_activations, window_frames, windows_of


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


class TorchEngine:
    """A network in torch as an `Engine`, on the device where it lies.

    On a CPU each worker has one thread: with recurrent layers, which go from frame to frame, two threads for one batch are hardly
    faster than one.
    """

    name = "torch"

    def __init__(self, network: nn.Module, precision: str = "auto") -> None:
        """`network`: `(B, T, 84)` features to `(B, T, 5)` or `(B, T, 5 + K)` logits; `precision`: as for `resolve_precision`."""
        self.network, self._precision, self.frames = network.eval(), precision, window_frames(network)

    @property
    def device(self) -> torch.device:
        """Where the network lies now: it may be moved."""
        return next(self.network.parameters()).device

    @property
    def precision(self) -> str:
        """Of matrix products on this device."""
        return resolve_precision(self._precision, self.device)

    def logits(self, windows: np.ndarray) -> np.ndarray:
        """Logits `(B, T, 5)` or `(B, T, 5 + K)` float32 of windows of features `(B, T, 84)`."""
        with torch.inference_mode(), autocast(self.device, self.precision):
            return self.network(torch.from_numpy(windows).to(self.device)).float().cpu().numpy()

    @contextlib.contextmanager
    def workers(self) -> Iterator[tuple[ThreadPoolExecutor, int]]:
        """Threads that call `logits`, and their number."""
        n_workers = min(MOST_WORKERS, os.cpu_count() or 1) if self.device.type == "cpu" else 1
        threads = torch.get_num_threads()
        threads_each = 1 if n_workers > 1 else threads
        try:
            with ThreadPoolExecutor(n_workers, initializer=torch.set_num_threads, initargs=(threads_each,)) as pool:
                yield pool, n_workers
        finally:
            torch.set_num_threads(threads)  # threads started later would inherit a worker's setting


def predict(model: nn.Module, features: np.ndarray, precision: str = "auto") -> np.ndarray:
    """Activations of one recording: `(T, 84)` features, not standardised, to `(T, 5)` float32 in [0, 1]."""
    (logits,) = predict_logits(model, [features], precision=precision)
    return to_activations(logits)


def predict_logits(model: nn.Module, feature_matrices, batch_size: int = 16, precision: str = "auto"):
    """Yield `(T, 5)` float32 logits for each `(T, 84)` matrix of an iterable, in order; windows of several share a batch.

    batch_size  windows of 400 frames; fewer longer ones.

    Only the recordings of the current batch are in memory.
    """
    engine = TorchEngine(model, precision)
    lengths: deque[int] = deque()  # of the recordings not yet yielded

    def windows() -> Iterator[Window]:
        for features in feature_matrices:
            lengths.append(len(features))
            yield from windows_of([features], engine.frames)

    parts: list[np.ndarray] = []  # logits of the first of these recordings
    for batch in batches(windows(), batch_size, engine.frames):
        found = engine.logits(np.stack([window.features for window in batch], dtype=np.float32))
        for part in kept(found, batch):
            parts.append(part)
            if sum(map(len, parts)) == lengths[0]:
                yield np.concatenate(parts)
                parts = []
                lengths.popleft()
