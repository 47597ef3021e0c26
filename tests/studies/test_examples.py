"""Beats found for what corpora state and for what they do not, and errors written where they were made."""

import dataclasses
from fractions import Fraction
from types import SimpleNamespace

import mido
import numpy as np
import pytest

from adtlib.corpora.base import Track
from adtlib.corpora.passages import Passage
from adtlib.figures.notation import INVENTED, MISSED, plot_examples
from adtlib.notation.engraving import engrave, stretched
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.patterns import note_onsets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.profiles import load_profile
from adtlib.studies import examples
from adtlib.studies.example_beats import BeatGrid, beat_grid
from adtlib.studies.examples import heard_by, play_heard, training_sets_heard, write_down
from adtlib.synthesis.grooves import perform
from adtlib.vocabulary import CLASSES, GENERAL_MIDI


def onsets(**times):
    return [np.array(sorted(times.get(name, [])), dtype=float) for name in CLASSES]


def backbeat(bpm, start=0.3, bars=4):
    """Kick on one and three, snare on two and four, hi-hat eighths."""
    beat = 60 / bpm
    at = start + beat * np.arange(4 * bars)
    return onsets(KD=at[::2], SD=at[1::2], HH=start + beat / 2 * np.arange(8 * bars)), at


def nearest(times, to):
    return np.array([np.min(np.abs(to - time)) for time in times])


@pytest.mark.parametrize("bpm", [84, 100, 118, 137])
def test_beats_and_bars_are_found_from_onsets_alone(bpm):
    reference, beats = backbeat(bpm)
    grid = beat_grid(None, reference, 1.0, 6.0)
    assert grid.bpm == pytest.approx(bpm, rel=0.01) and grid.source == "tempo estimated"
    assert nearest(beats[beats < 6], grid.beat_times).max() < 0.04
    bars = grid.beat_times[::4]
    assert nearest(bars[(bars > 0.2) & (bars < 6)], beats[::2]).max() < 0.04, "a bar begins with a kick"
    assert grid.beat_times[0] <= 1.0 < grid.beat_times[4] and grid.beat_times[-1] > 6.0


def test_drummers_who_swing_and_waver_are_mostly_followed():
    right = 0
    for style in ("rock", "funk", "disco", "shuffle", "bossa"):
        for seed in range(4):
            played = perform(style, {"shuffle": 126, "bossa": 132}.get(style, 112), 8, np.random.default_rng(seed), 0.25, 0.6)
            start = played.beat_times[8] - 0.1
            grid = beat_grid(None, note_onsets(played.notes), start, start + 5)
            inside = grid.beat_times[(grid.beat_times >= start) & (grid.beat_times < start + 5)]
            right += nearest(inside, played.beat_times).max() < 0.05
    assert right >= 16


def test_too_few_onsets_are_said():
    with pytest.raises(ValueError, match=r"3 onsets between 0\.00 and 5\.00 s: too few"):
        beat_grid(None, onsets(KD=[1, 2, 3]), 0.0, 5.0)


def midi_track(tmp_path, bpm, meter):
    file = mido.MidiFile(ticks_per_beat=480)
    messages = [mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])]
    messages += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60))]
    messages += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=480)]  # after a second
    file.tracks.append(mido.MidiTrack(messages))
    file.save(tmp_path / "drums.mid")
    return Track("Slakh", "test/x", "test", (), (tmp_path / "drums.mid",), GENERAL_MIDI)


def test_a_stated_tempo_and_metre_are_kept(tmp_path):
    reference, _ = backbeat(160)
    assert beat_grid(midi_track(tmp_path, 80, (4, 4)), reference, 1.5, 6.0).bpm == pytest.approx(80, rel=0.031)
    grid = beat_grid(midi_track(tmp_path, 160, (3, 4)), reference, 1.5, 6.0)
    assert grid.meter == (3, 4) and grid.bpm == pytest.approx(160, rel=0.01) and grid.source == "tempo stated"


def test_names_of_enst_state_tempi(tmp_path):
    reference, _ = backbeat(188)
    track = Track("ENST+MDB", "ENST/drummer_3/156_MIDI-minus-one_rock'n'roll-188_sticks", "test", (), (tmp_path / "x.txt",), None)
    grid = beat_grid(track, reference, 0.5, 5.0)
    assert grid.bpm == pytest.approx(188, rel=0.01) and grid.source == "tempo stated"


