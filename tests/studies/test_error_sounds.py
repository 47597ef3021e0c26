"""An example of each kind of error is heard: the right passage, twice, with a click where the error is."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from adtlib.audio.features import SAMPLE_RATE
from adtlib.evaluation.errors import unit_events
from adtlib.profiles import load_profile
from adtlib.studies import error_sounds
from adtlib.studies.error_sounds import AROUND, KINDS, error_examples

NOTHING = np.empty(0)
#                     KD                       SD                 TT                HH                      CY
STRUCK = [np.array([2.0, 8.0]), np.array([4.0, 9.0]), NOTHING, np.array([5.0, 6.0]), NOTHING]
HEARD = [np.array([8.1]), np.array([9.0, 9.02]), np.array([3.0, 4.01]), np.array([5.0, 6.0]), NOTHING]
# So: KD at 2 s missed, at 8 s heard 100 ms late; SD at 4 s heard as toms, at 9 s twice; toms at 3 s invented.


@pytest.fixture
def profile(monkeypatch):
    """A profile whose corpus Slakh has one recording: a tone that rises by 100 Hz a second. ADTOF-YT has none."""
    seconds = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    recording = (0.5 * np.sin(2 * np.pi * (200 * seconds + 50 * seconds**2))).astype(np.float32)
    track = SimpleNamespace(id="song")
    corpora = {
        "Slakh": SimpleNamespace(info=SimpleNamespace(unit="track"), tracks=lambda split: [track], read_audio=lambda _: recording),
        "ADTOF-YT": SimpleNamespace(info=SimpleNamespace(unit="sequence")),
    }
    monkeypatch.setattr(error_sounds, "open_profile_corpus", lambda _, name: corpora[name])
    return load_profile("smoke")


@pytest.fixture
def events():
    table = unit_events(STRUCK, HEARD, 10.0)
    return pd.concat([table.assign(corpus=corpus, id="song") for corpus in ("ADTOF-YT", "Slakh")], ignore_index=True)


def test_there_is_one_of_each_kind_with_its_sentence(profile, events):
    found = {example.kind: example.sentence for example in error_examples(profile, events)}
    assert list(found) == list(KINDS)
    assert found["missed"] == "kick drum missed (Slakh, song, at 2.00 s)"
    assert found["invented"] == "toms invented (Slakh, song, at 3.00 s)"
    assert found["heard as another drum"] == "snare drum heard as toms (Slakh, song, at 4.00 s)"
    assert found["heard too early or too late"] == "kick drum heard 100 ms too late (Slakh, song, at 8.00 s)"
    assert found["heard twice"].startswith("snare drum heard twice (Slakh, song, at 9.02 s)")


def test_the_passage_is_heard_twice_with_a_click_at_the_error(profile, events):
    sound = next(example.waveform for example in error_examples(profile, events) if example.kind == "heard as another drum")
    length = round(2 * AROUND * SAMPLE_RATE)
    assert len(sound) == 2 * length + round(0.3 * SAMPLE_RATE) and 0.8 < np.abs(sound).max() <= 1
    first, again = sound[:length], sound[-length:]
    crossings = np.count_nonzero(np.diff(np.signbit(first[: SAMPLE_RATE // 10])))
    assert abs(crossings / 2 / 0.1 - 505) < 15, "it begins at 3 s, where the tone has 500 Hz"
    click = again - 0.7 * first
    assert np.abs(np.abs(click).argmax() / SAMPLE_RATE - 1.0) < 0.005 and np.abs(click[: SAMPLE_RATE // 2]).max() < 1e-3


def test_without_errors_or_without_sound_nothing_is_played(profile, events):
    assert error_examples(profile, events[events["event"] == "hit"]) == []
    assert error_examples(profile, events[events["corpus"] == "ADTOF-YT"]) == []
