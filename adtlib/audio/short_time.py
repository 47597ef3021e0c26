"""The short-time Fourier transform and back (thesis, 2.3.5 and 2.3.6): windows and their leakage, STFT, inverse, Griffin-Lim.

An STFT is `(T, n_fft / 2 + 1)` complex; frame t is centred on sample `hop * t`, as in `features`, with zeros around the recording.
The defaults are those of the project's features: the filterbank is applied to `abs(stft(x))`.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.fft

from adtlib.audio.features import FRAME_SIZE, HOP_LENGTH

# A window is a sum of cosines: the factors of 1, -cos(2 pi n / N), cos(4 pi n / N) (Harris 1978).
WINDOWS = {"rectangular": (1.0,), "Hann": (0.5, 0.5), "Blackman": (0.42, 0.5, 0.08)}


def window(name: str, size: int) -> np.ndarray:
    """A window of WINDOWS, `(size,)`, periodic: sample `size` would equal sample 0. Raises ValueError for an unknown name."""
    if name not in WINDOWS:
        raise ValueError(f"unknown window {name!r}: choose one of {', '.join(WINDOWS)}")
    angle = 2 * np.pi * np.arange(size) / size
    return sum((-1) ** order * factor * np.cos(order * angle) for order, factor in enumerate(WINDOWS[name]))


def leakage(values: np.ndarray, oversampling: int = 64, reach: float = 40.0) -> tuple[np.ndarray, np.ndarray]:
    """Spectral leakage of a window: (distance from a tone in bins, level in dB relative to the peak), from -reach to reach.

    This is the transform of the window itself, sampled `oversampling` times finer than the bins.
    """
    size = len(values) * oversampling
    spectrum = np.abs(scipy.fft.fft(values, size))
    offsets = np.arange(-round(reach * oversampling), round(reach * oversampling) + 1)
    level = 20 * np.log10(np.maximum(spectrum[offsets % size] / spectrum[0], 1e-10))
    return offsets / oversampling, level


def side_lobes(values: np.ndarray) -> tuple[float, float]:
    """(width of the main lobe in bins, from zero to zero; highest side lobe in dB relative to the peak)."""
    offsets, level = leakage(values, reach=min(40.0, len(values) / 2 - 1))
    right, level = offsets[offsets >= 0], level[offsets >= 0]
    first = int(np.argmax(np.diff(level) > 0))  # the first zero: from there the level rises again
    return 2 * float(right[first]), float(level[first:].max())


def _hann() -> np.ndarray:
    return np.hanning(FRAME_SIZE)  # symmetric, as in the features' default version


def stft(x: np.ndarray, hop: int = HOP_LENGTH, values: np.ndarray | None = None) -> np.ndarray:
    """Short-time Fourier transform of `(n,)` samples: `(ceil(n / hop), n_fft / 2 + 1)` complex.

    values  the window, whose length is that of a frame; a Hann window of 2,048 by default.

    Raises ValueError for anything but one dimension.
    """
    values = _hann() if values is None else values
    x = np.asarray(x, dtype=float)
    if x.ndim != 1:
        raise ValueError(f"samples of shape {x.shape}: mix to mono first")
    count = -(-len(x) // hop)
    padded = np.zeros(max(count - 1, 0) * hop + len(values))
    inside = x[: len(padded) - len(values) // 2]
    padded[len(values) // 2 : len(values) // 2 + len(inside)] = inside
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(values))[::hop][:count]  # (T, n_fft), a view
    return scipy.fft.rfft(frames * values, axis=1)


def istft(spectrum: np.ndarray, n_samples: int, hop: int = HOP_LENGTH, values: np.ndarray | None = None) -> np.ndarray:
    """The samples `(n_samples,)` whose STFT is nearest to `spectrum` in the least-squares sense (Griffin and Lim 1984, eq. 6).

    If `spectrum` is an STFT, these are its samples; 0 where no window reaches.
    """
    values = _hann() if values is None else values
    frames = scipy.fft.irfft(spectrum, len(values), axis=1) * values  # (T, n_fft)
    total = np.zeros(max(len(frames) * hop + len(values), n_samples + len(values)))
    weight = np.zeros_like(total)
    for index, frame in enumerate(frames):
        total[index * hop : index * hop + len(values)] += frame
        weight[index * hop : index * hop + len(values)] += values**2
    cut = slice(len(values) // 2, len(values) // 2 + n_samples)
    reached = weight[cut] > 1e-10
    return np.where(reached, total[cut] / np.where(reached, weight[cut], 1.0), 0.0)


def spectral_error(magnitude: np.ndarray, wanted: np.ndarray) -> float:
    """Level of the difference of two magnitude spectrograms `(T, n_bins)` relative to the wanted one, in dB; silence has 0.

    Every bin except the first and the last represents two bins of the full transform and counts twice.
    """
    twice = np.full(wanted.shape[1], 2.0)
    twice[[0, -1]] = 1.0
    return float(10 * np.log10(max(np.sum(twice * (magnitude - wanted) ** 2) / np.sum(twice * wanted**2), 1e-32)))


def griffin_lim_steps(
    wanted: np.ndarray,
    n_samples: int,
    momentum: float = 0.0,
    seed: int = 0,
    hop: int = HOP_LENGTH,
    values: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, float]]:
    """Samples from magnitudes alone: yields (samples `(n_samples,)`, spectral error in dB) after each iteration, endlessly.

    wanted    `(T, n_bins)` magnitudes of an STFT. Phases start at random, from `seed`.
    momentum  0: Griffin and Lim (1984), whose error never grows; 0.99: the faster method of Perraudin et al. (2013).
    """
    phase = np.exp(2j * np.pi * np.random.default_rng(seed).random(wanted.shape))
    before = 0.0
    while True:
        samples = istft(wanted * phase, n_samples, hop, values)
        spectrum = stft(samples, hop, values)
        yield samples, spectral_error(np.abs(spectrum), wanted)
        ahead = spectrum + momentum * (spectrum - before)
        before = spectrum
        phase = ahead / np.maximum(np.abs(ahead), 1e-12)


def griffin_lim(wanted: np.ndarray, n_samples: int, iterations: int = 60, **options) -> tuple[np.ndarray, np.ndarray]:
    """(samples after the last iteration, errors in dB `(iterations,)`); see `griffin_lim_steps`. ValueError for fewer than 1."""
    if iterations < 1:
        raise ValueError(f"{iterations} iterations: at least 1")
    steps = list(itertools.islice(griffin_lim_steps(wanted, n_samples, **options), iterations))
    return steps[-1][0], np.array([error for _, error in steps])
