"""Faults of annotations: how many, how large, and that degrees of one fault are nested."""

import numpy as np
import pytest

from adtlib.onsets.annotation_noise import with_faults

ONSETS = [np.arange(200) * 0.5 + 0.1 * index for index in range(5)]


def total(onsets) -> int:
    return sum(map(len, onsets))


def test_without_faults_annotations_stay_as_they_are():
    for one, other in zip(with_faults(ONSETS, 0), ONSETS, strict=True):
        np.testing.assert_array_equal(one, other)
    assert total(with_faults([np.empty(0)] * 5, 0, jitter=0.01, missing=0.1, wrong=0.1, step=0.1)) == 0


@pytest.mark.parametrize("jitter", [0.01, 0.02, 0.04])
def test_jitter_has_its_size_and_grows_in_proportion(jitter):
    shifts = [
        np.concatenate([a - b for a, b in zip(with_faults(ONSETS, 0, jitter=j), ONSETS, strict=True)]) for j in (jitter, 0.01)
    ]
    inside = np.concatenate(ONSETS) > 0.2  # onsets do not move before 0
    assert np.std(shifts[0][inside]) == pytest.approx(jitter, rel=0.1)
    np.testing.assert_allclose(shifts[0][inside], shifts[1][inside] * jitter / 0.01, atol=1e-9)


def test_more_missing_contains_less_missing():
    some, more = (with_faults(ONSETS, 0, missing=share) for share in (0.05, 0.2))
    assert total(some) == pytest.approx(950, abs=25) and total(more) == pytest.approx(800, abs=45)
    assert all(set(b) <= set(a) for a, b in zip(some, more, strict=True))
    assert total(with_faults(ONSETS, 0, missing=1.0)) == 0


def test_a_wrong_class_is_another_one_and_nothing_is_lost():
    found = with_faults(ONSETS, 0, wrong=0.05)
    assert total(found) == total(ONSETS)
    moved = [len(set(times) - set(right)) for times, right in zip(found, ONSETS, strict=True)]
    assert sum(moved) == pytest.approx(50, abs=20) and min(moved) > 0
    assert not any(set(times) & set(right) for times, right in zip(with_faults(ONSETS, 0, wrong=1.0), ONSETS, strict=True))


def test_each_other_class_is_as_likely():
    found = with_faults(ONSETS, 0, wrong=1.0)
    for index, right in enumerate(ONSETS):
        moved = [len(set(times) & set(right)) for times in found]
        assert moved.pop(index) == 0 and sum(moved) == 200 and min(moved) > 30


def test_quantised_onsets_lie_on_the_grid_and_fall_together():
    played = [np.array([0.02, 0.13, 0.14, 0.99]), *[np.empty(0)] * 4]
    np.testing.assert_allclose(with_faults(played, 0, step=0.125, first=0.05)[0], [0.05, 0.175, 1.05])
    np.testing.assert_allclose(with_faults(played, 0, step=0.3)[0], [0.0, 0.9])


def test_other_seeds_have_other_faults():
    one, same, other = (with_faults(ONSETS, seed, jitter=0.01, missing=0.1) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize("bad", [{"missing": 1.1}, {"wrong": -0.1}, {"wrong": 1.1}, {"jitter": -0.01}, {"step": -1.0}])
def test_faults_without_sense_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        with_faults(ONSETS, 0, **bad)
