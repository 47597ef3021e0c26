"""What is no part of the music: clicks far louder than all around them, offsets, and rumble below hearing."""

from collections.abc import Iterable, Iterator

import numpy as np

from adtlib.audio.features import SAMPLE_RATE

# Samples in [-1, 1] cannot exceed 1 by much, and what was brought to the common level exceeds it by 24 dB at most.
LIMIT = 10.0
CLICK_SECONDS = 0.002  # longer ones are sounds
_AROUND_SECONDS = 0.05
_FADES_SECONDS, _PAUSE_SECONDS = 0.01, 0.0003  # filters make a click ring, until they are silent for a moment
_FACTOR = 20  # louder than what is around
RUMBLE_HZ = 20.0
_MANY = 0.01  # so many loud samples are loud music


def peak_of(samples: np.ndarray) -> float:
    """The largest magnitude; NaN or infinite if a sample is. Without a copy."""
    return float(np.maximum(samples.max(initial=0.0), -samples.min(initial=0.0)))


def repaired(block: np.ndarray, rate: float) -> tuple[np.ndarray, list[int]]:
    """A block `(n,)` without clicks above LIMIT, and where they were; what a click covered is drawn as a line.

    The block itself is returned where there are none.
    """
    if (peak := peak_of(block)) <= LIMIT:
        return block, []
    few = max(_MANY * len(block), CLICK_SECONDS * rate)
    loud = np.flatnonzero(np.abs(block) > LIMIT)
    if len(loud) > few:  # integers as floats: what is far above most of them
        limit = _FACTOR * float(np.quantile(np.abs(block), 0.99))
        loud = np.flatnonzero(np.abs(block) > limit) if peak > limit else loud[:0]
    if not 0 < len(loud) <= few:
        return block, []
    found = []
    for group in np.split(loud, np.flatnonzero(np.diff(loud) > CLICK_SECONDS * rate) + 1):
        if (covered := _click(block, int(group[0]), int(group[-1]), rate)) is not None:
            if not found:
                block = block.copy()
            begin, end = covered
            left, right = block[begin - 1 : begin], block[end : end + 1]
            ends = [*left, *right] if len(left) and len(right) else [*left, *left, *right, *right] or [0.0, 0.0]
            block[begin:end] = np.linspace(ends[0], ends[-1], end - begin + 2)[1:-1]
            found.append(int(group[0]))
    return block, found


def _click(block: np.ndarray, first: int, last: int, rate: float) -> tuple[int, int] | None:
    """The samples that a click covers, None where it is part of a sound."""
    reach, fades = round(_AROUND_SECONDS * rate), round(_FADES_SECONDS * rate)
    start = max(0, first - reach)
    near = np.abs(block[start : last + 1 + reach])
    around, peak = float(np.quantile(near, 0.9)), float(near[first - start : last + 1 - start].max())
    if peak < _FACTOR * around:
        return None
    strong = np.flatnonzero(near > peak / _FACTOR) + start
    strong = strong[(strong >= first - fades) & (strong <= last + fades)]
    if strong[-1] - strong[0] > CLICK_SECONDS * rate:
        return None
    ringing = near > max(3 * around, 1e-5 * peak)
    pause = max(1, round(_PAUSE_SECONDS * rate))
    begin, end = int(strong[0]) - start, int(strong[-1]) + 1 - start
    while begin > max(0, first - start - fades) and ringing[max(0, begin - pause) : begin].any():
        begin -= 1
    while end < min(len(near), last - start + fades) and ringing[end : end + pause].any():
        end += 1
    return start + begin, start + end


def clicks_in_words(seconds: list[float]) -> str:
    """What was replaced, and when."""
    times = ", ".join(f"{each:.3f} s" for each in seconds[:3])
    rest = f" and {len(seconds) - 3} more" if len(seconds) > 3 else ""
    return f"{len(seconds)} click{'s' * (len(seconds) > 1)} far louder than the music replaced, at {times}{rest}"


def without_rumble(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Blocks `(n,)` at 44.1 kHz through a high-pass filter (Butterworth, 48 dB an octave)."""
    import scipy.signal  # only recordings with rumble need it

    filters = scipy.signal.butter(8, RUMBLE_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    state = None
    for block in blocks:
        if state is None and len(block):
            state = scipy.signal.sosfilt_zi(filters) * block[0]  # as if its first sample had always been there
        if len(block):
            block, state = scipy.signal.sosfilt(filters, block, zi=state)
        yield np.asarray(block, dtype=np.float32)
