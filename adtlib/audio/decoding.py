"""Files decoded: libsndfile where it knows the content, else ffmpeg where it is installed. The suffix of a name does not count."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from adtlib.audio import ffmpeg, mpeg
from adtlib.audio.chunks import announced_contents
from adtlib.audio.pieces import AudioError, Contents, Piece, Pieces, Stream

BLOCK_SECONDS = 10
# By these recordings are found in folders; what a file is decides its content.
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")
FFMPEG_SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac", ".mov", ".wma", ".webm", ".mkv", ".mka", ".ac3", ".ape", ".wv", ".amr")
_BLOCK_SAMPLES = 8_000_000  # of all channels, at most: 32 MB
LOWEST_RATE, HIGHEST_RATE, MOST_CHANNELS = 2_000, 768_000, 64
# Longer than any concert or rehearsal; what is kept of it to be transcribed takes 15 MB an hour, with features 75 MB.
MOST_HOURS = 12
# More than this time in less than 4 kbit/s is no recording but a file that would fill the memory: silence, or a false header.
_SMALL_MINUTES, FEWEST_BYTES = 30, 500  # bytes a second


class _Forward(soundfile.SoundFile):
    """Read from the start to the end, without the seek after each read: it fails in flac files that do not state their length."""

    def seekable(self) -> bool:
        return False


def streams(path: Path) -> Iterator[Stream]:
    """The recordings in a file, nearly always one; each is to be read before the next. Warns of what was not as its header says.

    Raises AudioError for what cannot be decoded, is cut, or lies outside the bounds of this module.
    """
    heard = 0.0
    with open(path, "rb") as file:
        found = contents(file)
        if found.broken:
            raise AudioError(f"{path} {found.broken}: copy or download it again")
        for stream in _decoded(path, file, found):
            _check_bounds(path, stream)
            counted = _Counted(path, stream.blocks, stream.rate, heard)
            yield Stream(stream.rate, stream.channels, iter(counted))
            heard = counted.seconds
    if found.remark:
        warnings.warn(f"{path}: {found.remark}; {heard:.1f} s were heard", stacklevel=2)


def contents(file: BinaryIO) -> Contents:
    """The recordings in a file, and what contradicts its header."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(4)
    found = mpeg.frames_of(file, size, searching=False)
    return announced_contents(file, size, start) if found is None else found


def announced_seconds(path: Path) -> float | None:
    """The duration that a header states, None where it states none or cannot be read."""
    with open(path, "rb") as file:
        if (seconds := mpeg.estimated_seconds(file)) is None:
            file.seek(0)
            with _Forward(_source(file, ()), closefd=False) as sound:
                seconds = sound.frames / sound.samplerate
    return seconds if seconds <= MOST_HOURS * 3600 else None


def _decoded(path: Path, file: BinaryIO, found: Contents) -> Iterator[Stream]:
    """Streams as a decoder gives them."""
    with ExitStack() as opened:
        try:
            first = opened.enter_context(_opened(file, found.parts[0] if found.parts else ()))
        except soundfile.LibsndfileError as error:
            reason = _reason(error)
        else:
            yield _read(path, first)
            for part in found.parts[1:]:
                with _opened(file, part) as sound:
                    yield _read(path, sound)
            return
    searched = mpeg.frames_of(file, file.seek(0, io.SEEK_END), searching=True)
    if searched is not None:  # an mp3 with junk in front
        yield from _decoded(path, file, searched)
        return
    yield from ffmpeg.streams(path, reason, file, FFMPEG_SUFFIXES)


def _opened(file: BinaryIO, pieces: tuple[Piece, ...]) -> soundfile.SoundFile:
    return _Forward(_source(file, pieces), closefd=False)


def _source(file: BinaryIO, pieces: tuple[Piece, ...]) -> int | Pieces:
    """What libsndfile opens: no name, as one that is no text or has another suffix would mislead it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    whole_file = not pieces and os.name == "posix"  # descriptors of Windows belong to one C library
    return file.fileno() if whole_file else Pieces(file, pieces or ((0, size),))


def _read(path: Path, sound: soundfile.SoundFile) -> Stream:
    return Stream(sound.samplerate, sound.channels, _blocks(path, sound))


def _blocks(path: Path, sound: soundfile.SoundFile) -> Iterator[np.ndarray]:
    size, read = max(1, min(BLOCK_SECONDS * sound.samplerate, _BLOCK_SAMPLES // sound.channels)), 0
    announced = sound.frames if sound.frames < 2**62 and sound.format != "MP3" else 0
    if announced > MOST_HOURS * 3600 * sound.samplerate:
        raise AudioError(f"{path} announces {announced / sound.samplerate / 3600:,.0f} hours: {_TOO_LONG}")
    try:
        while len(samples := sound.read(size, dtype="float32", always_2d=True)):
            read += len(samples)
            yield samples
    except soundfile.LibsndfileError as error:
        reason = f"{path} is truncated or damaged after {read / sound.samplerate:.0f} s or later ({_reason(error)})"
        raise AudioError(f"{reason}: copy or download it again") from error
    if 0 < read < announced:
        raise AudioError(f"{path} is truncated ({read:,} of {announced:,} samples): copy or download it again")


def _reason(error: soundfile.LibsndfileError) -> str:
    return error.error_string.removeprefix("Error : ").strip().rstrip(".")


# --- bounds --------------------------------------------------------------------------------------------------------------

_TOO_LONG = f"recordings of up to {MOST_HOURS} are read; split it"


def _check_bounds(path: Path, stream: Stream) -> None:
    if not LOWEST_RATE <= stream.rate <= HIGHEST_RATE:
        raise AudioError(
            f"{path} has a sampling rate of {stream.rate:,} Hz, outside {LOWEST_RATE:,} to {HIGHEST_RATE:,}: "
            "if its header is wrong, state the right rate in it; else convert the file to 44,100 Hz"
        )
    if stream.channels > MOST_CHANNELS:
        raise AudioError(f"{path} has {stream.channels} channels, of which up to {MOST_CHANNELS} are read: mix it down to stereo")


class _Counted:
    """The blocks of a stream; AudioError as soon as they last longer than a recording can."""

    def __init__(self, path: Path, blocks: Iterator[np.ndarray], rate: int, before: float) -> None:
        self.path, self.blocks, self.rate, self.seconds = path, blocks, rate, before

    def __iter__(self) -> Iterator[np.ndarray]:
        size = self.path.stat().st_size
        for block in self.blocks:
            self.seconds += len(block) / self.rate
            if self.seconds > MOST_HOURS * 3600:
                raise AudioError(f"{self.path} is longer than {MOST_HOURS} hours: {_TOO_LONG}")
            if self.seconds > _SMALL_MINUTES * 60 and size < FEWEST_BYTES * self.seconds:
                minutes = f"{self.seconds / 60:.0f} minutes in {size:,} bytes"
                raise AudioError(f"{self.path} holds more than {minutes}: it is silent or damaged; leave it out")
            yield block
