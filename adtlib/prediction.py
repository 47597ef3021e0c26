"""From features to activations and scores with a trained model, whatever the length of the recording.

All architectures see windows of 400 frames, as in training, that overlap by 100 frames; of the overlap each window gives the half
in which it has more context.
"""

import contextlib

import numpy as np
import torch
from torch import Tensor, nn

from adtlib.evaluation import count_matches
from adtlib.loss import weighted_bce
from adtlib.onsets import frame_targets, widen_targets
from adtlib.peak_picking import pick_peaks
from adtlib.prepared import Unit
from adtlib.segments import SEGMENT_FRAMES
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


def evaluate(model: nn.Module, units: list[Unit], config, weights: Tensor | None = None) -> tuple[np.ndarray, float]:
    """Predict and score units: `((N, 5, 3) counts, loss)`.

    `config` gives peak picking, tolerance and precision (a `TrainingConfig`). The loss is the mean over frames of `weighted_bce`
    with `weights`; without them it is 0.
    """
    counts = np.zeros((len(units), len(CLASSES), 3), dtype=np.int64)
    loss, frames = 0.0, 0
    stream = predict_logits(model, (unit.features for unit in units), precision=config.precision)
    for index, (unit, logits) in enumerate(zip(units, stream, strict=True)):
        onsets = unit.onsets
        estimate = pick_peaks(to_activations(logits), config.peak_picking)
        counts[index] = count_matches(onsets, estimate, config.tolerance)
        if weights is not None:
            targets = torch.from_numpy(widen_targets(frame_targets(onsets, len(logits))))
            loss += float(weighted_bce(torch.from_numpy(logits)[None], targets[None], weights)) * len(logits)
            frames += len(logits)
    return counts, loss / max(frames, 1)
