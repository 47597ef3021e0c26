"""Scores: what is written is what was played, where a drummer looks for it; engraving and stretching keep it in place."""

import threading
import xml.etree.ElementTree as ET
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.evaluation.examples import example_pattern
from adtlib.notation.engraving import engrave, stretched, svg_curve
from adtlib.notation.midi_files import midi_events, midi_notes, write_midi
from adtlib.notation.musicxml import DIVISIONS, PLACES, to_musicxml
from adtlib.notation.patterns import Hit, Pattern, beat_groups, grid_positions, pattern_from_rows, quantise
from adtlib.onsets.annotations import read_onsets
from adtlib.onsets.midi import read_notes
from adtlib.vocabulary import GENERAL_MIDI, MIDI_PITCH


def pattern_of(*hits, n_bars=1, meter=(4, 4), bpm=100.0):
    return Pattern(tuple(sorted(Hit(Fraction(beat), pitch, 84) for beat, pitch in hits)), n_bars, bpm, meter)


def notes_of(pattern):
    return ET.fromstring(to_musicxml(pattern)).findall("part/measure/note")


def values(notes, tag):
    return [note.findtext(tag) for note in notes]


# --- MusicXML ----------------------------------------------------------------------------------------------------------


def test_every_stroke_stands_on_its_line_with_its_notehead_in_its_voice():
    pattern = pattern_of((0, 36), (0, 42), (1, 38), (2, 49), (3, 44))
    by_id = {note.get("id"): note for note in notes_of(pattern) if note.get("id")}
    written = [
        (n.findtext("unpitched/display-step"), n.findtext("unpitched/display-octave"), n.findtext("notehead"), n.findtext("stem"))
        for n in (by_id[f"hit-{index}"] for index in range(5))
    ]
    kick, hat, snare, crash, pedal = written
    assert kick == ("F", "4", "normal", "down") and hat == ("G", "5", "x", "up") and snare == ("C", "5", "normal", "up")
    assert crash == ("A", "5", "x", "up") and pedal == ("D", "4", "x", "down")


def test_midi_unpitched_counts_from_one():
    """Programs that play the score would strike the neighbouring instrument otherwise."""
    root = ET.fromstring(to_musicxml(pattern_of((0, 36))))
    assert root.findtext("part-list/score-part/midi-instrument/midi-unpitched") == "37"
    assert root.findtext("part-list/score-part/midi-instrument/midi-channel") == "10"


def test_lengths_reach_to_the_next_stroke_or_the_end_of_the_beat():
    notes = notes_of(pattern_of((0, 38), ("1.25", 38), (2, 38), ("2.75", 38)))
    kinds = [(n.find("rest") is not None, n.findtext("type"), len(n.findall("dot"))) for n in notes]
    assert kinds == [
        (False, "quarter", 0),
        (True, "16th", 0),
        (False, "eighth", 1),
        (False, "eighth", 1),
        (False, "16th", 0),
        (True, "quarter", 0),
    ]


def test_eighths_are_beamed_by_half_bars_and_sixteenths_by_beats():
    eighths = notes_of(pattern_of(*[(Fraction(n, 2), 42) for n in range(8)]))
    assert values(eighths, "beam") == ["begin", "continue", "continue", "end"] * 2
    mixed = notes_of(pattern_of((0, 42), ("0.5", 42), ("0.75", 42), (1, 42), ("1.5", 42), (2, 42), (3, 42)))
    beams = [[beam.text for beam in note.findall("beam")] for note in mixed]
    assert beams[:5] == [["begin"], ["continue", "begin"], ["end", "end"], ["begin"], ["end"]]


def test_triplets_have_their_ratio_and_bracket():
    notes = notes_of(pattern_of((0, 38), (Fraction(1, 3), 38), (Fraction(2, 3), 38), (1, 38)))
    assert [n.find("time-modification") is not None for n in notes[:4]] == [True, True, True, False]
    assert [n.find("notations/tuplet").get("type") for n in (notes[0], notes[2])] == ["start", "stop"]


def test_accents_ghost_notes_and_open_hi_hats_are_marked():
    pattern = pattern_from_rows({38: "X..g............", 46: "......x........."})
    by_pitch = {n.get("id"): n for n in notes_of(pattern) if n.get("id")}
    assert by_pitch["hit-0"].find("notations/articulations/accent") is not None
    assert by_pitch["hit-1"].find("notehead").get("parentheses") == "yes"
    assert by_pitch["hit-2"].find("notations/technical/open-string") is not None


def test_what_cannot_be_written_is_refused():
    with pytest.raises(KeyError, match="60"):
        to_musicxml(pattern_of((0, 60)))
    with pytest.raises(ValueError, match="quantise"):
        to_musicxml(pattern_of(("0.2", 38)))
    with pytest.raises(ValueError, match="4/3"):
        pattern_of(meter=(4, 3))
    with pytest.raises(ValueError, match="outside 1 bars"):
        pattern_of((4, 38))


