"""Beats through songs: steady, drifting, too few onsets, and real annotations."""

import mir_eval
import numpy as np
import pytest

from adtlib.notation.beats import beat_positions, count_positions, extended, median_bpm, position_densities, track_beats
from adtlib.onsets.annotations import read_onsets
from adtlib.vocabulary import CLASSES, MDB

NOTHING = np.empty(0)


def rock(beat_times: np.ndarray, rng=None, jitter: float = 0.0):
    """Kick on 1 and 3, snare on 2 and 4, eighths on the hi-hat, a crash every four bars; the first beat begins a bar."""
    eighths = np.sort(np.concatenate([beat_times, (beat_times[:-1] + beat_times[1:]) / 2]))
    onsets = [beat_times[::2], beat_times[1::2], NOTHING, eighths, beat_times[::16]]
    if rng is not None:
        onsets = [np.sort(np.maximum(times + rng.normal(0, jitter, len(times)), 0)) for times in onsets]
    return onsets


def scores(beats, reference: np.ndarray, downbeats: np.ndarray) -> tuple[float, float]:
    """F-measure within 70 ms of beats and of bar lines, from the first beat of the reference to the last."""
    start, end = reference[0] - 0.1, reference[-1] + 0.1
    found = [times[(times >= start) & (times <= end)] for times in (beats.times, beats.downbeats)]
    return mir_eval.beat.f_measure(reference, found[0]), mir_eval.beat.f_measure(downbeats, found[1])


@pytest.mark.parametrize("bpm", [72, 100, 128, 165])
@pytest.mark.parametrize("start", [0.0, 0.37, 5.0])
def test_a_steady_beat_is_found_to_a_few_milliseconds(rng, bpm, start):
    reference = start + np.arange(80) * 60 / bpm
    beats = track_beats(rock(reference, rng, 0.008), reference[-1] + 2)
    assert scores(beats, reference, reference[::4]) == (1.0, 1.0)
    assert beats.bpm == pytest.approx(bpm, rel=0.01)
    inside = beats.times[(beats.times > start - 0.1) & (beats.times < reference[-1] + 0.1)]
    assert np.abs(inside - reference).max() < 0.02
    assert beats.found


def test_a_tempo_that_drifts_is_followed(rng):
    period = np.interp(np.arange(240), [0, 120, 240], [60 / 100, 60 / 125, 60 / 108])
    reference = 1.0 + np.concatenate([[0], np.cumsum(period)])
    beats = track_beats(rock(reference, rng, 0.01), reference[-1] + 1)
    assert scores(beats, reference, reference[::4]) == (1.0, 1.0)


def test_beats_reach_over_the_whole_recording_and_convert_both_ways():
    reference = 2.1 + np.arange(40) * 0.5
    beats = track_beats(rock(reference), 40.0)
    assert beats.times[-1] >= 40
    assert (np.diff(beats.times) > 0).all()
    assert (np.diff(beats.positions) % 4 == 1).all()
    seconds = np.array([-3.0, 0.0, 2.1, 7.77, 39.0, 55.0])
    np.testing.assert_allclose(beats.seconds(beats.at(seconds)), seconds, atol=1e-9)
    assert beats.at(beats.times[5]) == pytest.approx(5)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_onsets_give_an_even_grid_and_say_so(count):
    beats = track_beats([np.arange(count) * 0.7, *[NOTHING] * 4], 9.3)
    assert not beats.found
    assert beats.bpm == 120
    assert beats.times[0] == 0
    assert beats.times[-1] >= 9.3
    assert beats.positions[:5].tolist() == [1, 2, 3, 4, 1]


def test_onsets_after_a_long_silence_and_all_at_once():
    late = rock(100 + np.arange(40) * 0.5)
    beats = track_beats(late, 125.0)
    assert scores(beats, 100 + np.arange(40) * 0.5, 100 + np.arange(0, 40, 4) * 0.5) == (1.0, 1.0)
    crowd = [np.full(20, 1.0), *[NOTHING] * 4]
    assert np.isfinite(track_beats(crowd, 3.0).times).all()


def test_impossible_durations_are_refused():
    for duration in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="duration"):
            track_beats([NOTHING] * 5, duration)


def test_where_drummers_strike_is_what_everyone_knows():
    density = position_densities().reshape(5, 4, 12)
    assert density.mean(axis=(1, 2)) == pytest.approx(np.ones(5))
    kick, snare, hat = (density[CLASSES.index(name)] for name in ("KD", "SD", "HH"))
    assert kick[0, 0] == kick.max()
    assert snare[1, 0] > 2 * snare[0, 0]
    assert hat[:, (0, 6)].min() > 2 > hat[:, (3, 9)].max()


def test_positions_are_counted_where_they_are():
    counts = count_positions([(np.array([0.0, 1.01, 4.0, 3.99, 2.0 + 1 / 3]), np.array([0, 1, 0, 0, 4]))])
    assert counts.shape == (5, 48)
    assert counts[0, 0] == 3
    assert counts[1, 12] == 1
    assert counts[4, 28] == 1
    assert counts.sum() == 5


def test_beats_of_real_songs(real_data):
    """MDB Drums annotates beats of 17 songs; two of them, free jazz and bebop, have none that drums would tell."""
    folder = real_data / "ENST+MDB" / "MDBDrums-master" / "MDB Drums" / "annotations"
    found = []
    for path in sorted((folder / "beats").glob("*.beats")):
        table = np.loadtxt(path)
        onsets = read_onsets(folder / "subclass" / path.name.replace("_MIX.beats", "_subclass.txt"), MDB)
        beats = track_beats(onsets, max(table[-1, 0], *(times.max(initial=0) for times in onsets)))
        found.append(scores(beats, table[:, 0], table[table[:, 1] == 1, 0]))
    beat, downbeat = np.mean(found, axis=0)
    assert len(found) >= 15
    assert beat > 0.88
    assert downbeat > 0.8


def test_bars_are_counted_from_a_moment_that_is_named():
    beats = track_beats(rock(1.0 + 0.5 * np.arange(40)), 21.0)
    moved = beats.with_bar_at(6.08)  # a third beat is at 6.0
    assert (moved.times == beats.times).all()
    assert (moved.positions == (beats.positions + 1) % 4 + 1).all()
    assert np.abs(moved.downbeats - 6.0).min() < 0.02
    assert (beats.with_bar_at(5.0).positions == beats.positions).all()


def test_beats_go_on_at_their_tempo_before_and_after():
    beats = np.array([1.0, 1.5, 2.1])
    np.testing.assert_allclose(beat_positions([0.0, 1.25, 1.8, 3.1], beats, 0.5, 0.25), [-2.0, 0.5, 1.5, 6.0])
    longer = extended(np.array([0.0, 0.5, 1.0]), 1.9, beyond=2)
    np.testing.assert_allclose(longer, np.arange(7) * 0.5)
    assert median_bpm(longer) == 120
