"""Lossy codecs: a waveform encoded and decoded, aligned with the original and of its length.

MP3, Opus and Vorbis are those of libsndfile, in memory; AAC is ffmpeg's, which has to be installed.
"""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import audio_blocks
from adtlib.audio.mixing import to_peak
from adtlib.audio.normalise import PEAK

# Kilobits a second that are used here. LAME resamples for fewer, which delays the sound.
RATES = {"mp3": (64, 320), "aac": (32, 320), "opus": (16, 256), "vorbis": (44, 200)}
_OPUS_RATE = 48_000
# libsndfile sets Opus and Vorbis by a compression level in [0, 1]: kilobits a second of mono music, as measured.
_LEVELS = {"opus": ((16, 32, 108, 183, 256), (0.96, 0.9, 0.6, 0.3, 0.0)), "vorbis": ((44, 66, 200), (1.0, 0.6, 0.0))}


def through_codec(waveform: np.ndarray, codec: str, kilobits: float) -> np.ndarray:
    """Encode and decode mono float32 at 44.1 kHz: `(n,)` to `(n,)`. Louder than full scale is scaled down to a peak of 0.95 first.

    codec  a key of RATES; ValueError for another, or for a rate outside its range. FileNotFoundError where ffmpeg is missing.
    """
    if codec not in RATES or not RATES[codec][0] <= kilobits <= RATES[codec][1]:
        raise ValueError(f"{codec} at {kilobits} kbit/s: choose from {RATES}, lowest and highest rate")
    if float(np.abs(waveform).max(initial=0.0)) > 1:
        waveform = to_peak(waveform, PEAK)
    if codec == "aac":
        decoded = _through_aac(waveform, kilobits)
    elif codec == "mp3":
        decoded = _in_memory(waveform, SAMPLE_RATE, "MP3", bitrate_mode="CONSTANT", compression_level=(320 - kilobits) / 288)
    else:
        level = float(np.interp(kilobits, *_LEVELS[codec]))
        rate = _OPUS_RATE if codec == "opus" else SAMPLE_RATE
        sent = waveform if rate == SAMPLE_RATE else soxr.resample(waveform, SAMPLE_RATE, rate, quality="MQ")
        decoded = _in_memory(sent, rate, "OGG", subtype=codec.upper(), compression_level=level)
        decoded = decoded if rate == SAMPLE_RATE else soxr.resample(decoded, rate, SAMPLE_RATE, quality="MQ")
    return np.pad(decoded, (0, max(0, len(waveform) - len(decoded))))[: len(waveform)]


def _in_memory(waveform: np.ndarray, rate: int, form: str, **options) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate, format=form, **options)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


def _through_aac(waveform: np.ndarray, kilobits: float) -> np.ndarray:
    if shutil.which("ffmpeg") is None:
        raise FileNotFoundError("ffmpeg is missing, which encodes AAC: install it (apt-get install ffmpeg)")
    # A file and no pipe: the container says which samples the encoder put before the sound.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "encoded.m4a")
        command = ["ffmpeg", "-v", "error", "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "-", "-b:a", f"{kilobits:g}k"]
        subprocess.run([*command, str(file)], input=waveform.astype("<f4").tobytes(), check=True)
        return np.concatenate(list(audio_blocks(file)))
