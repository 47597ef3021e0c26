"""Fourier transforms implemented as the thesis states them (sections 2.3.1 to 2.3.4), for reading and for comparison.

Contents: the integral for a signal given as a function, the sum for samples, the fast transform; aliasing; computing cost.
Frequencies are in Hz, times in seconds, a signal is `(n,)` real or complex. The project itself uses `scipy.fft` (see `features`).
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.signal

if TYPE_CHECKING:
    import pandas as pd

GROWTH = {"n²": lambda n: np.asarray(n, float) ** 2, "n log n": lambda n: np.asarray(n, float) * np.log2(n)}


# --- the transforms ----------------------------------------------------------------------------------------------------


def fourier_transform(
    signal: Callable[[np.ndarray], np.ndarray], frequencies: np.ndarray, start: float, end: float, n_points: int = 20_001
) -> np.ndarray:
    """The integral of signal(t) exp(-i 2 pi f t) from `start` to `end` by Simpson's rule (thesis, 2.3.1): `(n,)` complex.

    The signal must be 0 outside, and `n_points` must give many points for each period of the highest frequency. Raises ValueError
    for fewer than four points a period.
    """
    frequencies = np.asarray(frequencies, dtype=float)
    highest = np.max(np.abs(frequencies), initial=0.0)
    if not end > start or n_points < 4 * highest * (end - start):
        raise ValueError(
            f"{n_points} points between {start} and {end} s are too few for {highest:g} Hz: at least four a period are needed"
        )
    t = np.linspace(start, end, n_points)
    values = signal(t)
    return np.array([scipy.integrate.simpson(values * np.exp(-2j * np.pi * f * t), x=t) for f in frequencies])


def damped_tone(t: np.ndarray, frequency: float, decay: float) -> np.ndarray:
    """The simplest model of a drum: from t = 0 on a sine of `frequency` Hz that decays to 1/e in `decay` seconds."""
    t = np.asarray(t, dtype=float)
    return np.where(t >= 0, np.exp(-np.maximum(t, 0) / decay) * np.sin(2 * np.pi * frequency * t), 0.0)


def damped_tone_transform(frequencies: np.ndarray, frequency: float, decay: float) -> np.ndarray:
    """The Fourier transform of `damped_tone` in closed form: w0 / ((1/decay + i w)^2 + w0^2) with w = 2 pi f, complex."""
    own, asked = 2 * np.pi * frequency, 2 * np.pi * np.asarray(frequencies, dtype=float)
    return own / ((1 / decay + 1j * asked) ** 2 + own**2)


def dft(x: np.ndarray) -> np.ndarray:
    """The discrete Fourier transform by its definition (thesis, 2.3.2): for each of n frequencies a sum over n samples.

    Returns `(n,)` complex, as numpy.fft.fft does; n^2 multiplications. Raises ValueError for anything but one dimension.
    """
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError(f"samples of shape {x.shape}: the DFT needs one dimension")
    n = np.arange(len(x))
    # exp(-i 2 pi k n / N) takes only N values, and k n mod N is exact where k n / N would be rounded.
    roots = np.exp(-2j * np.pi * n / max(len(x), 1))
    return np.array([x @ roots[k * n % len(x)] for k in n], dtype=complex)


def fft_radix2(x: np.ndarray) -> np.ndarray:
    """The same values by divide and conquer (Cooley and Tukey 1965; thesis, 2.3.4): n log n multiplications.

    A transform of n samples is combined from the transforms of the even and of the odd samples. Returns `(..., n)` complex, along
    the last axis; raises ValueError where n is not a power of two.
    """
    x = np.asarray(x, dtype=complex)
    n = x.shape[-1]
    if n < 1 or n & (n - 1):
        raise ValueError(f"{n} samples: halving needs a power of two; pad with zeros")
    if n == 1:
        return x
    even, odd = fft_radix2(np.stack([x[..., ::2], x[..., 1::2]]))  # both halves at once: (2, ..., n / 2)
    turned = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate([even + turned, even - turned], axis=-1)


def dft_matrix(n: int) -> np.ndarray:
    """`(n, n)` complex: row k holds the wave by which the samples are multiplied for frequency k."""
    k = np.arange(n)
    return np.exp(-2j * np.pi * np.outer(k, k) / n)


def amplitude_spectrum(x: np.ndarray, sample_rate: float, n_fft: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(frequencies, amplitudes) from 0 to half the sampling rate. A sine of amplitude a with whole periods in the frame gives a.

    An `n_fft` above the length pads with zeros, which interpolates between the n / 2 + 1 values.
    """
    n_fft = n_fft or len(x)
    amplitude = 2 * np.abs(scipy.fft.rfft(x, n_fft)) / len(x)
    amplitude[0] /= 2  # the mean has no mirror image
    return np.arange(len(amplitude)) * sample_rate / n_fft, amplitude


