"""Time signatures: found from how strokes repeat, or stated; and what they mean for beats, MIDI and scores."""

import io
import xml.etree.ElementTree as ET
from fractions import Fraction

import mido
import numpy as np
import pytest

from adtlib.notation.beats import Beats, track_beats
from adtlib.notation.midi_files import placed_notes, song_midi
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.patterns import beat_groups, song_pattern
from adtlib.notation.time_signatures import beat_length, beats_a_bar, check_meter, repetition
from adtlib.vocabulary import CLASSES, MIDI_PITCH

# What a bar holds: positions in quarter notes for each class, and the quarter notes a minute at which it is played.
EIGHTHS = np.arange(16) / 2
PLAYED = {
    "waltz": ((3, 4), {"KD": (0,), "SD": (1, 2), "HH": (0, 1, 2)}, (96, 150)),
    "rock in three": ((3, 4), {"KD": (0, 0.5), "SD": (2,), "HH": EIGHTHS[:6]}, (85, 90)),
    "jazz waltz": ((3, 4), {"KD": (0,), "HH": (1,), "CY": (0, 1, 5 / 3, 2, 8 / 3)}, (120, 170)),
    "six eight": ((6, 8), {"KD": (0, 1), "SD": (1.5,), "HH": EIGHTHS[:6]}, (84, 105)),
    "five four": ((5, 4), {"KD": (0, 2.5), "SD": (1, 4), "HH": EIGHTHS[:10]}, (100, 130)),
    "swung five": ((5, 4), {"KD": (0, 3), "SD": (4,), "HH": (1, 3), "CY": (0, 1, 5 / 3, 2, 3, 4)}, (140, 170)),
    "seven eight": ((7, 8), {"KD": (0, 2), "SD": (1, 3), "HH": EIGHTHS[:7]}, (110, 150)),
    "three, two, two": ((7, 8), {"KD": (0, 2.5), "SD": (1.5,), "HH": EIGHTHS[:7]}, (120, 160)),
    "seven four": ((7, 4), {"KD": (0, 2, 4, 5.5), "SD": (1, 3, 5, 6), "HH": EIGHTHS[:14]}, (105, 130)),
    "rock": ((4, 4), {"KD": (0, 2, 2.5), "SD": (1, 3), "HH": EIGHTHS[:8]}, (90, 140)),
    "three, three, two": ((4, 4), {"KD": (0, 1.5, 3), "SD": (1, 3), "HH": EIGHTHS[:8]}, (90, 130)),
    "half time": ((4, 4), {"KD": (0, 1.5), "SD": (2,), "HH": EIGHTHS[:8]}, (120, 160)),
    "double time": ((4, 4), {"KD": EIGHTHS[:8], "SD": EIGHTHS[:8] + 0.25, "HH": EIGHTHS[:8]}, (80, 100)),
    "shuffle": ((4, 4), {"KD": (0, 2), "SD": (1, 3), "HH": (0, 2 / 3, 1, 5 / 3, 2, 8 / 3, 3, 11 / 3)}, (100, 140)),
}


def played(style: str, bpm: float, rng=None, bars: int = 24, start: float = 0.6):
    """(onsets, seconds of bar lines); a crash every eight bars. With `rng` strokes scatter by 10 ms, one in twenty is missing."""
    (beats, unit), pattern, _ = PLAYED[style]
    quarters = 4 * beats / unit
    lines = start + quarters * 60 / bpm * np.arange(bars + 1)
    onsets = []
    for label in CLASSES:
        times = np.add.outer(lines[:-1], np.array(pattern.get(label, ())) * 60 / bpm).ravel()
        times = np.unique(np.concatenate([times, lines[:-1:8]])) if label == "CY" else np.sort(times)
        if rng is not None:
            times = times[rng.random(len(times)) >= 0.05]
            times = np.sort(np.maximum(times + rng.normal(0, 0.01, len(times)), 0))
        onsets.append(times)
    return onsets, lines


