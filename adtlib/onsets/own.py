"""Recognising what `adt transcribe` wrote: it is no recording, and no annotation unless somebody corrected it.

Sounds carry the comment MADE_HERE. MIDI files carry a text event with it and a checksum of their notes, so that a corrected file is
its editor's. Tables have the heading COLUMNS, whose last column no annotation by hand has, and KIND_COLUMNS where kinds are known.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path

import soundfile

from adtlib.audio.files import MADE_HERE
from adtlib.onsets import smf

COLUMNS = ("time_seconds", "class", "pitch", "velocity", "confidence")  # of tables
KIND_COLUMNS = ("kind", "kind_confidence")
_HEADINGS = {",".join(COLUMNS), ",".join((*COLUMNS, *KIND_COLUMNS))}
SOUNDS = ("clicks.wav", "drums.wav")  # kinds of sounds, which end the names of their files after a point
SOUND_SUFFIXES = tuple(f".{kind}" for kind in SOUNDS)


def midi_mark(notes: Iterable[tuple[int, int, int]]) -> str:
    """The text event of a file with these notes (tick, pitch, velocity), in any order."""
    return f"{MADE_HERE} {zlib.crc32(repr(sorted(notes)).encode()):08x}"


def is_own(path: Path) -> bool:
    """Whether `adt transcribe` wrote this sound, MIDI file or table, and its notes are as it wrote them."""
    name = path.name.lower()
    try:
        if name.endswith(smf.MIDI_SUFFIXES):
            return _is_own_midi(path)
        if name.endswith(".csv"):
            with path.open("rb") as file:
                return file.readline(200).removeprefix(b"\xef\xbb\xbf").strip().decode("ascii", "replace") in _HEADINGS
        if name.endswith(SOUND_SUFFIXES):
            with path.open("rb") as file, soundfile.SoundFile(file) as sound:
                return sound.comment == MADE_HERE
    except (OSError, soundfile.LibsndfileError, smf.MidiError):
        pass  # whoever reads it as a recording or an annotation says why it cannot be read
    return False


def _is_own_midi(path: Path) -> bool:
    if path.stat().st_size > smf.MAX_BYTES or MADE_HERE.encode() not in (content := path.read_bytes()):
        return False
    events = [event for track in smf.parse(content).tracks for event in track]
    marks = {text for _, status, kind, text in events if status == smf.META and kind == smf.TEXT}
    notes = [(tick, pitch, velocity) for tick, status, pitch, velocity in events if status & 0xF0 == 0x90 and velocity]
    return midi_mark(notes).encode() in marks
