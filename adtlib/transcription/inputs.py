"""The recordings to transcribe that paths of files and folders name."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import soundfile

from adtlib.audio.files import AUDIO_SUFFIXES, FFMPEG_SUFFIXES, MADE_HERE, AudioError

SUFFIXES = (*AUDIO_SUFFIXES, *FFMPEG_SUFFIXES)  # of recordings

# --- files -------------------------------------------------------------------------------------------------------------


class InputFile(NamedTuple):
    """A recording, and the path of its results, without suffix, relative to the folder of results."""

    path: Path
    target: Path


def find_recordings(given: Sequence[Path | str]) -> list[InputFile]:
    """The recordings that paths of files and folders name, each once, in the order given; folders with subfolders, by name.

    The target of a file is its stem; that of a file found in a folder includes its subfolders. Recordings that would share a
    target get their suffix, their folder or a number added. Sounds that `adt transcribe --listen` made are left out: silently in
    folders, as hidden files are, and with a warning where they are given, since `*.wav` names them too. A file that does not
    exist is kept, and fails when it is read.

    Raises AudioError where no path is given, where all are left out, or where a folder contains no recording.
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
    left_out = f"left out, as 'adt transcribe' itself made it: {named}; rename a file to transcribe it nevertheless"
    if not found:
        raise AudioError(left_out if made_here else "no recording was given: name files or folders")
    if made_here:
        warnings.warn(left_out, stacklevel=2)
    return _with_unique_targets([InputFile(*entry) for entry in found.values()])


def _is_recording(name: Path, file: Path) -> bool:
    if any(part.startswith(".") for part in name.parts) or file.suffix.lower() not in SUFFIXES:
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


def _with_unique_targets(recordings: list[InputFile]) -> list[InputFile]:
    """The recordings, with a target of its own for each."""

    for rename in (
        lambda entry: entry.target.with_name(entry.target.name + entry.path.suffix.replace(".", "_")),
        lambda entry: entry.target.with_name(f"{entry.path.resolve().parent.name}_{entry.target.name}"),
    ):
        counts = Counter(str(entry.target).casefold() for entry in recordings)  # some file systems ignore case
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