def test_annotated_beats_are_taken_as_they_are(tmp_path):
    (tmp_path / "beats").mkdir()
    beats = 0.2 + np.cumsum(np.linspace(0.5, 0.6, 24))  # slowing down
    lines = [f"{time:.3f}\t{index % 4 + 1}\n" for index, time in enumerate(beats)]
    (tmp_path / "beats" / "MusicDelta_Rock_MIX.beats").write_text("".join(lines))
    track = Track("ENST+MDB", "MDB/MusicDelta_Rock", "test", (), (tmp_path / "subclass" / "x.txt",), None)
    grid = beat_grid(track, onsets(), 4.0, 8.0)
    assert grid.source == "beats annotated" and grid.meter == (4, 4)
    np.testing.assert_allclose(grid.beat_times[:8], np.round(beats[4:12], 3))


GRID = BeatGrid(np.arange(0.0, 10.0, 0.5), (4, 4), "tempo stated")  # 120 beats a minute


def test_errors_stand_where_they_were_made():
    reference = onsets(KD=[0.0, 1.0, 2.0], SD=[0.5, 1.5], HH=[0.25])
    estimate = onsets(KD=[0.03, 1.2, 2.0], SD=[0.5, 1.5, 1.76], HH=[])
    example = write_down("Slakh", "x", GRID, reference, estimate, (0.0, 4.0), 2, 0.05)
    assert (example.n_right, example.n_missed, example.n_invented) == (4, 2, 2)
    missed = {(example.target.hits[i].beat, example.target.hits[i].pitch) for i in example.missed}
    assert missed == {(Fraction(2), 36), (Fraction(1, 2), 42)}
    invented = {(example.transcription.hits[i].beat, example.transcription.hits[i].pitch) for i in example.invented}
    assert invented == {(Fraction(5, 2), 36), (Fraction(7, 2), 38)}, "the nearest sixteenths"
    right = {h for i, h in enumerate(example.transcription.hits) if i not in example.invented}
    assert right == {h for i, h in enumerate(example.target.hits) if i not in example.missed}, "what is right stands alike"
    assert "4 right, 2 missed, 2 invented" in example.summary


def test_onsets_outside_the_bars_do_not_count_and_one_just_before_does():
    reference = onsets(KD=[1.98, 3.0, 3.99, 6.0])
    example = write_down("Slakh", "x", GRID, reference, reference, (2.0, 4.0), 1, 0.05)
    assert [float(hit.beat) for hit in example.target.hits] == [0.0, 2.0] and example.n_missed == example.n_invented == 0


def test_heads_a_step_apart_stand_beside_each_other():
    """Hi-hat and ride, snare and high tom: on one another nobody could say which of them is ringed."""
    struck = onsets(KD=[0.0], SD=[0.5], TT=[0.5, 1.0], HH=[0.0, 1.5], CY=[0.0])
    example = write_down("E-GMD", "x", GRID, struck, onsets(KD=[0.0]), (0.0, 2.0), 1, 0.05)
    figure = plot_examples([example])
    figure.canvas.draw()
    rings = [line.get_transform().transform(line.get_xydata())[0] for line in figure.axes[0].lines]
    assert len(rings) == example.n_missed == 6
    apart = [np.hypot(*(one - other)) for index, one in enumerate(rings) for other in rings[:index]]
    assert min(apart) > 4.5 * figure.dpi / 72, "points between the middles of any two heads"


def test_the_longest_name_has_room_before_the_staves():
    example = write_down("E-GMD", "x", GRID, onsets(KD=[0.0, 1.0]), onsets(), (0.0, 2.0), 1, 0.05)
    figure = plot_examples([dataclasses.replace(example, system="ConvTransformer")])
    (name,) = [text for text in figure.texts if text.get_text() == "ConvTransformer"]
    box = name.get_window_extent(figure.canvas.get_renderer())
    assert box.x0 >= 0 and box.x1 < figure.axes[0].get_window_extent().x0


def test_ledger_lines_keep_their_length_and_their_heads():
    pattern = write_down("E-GMD", "x", GRID, onsets(HH=[0.0, 0.25, 0.5], CY=[0.0, 0.5]), onsets(), (0.0, 2.0), 1, 0.05).target
    engraving = engrave(to_musicxml(pattern, tempo=False), line_width=90)
    moved = stretched(engraving, {x: 900 + 3 * x for x in engraving.note_x.values()})
    for before, after in zip(engraving.shapes, moved.shapes, strict=True):
        if before.role == "ledgerLines":
            (left, right), (start, end) = (sorted(shape.curve.vertices[:, 0]) for shape in (before, after))
            assert end - start == pytest.approx(right - left)
            assert any(start < x < end for x in moved.note_x.values()), "it still goes through a head"


