"""The groove generator: performances must be playable, in time, and varied enough to learn from."""

import numpy as np
import pytest

from adtlib.synthesis.groove_styles import STYLES
from adtlib.synthesis.grooves import FEET, bars_for, perform
from adtlib.vocabulary import CLASSES, GENERAL_MIDI


def _performances(style: str, n: int = 8, seconds: float = 12.0):
    for seed in range(n):
        rng = np.random.default_rng([seed, 77])
        bpm = int(rng.integers(STYLES[style].bpm[0], STYLES[style].bpm[1] + 1))
        yield perform(style, bpm, bars_for(seconds, bpm), rng)


@pytest.mark.parametrize("style", STYLES)
def test_two_hands_and_two_feet_can_play_it(style):
    for performance in _performances(style):
        for limbs in (lambda pitch: pitch in FEET, lambda pitch: pitch not in FEET):
            times = np.array([note.seconds for note in performance.notes if limbs(note.pitch)])
            together = times[2:] - times[:-2]  # a third stroke within 30 ms of a first needs a third hand
            assert together.size == 0 or together.min() > 0.03


@pytest.mark.parametrize("style", STYLES)
def test_no_drum_is_struck_twice_at_once(style):
    for performance in _performances(style, n=4):
        for pitch in {note.pitch for note in performance.notes}:
            times = np.array([note.seconds for note in performance.notes if note.pitch == pitch])
            assert np.all(np.diff(times) >= 0.04)


@pytest.mark.parametrize("style", STYLES)
def test_notes_are_sorted_in_range_and_known(style):
    for performance in _performances(style, n=3):
        seconds = [note.seconds for note in performance.notes]
        assert seconds == sorted(seconds)
        assert seconds[0] >= 0 and seconds[-1] < performance.duration
        assert all(1 <= note.velocity <= 127 for note in performance.notes)
        assert all(GENERAL_MIDI.class_index(note.pitch) is not None for note in performance.notes)


def test_every_style_has_kick_snare_and_something_in_time():
    for style in STYLES:
        found = {GENERAL_MIDI.class_index(n.pitch) for p in _performances(style, n=4) for n in p.notes}
        assert found == set(range(5)), style


def test_toms_and_cymbals_are_frequent_enough_to_be_learned():
    counts = np.zeros(len(CLASSES))
    for style in STYLES:
        for performance in _performances(style):
            for note in performance.notes:
                counts[GENERAL_MIDI.class_index(note.pitch)] += 1
    share = dict(zip(CLASSES, counts / counts.sum(), strict=True))
    assert share["TT"] > 0.06 and share["CY"] > 0.08
    assert max(share.values()) < 0.5


def test_dynamics_have_ghosts_and_accents():
    velocities = [n.velocity for p in _performances("funk") for n in p.notes if n.pitch == 38]
    assert np.percentile(velocities, 10) < 45 and np.percentile(velocities, 90) > 95


def test_timing_is_human():
    """Straight styles: strokes lie a few milliseconds off the grid, neither on it nor far from it; limbs have habits."""
    deviations = []
    for performance in _performances("rock", n=12):
        positions = np.interp(
            [n.seconds for n in performance.notes],
            performance.beat_times,
            np.arange(len(performance.beat_times)),
        )
        off_grid = (positions * 4 - np.round(positions * 4)) / 4 * 60 / performance.bpm
        deviations.append(off_grid[1:-3])
    spread = np.std(np.concatenate(deviations))
    assert 0.002 < spread < 0.010
    assert np.percentile(np.abs(np.concatenate(deviations)), 99) < 0.025


def test_tempo_drifts_but_keeps():
    rng = np.random.default_rng(5)
    performance = perform("rock", 120, 32, rng)
    periods = np.diff(performance.beat_times)
    assert 0.0005 < np.std(periods) / np.mean(periods) < 0.02
    assert np.mean(periods) == pytest.approx(0.5, rel=0.01)
    assert np.corrcoef(periods[1:], periods[:-1])[0, 1] > 0.5  # a drift, not noise


def test_swing_is_late():
    straight = STYLES["rock"].swing
    assert straight == 0 and STYLES["hiphop"].swing > 0.2
    late = []
    for performance in _performances("hiphop"):
        beats = np.interp([n.seconds for n in performance.notes], performance.beat_times, range(len(performance.beat_times)))
        steps = (beats * 4) % 2
        late += [s - 1 for s in steps if 0.7 < s < 1.7]
    assert np.median(late) > 0.15


def test_bars_differ():
    performance = next(_performances("funk", n=1, seconds=25.0))
    bars = []
    for bar in range(performance.n_bars):
        start, end = performance.seconds_at([4 * bar, 4 * bar + 4])
        rows = [(round((n.seconds - start) / (end - start) * 16), n.pitch) for n in performance.notes if start <= n.seconds < end]
        bars.append(tuple(sorted(rows)))
    assert len(set(bars)) > len(bars) / 2


def test_equal_seeds_play_the_same_and_others_do_not():
    first, second, other = (perform("jazz", 140, 6, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.notes == second.notes
    assert first.notes != other.notes


@pytest.mark.parametrize("arguments", [("polka", 120, 4), ("rock", 60, 4), ("rock", 200, 4), ("rock", 120, 0)])
def test_what_cannot_be_played_is_refused(arguments):
    with pytest.raises(ValueError, match=r"choose|must"):
        perform(*arguments, np.random.default_rng(0))
