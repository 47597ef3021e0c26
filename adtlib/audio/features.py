"""Log-filtered log-magnitude spectrograms: the input of every model of the thesis (sections 2.3.5 to 2.3.7 and 5.2.1).

Sample rate, hop and bands are defined here only; all other modules import them. A waveform is mono,
float, in [-1, 1]; a feature matrix is `(T, 84)` float32, 100 frames a second, frame t centred on sample 441 t.

Two versions of the filterbank exist; the thesis's text and its code differ here:

`madmom`  the default for every corpus, because ADTOF-YT is distributed with it: symmetric Hann window, zeros around the
          recording, no Nyquist bin, ceil(n / 441) frames; triangles that leave out their end point (Böck et al., "madmom: a new
          Python audio and music signal processing library", 2016).
`thesis`  the finished thesis's own: periodic window, reflection at the edges, 1 + n // 441 frames; triangles that include
          both end points. On one test signal the two differ by up to 0.29 in log10(x + 1), 0.007 on average.
"""

from functools import lru_cache

import numpy as np
import scipy.fft

SAMPLE_RATE = 44_100
HOP_LENGTH = 441
FPS = SAMPLE_RATE / HOP_LENGTH
FRAME_SIZE = 2_048

BANDS_PER_OCTAVE = 12
MIN_FREQUENCY = 20.0
MAX_FREQUENCY = 20_000.0
REFERENCE_FREQUENCY = 440.0  # A4
N_BANDS = 84

VERSIONS = ("madmom", "thesis")

# Frames transformed at once: their samples, spectra and magnitudes together stay within a processor's second-level cache.
_CHUNK = 64
# The filterbank is multiplied in this many parts of neighbouring bands, each with the bins that it reaches: a third of the time.
_PARTS = 6


def check_version(version: str) -> None:
    """ValueError for an unknown version of the features."""
    if version not in VERSIONS:
        raise ValueError(f"unknown feature version {version!r}: choose one of {', '.join(VERSIONS)}")


