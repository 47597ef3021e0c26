"""A passage of a transcription is what the whole has there, and its bars are where the beats say."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from adtlib.notation.beats import Beats
from adtlib.notation.patterns import song_pattern
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.transcription.events import Edit, onsets_of
from adtlib.transcription.excerpts import events_between, passage_pattern
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import CLASSES, MIDI_PITCH


def noise(rng, n_frames: int = 1500, **picking) -> Transcription:
    """Activations with peaks everywhere."""
    activations = rng.uniform(0, 1, (n_frames, 5)).astype(np.float32) ** 2
    energies = rng.uniform(0, 10, (n_frames, 5)).astype(np.float32)
    return Transcription("noise", n_frames / 100, activations, energies, PeakPicking(**picking))


def at(**onsets) -> Transcription:
    activations = np.zeros((1200, 5), dtype=np.float32)
    for name, times in onsets.items():
        activations[np.rint(np.array(times) * 100).astype(int), CLASSES.index(name)] = 0.9
    return Transcription("song", 12.0, activations, activations.copy(), PeakPicking())


@pytest.mark.parametrize("picking", [{}, {"wait": 9, "threshold": 0.2}, {"skip_first": 40}, {"mean_window": 12, "max_window": 7}])
def test_a_passage_has_the_onsets_of_the_whole(rng, picking):
    song = noise(rng, **picking)
    song = replace(song, edits=(Edit("add", "KD", 4.123456), Edit("remove", "HH", song.onsets[3][20]), Edit("add", "SD", 0.005)))
    everything = [(event.name, event.seconds, event.confidence) for event in song.events]
    assert len(everything) > 50
    for start, seconds in ((0.0, 4.0), (3.33, 2.0), (4.12, 0.01), (11.0, 4.0), (14.98, 1.0)):
        found = [(event.name, event.seconds, event.confidence) for event in events_between(song, start, start + seconds)]
        wanted = [event for event in everything if start <= event[1] < start + seconds]
        assert found == wanted, (start, seconds)


def test_a_passage_without_frames_has_no_onsets(rng):
    assert events_between(noise(rng), 40.0, 44.0) == ()
    assert [len(times) for times in onsets_of(())] == [0] * 5


def test_only_the_passage_and_what_is_around_it_is_looked_at(rng):
    """That is what lets an hour's slider answer like a minute's."""
    song = noise(rng, 6000)
    song.activations[:2000] = np.nan  # would raise where it is looked at
    song.activations[3000:] = np.nan
    assert len(events_between(song, 22.0, 28.0)) > 20


def test_the_bars_of_a_passage_are_those_of_the_whole_score():
    beats = Beats(np.arange(0.5, 13, 0.5), np.arange(25) % 4 + 1)  # 120 a minute, bars at 0.5, 2.5, 4.5, ...
    song = at(KD=[0.5, 2.48, 3.5, 4.5], SD=[3.0, 4.01], HH=[2.5, 2.75, 3.0, 6.9])
    pattern = passage_pattern(song, beats, 3.0, 4.2)
    assert (pattern.n_bars, pattern.meter, round(pattern.bpm)) == (1, (4, 4), 120)
    assert {(hit.beat, hit.pitch) for hit in pattern.hits} == {
        *((Fraction(beat), MIDI_PITCH["KD"]) for beat in (0, 2)),
        *((Fraction(beat), MIDI_PITCH["SD"]) for beat in (1, 3)),
        *((Fraction(beat), MIDI_PITCH["HH"]) for beat in (0, Fraction(1, 2), 1)),
    }
    assert passage_pattern(song, beats, 3.0, 4.6).n_bars == 2
    whole = song_pattern(song.drum_events, beats)
    assert {(hit.beat + 4, hit.pitch) for hit in pattern.hits} <= {(hit.beat, hit.pitch) for hit in whole.hits}


def test_a_passage_without_onsets_is_an_empty_bar():
    beats = Beats(np.arange(1.0, 13, 0.5), np.arange(24) % 4 + 1)
    assert passage_pattern(at(KD=[9.0]), beats, 0.0, 2.0).hits == ()
    assert [hit.beat for hit in passage_pattern(at(KD=[0.5]), beats, 0.0, 2.0).hits] == [3]  # before the first beat that is known
