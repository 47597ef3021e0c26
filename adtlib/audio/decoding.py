"""Files decoded: libsndfile where it knows the content, else ffmpeg where it is installed. The suffix of a name does not count."""

import io
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from adtlib.audio import messages
from adtlib.audio.chunks import announced_contents, is_known
from adtlib.audio.pieces import AudioError, Contents, Piece, Pieces, Stream, tell

BLOCK_SECONDS = 10
# By these recordings are found in folders; what a file is decides its content.
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")
FFMPEG_SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac", ".mov", ".wma", ".webm", ".mkv", ".mka", ".ac3", ".ape", ".wv", ".amr")
_BLOCK_SAMPLES = 8_000_000  # of all channels, at most: 32 MB
_PAST_THE_END = 256  # samples that are asked for to find that there are no more
LOWEST_RATE, HIGHEST_RATE, MOST_CHANNELS = 2_000, 768_000, 64
# Longer than any concert or rehearsal; what is kept of it to be transcribed takes 15 MB an hour, with features 75 MB.
MOST_HOURS = 12
# More than this in less than 4 kbit/s, or in less than a hundredth of CD quality's bits, is no recording but what would fill the
# memory: silence, or a false header.
_SMALL_MINUTES, FEWEST_BYTES = 30, 500  # bytes a second
_SMALL_VALUES, _FEWEST_BYTES_A_VALUE = 160_000_000, 0.005  # samples of all channels


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
        tell(f"{path}: {found.remark}; {heard:.1f} s were heard")


def contents(file: BinaryIO) -> Contents:
    """The recordings in a file, and what contradicts its header."""
    size, start = _size_and_start(file)
    if is_known(start):
        return announced_contents(file, size, start)
    from adtlib.audio import mpeg  # only mp3 needs it

    return mpeg.frames_of(file, size, searching=False) or Contents()


def _size_and_start(file: BinaryIO) -> tuple[int, bytes]:
    """The bytes of a file, and the first four, by which formats are known."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size, file.read(4)


def announced_seconds(path: Path) -> float | None:
    """The duration that a header states, None where it states none or cannot be read."""
    with open(path, "rb") as file:
        seconds = None
        if not is_known(_size_and_start(file)[1]):
            from adtlib.audio import mpeg

            seconds = mpeg.estimated_seconds(file)
        if seconds is None:
            with _opened(file, ()) as sound:
                seconds = sound.frames / sound.samplerate
    return seconds if seconds <= MOST_HOURS * 3600 else None


def _decoded(path: Path, file: BinaryIO, found: Contents) -> Iterator[Stream]:
    """Streams as a decoder gives them."""
    try:
        first = _opened(file, found.parts[0] if found.parts else ())
    except soundfile.SoundFileError as error:
        reason, first = _reason(error), None
    if first is None:  # perhaps an mp3 with junk in front
        from adtlib.audio import mpeg

        searched = None if found.parts else mpeg.frames_of(file, file.seek(0, io.SEEK_END), searching=True)
        if searched is None:
            from adtlib.audio import ffmpeg  # few files need it

            yield from ffmpeg.streams(path, reason, file, FFMPEG_SUFFIXES)
            return
        yield from _decoded(path, file, searched)
        return
    errors: list[str] = []
    with first:
        yield Stream(first.samplerate, first.channels, _blocks(path, first, errors))
    for part in found.parts[1:]:
        try:
            sound = _opened(file, part)
        except soundfile.SoundFileError as error:
            raise AudioError(f"{path} is damaged in its middle ({_reason(error)}): copy or download it again") from error
        with sound:
            yield Stream(sound.samplerate, sound.channels, _blocks(path, sound, errors))
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        tell(f"{path}: parts of it are damaged and were not decoded ({errors[0]}{more})")


def _opened(file: BinaryIO, pieces: tuple[Piece, ...]) -> soundfile.SoundFile:
    """What libsndfile opens. It gets no name, as one that is no text or has another suffix would mislead it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    whole_file = not pieces and os.name == "posix"  # descriptors of Windows belong to one C library
    with messages.caught([]):
        return _Forward(file.fileno() if whole_file else Pieces(file, pieces or ((0, size),)), closefd=False)


def _blocks(path: Path, sound: soundfile.SoundFile, errors: list[str]) -> Iterator[np.ndarray]:
    size, read = max(1, min(BLOCK_SECONDS * sound.samplerate, _BLOCK_SAMPLES // sound.channels)), 0
    is_mp3 = sound.format == "MP3"
    announced = sound.frames if sound.frames < 2**62 and not is_mp3 else 0
    if announced > MOST_HOURS * 3600 * sound.samplerate:
        raise AudioError(f"{path} announces {announced / sound.samplerate / 3600:,.0f} hours: {_TOO_LONG}")
    integers = sound.subtype == "PCM_16"  # to the same floats as libsndfile's, in a third of its time
    try:
        while True:
            with messages.caught(errors) if is_mp3 else nullcontext():
                # What is asked for beyond the end is filled with zeros, which for short recordings takes longer than decoding.
                left = min(size, max(announced - read, _PAST_THE_END)) if announced else size
                samples = sound.read(left, dtype="int16" if integers else "float32", always_2d=True)
            if not len(samples):
                break
            read += len(samples)
            yield samples * np.float32(2**-15) if integers else samples
    except soundfile.SoundFileError as error:
        reason = f"{path} is truncated or damaged after {read / sound.samplerate:.0f} s or later ({_reason(error)})"
        raise AudioError(f"{reason}: copy or download it again") from error
    if 0 < read < announced:
        raise AudioError(f"{path} is truncated ({read:,} of {announced:,} samples): copy or download it again")


def _reason(error: soundfile.SoundFileError) -> str:
    return str(getattr(error, "error_string", error)).removeprefix("Error : ").strip().rstrip(".")


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
        size, values = self.path.stat().st_size, 0
        for block in self.blocks:
            self.seconds += len(block) / self.rate
            values += block.size
            if self.seconds > MOST_HOURS * 3600:
                raise AudioError(f"{self.path} is longer than {MOST_HOURS} hours: {_TOO_LONG}")
            small = self.seconds > _SMALL_MINUTES * 60 and size < FEWEST_BYTES * self.seconds
            if small or (values > _SMALL_VALUES and size < _FEWEST_BYTES_A_VALUE * values):
                minutes = f"{self.seconds / 60:.0f} minutes in {size:,} bytes"
                raise AudioError(f"{self.path} holds more than {minutes}: it is silent or damaged; leave it out")
            yield block
