"""Recordings in and out: any format libsndfile knows (wav, flac, ogg, mp3), any rate, any number of channels.

A waveform is mono float32 `(n_samples,)` at 44.1 kHz, in [-1, 1] (a sum of several files may pass 1).
"""

from codecs import getincrementaldecoder
from pathlib import Path

import numpy as np
import soundfile

from adtlib.features import SAMPLE_RATE


class AudioError(ValueError):
    """A recording that cannot be used; the message names the file and the remedy."""


def read_audio(source, allow_silence: bool = False) -> np.ndarray:
    """Read one recording, or several that are summed.

    source         a path, a sequence of paths, or a `Track` (its files are summed: ENST's wet mix + accompaniment).
    allow_silence  a recording of zeros is an error unless this is true.

    Returns mono float32 `(n_samples,)` at 44.1 kHz: channels averaged, other rates resampled (soxr), files of unequal length
    padded with zeros. Raises AudioError where a file is missing, empty, truncated, silent, damaged or holds NaN samples.
    """
    paths = getattr(source, "audio", source)
    paths = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not paths:
        raise AudioError("no audio file given")
    waveforms = [_read_one(path) for path in paths]
    mix = waveforms[0]
    if len(waveforms) > 1:
        mix = np.zeros(max(map(len, waveforms)), dtype=np.float32)
        for waveform in waveforms:
            mix[: len(waveform)] += waveform
    if not allow_silence and not np.any(mix):
        raise AudioError(f"{_names(paths)} is silent (all samples are 0): copy it again or leave it out")
    return mix


def _names(paths: list[Path]) -> str:
    return " + ".join(str(path) for path in paths)


def _read_one(path: Path) -> np.ndarray:
    if not path.is_file():
        raise AudioError(f"{path} does not exist: check the path, or see 'adt corpora' for how to get the corpus")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes): copy or download it again")
    _check_no_text(path)
    try:
        with soundfile.SoundFile(path) as file:
            rate, announced = file.samplerate, file.frames
            samples = file.read(dtype="float32", always_2d=True)  # (n_samples, channels)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read as audio ({_reason(error)}): copy it again or convert it to wav") from error
    if len(samples) == 0:
        raise AudioError(f"{path} holds no samples: copy or download it again")
    # Compressed formats announce an estimate; for the others a shorter file is a cut-off copy.
    if len(samples) < announced and path.suffix.lower() != ".mp3":
        raise AudioError(f"{path} is truncated ({len(samples)} of {announced} samples): copy or download it again")
    _check_wav_is_whole(path)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if not np.isfinite(np.sum(mono, dtype=np.float64)):
        raise AudioError(f"{path} holds NaN or infinite samples: export it again or leave it out")
    if rate != SAMPLE_RATE:
        import soxr  # only recordings at other rates need it

        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")
    return np.ascontiguousarray(mono)


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    # What libsndfile says of an mp3 without a frame, too: whether the file exists is known before it is opened.
    return "its content is no audio" if "not a regular file" in reason else reason


def _check_no_text(path: Path) -> None:
    """Web pages saved as song.mp3 are common, and libmpg123 would print lines of its own before libsndfile refuses one."""
    with open(path, "rb") as file:
        start = file.read(4096)
    try:
        getincrementaldecoder("utf-8")().decode(start)  # incremental: the last character may be cut
    except UnicodeDecodeError:
        return
    if b"\0" not in start:  # the header of any format has some
        raise AudioError(f"{path} cannot be read as audio (it is text): download it again or leave it out")


def _check_wav_is_whole(path: Path) -> None:
    """libsndfile reads a cut-off wav to its end without a word: compare the size its header states with the file's."""
    if path.suffix.lower() != ".wav":
        return
    with open(path, "rb") as file:
        header = file.read(8)
    stated = int.from_bytes(header[4:8], "little") + 8
    # 0xFFFFFFFF and 0 are what streaming writers leave; some writers do not count the padding byte.
    streaming = stated in (8, 0xFFFFFFFF + 8)
    if header[:4] == b"RIFF" and not streaming and path.stat().st_size < stated - 1:
        raise AudioError(f"{path} is truncated ({path.stat().st_size:,} of {stated:,} bytes): copy or download it again")


def write_audio(path, waveform: np.ndarray, sample_rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> None:
    """Write `(n,)` or `(n, channels)` floats in [-1, 1] in the format of the suffix; values outside are refused.

    Raises AudioError for samples past full scale (they would be clipped) and for NaN.
    """
    waveform = np.asarray(waveform)
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if not peak <= 1.0:  # also catches NaN
        raise AudioError(f"{path}: peak {peak:.3f} is outside [-1, 1] and would be clipped: scale the waveform first")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, sample_rate, subtype=None if str(path).lower().endswith(".mp3") else subtype)