def on_bar_lines(beats: Beats, lines: np.ndarray) -> bool:
    """Whether all bar lines were found, and no others."""
    inside = beats.downbeats[(beats.downbeats > lines[0] - 0.1) & (beats.downbeats < lines[-1] + 0.1)]
    return len(inside) == len(lines) and np.abs(inside - lines).max() < 0.05


@pytest.mark.parametrize("style", PLAYED)
def test_time_signatures_and_bar_lines_are_found(rng, style):
    meter, _, tempi = PLAYED[style]
    for bpm in tempi:
        onsets, lines = played(style, bpm, rng)
        beats = track_beats(onsets, lines[-1])
        assert beats.meter == meter, f"{bpm} quarter notes a minute"
        assert on_bar_lines(beats, lines) or style in ("half time", "double time")  # their tempo may be halved or doubled
        assert beats.times[0] <= lines[0] and beats.times[-1] >= lines[-1]


@pytest.mark.parametrize("style", ["waltz", "five four", "seven eight", "rock"])
def test_a_short_song_or_one_that_repeats_nothing_is_in_four(rng, style):
    """Two bars, and strokes anywhere: neither shows a bar."""
    onsets, lines = played(style, 100, bars=2)
    assert track_beats(onsets, lines[-1]).meter == (4, 4)
    assert track_beats([np.sort(rng.uniform(0, 30, 40)) for _ in CLASSES], 30).meter == (4, 4)


def test_a_bar_is_told_from_the_bars_before_it():
    """In three: three beats predict better than two, four or five, whatever is struck."""
    strokes = np.zeros((60 * 12, 5), dtype=np.float32)
    strokes[::36, 0], strokes[12::36, 1], strokes[24::36, 1] = 1, 1, 1
    told = {beats: repetition(strokes, Fraction(beats)) for beats in (2, 3, 4, 5)}
    assert max(told, key=told.get) == 3
    assert told[3] > told[4] + 50


@pytest.mark.parametrize(("style", "bpm"), [("waltz", 150), ("rock in three", 130), ("six eight", 96), ("seven eight", 130)])
def test_what_is_stated_is_kept_with_and_without_a_tempo(rng, style, bpm):
    meter = PLAYED[style][0]
    onsets, lines = played(style, bpm, rng)
    for tempo in (None, bpm):
        beats = track_beats(onsets, lines[-1], tempo, meter)
        assert beats.meter == meter
        assert beats.tempo == pytest.approx(bpm, rel=0.02)
        assert on_bar_lines(beats, lines)
    other = track_beats(onsets, lines[-1], None, (11, 8))
    assert other.meter == (11, 8) and (np.diff(other.positions) % 11 == 1).all()
    silent = track_beats([np.empty(0)] * 5, 9.0, bpm, meter)
    assert not silent.found and silent.meter == meter and silent.tempo == pytest.approx(bpm)


def test_a_bar_that_would_double_a_stated_tempo_is_not_read(rng):
    onsets, lines = played("seven eight", 120, rng)
    assert track_beats(onsets, lines[-1]).tempo == pytest.approx(120, rel=0.02)
    assert track_beats(onsets, lines[-1], 60).tempo == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize("meter", [(1, 4), (17, 8), (3, 2), (0, 4), (4, 16)])
def test_time_signatures_that_are_not_written_are_refused(meter):
    with pytest.raises(ValueError, match="2 to 16 quarters or eighths"):
        track_beats([np.empty(0)] * 5, 9.0, None, meter)


def test_beats_of_a_time_signature():
    assert [beat_length(meter) for meter in ((3, 4), (6, 8), (7, 8), (12, 8))] == [
        1,
        Fraction(3, 2),
        Fraction(1, 2),
        Fraction(3, 2),
    ]
    assert [beats_a_bar(meter) for meter in ((3, 4), (6, 8), (7, 8), (12, 8))] == [3, 2, 7, 4]
    check_meter((16, 4))
    assert beat_groups((7, 8)) == [1, 1, Fraction(3, 2)] and beat_groups((5, 8)) == [1, Fraction(3, 2)]


