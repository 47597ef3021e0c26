"""The MIDI file of a song: notes where they were heard, bar lines on the beats, a grid only when asked for."""

import io
from dataclasses import replace

import mido
import numpy as np
import pytest

from adtlib.notation.beats import Beats
from adtlib.notation.midi_files import song_midi
from adtlib.notation.tick_map import tick_map
from adtlib.onsets import midi
from adtlib.vocabulary import MIDI_PITCH

TICKS = 960


def steady(first: float, bpm: float, count: int = 40, position: int = 1) -> Beats:
    return Beats(first + np.arange(count) * 60 / bpm, (position - 1 + np.arange(count)) % 4 + 1)


def parsed(content: bytes) -> tuple[mido.MidiFile, dict]:
    """The file, and its meta messages by kind with their seconds."""
    file = mido.MidiFile(file=io.BytesIO(content))
    tempos, found, tick = [], {}, 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))
        found.setdefault(message.type, []).append((tick, message))
    seconds = {
        kind: [(float(midi.tick_seconds(np.array([tick]), tempos, TICKS)[0]), message) for tick, message in messages]
        for kind, messages in found.items()
    }
    return file, seconds


def read(content: bytes, tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    seconds, pitches, velocities, others, _ = midi.read_velocities(path, midi.DRUM_CHANNEL)
    assert others == 0
    order = np.lexsort((pitches, seconds))
    return seconds[order], pitches[order], velocities[order]


@pytest.mark.parametrize("first", [0.0, 0.0004, 0.013, 0.05, 0.31, 1.7, -0.02, -0.2])
@pytest.mark.parametrize("bpm", [63, 117.3, 200])
def test_notes_stay_where_they_were_heard(rng, tmp_path, first, bpm):
    seconds = np.sort(rng.uniform(0, 20, 300))
    classes = rng.choice(list(MIDI_PITCH), 300)
    hard = rng.integers(1, 128, 300)
    notes = [(float(s), str(c), int(v)) for s, c, v in zip(seconds, classes, hard, strict=True)]
    content = song_midi(notes, steady(first, bpm, 120), MIDI_PITCH, 21.0, "song")
    found, pitches, velocities = read(content, tmp_path)
    assert len(found) >= 298, "only two notes of a pitch within half a millisecond become one"
    wanted = {(c, v): [] for _, c, v in notes}
    for s, c, v in notes:
        wanted[c, v].append(s)
    names = {pitch: name for name, pitch in MIDI_PITCH.items()}
    for time, pitch, velocity in zip(found, pitches, velocities, strict=True):
        assert min(abs(time - s) for s in wanted[names[int(pitch)], int(velocity)]) < 0.0006
    assert mido.MidiFile(file=io.BytesIO(content)).length == pytest.approx(21.0, abs=0.002)


@pytest.mark.parametrize(("first", "position"), [(0.0, 1), (0.31, 1), (0.1, 1), (0.1, 3), (2.4, 2), (-0.3, 1)])
def test_bar_lines_lie_on_the_beats(first, position):
    beats = steady(first, 113.0, 60, position)
    file, meta = parsed(song_midi([(1.0, "KD", 90)], beats, MIDI_PITCH, 25.0))
    start, signature = meta["time_signature"][-1]
    assert (signature.numerator, signature.denominator) == (4, 4)
    wanted = float(beats.downbeats[beats.downbeats >= 0][0])
    wanted -= wanted // (240 / 113) * (240 / 113)  # bars begin before the beats that are known
    assert start == pytest.approx(wanted, abs=0.001)
    if len(meta["time_signature"]) == 2:  # a bar before it, exactly as long as what is left
        tick = sum(message.time for message in file.tracks[0][: [m.type for m in file.tracks[0]].index("set_tempo") + 1])
        assert tick == 0
        pickup = meta["time_signature"][0][1]
        ticks = 4 * TICKS * pickup.numerator // pickup.denominator
        assert float(midi.tick_seconds(np.array([ticks]), tempos_of(file), TICKS)[0]) == pytest.approx(wanted, abs=0.001)


def tempos_of(file: mido.MidiFile) -> list[tuple[int, int]]:
    tempos, tick = [], 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))
    return tempos


