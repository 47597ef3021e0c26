"""Peak picking against its definition, read slowly, frame by frame."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.onsets.peak_picking import PeakPicking, pick_peaks, thresholds_by_class, with_thresholds
from adtlib.vocabulary import CLASSES


def slow(y, config):
    """The conditions of thesis 2.4.3 for one class, one frame at a time."""
    found, last = [], -np.inf
    for n in range(len(y)):
        left, right = max(0, n - config.max_window), min(len(y), n + config.max_window + 1)
        is_highest = y[n] == y[left:right].max() and (n == 0 or y[n - 1] < y[n])
        left, right = max(0, n - config.mean_window), min(len(y), n + config.mean_window + 1)
        stands_out = float(y[n]) >= sum(map(float, y[left:right])) / (right - left) + config.delta
        loud = y[n] > config.threshold if config.strict_threshold else y[n] >= config.threshold
        late = n > last + config.wait if config.strict_wait else n >= last + config.wait
        if is_highest and stands_out and loud and late and n >= config.skip_first:
            found.append(n)
            last = n
    return np.array(found) / 100


configs = st.builds(
    PeakPicking,
    max_window=st.integers(0, 4),
    mean_window=st.integers(0, 4),
    delta=st.sampled_from([0.0, 0.1, 0.3]),
    wait=st.integers(0, 6),
    threshold=st.sampled_from([0.0, 0.25, 0.5]),
    strict_wait=st.booleans(),
    strict_threshold=st.booleans(),
    skip_first=st.sampled_from([0, 2]),
)


@given(config=configs, seed=st.integers(0, 10_000), length=st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_equals_the_definition(config, seed, length):
    # Quarters make plateaus, ties and values exactly on the threshold frequent.
    y = np.random.default_rng(seed).integers(0, 5, size=(length, 5)).astype(np.float32) / 4
    for column, picked in zip(y.T, pick_peaks(y, config), strict=True):
        np.testing.assert_array_equal(picked, slow(column, config))


def one_class(values):
    y = np.zeros((len(values), 5), dtype=np.float32)
    y[:, 1] = values
    return pick_peaks(y)[1]


def test_peaks_at_both_edges_are_found():
    np.testing.assert_allclose(one_class([0.9, 0.1, 0, 0, 0, 0.1, 0.9]), [0, 0.06])


def test_of_a_plateau_the_first_frame_is_the_peak():
    np.testing.assert_allclose(one_class([0, 0, 0.8, 0.8, 0.8, 0, 0]), [0.02])
    np.testing.assert_allclose(one_class([0, 0] + [0.8] * 4 + [0, 0] + [0]), [0.02])


def test_threshold_and_wait_include_their_bound_unless_strict():
    y = np.zeros((10, 5), dtype=np.float32)
    y[[2, 4], 0] = 0.5
    np.testing.assert_allclose(pick_peaks(y)[0], [0.02, 0.04])
    assert len(pick_peaks(y, PeakPicking(strict_threshold=True))[0]) == 0
    np.testing.assert_allclose(pick_peaks(y, PeakPicking(strict_wait=True))[0], [0.02])


def test_one_threshold_a_class():
    y = np.zeros((10, 5), dtype=np.float32)
    y[5] = 0.6
    picked = pick_peaks(y, PeakPicking(threshold=(0.5, 0.7, 0.5, 0.7, 0.5)))
    assert [len(times) for times in picked] == [1, 0, 1, 0, 1]


def test_silence_and_nothing():
    assert [len(times) for times in pick_peaks(np.zeros((0, 5)))] == [0] * 5
    assert [len(times) for times in pick_peaks(np.zeros((50, 5)))] == [0] * 5


@pytest.mark.parametrize("bad", [np.zeros((4, 3)), np.zeros(4), np.full((4, 5), np.nan)])
def test_bad_activations_are_refused(bad):
    with pytest.raises(ValueError, match="activations"):
        pick_peaks(bad)


@pytest.mark.parametrize(
    "bad", [{"wait": -1}, {"threshold": 1.5}, {"threshold": (0.5, 0.5)}, {"max_window": 1.5}, {"strong": 2}, {"double": -1}]
)
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        PeakPicking(**bad)


def test_windows_reach_a_second_at_most_and_a_wait_any_time():
    for name in ("max_window", "mean_window"):
        assert getattr(PeakPicking(**{name: 100}), name) == 100
        with pytest.raises(ValueError, match=f"{name} = 101: it must be a whole number of frames, 0 to 100"):
            PeakPicking(**{name: 101})
    for name in ("wait", "skip_first", "double"):
        assert getattr(PeakPicking(**{name: 10**6}), name) == 10**6
        with pytest.raises(ValueError, match=f"{name} = -1: it must be a whole number of frames, 0 or more"):
            PeakPicking(**{name: -1})


@pytest.mark.parametrize("name", ["max_window", "wait", "delta", "threshold", "strong"])
@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} = "):
        PeakPicking(**{name: value})


@pytest.mark.parametrize("name", ["strict_wait", "strict_threshold"])
@pytest.mark.parametrize("value", [1, "no", None])
def test_a_switch_is_true_or_false(name, value):
    with pytest.raises(ValueError, match=f"{name} = .*true or false"):
        PeakPicking(**{name: value})


def test_both_ends_of_the_range_of_strong_activations_are_allowed():
    assert PeakPicking(strong=0).strong == 0 and PeakPicking(strong=1).strong == 1
    for value in (-0.01, 1.01):
        with pytest.raises(ValueError, match=r"strong = .*\[0, 1\]"):
            PeakPicking(strong=value)


def test_the_defaults_are_those_of_the_thesis():
    assert PeakPicking() == PeakPicking(max_window=2, mean_window=2, delta=0.1, wait=2, threshold=0.5, skip_first=0)
    assert not PeakPicking().strict_wait and not PeakPicking().strict_threshold
    # The same by what is heard: a peak 2 frames from a higher one, one that stands out by 0.1 of the mean of 5 frames, by less.
    assert len(one_class([0, 0, 0.9, 0, 0.8, 0, 0])) == 1 and len(one_class([0, 0, 0.9, 0, 0, 0.8, 0, 0])) == 2
    assert len(one_class([0.5, 0.5, 0.625, 0.5, 0.5])) == 1 and len(one_class([0.51, 0.51, 0.62, 0.51, 0.51])) == 0


def test_both_ends_of_the_range_of_thresholds_are_thresholds():
    y = np.zeros((5, 5), dtype=np.float32)
    y[2] = 1.0
    assert [len(times) for times in pick_peaks(y, PeakPicking(threshold=1.0))] == [1] * 5
    y[2] = 0.999
    assert [len(times) for times in pick_peaks(y, PeakPicking(threshold=(1.0, 0.0, 1.0, 0.0, 1.0)))] == [0, 1, 0, 1, 0]


def test_thresholds_are_given_for_all_for_some_or_in_order():
    picking = PeakPicking(threshold=0.3)
    assert thresholds_by_class(picking) == dict.fromkeys(CLASSES, 0.3)
    assert with_thresholds(picking, 1).threshold == 1.0
    assert with_thresholds(picking, {"HH": 0.7}).threshold == (0.3, 0.3, 0.3, 0.7, 0.3)
    assert with_thresholds(with_thresholds(picking, {"HH": 0.7}), {"KD": 0}).threshold == (0.0, 0.3, 0.3, 0.7, 0.3)
    assert with_thresholds(picking, [0.1, 0.2, 0.3, 0.4, 0.5]).threshold == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert PeakPicking(threshold=[0.1, 0.2, 0.3, 0.4, 0.5]).threshold == (0.1, 0.2, 0.3, 0.4, 0.5)
    with pytest.raises(ValueError, match="snare"):
        with_thresholds(picking, {"snare": 0.2})
    with pytest.raises(ValueError, match="threshold"):
        with_thresholds(picking, {"SD": -0.1})


# --- double onsets -------------------------------------------------------------------------------------------------------


def with_peaks(*peaks: tuple[int, float], length: int = 60) -> np.ndarray:
    activations = np.zeros((length, len(CLASSES)))
    for frame, height in peaks:
        activations[frame, 1] = height
    return activations


def frames_of(config: PeakPicking, *peaks: tuple[int, float]) -> list[int]:
    return np.rint(pick_peaks(with_peaks(*peaks), config)[1] * 100).astype(int).tolist()


def test_of_a_stroke_heard_twice_the_stronger_peak_is_kept():
    config = PeakPicking(double=4, strong=0.85)
    assert frames_of(config, (10, 0.9), (13, 0.7)) == [10]
    assert frames_of(config, (10, 0.7), (13, 0.9)) == [13]
    assert frames_of(config, (10, 0.7), (13, 0.7)) == [10], "the first of equal ones"
    assert frames_of(config, (10, 0.7), (15, 0.9)) == [10, 15], "further apart than the window"
    assert frames_of(PeakPicking(), (10, 0.9), (13, 0.7)) == [10, 13], "the thesis keeps both"


def test_flams_and_rolls_stay_where_every_stroke_is_strong():
    config = PeakPicking(double=4, strong=0.85)
    assert frames_of(config, (10, 0.85), (14, 0.97)) == [10, 14]
    assert frames_of(PeakPicking(double=4, strong=0), (10, 0.85), (14, 0.97)) == [10, 14]
    assert frames_of(PeakPicking(double=4, strong=1), (10, 0.85), (14, 0.97)) == [14]
    roll = [(10 + 4 * number, 0.9 + 0.01 * number) for number in range(8)]
    assert frames_of(config, *roll) == [frame for frame, _ in roll]
    weak_within = [(frame, 0.6 if frame == 18 else height) for frame, height in roll]
    assert frames_of(config, *weak_within) == [frame for frame, _ in roll if frame != 18]


def test_classes_do_not_drop_each_others_onsets():
    activations = with_peaks((10, 0.9))
    activations[12, 3] = 0.6
    found = pick_peaks(activations, PeakPicking(double=5))
    assert [len(times) for times in found] == [0, 1, 0, 1, 0]


@given(seed=st.integers(0, 1_000))
@settings(deadline=None, max_examples=40)
def test_dropping_doubles_only_takes_away_and_leaves_no_weak_pair(seed):
    activations = np.random.default_rng(seed).random((80, len(CLASSES)))
    config = PeakPicking(max_window=1, mean_window=1, delta=0.0, double=4, strong=0.8)
    for every, kept, column in zip(
        pick_peaks(activations, PeakPicking(max_window=1, mean_window=1, delta=0.0)),
        pick_peaks(activations, config),
        activations.T,
        strict=True,
    ):
        assert set(kept) <= set(every)
        values = column[np.rint(kept * 100).astype(int)]
        close = np.diff(kept) < 0.0401
        assert all(np.minimum(values[1:], values[:-1])[close] >= 0.8)
        assert len(kept) == 0 or np.isclose(column[np.rint(every * 100).astype(int)].max(), values.max())
