"""Studio effects with random settings: equaliser, room, compression, saturation, amplifier, noise; float32 at 44.1 kHz."""

import numpy as np
import scipy.fft
from scipy.signal import butter, lfilter, sosfilt

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place, rms

_STEP = 64  # samples, 1.5 ms: the time resolution of compression


def biquad(kind: str, frequency: float, gain_db: float, quality: float) -> np.ndarray:
    """An equaliser "low" or "high" (shelves) or "peak" at a frequency in Hz: `(6,)` for `scipy.signal.sosfilt`.

    Formulas: Robert Bristow-Johnson, Cookbook formulae for audio equalizer biquad filter coefficients.
    """
    a = 10 ** (gain_db / 40)
    omega = 2 * np.pi * frequency / SAMPLE_RATE
    cosine, alpha = np.cos(omega), np.sin(omega) / (2 * quality)
    if kind == "peak":
        b = (1 + alpha * a, -2 * cosine, 1 - alpha * a)
        d = (1 + alpha / a, -2 * cosine, 1 - alpha / a)
    else:
        sign, root = (1 if kind == "low" else -1), 2 * np.sqrt(a) * alpha
        b = (
            a * ((a + 1) - sign * (a - 1) * cosine + root),
            sign * 2 * a * ((a - 1) - sign * (a + 1) * cosine),
            a * ((a + 1) - sign * (a - 1) * cosine - root),
        )
        d = (
            (a + 1) + sign * (a - 1) * cosine + root,
            -sign * 2 * ((a - 1) + sign * (a + 1) * cosine),
            (a + 1) + sign * (a - 1) * cosine - root,
        )
    return np.array([*b, *d]) / d[0]


def shelf_or_peak(rng: np.random.Generator, spread_db: float = 4.0) -> np.ndarray:
    """A biquad of random kind, frequency and gain (of that standard deviation)."""
    kind = str(rng.choice(["low", "high", "peak"]))
    frequency = np.exp(rng.uniform(*np.log({"low": (80, 400), "high": (2_500, 9_000), "peak": (120, 9_000)}[kind])))
    return biquad(kind, frequency, rng.normal(0, spread_db), rng.uniform(0.5, 1.5))


def smooth_gains(frequencies: np.ndarray, spread_db: float, rng: np.random.Generator, n_points: int = 7) -> np.ndarray:
    """A random smooth equaliser: gains, not dB, at `frequencies` in Hz, varied by `spread_db` at points from 40 Hz to 18 kHz."""
    points = np.linspace(np.log(40), np.log(18_000), n_points)
    return 10 ** (np.interp(np.log(np.maximum(frequencies, 20)), points, rng.normal(0, spread_db, n_points)) / 20)


