"""From a mix to what is listened to: room and audience, mastering, hiss, treble lost, a codec; float32 at 44.1 kHz.

A loud master is compressed in three bands, limited and clipped, as records have been since the nineties.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter

from adtlib.audio.codecs import RATES, through_codec
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.synthesis import effects
from adtlib.synthesis.recipe import Recipe, Streams

LOUD_DB = (-15.0, -6.0)  # RMS of loud masters below their peak
_HIGHEST_RATE = 160  # kilobits a second: more is not heard
_STEP = 32  # samples: the time resolution of the limiter


def finish(mix: np.ndarray, streams: Streams, recipe: Recipe) -> np.ndarray:
    """The mix as far as the recipe's finishing goes, with a peak 0.3 to 9 dB below full scale."""
    mastered = recipe.reaches("mastered")
    if mastered:
        mix = _on_stage(mix, streams, recipe)
        mix = _mastered(mix, streams, recipe)
    mix = mix * np.float32(10 ** (-streams("peak").uniform(0.3, 9) / 20) / max(float(np.abs(mix).max()), 1e-6))
    rng = streams("codec")
    if recipe.reaches("encoded") and rng.random() < recipe.encoded:
        codec = str(rng.choice(recipe.codecs))
        mix = through_codec(mix, codec, float(np.exp(rng.uniform(np.log(RATES[codec][0]), np.log(_HIGHEST_RATE)))))
    return mix


def _on_stage(mix: np.ndarray, streams: Streams, recipe: Recipe) -> np.ndarray:
    """By chance heard from some metres away, and with an audience."""
    rng = streams("far")
    if rng.random() < recipe.far:
        direct = np.float32(10 ** (rng.uniform(-6, 6) / 20))
        mix = effects.in_a_room(direct * mix, mix, rng)
    rng = streams("crowd")
    if rng.random() < recipe.crowd and (level := rms(mix)) > 0:
        mix = mix + np.float32(level * 10 ** (rng.uniform(-24, -6) / 20)) * audience(len(mix), rng)
    return mix


def audience(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Voices as noise between 200 Hz and 4 kHz that swells, and hands that clap, together or not; `(n_samples,)` of RMS 1."""
    seconds = np.arange(n_samples // SAMPLE_RATE + 2)
    swell = np.interp(np.arange(n_samples), seconds * SAMPLE_RATE, rng.uniform(0.2, 1, len(seconds))).astype(np.float32)
    crowd = effects.burst(swell, rng.uniform(150, 400), rng.uniform(2_000, 6_000), rng)
    decay = np.exp(-np.arange(1_500) / rng.uniform(150, 500)).astype(np.float32)
    claps = [effects.burst(decay, rng.uniform(700, 1_500), rng.uniform(3_000, 8_000), rng) for _ in range(4)]
    starts = rng.integers(0, max(1, n_samples - len(decay)), int(rng.uniform(0, 12) * n_samples / SAMPLE_RATE))
    for start in starts.tolist():
        crowd[start : start + len(decay)] += np.float32(rng.uniform(0.05, 0.5)) * claps[rng.integers(4)]
    return crowd / max(rms(crowd), 1e-9)


def _mastered(mix: np.ndarray, streams: Streams, recipe: Recipe) -> np.ndarray:
    """By chance compressed and saturated, or mastered loud; hiss, and treble lost."""
    loud, gentle = streams("loud"), streams("master")
    draws = gentle.random(2)
    if loud.random() < recipe.loud:
        mix = loud_master(mix, loud)
    else:
        if draws[0] < 0.6:
            mix = effects.compress(mix, gentle)
        if draws[1] < 0.4:
            mix = effects.saturate(mix, streams("saturation"))
    rng = streams("hiss")
    if rng.random() < 0.3 and (level := rms(mix)) > 0:
        mix = mix + effects.noise(len(mix), rng) * np.float32(level * 10 ** (rng.uniform(-60, -24) / 20))
    rng = streams("dull")
    if rng.random() < recipe.dull:
        mix = effects.filtered(mix, rng.uniform(3_500, 8_000), "lowpass", 2 * int(rng.integers(1, 5)))
    return mix


def loud_master(mix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compressed in three bands, raised until the RMS would be LOUD_DB below the peak, limited and clipped; peak at most 1."""
    level = rms(mix)
    if level == 0:
        return mix
    low = effects.filtered(mix, rng.uniform(100, 250), "lowpass")
    high = effects.filtered(mix, rng.uniform(2_000, 6_000), "highpass")
    bands = [low, mix - low - high, high]
    compressed = np.zeros_like(mix)
    for band in bands:
        before = rms(band)
        band = effects.compress(band, rng) if before > 0 and rng.random() < 0.7 else band
        compressed += band * np.float32(10 ** (rng.normal(0, 1.5) / 20) * before / max(rms(band), 1e-9))
    wanted = 10 ** (rng.uniform(*LOUD_DB) / 20)
    limited = limit(compressed * np.float32(wanted / max(rms(compressed), 1e-9)), 1.0, rng.uniform(0.02, 0.2))
    # The limiter has taken level: it is made up, at most by 8 dB, into clipping.
    limited = limited * np.float32(min(wanted / max(rms(limited), 1e-9), 2.5))
    return np.clip(limited, -1, 1) if rng.random() < 0.5 else np.tanh(limited)


def limit(waveform: np.ndarray, ceiling: float, release: float) -> np.ndarray:
    """Turned down where it would be above `ceiling`, 1.5 ms ahead; the gain recovers with a time constant of `release` s."""
    n_steps = -(-len(waveform) // _STEP)
    padded = np.zeros(n_steps * _STEP, dtype=np.float32)
    padded[: len(waveform)] = np.abs(waveform)
    peaks = maximum_filter1d(padded.reshape(n_steps, _STEP).max(axis=1), 5)  # two steps ahead and behind
    over = np.log(np.maximum(peaks / ceiling, 1))
    keep, held, value = float(np.exp(-_STEP / SAMPLE_RATE / release)), np.empty_like(over), 0.0
    for index, wanted in enumerate(over.tolist()):
        value = max(wanted, value * keep)
        held[index] = value
    smooth = lfilter([0.5, 0.5], [1], held)
    return waveform * effects.between(np.exp(-smooth), _STEP)[: len(waveform)]
