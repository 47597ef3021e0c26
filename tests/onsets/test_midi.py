"""Writing MIDI: ticks become deltas, and a note ends before the next one of its pitch."""

import io

import mido
import pytest

from adtlib.onsets import midi


def ticks_of(track: mido.MidiTrack) -> list[tuple]:
    tick, found = 0, []
    for message in track:
        tick += message.time
        found.append((tick, message.type, getattr(message, "note", None)))
    return found


def test_a_note_ends_where_the_next_of_its_pitch_begins():
    events = midi.note_events([(0, 36, 90), (0, 38, 80), (30, 36, 70)], 40)
    assert ticks_of(midi.track(events)) == [
        (0, "note_on", 38),
        (0, "note_on", 36),
        (30, "note_off", 36),
        (30, "note_on", 36),
        (40, "note_off", 38),
        (70, "note_off", 36),
        (70, "end_of_track", None),
    ]
    assert {message.channel for _, message in events} == {midi.DRUM_CHANNEL}
    assert sorted(message.velocity for _, message in events) == [0, 0, 0, 70, 80, 90]


def test_settings_come_before_note_offs_and_these_before_note_ons():
    on, off = mido.Message("note_on", note=36, velocity=9), mido.Message("note_on", note=36, velocity=0)
    messages = midi.track([(5, on), (5, off), midi.tempo_event(5, 400_000)], end=9)
    assert [(m.type, getattr(m, "velocity", None), m.time) for m in messages] == [
        ("set_tempo", None, 5),
        ("note_on", 0, 0),
        ("note_on", 9, 0),
        ("end_of_track", None, 4),
    ]
    assert midi.track([(5, on)], end=3)[-1].time == 0, "a track does not end before its last message"


def test_a_tempo_is_limited_to_what_a_file_can_state():
    assert midi.tempo_event(0, 10**9)[1].tempo == 2**24 - 1


def test_the_bytes_are_those_of_the_file():
    content = midi.file_bytes([midi.track([], 7), midi.track([])], 96, kind=1)
    file = mido.MidiFile(file=io.BytesIO(content))
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 96, 2) and file.tracks[0][-1].time == 7
    assert midi.track([])[-1].time == 0, "nothing takes no time"


def file_of(track: bytes) -> bytes:
    return b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 96]) + b"MTrk" + len(track).to_bytes(4, "big") + track + b"\x00\xff\x2f\x00"


def test_a_velocity_above_the_highest_counts_as_the_highest(tmp_path):
    (tmp_path / "a.mid").write_bytes(file_of(b"\x00\x99\x24\xc8\x00\x99\x26\x50"))
    assert midi.read_velocities(tmp_path / "a.mid").velocities.tolist() == [127, 80]


@pytest.mark.parametrize("content", [b"\x07\xa1", b"\x00\x00\x00", b"\x00\x07\xa1\x20", b""])
def test_a_tempo_that_states_no_time_is_refused_with_its_track_and_tick(tmp_path, content):
    tempo = b"\x05\xff\x51" + bytes([len(content)]) + content
    (tmp_path / "a.mid").write_bytes(file_of(tempo + b"\x00\x99\x24\x50"))
    with pytest.raises(midi.MidiError, match=f"track 1 has a tempo of {len(content)} bytes, .*, at tick 5"):
        midi.read_velocities(tmp_path / "a.mid")
