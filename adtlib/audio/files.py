"""Reading and writing recordings, whole or block by block: any sampling rate, any number of channels.

A waveform is mono float32 `(n_samples,)` at 44.1 kHz, in [-1, 1] (a sum of several files may exceed 1). libsndfile reads wav, flac,
ogg, mp3, aiff and more. Other files (m4a, mp4, webm, ...) are read with ffmpeg where it is installed.
"""

import shutil
import subprocess
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE

BLOCK_SECONDS = 10
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")
# Read with ffmpeg. A file of another suffix that libsndfile refuses is damaged.
FFMPEG_SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac", ".mov", ".wma", ".webm", ".mkv", ".mka", ".ac3", ".ape", ".wv", ".amr")
MADE_HERE = "adt transcribe"  # the comment of sound files that are written beside transcriptions
_LOUDEST = 10  # of samples in memory: a sum of several recordings may exceed 1, but integers converted to floats exceed this


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
    waveforms = [np.concatenate(list(audio_blocks(path, block_seconds=None))) for path in paths]
    mix = waveforms[0]
    if len(waveforms) > 1:
        mix = np.zeros(max(map(len, waveforms)), dtype=np.float32)
        for waveform in waveforms:
            mix[: len(waveform)] += waveform
    if not allow_silence and not np.any(mix):
        raise AudioError(f"{' + '.join(map(str, paths))} is silent (all samples are 0): copy it again or leave it out")
    return mix


def audio_blocks(path: Path | str, block_seconds: int | None = BLOCK_SECONDS) -> Iterator[np.ndarray]:
    """The recording as blocks of mono float32 samples at 44.1 kHz; `None` reads what libsndfile can read in one block.

    Raises AudioError, with a remedy, for a file that is missing, empty, truncated or damaged, holds NaN samples, or needs ffmpeg
    where ffmpeg is not installed. Silence is not an error.
    """
    path = Path(path)
    check_file(path)
    if path.suffix.lower() in FFMPEG_SUFFIXES:
        blocks, rate = _read_with_ffmpeg(path), SAMPLE_RATE
    else:
        blocks = _read_with_libsndfile(path, block_seconds)
        rate = next(blocks)
    return resampled_blocks(_checked(blocks, path), rate)


def duration_of(path: Path) -> float | None:
    """Seconds that a file announces, None where libsndfile cannot tell: for progress only."""
    try:
        return soundfile.info(path).duration
    except (soundfile.LibsndfileError, OSError):
        return None


def check_file(path: Path) -> None:
    """Check a recording without decoding it. Raises AudioError where it is missing, empty, or text."""
    if not path.is_file():
        raise AudioError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: check the path of the recording")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes): copy or download it again")
    if path.suffix.lower() not in FFMPEG_SUFFIXES:
        _check_no_text(path)