@st.composite
def patterns(draw):
    meter = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (12, 8), (2, 2)]))
    length = Fraction(4 * meter[0], meter[1])
    n_bars = draw(st.integers(1, 3))
    simple = all(group == 1 for group in beat_groups(meter))
    hits = set()
    for beat in range(int(n_bars * length)):
        steps = draw(st.sampled_from([4, 8, 3])) if simple else 4
        for step in draw(st.sets(st.integers(0, steps - 1), max_size=4)):
            hits |= {(beat + Fraction(step, steps), pitch) for pitch in draw(st.sets(st.sampled_from(sorted(PLACES)), max_size=3))}
    return pattern_of(*hits, n_bars=n_bars, meter=meter)


@settings(max_examples=60, deadline=None)
@given(patterns())
def test_both_voices_fill_every_bar_and_every_stroke_is_written_where_it_is(pattern):
    found = {}
    bar_divisions = pattern.bar_length * DIVISIONS
    for bar, measure in enumerate(ET.fromstring(to_musicxml(pattern)).findall("part/measure")):
        now = 0
        for element in measure:
            if element.tag == "backup":
                assert now == bar_divisions
                now = 0
            elif element.tag == "note":
                duration = int(element.findtext("duration"))
                start = now - duration if element.find("chord") is not None else now
                if element.get("id"):
                    found[element.get("id")] = bar * pattern.bar_length + Fraction(start, DIVISIONS)
                now = start + duration
        assert now == bar_divisions
    assert found == {f"hit-{index}": hit.beat for index, hit in enumerate(pattern.hits)}


# --- from onsets and to MIDI -------------------------------------------------------------------------------------------


def test_a_performance_with_a_hand_s_errors_is_quantised_to_what_was_meant(rng):
    meant = pattern_of(*[(Fraction(n, 2), 42) for n in range(8)], (0, 36), (1, 38), (3, 38), ("3.75", 38))
    played = [np.sort(times + rng.normal(0, 0.006, len(times))) for times in meant.onsets(lead_in=1.0)]
    found = quantise(played, 1.0 + 0.6 * np.arange(5))
    assert {(hit.beat, hit.pitch) for hit in found.hits} == {(hit.beat, hit.pitch) for hit in meant.hits}
    assert found.n_bars == 1 and found.bpm == pytest.approx(100)


def test_triplets_are_told_from_sixteenths_and_a_last_beat_may_be_followed():
    thirds = pattern_of(*[(Fraction(n, 3), MIDI_PITCH["SD"]) for n in range(24)], n_bars=2)
    found = quantise(thirds.onsets(), [0.0, 0.6])  # the tempo goes on after the last beat that is given
    assert [hit.beat for hit in found.hits] == [hit.beat for hit in thirds.hits]


def test_a_swung_hi_hat_between_the_grids_is_steadily_triplets(rng):
    """Its second stroke lies at 0.62 of the beat: now triplets are nearer and now a half of it, if each beat decides alone."""
    swung = np.sort(np.concatenate([np.arange(32), np.arange(32) + rng.normal(0.62, 0.02, 32)]))
    swung[25] = swung[24] + 0.53  # one that is nearly straight changes nothing
    positions = grid_positions([np.empty(0)] * 3 + [0.5 * swung, np.empty(0)], 0.5 * np.arange(33))[3]
    assert positions == [beat + part for beat in range(32) for part in (Fraction(0), Fraction(2, 3))]


def test_triplets_in_one_beat_of_a_straight_song_and_a_stray_stroke():
    eighths = np.arange(0, 16, 0.5)
    fill = [np.arange(9, 10, 1 / 3), np.array([4.64])]  # the second is one stroke, late: no reason for triplets
    positions = grid_positions([0.5 * eighths[eighths != 9.5], 0.5 * fill[0], 0.5 * fill[1], [], []], 0.5 * np.arange(17))
    assert positions[0] == [Fraction(eighth) for eighth in eighths if eighth != 9.5]
    assert positions[1] == [9, Fraction(28, 3), Fraction(29, 3)]
    assert positions[2][0].denominator in (1, 2, 4)


def test_a_grid_that_is_named_holds_for_every_beat(rng):
    times = np.sort(rng.uniform(0, 16, 60))
    for steps in (1, 3, 4, 8):
        positions = grid_positions([times] + [np.empty(0)] * 4, np.arange(17.0), steps=steps)[0]
        assert all((at * steps).denominator == 1 for at in positions)
        np.testing.assert_allclose(np.array(positions, dtype=float), times, atol=0.5 / steps)