@pytest.mark.parametrize("first", [-0.03, 0.013, 0.03])
def test_a_bar_line_at_the_start_but_for_milliseconds_is_the_start(first):
    beats = steady(first, 113.0, 60)
    content = song_midi([], beats, MIDI_PITCH, 25.0)
    file, meta = parsed(content)
    assert [(time, signature.numerator) for time, signature in meta["time_signature"]] == [(0, 4)]
    assert mido.tempo2bpm(meta["set_tempo"][0][1].tempo) == pytest.approx(113, rel=0.02)
    ticks = 4 * TICKS * np.arange(1, 14)
    np.testing.assert_allclose(midi.tick_seconds(ticks, tempos_of(file), TICKS), beats.downbeats[1:14], atol=0.006)


@pytest.mark.parametrize("position", [1, 2, 4])
@pytest.mark.parametrize("first", [-0.02, 0.0, 0.02, 0.04, 0.05, 0.09, 0.12, 0.2, 0.31, 0.47])
def test_notation_programs_find_strokes_on_the_beats_of_every_bar(first, position):
    """They round to thirty-seconds, counted from the bar lines: so the first bar does not begin with a rest and odd notes."""
    beats = steady(first, 120.0, 24, position)
    notes = [(float(at), "KD", 90) for at in beats.times if at >= 0]
    file = mido.MidiFile(file=io.BytesIO(song_midi(notes, beats, MIDI_PITCH, 12.5)))
    starts, now, tick = [], None, 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "time_signature":
            starts.append(tick)
    first_bar = starts[-1]
    ticks, now = [], 0
    for message in file.tracks[1]:
        now += message.time
        if message.type == "note_on":
            ticks.append(now)
    rounded = {round((tick - first_bar) / (TICKS / 8)) % 8 for tick in ticks}
    assert rounded == {0}
    assert first_bar < 4 * TICKS, "an upbeat is shorter than a bar"
    tempi = [60e6 / tempo for _, tempo in tempos_of(file)]
    assert min(tempi) > 55 and max(tempi) < 250, "what a sequencer can play"


def test_an_intro_without_drums_has_ordinary_bars():
    """The first beat known is the third of its bar, at 9.1 s: before it come 18 beats, and before those a sixteenth."""
    _, meta = parsed(song_midi([(9.1, "KD", 90)], steady(9.1, 120.0, 20, 3), MIDI_PITCH, 15.0))
    assert [(m.numerator, m.denominator) for _, m in meta["time_signature"]] == [(1, 16), (4, 4)]
    assert meta["time_signature"][-1][0] == pytest.approx(0.1, abs=0.001)
    assert len(meta["set_tempo"]) == 2


def test_a_whole_bar_before_the_first_bar_line_has_the_metre_of_the_others():
    _, meta = parsed(song_midi([], steady(2.0, 120.0), MIDI_PITCH, 9.0))
    assert [(time, m.numerator, m.denominator) for time, m in meta["time_signature"]] == [(0, 4, 4)]


def test_a_drifting_tempo_needs_few_changes_and_keeps_to_the_beats():
    period = np.interp(np.arange(300), [0, 100, 300], [0.5, 0.52, 0.48])
    times = np.concatenate([[0.4], 0.4 + np.cumsum(period)])
    beats = Beats(times, np.arange(len(times)) % 4 + 1)
    _, meta = parsed(song_midi([], beats, MIDI_PITCH, float(times[-1])))
    assert len(meta["set_tempo"]) < 60
    tempos, _ = [(0, 0)], None
    file = mido.MidiFile(file=io.BytesIO(song_midi([], beats, MIDI_PITCH, float(times[-1]))))
    tick, tempos, signatures = 0, [], []
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))
        elif message.type == "time_signature":
            signatures.append(tick)
    ticks = signatures[-1] + TICKS * np.arange(len(times))
    np.testing.assert_allclose(midi.tick_seconds(ticks, tempos, TICKS), times, atol=0.006)


