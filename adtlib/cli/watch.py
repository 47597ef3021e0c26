"""`adt transcribe --watch`: recordings that arrive in a folder, found by looking again and again."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adtlib import paths
from adtlib.audio.files import AudioError
from adtlib.transcription.inputs import InputFile, search

SECONDS = 2.0  # between two looks: a file that is the same in both has arrived


def watch(folder: Path, say: Callable[[str], None], transcribe: Callable[[Sequence[InputFile]], int]) -> int:
    """Transcribe what lies in a folder and what arrives there, until Ctrl-C; 0.

    transcribe  recordings; what is wrong with them it says itself, and the next are transcribed all the same.
    """
    say(f"watching {paths.relative(folder)} for recordings; Ctrl-C ends it")
    try:
        for recordings in arrivals(folder):
            transcribe(recordings)
    except KeyboardInterrupt:
        say("ended; what was finished is kept")
    return 0


def arrivals(folder: Path, pause: Callable[[float], None] = time.sleep) -> Iterator[list[InputFile]]:
    """Recordings in a folder and below it, as soon as they have stopped growing; a file that changes later, again.

    Ends never. pause: called with the seconds between two looks.
    """
    before: dict[Path, tuple[int, int]] = {}
    given: dict[Path, tuple[int, int]] = {}
    while True:
        now = {recording: state for recording in _recordings(folder) if (state := _state(recording.path)) is not None}
        ready = [recording for recording, state in now.items() if before.get(recording.path) == state != given.get(recording.path)]
        given |= {recording.path: now[recording] for recording in ready}
        before = {recording.path: state for recording, state in now.items()}
        if ready:
            yield ready
        pause(SECONDS)


def _recordings(folder: Path) -> list[InputFile]:
    try:
        return search([folder])[0]
    except AudioError:  # there is none yet
        return []


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of change; None for a file that is empty as yet, or gone again."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return (about.st_size, about.st_mtime_ns) if about.st_size else None
