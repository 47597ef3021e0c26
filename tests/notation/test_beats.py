"""Beats through songs: steady, drifting, too few onsets, and real annotations."""

import mir_eval
import numpy as np
import pytest

from adtlib.notation.beat_model import ways
from adtlib.notation.beats import beat_positions, extended, median_bpm, track_beats
from adtlib.notation.tick_map import tick_map
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


@pytest.mark.parametrize("bpm", [76, 108, 140])
def test_where_nobody_plays_the_tempo_is_that_beside_it(rng, bpm):
    played = 20.0 + np.arange(64) * 60 / bpm
    beats = track_beats(rock(played, rng, 0.008), played[-1] + 20)
    every = played[0] + np.arange(-100, 200) * 60 / bpm
    away = np.abs(beats.times[:, None] - every).min(axis=1)
    assert beats.bpm == pytest.approx(bpm, rel=0.005)
    assert away.max() < 0.06, "seconds, after thirty beats that nobody plays"
    assert len(tick_map(beats, steady=True).tempos) <= 2, "a click's"
    assert scores(beats, played, played[::4]) == (1.0, 1.0)


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
    known = {key: {way.name: way for way in found} for key, found in ways().items()}
    for (metre, label), found in known.items():
        assert label in CLASSES
        for way in found.values():
            assert len(way.shares) == {"binary": 16, "ternary": 24}[metre]
            assert way.shares.sum() == pytest.approx(1, abs=0.003)
            assert way.shares.min() > 0
            assert 0 < way.often < 1
    for metre, beat in (("binary", 4), ("ternary", 6)):
        assert set(known[metre, "SD"]["backbeat"].shares.argsort()[-2:]) == {beat, 3 * beat}
        assert known[metre, "KD"]["on 1 and 3"].shares.argmax() == 0
    assert known["binary", "HH"]["quarters"].shares[::4].sum() > 0.85
    assert known["binary", "HH"]["eighths"].shares[::2].sum() > 0.85


# --- metres --------------------------------------------------------------------------------------------------------------

STRAIGHT, SHUFFLED, TRIPLETS = np.arange(8) / 2, [0, 2 / 3, 1, 5 / 3, 2, 8 / 3, 3, 11 / 3], np.arange(12) / 3
BACKBEAT = {"KD": (0, 2), "SD": (1, 3)}


def played(pattern: dict, bpm: float, bars: int = 12, start: float = 0.5, rng=None, jitter=0.0, missing=0.0, drift=0.0):
    """(onsets, beats) of a bar that is repeated: positions in beats for each class; the tempo swings by `drift` and back."""
    periods = 60 / bpm * (1 + drift * np.sin(np.arange(4 * bars) / (4 * bars) * 2 * np.pi))
    beats = start + np.concatenate([[0], np.cumsum(periods)])
    onsets = []
    for label in CLASSES:
        at = np.add.outer(4 * np.arange(bars), np.sort(pattern.get(label, ()))).ravel()
        times = np.interp(at, np.arange(len(beats)), beats)
        if rng is not None:
            times = times[rng.random(len(times)) >= missing]
            times = np.sort(np.maximum(times + rng.normal(0, jitter, len(times)), 0))
        onsets.append(times)
    return onsets, beats[:-1]


def tempo_found(pattern: dict, bpm: float, **human) -> float:
    """The tempo found, as a multiple of the one played."""
    onsets, beats = played(pattern, bpm, **human)
    return track_beats(onsets, beats[-1] + 2).bpm / bpm


@pytest.mark.parametrize("hat, every", [(STRAIGHT, 2), (SHUFFLED, 4), (TRIPLETS, 4)], ids=["straight", "shuffle", "triplets"])
def test_the_tempo_of_straight_eighths_of_shuffles_and_of_triplets_is_found(hat, every):
    """From 56 to 180: not half or double, and not 3:2 or 3:4, whose sixteenths triplets would be."""
    found = [tempo_found(BACKBEAT | {"HH": hat}, bpm) for bpm in range(56, 181, every)]
    assert np.mean(np.abs(np.array(found) - 1) < 0.04) > 0.9