def _grid_bins(
    bands_per_octave: int = BANDS_PER_OCTAVE,
    min_frequency: float = MIN_FREQUENCY,
    max_frequency: float = MAX_FREQUENCY,
) -> np.ndarray:
    """Corners of the triangles, `(n_bands + 2,)` int: the FFT bins nearest to the equally tempered grid through A4, each once."""
    lowest = np.floor(np.log2(min_frequency / REFERENCE_FREQUENCY) * bands_per_octave)
    highest = np.ceil(np.log2(max_frequency / REFERENCE_FREQUENCY) * bands_per_octave)
    grid = REFERENCE_FREQUENCY * 2.0 ** (np.arange(lowest, highest + 1) / bands_per_octave)
    grid = grid[(grid >= min_frequency) & (grid <= max_frequency)]
    bin_width = SAMPLE_RATE / FRAME_SIZE
    # Below about 400 Hz the grid is finer than the bins: several grid points share one bin, which is kept once.
    return np.unique(np.clip(np.rint(grid / bin_width), 1, FRAME_SIZE // 2 - 1).astype(int))


@lru_cache(maxsize=32)
def log_filterbank(
    version: str = "madmom",
    bands_per_octave: int = BANDS_PER_OCTAVE,
    min_frequency: float = MIN_FREQUENCY,
    max_frequency: float = MAX_FREQUENCY,
) -> np.ndarray:
    """Triangular, area-normalised filters on a logarithmic frequency grid through A4 = 440 Hz.

    Returns `(n_bins, n_bands)` float32, read-only; each column sums to 1. `n_bins` is 1,024 for `madmom` (no Nyquist bin) and
    1,025 for `thesis`. The defaults give 84 bands. Raises ValueError for an unknown version or an empty frequency range.
    """
    check_version(version)
    if not 0 < min_frequency < max_frequency <= SAMPLE_RATE / 2:
        raise ValueError(f"frequency range {min_frequency} to {max_frequency} Hz: it must rise, within 0 to {SAMPLE_RATE / 2} Hz")
    corners = _grid_bins(bands_per_octave, min_frequency, max_frequency)
    if len(corners) < 3:
        raise ValueError(
            f"{min_frequency} to {max_frequency} Hz at {bands_per_octave} bands an octave: no filter lies in this range"
        )
    include_ends = version == "thesis"
    filterbank = np.zeros((FRAME_SIZE // 2 + include_ends, len(corners) - 2), dtype=np.float32)
    for band, (start, centre, stop) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        filterbank[start:centre, band] = np.linspace(0, 1, centre - start, endpoint=include_ends)
        filterbank[centre:stop, band] = np.linspace(1, 0, stop - centre, endpoint=include_ends)
    filterbank /= filterbank.sum(axis=0)
    filterbank.flags.writeable = False
    return filterbank


@lru_cache(maxsize=2)
def _parts(version: str) -> tuple[tuple[slice, slice, np.ndarray], ...]:
    """The default filterbank in parts: (bins, bands, filters of these bands at these bins)."""
    filterbank = log_filterbank(version)
    parts = []
    for bands in np.array_split(np.arange(N_BANDS), _PARTS):
        own = slice(bands[0], bands[-1] + 1)
        reached = np.flatnonzero(filterbank[:, own].any(axis=1))
        bins = slice(reached[0], reached[-1] + 1)
        parts.append((bins, own, np.ascontiguousarray(filterbank[bins, own])))
    return tuple(parts)


def band_centres() -> np.ndarray:
    """Peak frequencies of the 84 triangles: `(84,)` in Hz."""
    return _grid_bins()[1:-1] * (SAMPLE_RATE / FRAME_SIZE)


def n_frames(n_samples: int, version: str = "madmom") -> int:
    """Number of feature frames of a waveform of `n_samples` at 44.1 kHz."""
    return -(-n_samples // HOP_LENGTH) if version == "madmom" else 1 + n_samples // HOP_LENGTH


@lru_cache(maxsize=2)
def _window(version: str) -> np.ndarray:
    symmetric = version == "madmom"
    window = np.hanning(FRAME_SIZE) if symmetric else np.hanning(FRAME_SIZE + 1)[:-1]
    return window.astype(np.float32)


def log_filter_spectrogram(waveform: np.ndarray, version: str = "madmom") -> np.ndarray:
    """Log-filtered log-magnitude spectrogram: STFT of 2,048 samples, magnitude, 84 bands, log10(x + 1).

    waveform  `(n_samples,)` mono or `(n_samples, channels)` at 44.1 kHz, floating point in [-1, 1]; channels are averaged.
    version   "madmom" or "thesis": see the module's docstring.

    Returns `(T, 84)` float32, all >= 0; an empty waveform gives `(0, 84)`. Raises ValueError for integers (their scale is not
    known), NaN or infinite samples, and an unknown version.
    """
    check_version(version)
    waveform = _as_mono(waveform)
    if len(waveform) == 0:
        return np.zeros((0, N_BANDS), dtype=np.float32)

    half = FRAME_SIZE // 2
    if version == "thesis" and len(waveform) <= half:
        raise ValueError(f"{len(waveform)} samples: the thesis version reflects at the edges and needs more than {half}")
    count = n_frames(len(waveform), version)
    padded = np.pad(waveform, half, mode="reflect" if version == "thesis" else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SIZE)[::HOP_LENGTH]  # (>= count, 2048), a view

    window, parts = _window(version), _parts(version)
    features = np.empty((count, N_BANDS), dtype=np.float32)
    windowed = np.empty((_CHUNK, FRAME_SIZE), dtype=np.float32)
    magnitude = np.empty((_CHUNK, half + 1), dtype=np.float32)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        size = stop - start
        np.multiply(frames[start:stop], window, out=windowed[:size])
        np.abs(scipy.fft.rfft(windowed[:size], axis=1), out=magnitude[:size])  # (<= 64, 1025)
        for bins, bands, filters in parts:
            np.matmul(magnitude[:size, bins], filters, out=features[start:stop, bands])
    features += 1.0
    return np.log10(features, out=features)


def _as_mono(waveform: np.ndarray) -> np.ndarray:
    """Mono float32 `(n,)`; ValueError for samples that cannot be used."""
    waveform = np.asarray(waveform)
    if not np.issubdtype(waveform.dtype, np.floating):
        raise ValueError(f"waveform of {waveform.dtype}: divide integers by their full scale to get floats in [-1, 1]")
    if waveform.ndim == 2:
        waveform = waveform.mean(axis=1)
    elif waveform.ndim != 1:
        raise ValueError(f"waveform of shape {waveform.shape}: expected (n_samples,) or (n_samples, channels)")
    waveform = np.ascontiguousarray(waveform, dtype=np.float32)
    # The sum is infinite or NaN if any sample is: one pass, without an array of booleans.
    if len(waveform) and not np.isfinite(np.sum(waveform, dtype=np.float64)):
        raise ValueError("waveform holds NaN or infinite samples: repair the recording or leave it out")
    return waveform


class Standardizer:
    """Mean and standard deviation of all feature values, accumulated part by part in constant memory.

    One scalar each for all bands (thesis, 5.2.1), so that the bands keep their relative levels.
    """

    def __init__(self):
        """Start with no values."""
        self.count, self.total, self.squares = 0, 0.0, 0.0

    def add(self, count: int, total: float, squares: float) -> None:
        """Add `count` values by their sum and sum of squares (float64)."""
        self.count += int(count)
        self.total += float(total)
        self.squares += float(squares)

    @property
    def mean(self) -> float:
        """Mean of all values; ValueError where none were added."""
        if self.count == 0:
            raise ValueError("no features to standardise with: the training split is empty")
        return self.total / self.count

    @property
    def std(self) -> float:
        """Population standard deviation; ValueError where it is 0 (silent training data)."""
        variance = self.squares / self.count - self.mean**2
        if variance <= 1e-12:
            raise ValueError("the training features are constant: is the training data silent?")
        return float(np.sqrt(variance))
