"""Counts equal mir_eval's, scores equal hand-worked ones."""

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.evaluation import metrics
from adtlib.evaluation.metrics import count_matches, f1_macro, f1_micro, match_onsets, scores

EMPTY = [np.zeros(0)] * 5


def onsets(**times):
    return [np.array(times.get(name, []), dtype=float) for name in ("KD", "SD", "TT", "HH", "CY")]


frames = st.lists(st.integers(0, 120), max_size=25).map(lambda numbers: np.sort(np.array(numbers, dtype=float)) / 100)


@given(reference=frames, estimate=frames, tolerance=st.sampled_from([0.0, 0.025, 0.05]))
@settings(max_examples=300, deadline=None)
def test_counts_equal_mir_evals(reference, estimate, tolerance):
    ours = count_matches([reference] * 5, [estimate] * 5, tolerance)
    pairs = mir_eval.util.match_events(reference, estimate, tolerance + metrics.GRID_SLACK)
    assert ours[0].tolist() == [len(pairs), len(estimate) - len(pairs), len(reference) - len(pairs)]
    np.testing.assert_array_equal(ours, count_matches([reference] * 5, [estimate] * 5, tolerance, matcher="mir_eval"))


# Few onsets are walked; many are grouped first, far apart or so near that most groups hold several of either kind.
@pytest.mark.parametrize("seconds, onsets", [(3, 60), (40, 300), (20, 400)])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_counts_equal_mir_evals_on_unquantised_times(seconds, onsets, seed):
    rng = np.random.default_rng(seed)
    reference, estimate = np.sort(rng.uniform(0, seconds, onsets)), np.sort(rng.uniform(0, seconds, onsets - 10))
    expected = mir_eval.onset.f_measure(reference, estimate, window=0.05 + metrics.GRID_SLACK)
    counts = count_matches([reference] * 5, [estimate] * 5)
    assert metrics.f1(counts[0]) == pytest.approx(expected[0])
    assert metrics.precision(counts[0]) == pytest.approx(expected[1])
    assert metrics.recall(counts[0]) == pytest.approx(expected[2])


@pytest.mark.parametrize("start", [0.0, 0.03, 1.1, 7.77, 1234.56])
def test_exactly_50_ms_on_the_grid_is_a_hit(start):
    counts = count_matches(onsets(KD=[start]), onsets(KD=[round(start + 0.05, 2)]))
    assert counts[0].tolist() == [1, 0, 0]
    counts = count_matches(onsets(KD=[start]), onsets(KD=[round(start + 0.06, 2)]))
    assert counts[0].tolist() == [0, 1, 1]


def test_among_many_onsets_the_window_includes_its_ends():
    reference = np.arange(400.0)
    for estimate in (reference + 0.25, reference - 0.25):
        counts = count_matches([reference] * 5, [estimate] * 5, tolerance=0.25 - metrics.GRID_SLACK)
        assert counts[0].tolist() == [400, 0, 0]
        counts = count_matches([reference] * 5, [estimate] * 5, tolerance=0.25 - 2 * metrics.GRID_SLACK)
        assert counts[0].tolist() == [0, 400, 400]


def test_greedy_takes_the_pairing_with_most_hits():
    # Taking the nearest first would pair 0.04 with 0.05 and leave 0.00 and 0.09 alone.
    pairs = match_onsets(np.array([0.0, 0.05]), np.array([0.04, 0.09]))
    assert pairs.tolist() == [[0, 0], [1, 1]]


def test_worked_example():
    reference = onsets(KD=[0.0, 0.5, 1.0, 1.5], SD=[0.5, 1.5], TT=[1.9])
    estimate = onsets(KD=[0.01, 0.53, 1.2], SD=[0.5, 1.46], HH=[0.2])
    counts = count_matches(reference, estimate)
    assert counts.tolist() == [[2, 1, 2], [2, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]]
    found = scores(counts)
    assert found["f1_KD"] == pytest.approx(4 / 7)
    assert found["f1_SD"] == 1
    assert found["f1_TT"] == 0 and found["f1_HH"] == 0
    assert np.isnan(found["f1_CY"])
    assert found["f1_micro"] == pytest.approx(8 / (8 + 2 + 3))
    assert found["f1_macro"] == pytest.approx((4 / 7 + 1 + 0 + 0) / 4)
    assert found["precision_micro"] == pytest.approx(4 / 6)
    assert found["recall_micro"] == pytest.approx(4 / 7)


def test_absent_class_as_the_finished_thesis_counts_it():
    counts = count_matches(onsets(KD=[1.0]), onsets(KD=[1.0]))
    assert f1_macro(counts) == 1
    counts[0] = [0, 1, 1]
    assert f1_macro(counts) == 0
    assert f1_macro(counts, absent=1.0) == pytest.approx(4 / 5)


def test_perfect_and_empty():
    truth = onsets(KD=[0.1, 0.9], CY=[0.3])
    assert f1_micro(count_matches(truth, truth)) == 1
    assert np.isnan(f1_micro(count_matches(EMPTY, EMPTY)))
    assert f1_micro(count_matches(truth, EMPTY)) == 0


def test_micro_pools_counts_over_tracks():
    tracks = np.zeros((2, 5, 3), dtype=int)
    tracks[0, 0] = [9, 0, 0]
    tracks[1, 1] = [0, 1, 1]
    assert f1_micro(tracks) == pytest.approx(18 / 20)


