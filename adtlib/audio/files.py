"""Reading and writing recordings, whole or block by block: any sampling rate, any number of channels.

A waveform is mono float32 `(n_samples,)` at 44.1 kHz, in [-1, 1] (a sum of several files may exceed 1). libsndfile reads wav, flac,
ogg, mp3, aiff and more. Other files (m4a, mp4, webm, ...) are read with ffmpeg where it is installed. What a file is, its content
says, not its suffix.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from adtlib import paths
from adtlib.audio import decoding
from adtlib.audio.decoding import AUDIO_SUFFIXES as AUDIO_SUFFIXES, BLOCK_SECONDS, FFMPEG_SUFFIXES as FFMPEG_SUFFIXES
from adtlib.audio.defects import LIMIT, clicks_in_words, peak_of, repaired
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.pieces import AudioError as AudioError, Stream, tell

MADE_HERE = "adt transcribe"  # the comment of sound files that are written beside transcriptions
_WHOLE_HOURS = 3  # of a recording in memory: 1.9 GB
# What is taken for a recording by mistake, by the bytes it begins with.
_OTHER_FILES = {
    b"MThd": "a MIDI file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"%PDF": "a document",
    b"PK\x03\x04": "an archive",
}


def read_audio(source, allow_silence: bool = False) -> np.ndarray:
    """Read one recording, or several that are summed.

    source         a path, a sequence of paths, or a `Track` (its files are summed: ENST's wet mix + accompaniment).
    allow_silence  a recording of zeros is an error unless this is true.

    Returns mono float32 `(n_samples,)` at 44.1 kHz: channels averaged as by `audio_blocks`, other rates resampled (soxr), files of
    unequal length padded with zeros, floats on the scale of integers divided by it, with a warning. Raises AudioError where a file
    is missing, empty, truncated, silent, damaged, longer than three hours or holds NaN samples.
    """
    paths = getattr(source, "audio", source)
    paths = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not paths:
        raise AudioError("no audio file given")
    waveforms = [_whole(path) for path in paths]
    mix = waveforms[0]
    if len(waveforms) > 1:
        mix = np.zeros(max(map(len, waveforms)), dtype=np.float32)
        for waveform in waveforms:
            mix[: len(waveform)] += waveform
    if not allow_silence and not np.any(mix):
        raise AudioError(f"{' + '.join(map(str, paths))} is silent (all samples are 0): copy it again or leave it out")
    return mix


def _whole(path: Path) -> np.ndarray:
    """All samples of a file, in [-1, 1]."""
    waveform, n_samples = np.empty(0, dtype=np.float32), 0
    for block in audio_blocks(path):
        begin, n_samples = n_samples, n_samples + len(block)
        if n_samples > _WHOLE_HOURS * 3600 * SAMPLE_RATE:
            raise AudioError(f"{path} is longer than {_WHOLE_HOURS} hours, too long to be read at once: split it")
        if not begin:
            waveform = block  # of short files all there is
            continue
        if n_samples > len(waveform):
            # Filled block by block: joining them would take twice the memory.
            waveform, first = np.empty(max(_announced_samples(path), begin + n_samples), dtype=np.float32), waveform
            waveform[:begin] = first[:begin]
        waveform[begin:n_samples] = block
    waveform = waveform[:n_samples]
    if (peak := peak_of(waveform)) > LIMIT:
        _scale(path, waveform, peak)
    return waveform


def _announced_samples(path: Path) -> int:
    """How many samples are to be expected, and a second more; no more is believed of a header than a file can hold."""
    seconds = min(duration_of(path) or 0.0, _WHOLE_HOURS * 3600, path.stat().st_size / decoding.FEWEST_BYTES)
    return round(seconds * SAMPLE_RATE) + SAMPLE_RATE


def _scale(path: Path, waveform: np.ndarray, peak: float) -> None:
    """Bring samples that reach `peak` into [-1, 1], in place: integers as floats are divided, noise of damaged files clipped."""
    if np.quantile(np.abs(waveform[:: max(1, len(waveform) // 100_000)]), 0.9) > 1:
        scale = next((2.0**bits for bits in (7, 15, 23, 31) if peak <= 2**bits), peak)
        waveform /= np.float32(scale)
        done = f"they were divided by {scale:,.0f}"
    else:
        waveform.clip(-1, 1, out=waveform)
        done = "those beyond 1 were clipped"
    tell(f"{path}: its samples reach {peak:,.0f} instead of 1; {done}")


def audio_blocks(path: Path | str) -> Iterator[np.ndarray]:
    """The recording as blocks of mono float32 samples at 44.1 kHz.

    Channels are averaged. Where that would cancel what is heard, their energies are summed; samples that only an error can have
    written are replaced; both is said in a warning.

    Raises AudioError, with a remedy, for a file that is missing, empty, truncated or damaged, holds NaN samples, needs ffmpeg where
    ffmpeg is not installed, or has a rate, a number of channels or a length out of bounds. Silence is not an error.
    """
    path = Path(path)
    check_file(path)
    empty = True
    try:
        for stream in decoding.streams(path):
            mono = _mono_blocks(path, _sound_blocks(path, stream), stream.rate, stream.channels)
            for block in resampled_blocks(mono, stream.rate):
                empty = empty and len(block) == 0
                yield block
    except OSError as error:
        raise AudioError(f"{path} cannot be read ({error.strerror or error}): check its permissions and the disk") from error
    if empty:
        raise AudioError(f"{path} holds no samples: copy or download it again")


def duration_of(path: Path) -> float | None:
    """Seconds that a file announces, None where that cannot be told: for progress only. It raises nothing."""
    try:
        return decoding.announced_seconds(Path(path)) if Path(path).is_file() else None  # a pipe would be waited for
    except (ValueError, OSError, RuntimeError, TypeError):  # soundfile's are RuntimeErrors
        return None


def check_file(path: Path) -> None:
    """Check a recording without decoding it. Raises AudioError where it is missing, empty, or text."""
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "is no regular file" if path.exists() else "does not exist"
        raise AudioError(f"{path} {kind}: check the path of the recording")
    try:
        with open(path, "rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise AudioError(f"{path} cannot be read ({error.strerror or error}): check its permissions and the disk") from error
    if not start:
        raise AudioError(f"{path} is empty (0 bytes): copy or download it again")
    if kind := next((kind for known, kind in _OTHER_FILES.items() if start.startswith(known)), None):
        raise AudioError(f"{path} is {kind}, not a recording: name another file or leave it out")
    if _is_text(start):
        raise AudioError(f"{path} cannot be read as audio (it is text): download it again or leave it out")


def _is_text(start: bytes) -> bool:
    """Whether this is a web page saved as song.mp3, as is common: ffmpeg would follow a playlist."""
    try:
        getincrementaldecoder("utf-8")().decode(start)  # incremental: the last character may be cut
    except UnicodeDecodeError:
        return False
    return b"\0" not in start  # every audio format has some in its header


def _mono_blocks(name: Path | str, blocks: Iterable[np.ndarray], rate: float, channels: int) -> Iterator[np.ndarray]:
    """Blocks `(n, channels)` mixed to one channel; warns where their average would not have been what is heard."""
    if channels == 1:
        yield from (np.ascontiguousarray(block[:, 0], dtype=np.float32) for block in blocks)
        return
    from adtlib.audio import downmix

    cancelled: list[int] = []
    yield from downmix.mixed(blocks, rate, cancelled.append)
    if seconds := sum(cancelled) / rate:
        tell(f"{name}: for {seconds:.1f} s its channels are out of phase and cancel: there the sum of their energies is heard")


def _sound_blocks(path: Path, stream: Stream) -> Iterator[np.ndarray]:
    """Blocks `(n, channels)` without NaN, and without single samples far out of range: these are replaced, with a warning."""
    begin, replaced = 0, []
    for block in stream.blocks:
        peak = peak_of(block)
        if not np.isfinite(peak):
            raise AudioError(f"{path} holds NaN or infinite samples: export it again or leave it out")
        if peak > LIMIT:
            block = block.copy()
            for channel in range(block.shape[1]):
                block[:, channel], found = repaired(block[:, channel], stream.rate)
                replaced += [(begin + sample) / stream.rate for sample in found]
        begin += len(block)
        yield block
    if replaced:
        tell(f"{path}: {clicks_in_words(replaced)}")


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
    channels = waveform[:, None] if waveform.ndim == 1 else waveform
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    parts = (channels[start : start + length] for start in range(0, len(channels), length))
    return resampled_blocks(_mono_blocks("the samples", _of_full_scale(parts), sample_rate, channels.shape[1]), sample_rate)


def _of_full_scale(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        peak = peak_of(block)
        if not np.isfinite(peak):
            raise ValueError("waveform holds NaN or infinite samples: repair the recording or leave it out")
        if peak > LIMIT:
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


def write_audio(path, waveform: np.ndarray) -> None:
    """Write `(n,)` or `(n, channels)` floats in [-1, 1] at 44.1 kHz in the format of the suffix, with 16 bits.

    Raises AudioError for samples past full scale (they would be clipped) and for NaN.
    """
    waveform = np.asarray(waveform)
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if not peak <= 1.0:  # also catches NaN
        raise AudioError(f"{path}: peak {peak:.3f} is outside [-1, 1] and would be clipped: scale the waveform first")
    path = Path(path)
    kind = path.suffix[1:].upper()
    with paths.replacing(path, durable=False) as file:
        named = {"format": kind, "subtype": None if kind == "MP3" else "PCM_16", "closefd": False}
        soundfile.write(file.fileno(), waveform, SAMPLE_RATE, **named)


def write_blocks(file: BinaryIO, blocks: Iterable[np.ndarray]) -> None:
    """Write mono blocks at 44.1 kHz as a 16-bit wav, to a new file that is open."""
    with soundfile.SoundFile(file.fileno(), "w", SAMPLE_RATE, 1, subtype="PCM_16", format="WAV", closefd=False) as sound:
        sound.comment = MADE_HERE  # so that it is not taken for a recording when the folder is transcribed again
        for block in blocks:
            sound.write(block)
