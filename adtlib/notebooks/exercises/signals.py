"""Exercises of notebooks 10 to 12: sampling, Fourier transforms, frames, windows, filterbanks."""

import numpy as np

from adtlib.audio.features import BANDS_PER_OCTAVE, FRAME_SIZE, HOP_LENGTH, SAMPLE_RATE
from adtlib.audio.fourier import aliased_frequency, damped_tone
from adtlib.audio.mel import hertz_to_mel
from adtlib.audio.short_time import stft, window
from adtlib.notebooks.exercises.checking import Verdict, compare, compare_value

# --- 10: sound and the Fourier transform -------------------------------------------------------------------------------


def check_alias(mine) -> Verdict:
    """`mine(frequency, sample_rate)`: the frequency heard, in Hz."""
    inputs = [
        ("a tone below half the rate", (1_000.0, 8_000.0)),
        ("a tone just above half the rate", (1_000.0, 1_800.0)),
        ("a tone at the rate", (1_800.0, 1_800.0)),
        ("a tone above the rate", (2_800.0, 1_800.0)),
        ("a tone that is folded four times", (4_100.0, 1_800.0)),
    ]
    hints = {
        "a tone just above half the rate": "Half the rate is a mirror: what lies 100 Hz above it is heard 100 Hz below.",
        "a tone above the rate": "The axis folds more than once.",
    }
    return compare(mine, aliased_frequency, inputs, hints=hints)


def check_inverse_dft(mine) -> Verdict:
    """`mine(spectrum)`: the samples, complex, from the DFT of n samples."""
    rng = np.random.default_rng(1)
    inputs = [
        ("the spectrum of an impulse", (np.ones(8, complex),)),
        ("the spectrum of a constant", (np.array([8, 0, 0, 0, 0, 0, 0, 0], complex),)),
        ("the spectrum of a sine", (np.fft.fft(np.sin(2 * np.pi * np.arange(16) / 16)),)),
        ("the spectrum of 60 random samples", (np.fft.fft(rng.normal(size=60)),)),
    ]
    hints = {
        "the spectrum of an impulse": "Each of the n terms counts 1/n.",
        "the spectrum of a sine": "With the sign of the DFT's own exponent, time runs backwards.",
    }
    return compare(mine, np.fft.ifft, inputs, hints=hints)


def check_strongest(mine) -> Verdict:
    """`mine(x, sample_rate)`: the frequency in Hz at which the magnitude of the DFT is largest, the mean left out."""
    t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    inputs = [
        ("a sine of 440 Hz", (np.sin(2 * np.pi * 440 * t), SAMPLE_RATE)),
        ("a sine of 440 Hz on a large constant", (3 + np.sin(2 * np.pi * 440 * t), SAMPLE_RATE)),
        (
            "a loud 110 Hz and a soft 880 Hz at 8,000 Hz",
            (
                np.sin(2 * np.pi * 110 * t[:4_000] * SAMPLE_RATE / 8_000)
                + 0.2 * np.sin(2 * np.pi * 880 * t[:4_000] * SAMPLE_RATE / 8_000),
                8_000,
            ),
        ),
        ("a damped tone of 150 Hz", (damped_tone(t, 150.0, 0.1), SAMPLE_RATE)),
    ]
    hints = {
        "a sine of 440 Hz": "Bin k, counted from 0, lies at k times the sample rate divided by the number of samples.",
        "a sine of 440 Hz on a large constant": "Frequency 0 is the mean of the samples; leave it out.",
    }
    return compare(mine, _strongest, inputs, hints=hints)


def _strongest(x: np.ndarray, sample_rate: float) -> float:
    magnitude = np.abs(np.fft.rfft(x))
    magnitude[0] = 0
    return np.argmax(magnitude) * sample_rate / len(x)


# --- 11: the short-time Fourier transform ------------------------------------------------------------------------------