def test_beats_around_those_of_a_click_have_one_tempo_after_the_upbeat_or_the_first_bar(rng):
    for first, start in ((0.31, 0.31), (0.01, 4.0)):  # from the first beat on; from the second bar or, if it hardly differs, later
        beats = steady(first, 120.0, 120)
        played = Beats(beats.times + rng.uniform(-0.03, 0.03, 120), beats.positions)
        file, meta = parsed(song_midi([], played, MIDI_PITCH, 60.0))
        (_, upbeat), (at, held) = meta["set_tempo"]
        assert mido.tempo2bpm(held.tempo) == pytest.approx(120, abs=0.1)
        assert mido.tempo2bpm(upbeat.tempo) == pytest.approx(120, rel=0.2)
        assert 0 < at < start + 0.02
        ticks = 4 * TICKS * np.arange(20) + meta_ticks(file)
        np.testing.assert_allclose(midi.tick_seconds(ticks[1:], tempos_of(file), TICKS), beats.downbeats[1:20], atol=0.015)


def test_a_first_beat_that_is_heard_at_the_start_begins_the_file_though_the_even_one_lies_later():
    beats = steady(0.045, 120.0, 64)
    heard = replace(beats, times=np.concatenate([[0.017], beats.times[1:]]))
    assert tick_map(beats, steady=True).lead > 0
    assert tick_map(heard, steady=True).lead == 0


def test_a_tempo_that_drifts_or_breaks_off_is_not_that_of_a_click():
    slower = np.cumsum(np.interp(np.arange(200), [0, 200], [0.5, 0.51]))
    pause = steady(0.0, 120.0, 200).times + np.where(np.arange(200) < 100, 0, 0.25)
    for times in (slower, pause):
        file, meta = parsed(song_midi([], Beats(times, np.arange(200) % 4 + 1), MIDI_PITCH, 100.0))
        assert len(meta["set_tempo"]) > 2
        bars = midi.tick_seconds(4 * TICKS * np.arange(1, 40) + meta_ticks(file), tempos_of(file), TICKS)
        np.testing.assert_allclose(bars, times[4:160:4], atol=0.006)


def meta_ticks(file: mido.MidiFile) -> int:
    """Ticks before the last time signature of the first track."""
    ticks = np.cumsum([message.time for message in file.tracks[0]])
    return int(ticks[max(i for i, message in enumerate(file.tracks[0]) if message.type == "time_signature")])


@pytest.mark.parametrize("quantise", [8, 12, 16, 24, 32])
def test_a_grid_is_kept_when_asked_for(rng, quantise):
    beats = steady(0.31, 100.0, 60)
    notes = [(float(s), "SD", 80) for s in np.sort(rng.uniform(0.4, 20, 100))]
    file = mido.MidiFile(file=io.BytesIO(song_midi(notes, beats, MIDI_PITCH, 21.0, quantise=quantise)))
    pickup = next(message for message in file.tracks[0] if message.type == "time_signature")
    start = 4 * TICKS * pickup.numerator // pickup.denominator
    ticks, tick = [], 0
    for message in file.tracks[1]:
        tick += message.time
        if message.type == "note_on":
            ticks.append(tick)
    assert len(set(ticks)) == len(ticks) > 20
    assert all((at - start) % (4 * TICKS // quantise) == 0 for at in ticks)
    exact = {round(float(beats.at(s)) * TICKS) + start for s, _, _ in notes}
    assert all(min(abs(at - e) for e in exact) <= 2 * TICKS // quantise + 1 for at in ticks)


def test_of_two_notes_on_one_place_the_louder_stays():
    beats = steady(0.0, 120.0)
    content = song_midi([(0.99, "KD", 40), (1.01, "KD", 90), (1.01, "SD", 20)], beats, MIDI_PITCH, 3.0, quantise=16)
    track = mido.MidiFile(file=io.BytesIO(content)).tracks[1]
    assert sorted((m.note, m.velocity) for m in track if m.type == "note_on") == [(36, 90), (38, 20)]


def test_an_empty_song_is_a_valid_file(tmp_path):
    for duration in (0.0, 0.3, 12.0):
        content = song_midi([], steady(0.0, 120.0), MIDI_PITCH, duration, "nothing")
        assert len(read(content, tmp_path)[0]) == 0
        assert mido.MidiFile(file=io.BytesIO(content)).length == pytest.approx(duration, abs=0.002)


def test_names_in_any_script_and_unknown_grids():
    song_midi([], steady(0.0, 120.0), MIDI_PITCH, 1.0, "cóunter・attàck")
    with pytest.raises(ValueError, match="quantise = 5"):
        song_midi([], steady(0.0, 120.0), MIDI_PITCH, 1.0, quantise=5)
