"""A model on real songs beside a published system: pooled by kind of sound, with the errors' kinds."""

import numpy as np
import pytest

from adtlib.studies.error_tables import confusion_table
from adtlib.studies.real_songs import COLUMNS, audio_of, beside_peer, peer_scores, song_events, song_scores
from adtlib.studies.tables import F1_COLUMNS
from adtlib.transcription.sources import AUDIO, Source

TRUTH = [np.array([1.0, 2.0]), np.array([1.5]), np.empty(0), np.array([1.0, 1.5, 2.0]), np.empty(0)]


class Song(Source):
    def reference(self):
        return TRUTH


class Heard:
    duration = 4.0

    def __init__(self, onsets):
        self.onsets = onsets


def made():
    perfect, snare_as_tom = list(TRUTH), [TRUTH[0], np.empty(0), TRUTH[1], TRUTH[3], np.empty(0)]
    return {
        Song("a, full mix", "real song, full mix"): Heard(snare_as_tom),
        Song("a, drums alone", "real song, drums alone"): Heard(perfect),
        Song("b, drums alone", "real song, drums alone"): Heard(perfect),
    }


def test_songs_are_pooled_by_kind_and_stand_beside_the_published_system():
    ours = song_scores(made(), 0.05, "mine")
    assert list(ours.columns) == COLUMNS and list(ours["audio"]) == list(AUDIO) and list(ours["songs"]) == [2, 1]
    assert ours["f1_micro"].tolist() == pytest.approx([1.0, 10 / 12])
    assert ours.loc[1, "f1_SD"] == 0 and np.isnan(ours.loc[0, "f1_CY"])
    table = beside_peer(ours)
    assert list(table.index.get_level_values("audio")) == ["drums alone"] * 2 + ["full mix"] * 2
    assert list(table.index.get_level_values("system")) == ["mine", peer_scores()["system"][0]] * 2
    assert table[F1_COLUMNS].iloc[1].notna().all() and table["f1_micro"].iloc[1] == pytest.approx(0.907)


def test_errors_say_what_was_heard_instead():
    events = song_events(made(), 0.05)
    counts = confusion_table(events).set_index(["corpus", "struck", "heard"])["n"]
    assert counts["full mix", "SD", "TT"] == 1 and counts["full mix", "SD", "SD"] == 0
    assert counts["drums alone", "HH", "HH"] == 6 and counts["drums alone", "SD", "TT"] == 0
    assert list(dict.fromkeys(events["corpus"])) == ["drums alone", "full mix"]


def test_other_recordings_are_refused():
    with pytest.raises(ValueError, match="test split of Slakh"):
        audio_of(Source("Slakh: 1", "test split of Slakh"))
