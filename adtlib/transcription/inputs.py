"""The recordings to transcribe that paths of files and folders name."""

import os
import stat
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from adtlib.audio.files import AUDIO_SUFFIXES, FFMPEG_SUFFIXES, AudioError, check_file
from adtlib.onsets.own import SOUND_SUFFIXES, is_own
from adtlib.transcription.formats import FORMATS

SUFFIXES = (*AUDIO_SUFFIXES, *FFMPEG_SUFFIXES)  # of recordings
# A kind of results may end like another: take.notes.mid is the chart of take.wav and the MIDI file of take.notes.wav.
_INNER = [one.removesuffix(f".{other}") for one in FORMATS for other in FORMATS if one.endswith(f".{other}")]
_NO_FILES = {stat.S_ISFIFO: "a pipe", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device", stat.S_ISSOCK: "a socket"}

# --- files -------------------------------------------------------------------------------------------------------------


class InputFile(NamedTuple):
    """A recording, and the path of its results, without suffix, relative to the folder of results."""

    path: Path
    target: Path


def find_recordings(given: Sequence[Path | str]) -> list[InputFile]:
    """The recordings that `search` finds; AudioError where there are none, else a warning for each problem."""
    found, problems = search(given)
    if not found:
        raise AudioError("; ".join(problems))
    for problem in problems:
        warnings.warn(problem, stacklevel=2)
    return found


def search(given: Sequence[Path | str]) -> tuple[list[InputFile], list[str]]:
    """The recordings that paths of files and folders name, each once, in the order given; folders with subfolders, by name.

    The target of a file is its stem; that of a file found in a folder includes its subfolders. Recordings that would share a
    target get their suffix, their folder or a number added. Sounds that `adt transcribe --listen` made are left out: silently in
    folders, as hidden files are, and with a warning where they are given, since `*.wav` names them too. A file that does not
    exist is kept, and fails when it is read.

    Returns the recordings and, in a sentence each, what could not be searched: folders that may not be read or hold no recording.
    AudioError where no path is given, or where all are left out.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    made_here: list[str] = []
    problems: list[str] = []
    for path in given:
        if not str(path):
            problems.append("a path is empty, as that of a variable that is not set: name files or folders")
            continue
        try:
            for file, target in _named_by(Path(path).expanduser(), made_here, problems):
                found.setdefault(real_path(file), (file, target))
        except (OSError, ValueError, RuntimeError) as error:  # the last: a home that nobody has
            problems.append(f"{path}: {getattr(error, 'strerror', None) or error}; check this path")
    named = ", ".join(made_here[:3]) + (f" and {len(made_here) - 3} more" if len(made_here) > 3 else "")
    left_out = f"left out, as 'adt transcribe' itself made it: {named}; rename a file to transcribe it nevertheless"
    if not found and not problems:
        raise AudioError(left_out if made_here else "no recording was given: name files or folders")
    if made_here:
        warnings.warn(left_out, stacklevel=2)
    return _with_unique_targets([InputFile(*entry) for entry in found.values()]), problems


def real_path(path: Path) -> Path:
    """The path without links; links in a circle stay."""
    return Path(os.path.realpath(path))


def check_recording(path: Path) -> None:
    """Check a recording without decoding it. Raises AudioError where it is no file, is missing, empty, or text."""
    mode = path.stat().st_mode if path.exists() else 0
    for kind, words in _NO_FILES.items():
        if kind(mode):
            raise AudioError(f"{path} is {words}, not a file: write its sound to a file first, and give that")
    check_file(path)


def _named_by(path: Path, made_here: list[str], problems: list[str]) -> Iterator[tuple[Path, Path]]:
    """(recording, target) of a given path. The names of sounds made here, and problems of folders, are added to the lists."""
    if not os.path.isdir(path):  # unlike Path's, it raises nothing where the path may not be looked at
        if _is_made_here(path):
            made_here.append(path.name)
        else:
            yield path, Path(path.stem)
        return
    unread: list[OSError] = []
    inside = sorted(_recordings_below(path, unread))
    problems += [f"{error.filename}: this folder cannot be read ({error.strerror}); check its permissions" for error in unread]
    if not inside and not unread:
        listed = " ".join(suffix.lstrip(".") for suffix in AUDIO_SUFFIXES)
        problems.append(f"{path}: no recording in this folder or below it: name another, or files ({listed}, ...)")
    for file in inside:
        yield file, file.relative_to(path).with_suffix("")


def _recordings_below(folder: Path, unread: list[OSError]) -> Iterator[Path]:
    """Files that are recordings by their suffix, unless they are hidden or made here. Links to folders are not followed."""
    for where, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(where, name)
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES and not _is_made_here(file):
                yield file


def _is_made_here(file: Path) -> bool:
    return file.name.lower().endswith(SOUND_SUFFIXES) and os.path.isfile(file) and is_own(file)


def _with_unique_targets(recordings: list[InputFile]) -> list[InputFile]:
    """The recordings, with a target of its own for each. A target whose results nobody else has stays as it is."""
    targets = [entry.target for entry in recordings]
    final: dict[int, Path] = {}
    for rename in (
        lambda entry, target: target,
        lambda entry, target: target.with_name(target.name + entry.path.suffix.replace(".", "_")),
        lambda entry, target: target.with_name(f"{real_path(entry.path).parent.name}_{target.name}"),
    ):
        taken = {key for target in final.values() for key in _keys(target)}
        waiting = [index for index in range(len(recordings)) if index not in final]
        for index in waiting:
            targets[index] = rename(recordings[index], targets[index])
        counts = Counter(key for index in waiting for key in _keys(targets[index]))
        free = [index for index in waiting if all(counts[key] == 1 and key not in taken for key in _keys(targets[index]))]
        final |= {index: targets[index] for index in free}
    taken = {key for target in final.values() for key in _keys(target)}
    for index, target in enumerate(targets):
        if index not in final:
            numbered = chain([target], (target.with_name(f"{target.name}_{number}") for number in count(2)))
            final[index] = next(each for each in numbered if not _keys(each) & taken)
            taken |= _keys(final[index])
    return [entry._replace(target=final[index]) for index, entry in enumerate(recordings)]


def _keys(target: Path) -> set[str]:
    """What the names of its results begin with; targets with one in common may have results of one name."""
    name = str(target).casefold()  # some file systems ignore case
    return {name, *(f"{name}.{inner}" for inner in _INNER)}