@pytest.mark.parametrize("bpm", [68, 74, 75, 76, 100])
def test_no_tempo_is_preferred_for_being_a_whole_number_of_steps(bpm):
    assert tempo_found({"KD": (0, 2, 2.5), "SD": (1, 3), "HH": STRAIGHT}, bpm) == pytest.approx(1, abs=0.01)


def swung(ratio: float) -> np.ndarray:
    """Eighths of which each first is `ratio` times as long as the second."""
    return np.sort(np.concatenate([np.arange(4), np.arange(4) + ratio / (1 + ratio)]))


JAZZ_RIDE = (0, 1, 5 / 3, 2, 3, 11 / 3)
PLAYED = {
    "swing 1.5 to 1": (BACKBEAT | {"HH": swung(1.5)}, (100, 132)),
    "swing 2.5 to 1": (BACKBEAT | {"HH": swung(2.5)}, (90, 126)),
    "swing 3 to 1": (BACKBEAT | {"HH": swung(3)}, (100, 140)),
    "jazz": ({"CY": JAZZ_RIDE, "HH": (1, 3)}, (120, 176)),
    "half-time shuffle": ({"KD": (0, 8 / 3), "SD": (2,), "HH": SHUFFLED}, (100, 124)),
    "six eight": ({"KD": (0, 2 / 3, 2), "SD": (1, 3), "HH": TRIPLETS}, (64, 76)),
    "sixteenths": (BACKBEAT | {"HH": np.arange(16) / 4}, (72, 96)),
    "quarters": (BACKBEAT | {"HH": np.arange(4)}, (100, 132)),
    "ghost notes": ({"KD": (0, 0.5, 2.5), "SD": (1, 3, 1.75, 2.25, 3.75), "HH": STRAIGHT}, (84, 110)),
    "no hi-hat": ({"KD": (0, 1.5, 2), "SD": (1, 3)}, (90, 120)),
}


@pytest.mark.parametrize("style", PLAYED)
def test_metres_are_told_apart_as_people_play_them(rng, style):
    """Strokes scatter by 10 ms, one in twenty is missing, the tempo drifts."""
    pattern, tempi = PLAYED[style]
    for bpm in tempi:
        assert tempo_found(pattern, bpm, bars=16, rng=rng, jitter=0.010, missing=0.05, drift=0.01) == pytest.approx(1, abs=0.04)


# --- a tempo that is stated ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bpm, stated", [(140, 70), (70, 140), (100, 150), (300, 300), (30, 30)])
def test_a_stated_tempo_is_kept(bpm, stated):
    onsets, beats = played(BACKBEAT | {"HH": STRAIGHT}, bpm)
    found = track_beats(onsets, beats[-1] + 2, stated)
    assert found.tempo == pytest.approx(stated, rel=0.01)
    assert found.times[-1] > beats[-1] + 2


def test_a_stated_tempo_is_followed_where_it_drifts(rng):
    onsets, beats = played(BACKBEAT | {"HH": STRAIGHT}, 96, bars=32, rng=rng, jitter=0.008, drift=0.04)
    found = track_beats(onsets, beats[-1] + 1, 96)
    assert scores(found, beats, beats[::4])[0] == 1.0
    assert np.abs(np.log(np.diff(found.times) * 96 / 60)).max() < 0.13


def test_too_few_onsets_have_the_stated_tempo():
    beats = track_beats([NOTHING] * 5, 9.3, 75)
    assert not beats.found
    assert beats.bpm == pytest.approx(75)
    assert beats.times[-1] >= 9.3


@pytest.mark.parametrize("tempo", [0, -90, 19.9, 401, np.nan, np.inf])
def test_tempi_that_no_song_has_are_refused(tempo):
    with pytest.raises(ValueError, match="quarter notes a minute, 20 to 400"):
        track_beats([NOTHING] * 5, 9.3, tempo)


# --- real songs ----------------------------------------------------------------------------------------------------------


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
