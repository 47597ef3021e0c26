"""The frame grid; targets are tested with the annotations that they are made of."""

import numpy as np
import pytest

from adtlib.onsets.frames import LATEST, SEGMENT_FRAMES, check_onsets, frames_to_seconds, seconds_to_frames


def test_a_segment_lasts_four_seconds():
    assert frames_to_seconds(SEGMENT_FRAMES) == 4.0 and seconds_to_frames(4.0) == SEGMENT_FRAMES


def test_a_time_halfway_between_two_frames_goes_to_the_even_one():
    assert seconds_to_frames(np.array([0.125, 0.135, 0.375])).tolist() == [12, 14, 38]


def test_an_onset_may_lie_at_the_latest_time_and_not_after_it():
    assert LATEST == 100 * 3600
    others = [np.empty(0)] * 4
    check_onsets([np.array([LATEST]), *others])
    with pytest.raises(ValueError, match="an onset of KD at"):
        check_onsets([np.array([np.nextafter(LATEST, np.inf)]), *others])