def check_frame_count(mine) -> Verdict:
    """`mine(seconds)`: the number of frames of this project's STFT."""
    inputs = [(f"{seconds} s", (seconds,)) for seconds in (4.0, 180.0, 0.01, 0.0123, 1.2345)]
    hints = {"0.0123 s": "A frame that is begun counts: round up."}
    return compare(mine, lambda seconds: -(-round(seconds * SAMPLE_RATE) // HOP_LENGTH), inputs, hints=hints)


def check_hann(mine) -> Verdict:
    """`mine(size)`: the periodic Hann window, `(size,)`."""
    inputs = [(f"a window of {size}", (size,)) for size in (4, 8, 256, FRAME_SIZE)]
    hints = {"a window of 4": "0, 1/2, 1, 1/2: it starts at 0, and the next window's first value would be 0 again."}
    return compare(mine, lambda size: window("Hann", size), inputs, hints=hints)


def check_flux(mine) -> Verdict:
    """`mine(magnitude)`: for each frame the sum of what rose since the frame before, `(T,)`, 0 in the first."""
    rng = np.random.default_rng(2)
    clicks = np.zeros(SAMPLE_RATE // 4)
    clicks[[2_000, 6_000]] = 1.0
    inputs = [
        ("a constant picture", (np.ones((5, 3)),)),
        ("two frames, one bin up and one down", (np.array([[1.0, 5.0], [4.0, 2.0]]),)),
        ("two clicks", (np.abs(stft(clicks)),)),
        ("random magnitudes", (rng.random((20, 7)),)),
    ]
    hints = {
        "a constant picture": "One number for each frame, also for the first frame, which has 0.",
        "two frames, one bin up and one down": "A bin that fell is no onset: count it as 0, not as a negative number.",
    }
    return compare(mine, _flux, inputs, hints=hints)


def _flux(magnitude: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.maximum(np.diff(magnitude, axis=0), 0).sum(axis=1)])


# --- 12: filterbanks ---------------------------------------------------------------------------------------------------


def check_mel(mine) -> Verdict:
    """`mine(frequency)`: mels by O'Shaughnessy's formula."""
    inputs = [("0 Hz", (0.0,)), ("1,000 Hz", (1_000.0,)), ("440 Hz", (440.0,)), ("an array", (np.array([20.0, 700.0, 20_000.0]),))]
    hints = {"1,000 Hz": "About 1,000 mels. Is it the logarithm to the base 10?"}
    return compare(mine, hertz_to_mel, inputs, hints=hints)


def check_apply_bank(mine) -> Verdict:
    """`mine(magnitude, bank)`: log10(bands + 1), `(T, n_bands)`."""
    rng = np.random.default_rng(3)
    bank = np.array([[1, 0], [0.5, 0.5], [0, 1.0]])
    inputs = [
        ("silence", (np.zeros((4, 3)), bank)),
        ("one loud frame", (np.array([[9.0, 20.0, 89.0]]), bank)),
        ("random magnitudes through 84 bands", (rng.random((6, 1_025)) * 50, rng.random((1_025, 84)) / 500)),
    ]
    hints = {"silence": "log10(0) is minus infinity: add 1 first.", "one loud frame": "First the bands, then the logarithm."}
    return compare(mine, lambda magnitude, weights: np.log10(magnitude @ weights + 1), inputs, hints=hints)


def check_lowest_semitone(mine) -> Verdict:
    """The frequency in Hz above which a semitone is wider than a bin of this project's STFT."""
    width = SAMPLE_RATE / FRAME_SIZE
    right = width / (2 ** (1 / BANDS_PER_OCTAVE) - 1)
    computed = "It is where a semitone, from f to 2^(1/12) f, is as wide as a bin: compute f."
    hints = {width: "That is the width of a bin. At which frequency is a semitone as wide?"}
    hints |= dict.fromkeys((311.0, 400.0, 440.0), computed)
    return compare_value(mine, right, 0.01, hints, "Hz")
