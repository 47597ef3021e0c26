"""Recordings of any length in bounded memory: blocks of samples, of features, of logits, each made from the one before.

What comes out, put together, is what `read_audio`, `log_filter_spectrogram` and `predict` give for the whole recording, up to
rounding: blocks overlap by the context that a frame and a window of the network need.

libsndfile reads wav, flac, ogg, mp3, aiff and more. Other files (m4a, mp4, webm, ...) are read through the program ffmpeg
where it is installed.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import nn

from adtlib.audio import AudioError, _check_wav_is_whole, _reason
from adtlib.features import FRAME_SIZE, HOP_LENGTH, N_BANDS, SAMPLE_RATE, log_filter_spectrogram
from adtlib.prediction import MARGIN, autocast, resolve_precision
from adtlib.segments import SEGMENT_FRAMES
from adtlib.vocabulary import CLASSES

BLOCK_SECONDS = 10
_CONTEXT = -(-FRAME_SIZE // 2 // HOP_LENGTH)  # hops that half a window reaches
_STEP = SEGMENT_FRAMES - 2 * MARGIN
# What only other programs read, by suffix: a file of another suffix that libsndfile refuses is damaged.
FFMPEG_SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac", ".mov", ".wma", ".webm", ".mkv", ".mka", ".ac3", ".ape", ".wv", ".amr")
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")


# --- samples -----------------------------------------------------------------------------------------------------------


def duration_of(path: Path) -> float | None:
    """Seconds that a file announces, None where libsndfile cannot tell: for progress only."""
    try:
        return soundfile.info(path).duration
    except (soundfile.LibsndfileError, OSError):
        return None


def audio_blocks(path: Path | str) -> Iterator[np.ndarray]:
    """The recording as blocks of mono float32 samples at 44.1 kHz, as `read_audio` would return them in one piece.

    Raises AudioError, with a remedy, where the file is missing, empty, truncated, damaged, holds NaN samples, or is of a kind that
    needs ffmpeg and ffmpeg is not there. Silence is no error.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give the path of a recording")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes): copy or download it again")
    if path.suffix.lower() in FFMPEG_SUFFIXES:
        blocks, rate = _read_with_ffmpeg(path), SAMPLE_RATE
    else:
        blocks, rate = _read_with_libsndfile(path), None
        rate = next(blocks)
    return _checked(resampled_blocks(blocks, rate), path)


