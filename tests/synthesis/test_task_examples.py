"""Sounds for the notebooks: each task of the field adds something to the one before."""

import numpy as np
import pytest

from adtlib.synthesis import examples


def test_each_task_is_two_seconds_and_has_more_in_it():
    sounds = {task: examples.task_example(task) for task in ("DSC", "DTD", "DTP", "DTM")}
    assert {len(sound) for sound in sounds.values()} == {88_200}
    bar = examples.bar()
    assert np.array_equal(sounds["DTD"], bar)
    for task in ("DTP", "DTM"):
        gain = sounds[task] @ bar / (bar @ bar)
        rest = sounds[task] - gain * bar  # what sounds beside the drums
        assert 0.05 < np.sqrt(np.mean(rest**2)) / np.sqrt(np.mean((gain * bar) ** 2)) < 2
    with pytest.raises(ValueError, match="'AMT': choose DSC, DTD, DTP, DTM"):
        examples.task_example("AMT")


def test_onsets_are_played_where_they_are():
    nothing = np.empty(0)
    sound = examples.play_onsets([np.array([0.5]), nothing, nothing, nothing, nothing], 1.0)
    assert len(sound) == 44_100 and np.abs(sound[:22_000]).max() < 0.01 < np.abs(sound[22_050:24_000]).max()
