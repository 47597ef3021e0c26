"""Writing MIDI: ticks become deltas, and a note ends before the next one of its pitch."""

import io

import mido

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