def test_onsets_before_the_first_beat_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match="a bar earlier"):
        quantise([np.array([0.1]), *[np.empty(0)] * 4], [1.0, 1.5])
    assert quantise([np.empty(0)] * 5, [0.0, 0.5]).n_bars == 1


def test_a_pattern_comes_back_from_its_midi_file(tmp_path):
    pattern = example_pattern()
    path = write_midi(tmp_path / "scores" / "pattern.mid", pattern)
    for times, expected in zip(read_onsets(path, GENERAL_MIDI), pattern.onsets(), strict=True):
        np.testing.assert_allclose(times, expected, atol=1e-6)
    assert read_notes(path, channel=9)[2] == 0
    assert [(n.pitch, n.velocity) for n in sorted(midi_notes(midi_events(path)))] == [
        (h.pitch, h.velocity) for h in sorted(pattern.hits)
    ]
    assert write_midi(tmp_path / "again.mid", pattern).read_bytes() == path.read_bytes()


# --- engraving ---------------------------------------------------------------------------------------------------------


def test_the_engraving_has_a_notehead_for_each_stroke_in_the_order_of_time():
    pattern = example_pattern()
    engraving = engrave(to_musicxml(pattern))
    assert set(engraving.note_x) == set(range(len(pattern.hits)))
    xs = [engraving.note_x[index] for index in range(len(pattern.hits))]
    for one, other in zip(range(len(xs) - 1), range(1, len(xs)), strict=True):
        gap = pattern.hits[other].beat - pattern.hits[one].beat
        assert (abs(xs[other] - xs[one]) < 60) if gap == 0 else xs[other] - xs[one] > 200
    assert {"clef", "meterSig", "tempo", "beam", "rest", "barLine"} <= {shape.role for shape in engraving.shapes}


def test_lines_break_where_they_are_full():
    long = pattern_of(*[(Fraction(n, 2), 42) for n in range(64)], n_bars=8)
    one, several = engrave(to_musicxml(long)), engrave(to_musicxml(long), line_width=70)
    assert several.bounds[2] <= 70 * 180 + 1 < one.bounds[2]
    assert several.bounds[3] > 2 * one.bounds[3]


def test_a_score_is_engraved_alike_in_another_thread():
    """JupyterLab calls a panel from several threads, and verovio forgets in others where its fonts are."""
    found = []
    score = to_musicxml(example_pattern())
    thread = threading.Thread(target=lambda: found.append(engrave(score).svg))
    thread.start()
    thread.join()
    assert found == [engrave(score).svg]


def test_stretching_puts_noteheads_in_place_and_keeps_glyphs_and_their_stems_together():
    pattern = example_pattern()
    engraving = engrave(to_musicxml(pattern), line_width=90)
    wanted = {engraving.note_x[index]: 900 + 1500 * float(hit.beat) for index, hit in enumerate(pattern.hits)}
    moved = stretched(engraving, wanted)
    for index, hit in enumerate(pattern.hits):
        assert moved.note_x[index] == pytest.approx(900 + 1500 * float(hit.beat), abs=40)  # noteheads of a chord lie a little apart
    stems = [shape for shape in engraving.shapes if shape.role == "stem" and shape.line]
    for before, after in zip(stems, (s for s in moved.shapes if s.role == "stem" and s.line), strict=True):
        x = before.curve.vertices[0, 0]
        nearest = min(engraving.note_x, key=lambda index: abs(engraving.note_x[index] - x))
        assert after.curve.vertices[0, 0] - moved.note_x[nearest] == pytest.approx(x - engraving.note_x[nearest], abs=1)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("M1 2L3 4z", [(1, 2), (3, 4), (1, 2)]),
        ("m1 2 3 4", [(1, 2), (4, 6)]),
        ("M0 0h5v-2H1V1", [(0, 0), (5, 0), (5, -2), (1, -2), (1, 1)]),
        ("M0 0c1 0 2 1 2 2s1 2 2 2", [(0, 0), (1, 0), (2, 1), (2, 2), (2, 3), (3, 4), (4, 4)]),
        ("M0 0q1 0 1 1t1 1", [(0, 0), (1, 0), (1, 1), (1, 2), (2, 2)]),
        ("M.5-.5l-1e1.5", [(0.5, -0.5), (-9.5, 0.0)]),
    ],
)
def test_svg_paths_are_read_as_the_standard_says(text, points):
    np.testing.assert_allclose(svg_curve(text).vertices, points)


def test_the_tempo_of_a_compound_metre_is_engraved():
    pattern = pattern_from_rows({36: "x.....", 42: "x.x.x."}, bpm=120, meter=(6, 8), steps_per_beat=2)
    assert len(engrave(to_musicxml(pattern)).shapes) > len(engrave(to_musicxml(pattern, tempo=False)).shapes)