def _checked(blocks: Iterable[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    """The blocks of a file; AudioError for NaN or infinite samples, and where there are no samples at all."""
    empty = True
    for block in blocks:
        if not np.isfinite(np.sum(block, dtype=np.float64)):
            raise AudioError(f"{path} holds NaN or infinite samples: export it again or leave it out")
        empty &= len(block) == 0
        yield block
    if empty:
        raise AudioError(f"{path} holds no samples: copy or download it again")


def _read_with_libsndfile(path: Path, block_seconds: int | None) -> Iterator:
    """First the sampling rate, then blocks of mono samples at that rate."""
    try:
        with soundfile.SoundFile(path) as file:
            yield file.samplerate
            _check_wav_is_whole(path)
            announced, read = file.frames, 0
            size = -1 if block_seconds is None else block_seconds * file.samplerate
            while len(samples := file.read(size, dtype="float32", always_2d=True)):
                read += len(samples)
                yield samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read as audio ({_reason(error)}): copy it again or convert it to wav") from error
    # Compressed formats announce an estimate; for the others a shorter file is a cut-off copy.
    if 0 < read < announced and path.suffix.lower() != ".mp3":
        raise AudioError(f"{path} is truncated ({read} of {announced} samples): copy or download it again")


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    # libsndfile says this of an mp3 without frames, too. That the file exists is checked before it is opened.
    return "its content is not audio" if "not a regular file" in reason else reason


def _check_no_text(path: Path) -> None:
    """Refuse web pages saved as song.mp3: they are common, and libmpg123 would print messages before libsndfile refuses them."""
    with open(path, "rb") as file:
        start = file.read(4096)
    try:
        getincrementaldecoder("utf-8")().decode(start)  # incremental: the last character may be cut
    except UnicodeDecodeError:
        return
    if b"\0" not in start:  # every audio format has some in its header
        raise AudioError(f"{path} cannot be read as audio (it is text): download it again or leave it out")


def _check_wav_is_whole(path: Path) -> None:
    """Compare the size in the header with that of the file: libsndfile reads a truncated wav without an error."""
    if path.suffix.lower() != ".wav":
        return
    with open(path, "rb") as file:
        header = file.read(8)
    stated = int.from_bytes(header[4:8], "little") + 8
    # Streaming writers leave 0xFFFFFFFF or 0; some writers do not count the padding byte.
    streaming = stated in (8, 0xFFFFFFFF + 8)
    if header[:4] == b"RIFF" and not streaming and path.stat().st_size < stated - 1:
        raise AudioError(f"{path} is truncated ({path.stat().st_size:,} of {stated:,} bytes): copy or download it again")


def _read_with_ffmpeg(path: Path) -> Iterator[np.ndarray]:
    """Blocks of mono samples at 44.1 kHz as ffmpeg decodes, mixes down and resamples them."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{path}: reading {path.suffix} needs ffmpeg, which is not installed; install it, or convert the file elsewhere: "
            f"ffmpeg -i '{path.name}' '{path.stem}.wav'"
        )
    command = [program, "-v", "error", "-nostdin", "-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-ar", str(SAMPLE_RATE)]
    # Its messages go to a file: a pipe that nobody reads would fill up and block it.
    with (
        tempfile.TemporaryFile() as messages,
        subprocess.Popen([*command, "-f", "f32le", "-"], stdout=subprocess.PIPE, stderr=messages) as process,
    ):
        try:
            while content := process.stdout.read(4 * BLOCK_SECONDS * SAMPLE_RATE):
                yield np.frombuffer(content, dtype="<f4", count=len(content) // 4).astype(np.float32)
            process.wait()
        finally:
            process.kill()  # needed where the reader stops early, harmless after the end
        if process.returncode:
            messages.seek(0)
            reason = messages.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise AudioError(f"{path} cannot be decoded by ffmpeg ({reason[-1]}): copy it again")


def array_blocks(waveform: npt.ArrayLike, sample_rate: int) -> Iterator[np.ndarray]:
    """Samples in memory, `(n,)` or `(n, channels)` floats in [-1, 1], as blocks of mono float32 at 44.1 kHz.

    Raises ValueError for integers or floats as large as integers, for other shapes, NaN, or a rate of 0 or less.
    """
    waveform = np.asarray(waveform)
    if np.issubdtype(waveform.dtype, np.integer):
        raise ValueError(f"waveform of {waveform.dtype}: divide integers by their full scale to get floats in [-1, 1]")
    if not np.issubdtype(waveform.dtype, np.floating):
        raise ValueError(f"waveform of {waveform.dtype}: give floats in [-1, 1], or the path of one file")
    if waveform.ndim not in (1, 2):
        raise ValueError(f"waveform of shape {waveform.shape}: expected (n_samples,) or (n_samples, channels)")
    if waveform.ndim == 2 and waveform.shape[1] > waveform.shape[0] > 0:
        raise ValueError(f"waveform of shape {waveform.shape}: expected (n_samples, channels), this looks transposed")
    if not sample_rate > 0:
        raise ValueError(f"sample_rate = {sample_rate}: it must be above 0 Hz")
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    parts = (waveform[start : start + length] for start in range(0, len(waveform), length))
    mono = (np.ascontiguousarray(part if part.ndim == 1 else part.mean(axis=1), dtype=np.float32) for part in parts)
    return _of_full_scale(resampled_blocks(mono, sample_rate))


def _of_full_scale(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        if not np.isfinite(np.sum(block, dtype=np.float64)):
            raise ValueError("waveform holds NaN or infinite samples: repair the recording or leave it out")
        if (peak := float(np.abs(block).max(initial=0.0))) > _LOUDEST:
            raise ValueError(f"waveform reaches {peak:,.0f}: floats lie in [-1, 1]; divide those of 16-bit integers by 32768")
        yield block


def resampled_blocks(blocks: Iterable[np.ndarray], rate: float) -> Iterator[np.ndarray]:
    """Blocks of mono samples at `rate` Hz, resampled to 44.1 kHz."""
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr  # only recordings at other rates need it

    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def write_audio(path, waveform: np.ndarray, sample_rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> None:
    """Write `(n,)` or `(n, channels)` floats in [-1, 1] in the format of the suffix; values outside are refused.

    Raises AudioError for samples past full scale (they would be clipped) and for NaN.
    """
    waveform = np.asarray(waveform)
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if not peak <= 1.0:  # also catches NaN
        raise AudioError(f"{path}: peak {peak:.3f} is outside [-1, 1] and would be clipped: scale the waveform first")
    path = Path(path)
    kind = path.suffix[1:].upper()
    with paths.replacing(path, durable=False) as file:
        named = {"format": kind, "subtype": None if kind == "MP3" else subtype, "closefd": False}
        soundfile.write(file.fileno(), waveform, sample_rate, **named)


def write_blocks(path: Path, blocks: Iterable[np.ndarray]) -> None:
    """Write mono blocks at 44.1 kHz as a 16-bit wav, under a temporary name until it is complete."""
    with paths.replacing(path) as file:
        write_blocks_to(file, blocks)


def write_blocks_to(file: BinaryIO, blocks: Iterable[np.ndarray]) -> None:
    """The same, to a new file that is open."""
    with soundfile.SoundFile(file.fileno(), "w", SAMPLE_RATE, 1, subtype="PCM_16", format="WAV", closefd=False) as sound:
        sound.comment = MADE_HERE  # so that it is not taken for a recording when the folder is transcribed again
        for block in blocks:
            sound.write(block)
