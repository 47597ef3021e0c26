"""What `adt transcribe` wrote is recognised by its content, and only as long as nobody corrected it."""

import mido
import pytest
import soundfile

from adtlib.audio.files import MADE_HERE
from adtlib.onsets import own, smf

NOTES = [(0, 36, 90), (240, 38, 70), (480, 36, 1)]


def midi(path, mark, kind="text"):
    """A file with NOTES and a meta event that carries `mark`; notes end as those of many programs do, with velocity 0."""
    file, track = mido.MidiFile(), mido.MidiTrack()
    file.tracks.append(track)
    text = {"text": {"text": mark}, "track_name": {"name": mark}}[kind]
    track.append(mido.MetaMessage(kind, **text))
    before = 0
    for tick, pitch, velocity in NOTES:
        track.append(mido.Message("note_on", channel=9, note=pitch, velocity=velocity, time=tick - before))
        track.append(mido.Message("note_on", channel=9, note=pitch, velocity=0))
        before = tick
    file.save(path)
    return path


def table(path, first_line):
    path.write_bytes(first_line + b"\n0.500,KD,36,100,0.900\n")
    return path


def sound(path, comment):
    with soundfile.SoundFile(path, "w", 44100, 1) as file:
        file.comment = comment
        file.write([0.0] * 10)
    return path


def test_the_mark_of_a_midi_file_depends_on_its_notes_and_not_on_their_order():
    assert own.midi_mark(NOTES) == own.midi_mark(NOTES[::-1]) != own.midi_mark(NOTES[:2])
    assert own.midi_mark(NOTES).startswith(MADE_HERE + " ")


def test_a_midi_file_is_own_while_its_mark_fits_its_notes(tmp_path):
    assert own.is_own(midi(tmp_path / "a.mid", own.midi_mark(NOTES))) is True
    assert own.is_own(midi(tmp_path / "b.MIDI", own.midi_mark(NOTES))) is True
    assert own.is_own(midi(tmp_path / "corrected.mid", own.midi_mark(NOTES[:2]))) is False
    assert own.is_own(midi(tmp_path / "named.mid", own.midi_mark(NOTES), kind="track_name")) is False
    assert own.is_own(midi(tmp_path / "other.mid", "a song")) is False


def test_a_midi_file_too_large_to_be_read_is_not_own(tmp_path, monkeypatch):
    path = midi(tmp_path / "a.mid", own.midi_mark(NOTES))
    monkeypatch.setattr(smf, "MAX_BYTES", path.stat().st_size)
    assert own.is_own(path) is True
    monkeypatch.setattr(smf, "MAX_BYTES", path.stat().st_size - 1)
    assert own.is_own(path) is False


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"  "])
def test_a_table_is_own_by_its_heading(tmp_path, before):
    heading = ",".join(own.COLUMNS).encode()
    assert own.is_own(table(tmp_path / "a.csv", before + heading)) is True
    assert own.is_own(table(tmp_path / "b.csv", before + heading.replace(b",confidence", b""))) is False
    assert own.is_own(table(tmp_path / "c.csv", before + heading + b"\xff")) is False


def test_a_sound_is_own_by_its_name_and_comment(tmp_path):
    assert own.is_own(sound(tmp_path / "a.clicks.wav", MADE_HERE)) is True
    assert own.is_own(sound(tmp_path / "a.drums.wav", "mine")) is False
    assert own.is_own(sound(tmp_path / "a.wav", MADE_HERE)) is False


@pytest.mark.parametrize("name", ["none.mid", "none.csv", "none.drums.wav", "none"])
def test_what_cannot_be_read_is_not_own(tmp_path, name):
    assert own.is_own(tmp_path / name) is False
    (tmp_path / name).write_bytes(b"no MIDI")
    assert own.is_own(tmp_path / name) is False
