"""Written onsets to the letter, and which notes of a MIDI file count where nothing is said of channels."""

import mido
import numpy as np
import pytest

from adtlib.onsets import midi
from adtlib.onsets.annotations import read_annotation, read_onsets, write_onsets
from adtlib.vocabulary import GENERAL_MIDI

NONE = np.empty(0)
ONSETS = [np.array([0.5, 2.0]), np.array([0.5]), NONE, NONE, np.array([0.25])]


@pytest.mark.parametrize("suffix", [".txt", ".tsv", ".beats"])
def test_text_has_tabs_and_a_heading_that_is_a_comment(tmp_path, suffix):
    write_onsets(tmp_path / f"a{suffix}", ONSETS)
    expected = "# seconds\tclass\n0.250000\tCY\n0.500000\tKD\n0.500000\tSD\n2.000000\tKD\n"
    assert (tmp_path / f"a{suffix}").read_text() == expected


def test_a_csv_has_commas_and_a_heading_of_its_columns(tmp_path):
    write_onsets(tmp_path / "a.CSV", ONSETS)
    assert (tmp_path / "a.CSV").read_text() == "seconds,class\n0.250000,CY\n0.500000,KD\n0.500000,SD\n2.000000,KD\n"


def test_midi_is_on_channel_10_at_half_milliseconds(tmp_path):
    write_onsets(tmp_path / "a.mid", [np.array([0.5, 0.5104, 0.5106]), *[NONE] * 3, np.array([0.25])])
    file = mido.MidiFile(tmp_path / "a.mid")
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (0, 960, 1)
    ticks, notes = np.cumsum([message.time for message in file.tracks[0]]).tolist(), []
    for tick, message in zip(ticks, file.tracks[0], strict=True):
        if message.type.startswith("note"):
            assert message.channel == 9
            notes.append((tick, message.note, message.velocity if message.type == "note_on" else 0))
    # 2,000 ticks a second; a note lasts 40, or until the next one of its pitch.
    starts = [(500, 49, 100), (1_000, 36, 100), (1_021, 36, 100), (1_021, 36, 100)]
    ends = [(540, 49, 0), (1_021, 36, 0), (1_021, 36, 0), (1_061, 36, 0)]
    assert sorted(notes) == sorted(starts + ends)
    assert file.tracks[0][0].dict() == {"type": "set_tempo", "tempo": 480_000, "time": 0}


@pytest.mark.parametrize("name", ["a.txt", "a.mid"])
def test_a_file_is_replaced_by_a_whole_one(tmp_path, name):
    (tmp_path / name).write_bytes(b"before")
    (tmp_path / "same").hardlink_to(tmp_path / name)
    write_onsets(tmp_path / name, ONSETS)
    assert (tmp_path / "same").read_bytes() == b"before" != (tmp_path / name).read_bytes()


def test_without_a_word_on_channels_all_notes_count(tmp_path):
    events = [*midi.note_events([(0, 36, 100)], 10), *midi.note_events([(960, 38, 90)], 10, channel=0)]
    (tmp_path / "a.mid").write_bytes(midi.file_bytes([midi.track(events)], 960))
    for read in (lambda **options: read_annotation(tmp_path / "a.mid", GENERAL_MIDI, **options).onsets, read_all(tmp_path)):
        assert [times.tolist() for times in read()[:2]] == [[0.0], [0.5]]
        assert [times.tolist() for times in read(drum_channel_only=True)[:2]] == [[0.0], []]


def read_all(folder):
    return lambda **options: read_onsets(folder / "a.mid", GENERAL_MIDI, **options)


def test_the_tempo_changes_the_time_of_later_ticks_only():
    ticks = np.array([0, 960, 1_920, 2_880])
    assert midi.tick_seconds(ticks, [], 960).tolist() == [0, 0.5, 1.0, 1.5]
    assert midi.tick_seconds(ticks, [(960, 1_000_000), (1_920, 250_000)], 960).tolist() == [0, 0.5, 1.5, 1.75]
    assert midi.tick_seconds(ticks, [(0, 1_000_000), (0, 250_000)], 960).tolist() == [0, 0.25, 0.5, 0.75], "of two the last counts"
    # Time code: 25 frames a second of 40 ticks; 29 stands for 30 / 1.001.
    assert midi.tick_seconds(ticks, [(0, 1)], ((256 - 25) << 8 | 40) - 65_536).tolist() == [0, 0.96, 1.92, 2.88]
    assert midi.tick_seconds(np.array([1_200]), [], ((256 - 29) << 8 | 40) - 65_536) == pytest.approx(1.001)
    for division in (0, ((256 - 25) << 8) - 65_536):
        with pytest.raises(midi.MidiError, match="division"):
            midi.tick_seconds(ticks, [], division)


def test_a_track_has_settings_before_ends_and_ends_before_starts_and_may_end_later():
    on, off = (mido.Message(kind, note=36) for kind in ("note_on", "note_off"))
    tempo = midi.tempo_event(5, 2**25)
    assert tempo[1].tempo == 2**24 - 1
    track = midi.track([(5, on), (5, off), tempo, (2, on)], end=9)
    assert [(message.type, message.time) for message in track] == [
        ("note_on", 2), ("set_tempo", 3), ("note_off", 0), ("note_on", 0), ("end_of_track", 4)
    ]  # fmt: skip
    silent = mido.Message("note_on", note=36, velocity=0)
    assert [message.velocity for message in midi.track([(0, on), (0, silent)])[:2]] == [0, 64], "velocity 0 is an end"
    assert midi.track([(7, on)], end=3)[-1].time == 0
