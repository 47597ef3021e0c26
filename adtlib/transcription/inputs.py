"""Which recordings a path stands for: a file, or all recordings in a folder."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import soundfile

from adtlib.audio.files import AUDIO_SUFFIXES, FFMPEG_SUFFIXES, MADE_HERE, AudioError

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
