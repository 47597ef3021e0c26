"""Recordings as files and as samples: which files are meant by a path, and their samples block by block, whatever their length.

libsndfile reads wav, flac, ogg, mp3, aiff and more. Other files (m4a, mp4, webm, ...) are read through the program ffmpeg
where it is installed.
"""

import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile

from adtlib.audio import AudioError, _check_no_text, _check_wav_is_whole, _reason
from adtlib.features import SAMPLE_RATE

BLOCK_SECONDS = 10
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")
# What only other programs read, by suffix: a file of another suffix that libsndfile refuses is damaged.
FFMPEG_SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac", ".mov", ".wma", ".webm", ".mkv", ".mka", ".ac3", ".ape", ".wv", ".amr")
_LOUDEST = 10  # of samples in memory: a sum of several recordings passes 1, integers made floats pass this
MADE_HERE = "adt transcribe"  # in the comment of sounds that are written beside transcriptions


# --- files -------------------------------------------------------------------------------------------------------------


class Recording(NamedTuple):
    """A recording, and where below a folder of results what is made of it belongs: a path without suffix."""

    path: Path
    target: Path


def find_recordings(given: Sequence[Path | str]) -> list[Recording]:
    """The recordings that paths of files and folders name, each once, in the order given; in folders by name, subfolders too.

    A file's target is its stem, that of one found in a folder keeps its subfolders below it. Of recordings that would have one
    target all get their suffix, their folder or a number as well. Sounds that `adt transcribe --listen` made are left out, of
    folders as hidden files are, and of files with a warning, since `*.wav` names them too. A file that does not exist is kept:
    who reads it will say so.

    Raises AudioError where nothing is given or left, or where a folder holds no recording.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    made_here = []
    for path in [Path(each).expanduser() for each in given]:
        if not path.is_dir():
            if _is_made_here(path):
                made_here.append(path.name)
            else:
                found.setdefault(path.resolve(), (path, Path(path.stem)))
            continue
        inside = [file for file in sorted(path.rglob("*")) if _is_recording(file.relative_to(path), file)]
        if not inside:
            listed = " ".join(suffix.lstrip(".") for suffix in AUDIO_SUFFIXES)
            raise AudioError(f"{path}: no recording in this folder or below it: name another, or files ({listed}, ...)")
        for file in inside:
            found.setdefault(file.resolve(), (file, file.relative_to(path).with_suffix("")))
    named = ", ".join(made_here[:3]) + (f" and {len(made_here) - 3} more" if len(made_here) > 3 else "")
    left_out = f"left out, as 'adt transcribe' itself made it: {named}; rename what is to be transcribed all the same"
    if not found:
        raise AudioError(left_out if made_here else "no recording was given: name files or folders")
    if made_here:
        warnings.warn(left_out, stacklevel=2)
    return _told_apart([Recording(*entry) for entry in found.values()])


def _is_recording(name: Path, file: Path) -> bool:
    if any(part.startswith(".") for part in name.parts) or file.suffix.lower() not in AUDIO_SUFFIXES + FFMPEG_SUFFIXES:
        return False
    return file.is_file() and not _is_made_here(file)


def _is_made_here(file: Path) -> bool:
    if not file.name.lower().endswith((".clicks.wav", ".drums.wav")):
        return False
    try:
        with soundfile.SoundFile(file) as sound:
            return sound.comment == MADE_HERE
    except (soundfile.LibsndfileError, OSError):
        return False


def _told_apart(recordings: list[Recording]) -> list[Recording]:
    """Recordings with a target each."""

    def shared(entries: list[Recording]) -> Counter:
        # As file systems that ignore case see them.
        return Counter(str(entry.target).casefold() for entry in entries)

    for rename in (
        lambda entry: entry.target.with_name(entry.target.name + entry.path.suffix.replace(".", "_")),
        lambda entry: entry.target.with_name(f"{entry.path.resolve().parent.name}_{entry.target.name}"),
    ):
        counts = shared(recordings)
        recordings = [
            entry._replace(target=rename(entry)) if counts[str(entry.target).casefold()] > 1 else entry for entry in recordings
        ]
    taken, final = set(), []
    for entry in recordings:
        target, number = entry.target, 1
        while str(target).casefold() in taken:
            number += 1
            target = entry.target.with_name(f"{entry.target.name}_{number}")
        taken.add(str(target).casefold())
        final.append(entry._replace(target=target))
    return final


# --- samples -----------------------------------------------------------------------------------------------------------


def duration_of(path: Path) -> float | None:
    """Seconds that a file announces, None where libsndfile cannot tell: for progress only."""
    try:
        return soundfile.info(path).duration
    except (soundfile.LibsndfileError, OSError):
        return None


def check_file(path: Path) -> None:
    """What can be said of a recording at once. Raises AudioError where it is missing, empty, or a text."""
    if not path.is_file():
        raise AudioError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give the path of a recording")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes): copy or download it again")
    if path.suffix.lower() not in FFMPEG_SUFFIXES:
        _check_no_text(path)


def audio_blocks(path: Path | str) -> Iterator[np.ndarray]:
    """The recording as blocks of mono float32 samples at 44.1 kHz, as `read_audio` would return them in one piece.

    Raises AudioError, with a remedy, where the file is missing, empty, truncated, damaged, holds NaN samples, or is of a kind that
    needs ffmpeg and ffmpeg is not there. Silence is no error.
    """
    path = Path(path)
    check_file(path)
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


def array_blocks(waveform: npt.ArrayLike, sample_rate: int) -> Iterator[np.ndarray]:
    """Samples in memory, `(n,)` or `(n, channels)` floats in [-1, 1], as blocks of mono float32 at 44.1 kHz.

    Raises ValueError for integers or floats of their size, for other shapes, NaN, or a rate that is none.
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
    """Blocks of mono samples at `rate` Hz, brought to 44.1 kHz."""
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr  # only recordings at other rates need it

    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
