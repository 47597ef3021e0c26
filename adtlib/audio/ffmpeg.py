"""Files that libsndfile does not know, decoded by ffmpeg where it is installed. What ffmpeg says of a file is read, too."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.pieces import AudioError, Stream, tell

# Kinds of files that libsndfile does not read: where in the file which bytes are found.
_KINDS = {
    "mp4": (4, b"ftyp"),
    "Matroska": (0, b"\x1a\x45\xdf\xa3"),
    "Windows Media": (0, b"\x30\x26\xb2\x75"),
    "WavPack": (0, b"wvpk"),
    "Monkey's Audio": (0, b"MAC "),
    "True Audio": (0, b"TTA1"),
    "AMR": (0, b"#!AMR"),
    "AC-3": (0, b"\x0b\x77"),
    "AAC": (0, b"\xff\xf1"),
    "AAC of MPEG 2": (0, b"\xff\xf9"),
    "this kind of Ogg": (0, b"OggS"),
}
_HEADERLESS = (".raw", ".pcm", ".sln", ".sw", ".uw", ".sb", ".ub", ".al", ".ul")  # ffmpeg would guess rate and channels
_BLOCK_VALUES = 441_000  # of all channels: ten seconds of one
_MESSAGE_BYTES = 1 << 20  # of badly damaged files there is more
_MISSING = 0.5, 0.02  # seconds, and share, that may be missing: containers state durations roughly
_GUESSED = "Estimating duration from bitrate"
_NO_SOUND_FOUND = "misdetection possible"  # said where random bytes look like one frame of mp3
_NOT_READ = "Format not on whitelist"
_SOUND = re.compile(r"\[info\]   Stream #0:\d+.*: Audio: ")
_DURATION = re.compile(r"\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+)")  # indented by two; titles are by four and more

# Of ffmpeg's formats those that hold sound themselves: playlists name other files, which it would read.
_FORMATS = (
    "aac,ac3,eac3,amr,ape,asf,avi,caf,dsf,dts,flac,flv,matroska,mov,mp3,mpeg,mpegts,mpegvideo,mxf,ogg,rm,tak,truehd,tta,wav,w64,wv"
)


def streams(path: Path, refusal: str, file: BinaryIO, suffixes: tuple[str, ...]) -> Iterator[Stream]:
    """The first sound of a file as one stream at 44.1 kHz. Warns where less is heard than is announced.

    refusal   why libsndfile does not read it.
    suffixes  of names that say that a file needs ffmpeg.

    Raises AudioError where ffmpeg cannot read it either, or is not installed.
    """
    if path.suffix.lower() in _HEADERLESS:
        raise AudioError(
            f"{path} has no header that states rate, channels and size of its samples: convert it to wav, for example with "
            f"ffmpeg -f s16le -ar 44100 -ac 2 -i '{path.name}' '{path.stem}.wav'"
        )
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(_without_ffmpeg(path, refusal, file, suffixes))
    command = [program, "-hide_banner", "-nostdin", "-nostats", "-v", "level+info"]
    command += ["-protocol_whitelist", "file", "-format_whitelist", _FORMATS, "-i", f"file:{path}", "-map", "0:a:0"]
    command += ["-ar", str(SAMPLE_RATE), "-c:a", "pcm_f32be", "-f", "au", "-"]
    # Its messages go to a file: a pipe that nobody reads would fill up and block it.
    with tempfile.TemporaryFile() as messages, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages) as process:
        try:
            header = process.stdout.read(24)
            if len(header) == 24:
                offset, channels = int.from_bytes(header[4:8], "big"), int.from_bytes(header[20:24], "big")
                process.stdout.read(offset - 24)
                counted = _Blocks(process.stdout, channels)
                yield Stream(SAMPLE_RATE, channels, iter(counted))
            process.wait()
        finally:
            process.kill()  # needed where the reader stops early, harmless after the end
        messages.seek(0)
        said = messages.read(_MESSAGE_BYTES).decode(errors="replace")
    heard = counted.samples / SAMPLE_RATE if len(header) == 24 else 0.0
    if process.returncode or _NO_SOUND_FOUND in said:
        raise AudioError(_refused(path, refusal, said))
    if remark := _remark(said, heard):
        tell(f"{path}: {remark}")


class _Blocks:
    """The blocks that ffmpeg writes, float32 `(n, channels)`; counts their samples."""

    def __init__(self, pipe: BinaryIO, channels: int) -> None:
        self.pipe, self.channels, self.samples = pipe, channels, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        size = 4 * self.channels
        while len(content := self.pipe.read(_BLOCK_VALUES // self.channels * size)) >= size:
            values = np.frombuffer(content, dtype=">f4", count=len(content) // size * self.channels)
            self.samples += len(values) // self.channels
            yield values.astype(np.float32).reshape(-1, self.channels)


def _without_ffmpeg(path: Path, refusal: str, file: BinaryIO, suffixes: tuple[str, ...]) -> str:
    file.seek(0)
    start = file.read(16)
    kind = next((name for name, (at, known) in _KINDS.items() if start[at : at + len(known)] == known), None)
    if kind is None and path.suffix.lower() not in suffixes:
        return f"{path} cannot be read as audio ({refusal}): copy it again or convert it to wav"
    return (
        f"{path}: reading {kind or path.suffix} needs ffmpeg, which is not installed; install it, or convert the file elsewhere: "
        f"ffmpeg -i '{path.name}' '{path.stem}.wav'"
    )


def _refused(path: Path, refusal: str, said: str) -> str:
    if "Input #0" in said and "Audio:" not in said:
        return f"{path} has no sound: name another file, or leave it out"
    if _NO_SOUND_FOUND in said or _NOT_READ in said:
        return f"{path} cannot be read as audio ({refusal}): its content is no sound; copy it again or leave it out"
    reason = (_errors(said) or ["no reason given"])[0]
    return f"{path} cannot be read as audio ({refusal}; ffmpeg: {reason}): copy it again or convert it to wav"


def _errors(said: str) -> list[str]:
    found = (re.search(r"\[(?:error|fatal|panic)\] (.+)", line) for line in said.splitlines())
    return [match[1].strip() for match in found if match]


def _remark(said: str, heard: float) -> str:
    """In what the content differs from what is announced, "" if in nothing."""
    stated = None if _GUESSED in said else _DURATION.search(said)
    announced = sum(float(value) * unit for value, unit in zip(stated.groups(), (3600, 60, 1), strict=True)) if stated else None
    errors, parts = _errors(said), []
    if announced is not None and heard < announced - max(_MISSING[0], _MISSING[1] * announced):
        parts.append(f"{heard:.1f} s were heard of the {announced:.1f} s that it announces")
    elif errors:
        parts.append(f"{heard:.1f} s were heard")
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        parts.append(f"ffmpeg could not decode parts of it ({errors[0]}{more})")
    if (tracks := len(_SOUND.findall(said.split("Stream mapping:")[0]))) > 1:
        parts.append(f"the first of its {tracks} sound tracks was heard")
    return "; ".join(parts)