def test_bars_of_six_eight_may_be_counted_from_any_eighth():
    beats = Beats(np.arange(20) * 0.9, np.arange(20) % 2 + 1, True, (6, 8))
    moved = beats.with_bar_at(6.05)  # eighths are 0.3 s long
    assert np.abs(moved.downbeats - 6.0).min() < 1e-9
    assert np.diff(moved.downbeats) == pytest.approx(1.8)
    assert (np.diff(beats.with_bar_at(0.91).times) == np.diff(beats.times)).all()


# --- files ---------------------------------------------------------------------------------------------------------------


def song(style: str, bpm: float):
    onsets, lines = played(style, bpm)
    notes = sorted((float(at), label, 90) for label, times in zip(CLASSES, onsets, strict=True) for at in times)
    return notes, track_beats(onsets, lines[-1]), lines


@pytest.mark.parametrize(("style", "bpm"), [("waltz", 100), ("six eight", 96), ("five four", 120), ("seven eight", 130)])
def test_midi_files_have_signature_tempo_and_bars(style, bpm):
    meter = PLAYED[style][0]
    notes, beats, lines = song(style, bpm)
    file = mido.MidiFile(file=io.BytesIO(song_midi(notes, beats, MIDI_PITCH, lines[-1] + 1)))
    signatures = [message for message in file.tracks[0] if message.type == "time_signature"]
    assert (signatures[-1].numerator, signatures[-1].denominator) == meter
    tempi = [60e6 / message.tempo for message in file.tracks[0] if message.type == "set_tempo"][1:]
    assert tempi == pytest.approx([bpm] * len(tempi), rel=0.02)
    played_at = sorted(m.time for m in absolute(file) if m.type == "note_on" and m.velocity)
    assert np.abs(np.array(played_at) - [at for at, _, _ in notes]).max() < 0.001
    bar = 960 * 4 * meter[0] // meter[1]
    kicks = [tick for tick, pitch in placed_notes(notes, beats, MIDI_PITCH, 16) if pitch == MIDI_PITCH["KD"]]
    first = min(kicks)
    assert {(tick - first) % bar for tick in kicks} == {round(at * 960) for at in PLAYED[style][1]["KD"]}


def absolute(file: mido.MidiFile) -> list[mido.Message]:
    """All messages, their times in seconds from the start."""
    now, found = 0.0, []
    for message in file:
        now += message.time
        found.append(message.copy(time=now))
    return found


@pytest.mark.parametrize(("style", "bpm", "beamed"), [("six eight", 96, [3, 3]), ("seven eight", 130, [2, 2, 3])])
def test_scores_are_beamed_by_beats(style, bpm, beamed):
    notes, beats, _ = song(style, bpm)
    pattern = song_pattern(notes, beats)
    assert pattern.meter == PLAYED[style][0]
    assert pattern.bpm == pytest.approx(bpm, rel=0.02)
    score = ET.fromstring(to_musicxml(pattern))
    time = score.find(".//time")
    assert (int(time.findtext("beats")), int(time.findtext("beat-type"))) == pattern.meter
    hats = [note for note in score.findall(".//measure")[3].iter("note") if note.findtext("voice") == "1"]
    hats = [note for note in hats if note.find("chord") is None]
    marks = [note.findtext("beam") for note in hats]
    assert marks == [mark for count in beamed for mark in ("begin", *["continue"] * (count - 2), "end")]
    divisions = int(score.findtext(".//divisions"))
    for measure in score.iter("measure"):
        lengths = [
            int(note.findtext("duration"))
            for note in measure.iter("note")
            if note.find("chord") is None and note.findtext("voice") == "1"
        ]
        assert sum(lengths) == pattern.bar_length * divisions
