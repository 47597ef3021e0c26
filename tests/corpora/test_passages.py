"""Passages hold the sound, features and onsets of their time span, and can be played."""

import io

import numpy as np
import pytest
import soundfile
from IPython.display import Audio, Markdown

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.passages import (
    bar_seconds,
    example_passage,
    first_passage,
    listen,
    onset_summary,
    passage_onsets,
    passage_targets,
)
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.evaluation.metrics import count_matches
from adtlib.onsets.annotations import write_onsets
from adtlib.onsets.peak_picking import pick_peaks

EMPTY = np.array([])


@pytest.fixture
def song(tmp_path):
    """Ten seconds in which the strokes crowd around 6 s."""
    onsets = [np.array([1.0, 6.0, 6.5]), np.array([6.25]), EMPTY, np.array([2.0, 6.001, 6.75]), np.array([6.1])]
    waveform = np.random.default_rng(0).uniform(-0.1, 0.1, 10 * SAMPLE_RATE).astype(np.float32)
    write_audio(tmp_path / "song.wav", waveform)
    write_onsets(tmp_path / "song.txt", onsets)
    return FolderCorpus(tmp_path), onsets


def test_the_liveliest_passage_is_taken(song):
    corpus, onsets = song
    passage = example_passage(corpus, seconds=1.5)
    assert 5.5 < passage.start < 6 and passage.seconds == 1.5 and passage.end <= 10
    assert [len(times) for times in passage.onsets] == [2, 1, 0, 2, 1]
    assert passage.features.shape == (150, 84) and len(passage.waveform) == 150 * 441
    assert np.allclose(passage.local_onsets[4] + passage.start, onsets[4])
    assert "KD 2, SD 1, HH 2, CY 1" in onset_summary(passage)


def test_targets_of_a_passage_give_its_onsets_again(song):
    passage = example_passage(song[0], seconds=1.5)
    targets = passage_targets(passage)
    assert targets.shape == (150, 5)
    counts = count_matches(passage_onsets(passage), pick_peaks(targets), tolerance=0.005)
    assert counts[:, 0].sum() == 6 and counts[:, 1:].sum() == 0


def test_a_recording_shorter_than_the_passage_is_taken_whole(song):
    passage = example_passage(song[0], seconds=60.0)
    assert passage.start == 0 and passage.seconds == 10


def test_a_broken_recording_is_passed_over(song, tmp_path):
    write_onsets(tmp_path / "broken.txt", [np.arange(1.0, 9, 0.1)] * 5)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    assert example_passage(FolderCorpus(tmp_path), seconds=1.5).id == "song"


def test_nothing_found_is_no_passage(tmp_path):
    corpora = {name: open_corpus(name, tmp_path) for name in ("E-GMD", "ADTOF-YT", "SADTP")}
    assert first_passage(corpora, corpora) is None
    assert passage_targets(None).shape == (0, 5) and len(passage_onsets(None)) == 5
    assert isinstance(listen(None), Markdown) and onset_summary(None) == "nothing found"


def test_a_sequence_has_no_sound_but_clicks(tmp_path):
    targets = np.zeros((400, 5), dtype=np.float32)
    targets[[100, 150], 0] = 1
    element = [np.random.default_rng(0).random((400, 84, 1), dtype=np.float32), targets]
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", [element])
    passage = example_passage(open_corpus("ADTOF-YT", tmp_path), seconds=2.0)
    assert passage.waveform is None and passage.start == 0.9
    assert np.allclose(passage.onsets[0], [1.0, 1.5])
    assert np.allclose(passage.features, element[0][90:290, :, 0])
    assert isinstance(listen(passage), Markdown) and isinstance(listen(passage, clicks=True), Audio)


def test_bars_by_the_names_of_e_gmd():
    assert bar_seconds("drummer1/session1/1_funk_80_beat_4-4_1") == 3.0
    assert bar_seconds("drummer1/session1/1_funk_90_fill_6-8_1") == 2.0
    assert bar_seconds("MDB/MusicDelta_Punk") is None


def test_a_player_holds_the_passage_at_its_length(song):
    player = listen(example_passage(song[0], seconds=1.5), clicks=True)
    sound, rate = soundfile.read(io.BytesIO(player.data))
    assert rate == SAMPLE_RATE and abs(len(sound) - 1.5 * rate) <= 2 * 1_152  # an MP3 is made of frames of 1,152 samples