@pytest.mark.parametrize(
    "bad", [[1.0, 0.5], [np.nan], [0.1, np.nan, 0.3], [0.1, 0.5, 0.3], [0.1, np.inf], [-np.inf, 0.1]], ids=lambda times: str(times)
)
def test_unsorted_or_missing_times_are_refused(bad):
    with pytest.raises(ValueError, match="KD"):
        count_matches([np.array(bad), *EMPTY[1:]], EMPTY)


def test_two_strokes_of_a_class_at_one_time_are_two_onsets():
    assert count_matches(onsets(CY=[0.5, 0.5]), onsets(CY=[0.5]))[4].tolist() == [1, 0, 1]
    assert count_matches(onsets(CY=[0.5, 0.5]), onsets(CY=[0.5, 0.5]))[4].tolist() == [2, 0, 0]
    assert match_onsets(np.array([0.5, 0.5]), np.array([0.5, 0.5])).tolist() == [[0, 0], [1, 1]]
    assert count_matches(onsets(CY=[0.5]), onsets(CY=[0.5, 0.52]))[4].tolist() == [1, 1, 0], "an onset is found once"


def test_among_many_onsets_groups_of_several_are_paired_one_by_one():
    # A hundred flams of three strokes of which two are found, then fifty single strokes that are each found twice.
    flams, single = np.arange(100.0), np.arange(100.0, 150.0)
    reference = np.sort(np.concatenate([flams, flams + 0.01, flams + 0.02, single]))
    estimate = np.sort(np.concatenate([flams, flams + 0.03, single, single + 0.01]))
    for matcher in ("greedy", "mir_eval"):
        counts = count_matches([reference, *EMPTY[1:]], [estimate, *EMPTY[1:]], matcher=matcher)
        assert counts[0].tolist() == [250, 50, 100]


def test_macro_pools_the_counts_of_several_tracks():
    tracks = np.zeros((2, 5, 3), dtype=int)
    tracks[0, 0], tracks[1, 0] = [9, 0, 0], [0, 1, 1]  # F1 of the class: 18 / 20, not the mean of 1 and 0
    tracks[1, 1] = [1, 0, 0]
    assert f1_macro(tracks) == pytest.approx((18 / 20 + 1) / 2)
    assert scores(tracks)["f1_macro"] == pytest.approx((18 / 20 + 1) / 2)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="nearest"):
        count_matches(EMPTY, EMPTY, matcher="nearest")
    for tolerance in (-0.01, float("nan")):
        with pytest.raises(ValueError, match="tolerance"):
            count_matches(EMPTY, EMPTY, tolerance)
    for reference, estimate in ((EMPTY[1:], EMPTY), (EMPTY, EMPTY[1:])):
        with pytest.raises(ValueError, match="4"):
            count_matches(reference, estimate)


def test_a_tolerance_of_nothing_matches_equal_times_only():
    assert count_matches(onsets(KD=[1.0]), onsets(KD=[1.0]), 0)[0].tolist() == [1, 0, 0]
    assert count_matches(onsets(KD=[1.0]), onsets(KD=[1.01]), 0)[0].tolist() == [0, 1, 1]


def test_pairs_of_one_class_are_indices_in_order():
    assert match_onsets(np.array([]), np.array([1.0])).shape == (0, 2)
    pairs = match_onsets(np.array([0.5, 1.0, 2.0]), np.array([1.01, 1.5, 2.06]), tolerance=0.07)
    assert pairs.tolist() == [[1, 0], [2, 2]] and pairs.dtype == np.int64
    with pytest.raises(ValueError, match="estimate"):
        match_onsets(np.array([1.0]), np.array([2.0, 1.0]))


def test_precision_and_recall_of_each_class():
    found = scores(np.array([[2, 1, 2], [2, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]]))
    assert (found["precision_KD"], found["recall_KD"]) == (pytest.approx(2 / 3), 0.5)
    assert np.isnan(found["precision_TT"]) and found["recall_TT"] == 0
    assert found["precision_HH"] == 0 and np.isnan(found["recall_HH"])


def test_the_window_includes_its_ends_and_a_slack_of_a_microsecond():
    for estimate in (1.5, 0.5):
        assert len(match_onsets(np.array([1.0]), np.array([estimate]), tolerance=0.5 - metrics.GRID_SLACK)) == 1
        assert len(match_onsets(np.array([1.0]), np.array([estimate]), tolerance=0.5 - 2 * metrics.GRID_SLACK)) == 0
    assert match_onsets(np.array([1.1]), np.array([1.15])).tolist() == [[0, 0]]
    assert count_matches(onsets(KD=[1.0]), onsets(KD=[1.0500009]))[0].tolist() == [1, 0, 0]
    assert count_matches(onsets(KD=[1.0]), onsets(KD=[1.0500015]))[0].tolist() == [0, 1, 1]


def test_mir_eval_matches_when_it_is_asked_for_only(monkeypatch):
    monkeypatch.setattr(metrics, "_hits_mir_eval", lambda truth, found, window: 7)
    truth = onsets(KD=[1.0])
    assert count_matches(truth, truth)[0, 0] == 1 and count_matches(truth, truth, matcher="mir_eval")[0, 0] == 7