def test_a_transcription_of_rests_has_its_clef_under_that_of_the_target():
    example = write_down("E-GMD", "x", GRID, onsets(KD=[0.0, 1.0]), onsets(), (0.0, 2.0), 1, 0.05)
    figure = plot_examples([example])
    lefts = [min(patch.get_window_extent().x0 for patch in ax.patches) for ax in figure.axes]
    assert abs(lefts[0] - lefts[1]) < 0.1 * figure.bbox.width


def test_errors_are_told_apart_without_colour_and_nothing_found_is_drawn_too():
    assert MISSED["marker"] != INVENTED["marker"]
    reference, estimate = onsets(KD=[0.0, 1.0], SD=[0.5]), onsets(KD=[0.0], HH=[0.25, 1.25])
    some = write_down("Slakh", "x", GRID, reference, estimate, (0.0, 2.0), 1, 0.05)
    nothing = write_down("E-GMD", "y", GRID, reference, onsets(), (0.0, 2.0), 1, 0.05)
    figure = plot_examples([dataclasses.replace(some, system="CNN"), dataclasses.replace(nothing, system="RNN")])
    labels = [text.get_text() for text in figure.texts]
    assert [text for text in labels if "\n" not in text] == ["target", "CNN", "target", "RNN"], "each its own system"
    marks = [[line.get_marker() for line in ax.lines] for ax in figure.axes]
    assert marks == [["o", "o"], ["s", "s"], ["o", "o", "o"], []]
    with pytest.raises(ValueError, match="no example"):
        plot_examples([])


def test_what_a_run_found_invented_and_missed_of_a_passage(monkeypatch):
    truth = onsets(KD=[0.5, 1.0], SD=[1.5])
    passage = Passage(
        "Slakh", "Track00001", 10.0, 2.0, np.zeros((200, 84), np.float32), [times + 10 for times in truth], None, True
    )
    activations = np.zeros((200, len(CLASSES)), np.float32)
    activations[[51, 120], 0] = activations[150, 1] = 0.9  # a kick 10 ms late, one invented, a snare

    config = {"train": ["Slakh"], "precision": "auto", "tolerance": 0.05}
    run = SimpleNamespace(config=config, model=lambda: None)
    for name, result in (
        ("open_profile_corpus", None),
        ("example_passage", passage),
        ("predict", activations),
        ("picking_of", PeakPicking()),
    ):
        monkeypatch.setattr(examples, name, lambda *_, result=result: result)
    shown, heard = heard_by(load_profile("smoke"), run)
    assert shown is passage
    kicks_and_snares = {what: [list(found) for found in times[:2]] for what, times in heard.items()}
    assert kicks_and_snares == {"found": [[0.51], [1.5]], "invented": [[1.2], []], "missed": [[1.0], []]}
    monkeypatch.setattr(examples, "example_passage", lambda *_: None)
    assert heard_by(load_profile("smoke"), run) == (None, {})


def test_missed_strokes_are_heard_as_clicks_beside_the_strokes_that_were_found():
    nothing = [np.empty(0)] * 5
    found = [np.array([0.5]), *nothing[1:]]
    missed = [*nothing[:4], np.array([1.5])]
    sound = play_heard({"found": found, "invented": nothing, "missed": missed}, 2.0)
    assert len(sound) == 2.5 * 44_100 and 0.2 < np.abs(sound).max() <= 1

    def strongest(second: float) -> float:
        """Hz of the strongest partial in 40 ms."""
        cut = sound[round(second * 44_100) :][:1_764]
        return float(np.abs(np.fft.rfft(cut, 44_100)).argmax())

    assert strongest(0.5) < 200 and abs(strongest(1.5) - 3_000) < 60
    assert np.abs(sound[: round(0.49 * 44_100)]).max() < 0.01


def test_each_training_set_is_heard_once_on_the_same_passage(monkeypatch):
    runs = [SimpleNamespace(config={"train": train}, seed=seed) for train in (["Slakh"], ["E-GMD", "Slakh"]) for seed in (0, 1)]
    monkeypatch.setattr(examples, "dataset_runs", lambda profile: runs)
    passage = object()
    monkeypatch.setattr(examples, "heard_by", lambda profile, run, test: (passage, {"by": run, "test": test}))
    shown, heard = training_sets_heard(load_profile("smoke"), "SADTP")
    assert shown is passage and {name: parts["by"].seed for name, parts in heard.items()} == {"Slakh": 0, "E-GMD + Slakh": 0}
    assert {parts["test"] for parts in heard.values()} == {"SADTP"}
    monkeypatch.setattr(examples, "heard_by", lambda profile, run, test: (None, {}))
    assert training_sets_heard(load_profile("smoke"), "SADTP") == (None, {}), "its test split is not there"