def room_response(rng: np.random.Generator) -> np.ndarray:
    """Impulse response of a random room without the direct sound: early reflections, then a tail that darkens; energy 1."""
    decay = np.exp(rng.uniform(np.log(0.12), np.log(1.6)))  # seconds to -60 dB
    n = int(min(decay, 1.2) * SAMPLE_RATE)
    time = np.arange(n, dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(n, dtype=np.float32) * np.exp(-6.9 * time / decay)
    tail *= np.clip(time / rng.uniform(0.002, 0.03), 0, 1)
    tail = lfilter([1 - (dark := np.float32(rng.uniform(0.2, 0.85)))], [1, -dark], tail)
    tail /= np.sqrt(np.square(tail).sum())
    early = np.zeros(n, dtype=np.float32)
    places = (rng.uniform(0.002, 0.05, 8) * SAMPLE_RATE).astype(int)
    early[places[places < n]] = rng.normal(0, 0.3, int((places < n).sum()))
    response = (tail + rng.uniform(0, 1) * early).astype(np.float32)
    return response / np.sqrt(np.square(response).sum())


def in_a_room(dry: np.ndarray, sent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`dry` plus the room's response to `sent`, both equalised; `(n,)` each."""
    response = room_response(rng)
    size = scipy.fft.next_fast_len(len(dry) + len(response), real=True)
    frequencies = scipy.fft.rfftfreq(size, 1 / SAMPLE_RATE)[::64]
    # The gains are smooth, so they are computed at one bin in 64.
    coarse = smooth_gains(frequencies, 2.5, rng).astype(np.float32)
    gains = np.interp(np.arange(size // 2 + 1), np.arange(len(coarse)) * 64, coarse).astype(np.float32)
    spectrum = scipy.fft.rfft(dry, size) + scipy.fft.rfft(sent, size) * scipy.fft.rfft(response, size)
    return scipy.fft.irfft(spectrum * gains, size)[: len(dry)].astype(np.float32)


def compress(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A compressor of random threshold (8 to 24 dB below the peak), ratio (1.5 to 8), attack and release."""
    n_steps = -(-len(waveform) // _STEP)
    padded = np.zeros(n_steps * _STEP, dtype=np.float32)
    padded[: len(waveform)] = np.abs(waveform)
    level = padded.reshape(n_steps, _STEP).max(axis=1)
    peak = float(level.max())
    if peak == 0:
        return waveform
    over = np.maximum(20 * np.log10(np.maximum(level / peak, 1e-5)) + rng.uniform(8, 24), 0)
    reduction = over * (1 - 1 / rng.uniform(1.5, 8))
    attack, release = (np.exp(-_STEP / SAMPLE_RATE / rng.uniform(low, high)) for low, high in ((0.001, 0.03), (0.05, 0.3)))
    # First the peak is held and falls with the release, then the result is smoothed with the attack.
    held = np.empty_like(reduction)
    value = 0.0
    for index, target in enumerate(reduction.tolist()):
        value = max(target, value * release)
        held[index] = value
    smoothed = lfilter([1 - attack], [1, -attack], held)
    return waveform * between(10 ** (-smoothed / 20), _STEP)[: len(waveform)]


def between(values: np.ndarray, step: int) -> np.ndarray:
    """Values that are `step` samples apart, and those between them on straight lines: `(len(values) * step,)` float32."""
    values = values.astype(np.float32)
    slopes = np.diff(values, append=values[-1:])
    return (values[:, None] + slopes[:, None] * (np.arange(step, dtype=np.float32) / np.float32(step))).ravel()


def saturate(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Soft clipping of random strength that keeps the peak."""
    peak = float(np.abs(waveform).max())
    if peak == 0:
        return waveform
    drive = np.float32(np.exp(rng.uniform(np.log(0.3), np.log(4))))
    return np.tanh(waveform * (drive / peak)) * np.float32(peak / np.tanh(drive))


def filtered(waveform: np.ndarray, frequency, kind: str, order: int = 2) -> np.ndarray:
    """Through a Butterworth filter; `frequency` in Hz, two for a band."""
    return sosfilt(butter(order, frequency, kind, fs=SAMPLE_RATE, output="sos").astype(np.float32), waveform)


def amplify(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A distorting amplifier: bass taken out, driven into clipping, heard through a loudspeaker that ends at 5 to 14 kHz."""
    level = rms(waveform)
    if level == 0:
        return waveform
    drive = np.float32(10 ** (rng.uniform(3, 30) / 20) / level)
    driven = np.tanh(filtered(waveform, rng.uniform(80, 400), "highpass", 1) * drive)
    return filtered(driven, np.exp(rng.uniform(np.log(5_000), np.log(14_000))), "lowpass")


def raise_attacks(waveform: np.ndarray, starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The first 10 to 60 ms of each note 4 to 14 dB louder; `starts` in seconds."""
    decay = np.float32(rng.uniform(0.01, 0.06))
    shape = np.exp(-np.arange(round(5 * decay * SAMPLE_RATE), dtype=np.float32) / (decay * SAMPLE_RATE))
    raised = np.zeros_like(waveform)
    for at in np.unique(np.round(starts * SAMPLE_RATE / 441)).astype(int).tolist():
        place(shape, raised, max(at * 441 - 200, 0))
    return waveform * (1 + np.float32(10 ** (rng.uniform(4, 14) / 20) - 1) * np.minimum(raised, 1))


def double(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Played twice, left and right, and heard in mono: a copy 3 to 30 ms later, in or out of phase, makes a comb."""
    delay = round(rng.uniform(0.003, 0.03) * SAMPLE_RATE)
    later = np.zeros_like(waveform)
    later[delay:] = waveform[:-delay]
    return waveform + np.float32(rng.uniform(0.3, 0.95) * rng.choice((-1, 1))) * later


def burst(shape: np.ndarray, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
    """Noise between two frequencies in Hz, times an envelope `(n,)` float32; peak 1."""
    sound = filtered(rng.standard_normal(len(shape), dtype=np.float32), (low, high), "bandpass") * shape
    return sound / max(float(np.abs(sound).max()), 1e-6)


def noise(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Hiss, white to brownish, of RMS 1."""
    dark = np.float32(rng.uniform(0.0, 0.97))
    hiss = lfilter([1], [1, -dark], rng.standard_normal(n_samples, dtype=np.float32)).astype(np.float32)
    return hiss / max(rms(hiss), 1e-9)