def _checked(blocks: Iterable[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    empty = True
    for block in blocks:
        if not np.isfinite(np.sum(block, dtype=np.float64)):
            raise AudioError(f"{path} holds NaN or infinite samples: export it again or leave it out")
        empty &= len(block) == 0
        yield block
    if empty:
        raise AudioError(f"{path} holds no samples: copy or download it again")


def _read_with_libsndfile(path: Path) -> Iterator:
    """First the sampling rate, then blocks of mono samples at that rate."""
    try:
        with soundfile.SoundFile(path) as file:
            yield file.samplerate
            _check_wav_is_whole(path)
            announced, read = file.frames, 0
            while len(samples := file.read(BLOCK_SECONDS * file.samplerate, dtype="float32", always_2d=True)):
                read += len(samples)
                yield samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read as audio ({_reason(error)}): copy it again or convert it to wav") from error
    # Compressed formats announce an estimate; for the others a shorter file is a cut-off copy.
    if 0 < read < announced and path.suffix.lower() != ".mp3":
        raise AudioError(f"{path} is truncated ({read} of {announced} samples): copy or download it again")


def _read_with_ffmpeg(path: Path) -> Iterator[np.ndarray]:
    """Blocks of mono samples at 44.1 kHz as ffmpeg decodes, mixes down and resamples them."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{path}: reading {path.suffix} needs ffmpeg, which is not installed; install it, or convert the file elsewhere: "
            f"ffmpeg -i '{path.name}' '{path.stem}.wav'"
        )
    command = [program, "-v", "error", "-nostdin", "-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-ar", str(SAMPLE_RATE)]
    # What it says goes to a file: a pipe that nobody reads would fill and stop it.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen([*command, "-f", "f32le", "-"], stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            while content := process.stdout.read(4 * BLOCK_SECONDS * SAMPLE_RATE):
                yield np.frombuffer(content, dtype="<f4", count=len(content) // 4).astype(np.float32)
            process.wait()
        finally:
            process.kill()  # where the reader stops early; one that has ended does not mind
        if process.returncode:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise AudioError(f"{path} cannot be decoded by ffmpeg ({reason[-1]}): copy it again")


def array_blocks(waveform: np.ndarray, sample_rate: int) -> Iterator[np.ndarray]:
    """Samples in memory, `(n,)` or `(n, channels)` floats in [-1, 1], as blocks of mono float32 at 44.1 kHz.

    Raises ValueError for integers, other shapes, NaN, or a rate that is none.
    """
    waveform = np.asarray(waveform)
    if not np.issubdtype(waveform.dtype, np.floating):
        raise ValueError(f"waveform of {waveform.dtype}: divide integers by their full scale to get floats in [-1, 1]")
    if waveform.ndim not in (1, 2):
        raise ValueError(f"waveform of shape {waveform.shape}: expected (n_samples,) or (n_samples, channels)")
    if waveform.ndim == 2 and waveform.shape[1] > waveform.shape[0] > 0:
        raise ValueError(f"waveform of shape {waveform.shape}: expected (n_samples, channels), this looks transposed")
    if not sample_rate > 0:
        raise ValueError(f"sample_rate = {sample_rate}: it must be above 0 Hz")
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    parts = (waveform[start : start + length] for start in range(0, len(waveform), length))
    mono = (np.ascontiguousarray(part if part.ndim == 1 else part.mean(axis=1), dtype=np.float32) for part in parts)
    return _finite(resampled_blocks(mono, sample_rate))


def _finite(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        if not np.isfinite(np.sum(block, dtype=np.float64)):
            raise ValueError("waveform holds NaN or infinite samples: repair the recording or leave it out")
        yield block


def resampled_blocks(blocks: Iterable[np.ndarray], rate: float) -> Iterator[np.ndarray]:
    """Blocks of mono samples at `rate` Hz, brought to 44.1 kHz."""
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr  # only recordings at other rates need it

    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


# --- features and logits -----------------------------------------------------------------------------------------------


def feature_blocks(blocks: Iterable[np.ndarray], version: str = "madmom") -> Iterator[np.ndarray]:
    """Features `(n, 84)` float32 of blocks of samples: put together, those of the whole recording."""
    held, base, done = np.zeros(0, dtype=np.float32), 0, 0  # samples; frames: at held[0], and given away

    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        # Frames whose windows lie within what has been read.
        ready = base + (len(held) - FRAME_SIZE // 2) // HOP_LENGTH + 1 if len(held) >= FRAME_SIZE // 2 else 0
        if ready - done <= 2 * _CONTEXT:
            continue
        yield log_filter_spectrogram(held, version=version)[done - base : ready - base]
        done, start = ready, max(0, ready - _CONTEXT)
        held, base = held[(start - base) * HOP_LENGTH :], start
    if len(held):
        yield log_filter_spectrogram(held, version=version)[done - base :]


def logit_blocks(
    network: nn.Module, features: Iterable[np.ndarray], batch_size: int = 16, precision: str = "auto"
) -> Iterator[np.ndarray]:
    """Logits `(n, 5)` float32 of blocks of features: put together, those that `predict_logits` gives for the whole recording."""
    device = next(network.parameters()).device
    precision = resolve_precision(precision, device)
    held, waiting, first = np.zeros((0, N_BANDS), dtype=np.float32), [], True

    def predicted(n_last: int | None) -> np.ndarray:
        """What the waiting windows are kept for; `n_last` is the number of frames in the last one of the recording."""
        nonlocal first
        with torch.inference_mode(), autocast(device, precision):
            logits = network(torch.from_numpy(np.stack(waiting)).to(device)).float().cpu().numpy()  # (B, 400, 5)
        kept = [window[MARGIN : SEGMENT_FRAMES - MARGIN] for window in logits]
        low = 0 if first else MARGIN
        kept[0] = logits[0][low : SEGMENT_FRAMES - MARGIN]
        if n_last is not None:
            kept[-1] = logits[-1][low if len(kept) == 1 else MARGIN : n_last]
        first = False
        waiting.clear()
        return np.concatenate(kept)

    for block in features:
        held = np.concatenate([held, block])
        while len(held) > SEGMENT_FRAMES:  # more follows, so this window is not the last
            waiting.append(held[:SEGMENT_FRAMES])
            held = held[_STEP:]
            if len(waiting) == batch_size:
                yield predicted(None)
    if len(held):
        last = np.zeros((SEGMENT_FRAMES, len(held[0])), dtype=np.float32)
        last[: len(held)] = held
        waiting.append(last)
        yield predicted(len(held))
    else:
        yield np.zeros((0, len(CLASSES)), dtype=np.float32)