def decibels(magnitude: np.ndarray, reference: float | None = None, floor: float = -160.0) -> np.ndarray:
    """20 log10 of a magnitude over a reference (its maximum by default), no lower than `floor`."""
    magnitude = np.asarray(magnitude, dtype=float)
    reference = np.max(magnitude, initial=0.0) if reference is None else reference
    if reference <= 0:
        return np.full(magnitude.shape, floor)
    return 20 * np.log10(np.maximum(magnitude / reference, 10 ** (floor / 20)))


def spectral_peaks(
    frequencies: np.ndarray, level: np.ndarray, count: int, prominence: float, apart: float = 0.0
) -> list[tuple[float, float]]:
    """The `count` highest peaks of an evenly spaced spectrum: (frequency, level), by frequency.

    A peak has at least this `prominence` (in the unit of `level`) and lies `apart` Hz or more from a higher one. Its frequency
    between bins is that of a parabola through three values.
    """
    step = frequencies[1] - frequencies[0]
    found, _ = scipy.signal.find_peaks(level, prominence=prominence, distance=max(1, round(apart / step)))
    found = sorted(found[np.argsort(level[found])[::-1][:count]])
    below, at, above = level[np.array(found, int) - 1], level[found], level[np.array(found, int) + 1]
    shift = 0.5 * (below - above) / (below - 2 * at + above)
    return [(float(f), float(v)) for f, v in zip(frequencies[found] + shift * step, at, strict=True)]


# --- sampling ----------------------------------------------------------------------------------------------------------


def aliased_frequency(frequency, sample_rate: float):
    """The apparent frequency of a tone after sampling (thesis, 2.3.3): |f - rate * round(f / rate)|, from 0 to rate / 2.

    Scalar or array, in Hz. A tone below half the rate keeps its frequency. Raises ValueError for a rate that is not positive.
    """
    if not sample_rate > 0:
        raise ValueError(f"sampling rate {sample_rate}: it must be positive")
    frequency = np.asarray(frequency, dtype=float)
    return np.abs(frequency - sample_rate * np.rint(frequency / sample_rate))[()]


def reconstruct(samples: np.ndarray, sample_rate: float, times: np.ndarray, start: float = 0.0) -> np.ndarray:
    """The one signal below half the sampling rate that passes through the samples, at `times` (Shannon 1949).

    Each sample contributes a sinc function centred on its time, the first at `start`. Missing samples count as 0, so a few hundred
    are needed on both sides of the requested times.
    """
    samples = np.asarray(samples, dtype=float)
    position = (np.asarray(times, dtype=float)[:, None] - start) * sample_rate  # (n_times, 1), in samples
    return np.sinc(position - np.arange(len(samples))) @ samples


# --- cost --------------------------------------------------------------------------------------------------------------


def _seconds(transform: Callable, x: np.ndarray, repeats: int) -> float:
    """Shortest time of one call in `repeats` measurements: other load on the machine only makes it longer."""
    transform(x)  # fills tables and caches
    calls, best = 1, np.inf
    while True:  # short calls are measured together: the clock is coarse
        begun = time.perf_counter()
        for _ in range(calls):
            transform(x)
        taken = time.perf_counter() - begun
        if taken > 5e-4 or calls >= 4096:
            break
        calls *= 4
    for _ in range(repeats):
        begun = time.perf_counter()
        for _ in range(calls):
            transform(x)
        best = min(best, (time.perf_counter() - begun) / calls)
    return min(best, taken / calls)


def measure_cost(transforms: dict[str, tuple[Callable, Sequence[int]]], repeats: int = 3) -> "pd.DataFrame":
    """Seconds that each transform takes for each of its sizes on this machine. Columns: transform, n, seconds.

    transforms  {name: (function of `(n,)` complex samples, sizes)}
    """
    rng = np.random.default_rng(0)
    rows = []
    for name, (transform, sizes) in transforms.items():
        for n in sizes:
            x = rng.normal(size=n) + 1j * rng.normal(size=n)
            rows.append({"transform": name, "n": int(n), "seconds": _seconds(transform, x, repeats)})
    import pandas as pd  # not needed to transcribe

    return pd.DataFrame(rows, columns=["transform", "n", "seconds"])


def fit_cost(n: np.ndarray, seconds: np.ndarray, growth: str) -> tuple[float, float]:
    """(factor, error): the factor c of c * growth(n) that fits best in logarithms, and the error of the fit as a ratio (1: exact).

    growth  "n²" or "n log n"; else ValueError.
    """
    if growth not in GROWTH:
        raise ValueError(f"growth {growth!r}: choose one of {', '.join(GROWTH)}")
    ratio = np.log(np.asarray(seconds, float) / GROWTH[growth](n))
    return float(np.exp(ratio.mean())), float(np.exp(ratio.std()))
